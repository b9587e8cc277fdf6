//! `visavis answer`.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;
use tokio::time::{Instant, sleep_until};
use visavis::{CallError, CallEvent, CallSession, SessionId, UserInfo};

use super::commands;
use super::line::{Line, Stop};
use super::options::Options;
use super::outgoing::Course;
use crate::exit::{Failure, Outcome, Reason};

/// Wait for calls
#[derive(Debug, Args)]
pub(crate) struct AnswerCommand {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    policy: PolicyFlags,
    /// End after one call
    #[arg(long)]
    once: bool,
}

#[derive(Debug, Args)]
#[group(multiple = false)]
struct PolicyFlags {
    /// Accept every call (the default)
    #[arg(long)]
    accept: bool,
    /// Reject every call
    #[arg(long)]
    reject: bool,
    /// Let every call ring
    #[arg(long)]
    ignore: bool,
    /// Leave the decision to commands on standard input
    #[arg(long)]
    ask: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Policy {
    Accept,
    Reject,
    Wait,
}

impl PolicyFlags {
    const fn policy(&self) -> Policy {
        match self {
            Self { reject: true, .. } => Policy::Reject,
            Self { ignore: true, .. } | Self { ask: true, .. } => Policy::Wait,
            _ => Policy::Accept,
        }
    }
}

impl AnswerCommand {
    pub(crate) async fn run(self) -> Outcome {
        let info = self.options.user_info()?;
        let mut line = Line::open(&self.options).await?;
        let mut post = Post {
            policy: self.policy.policy(),
            info,
            once: self.once,
            duration: self.options.duration,
            calls: BTreeMap::new(),
            current: None,
            hang_up_at: None,
        };
        let outcome = post.serve(&mut line).await;
        line.close(outcome).await
    }
}

/// Where calls come in.
struct Post {
    policy: Policy,
    info: UserInfo,
    once: bool,
    duration: Option<Duration>,
    calls: BTreeMap<SessionId, Course>,
    /// The call that commands are for.
    current: Option<CallSession>,
    hang_up_at: Option<(Instant, CallSession)>,
}

impl Post {
    async fn serve(&mut self, line: &mut Line) -> Outcome {
        let mut stop = Stop::new()?;
        let mut commands = commands::read();
        let mut reading = true;
        loop {
            let deadline = self.hang_up_at.as_ref().map(|(at, _)| *at);
            let time_is_up = async {
                match deadline {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                event = line.events.recv() => {
                    let Some(event) = event else { return Ok(()) };
                    line.take(&event);
                    if let Some(outcome) = self.take(&event) {
                        return outcome;
                    }
                }
                Some(milestone) = line.milestones.recv() => line.reached(milestone),
                command = commands.recv(), if reading => match (command, &self.current) {
                    (Some(command), Some(session)) => line.execute(session, &command),
                    (Some(_), None) => tracing::warn!("a command came while there is no call"),
                    (None, _) => reading = false,
                },
                () = time_is_up => {
                    if let Some((_, session)) = self.hang_up_at.take() {
                        // Closed by now: that is what was wanted.
                        let _ = session.hang_up(UserInfo::new());
                    }
                }
                () = stop.wait() => return Ok(()),
            }
        }
    }

    /// The outcome when this was the last event to wait for.
    fn take(&mut self, event: &CallEvent) -> Option<Outcome> {
        if let Some(course) = self.calls.get_mut(event.session().id()) {
            course.note(event);
        }
        match event {
            CallEvent::NewSession { session } => {
                self.calls.insert(session.id().clone(), Course::default());
                self.current = Some(session.clone());
                self.decide(session).err()
            }
            CallEvent::Connected { session, .. } if self.hang_up_at.is_none() => {
                self.hang_up_at = self
                    .duration
                    .map(|duration| (Instant::now() + duration, session.clone()));
                None
            }
            CallEvent::Closed { session } => {
                let course = self.calls.remove(session.id())?;
                self.current.take_if(|current| current == session);
                self.hang_up_at.take_if(|(_, current)| current == session);
                self.once.then(|| course.outcome())
            }
            _ => None,
        }
    }

    fn decide(&self, session: &CallSession) -> Result<(), Outcome> {
        let decided = match self.policy {
            Policy::Accept => session.accept(self.info.clone()),
            Policy::Reject => session.reject(self.info.clone()),
            Policy::Wait => Ok(()),
        };
        match decided {
            Err(error @ CallError::Source(_)) => Err(Err(Failure::of(Reason::Source, &error))),
            // The caller was faster.
            Err(error) => {
                tracing::debug!(%error, "the call is over already");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }
}
