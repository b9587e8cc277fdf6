//! `visavis call`.

use std::time::Duration;

use clap::Args;
use tokio::time::{Instant, sleep_until};
use visavis::{CallEvent, CallSession, CallType, UserId, UserInfo};

use super::commands;
use super::line::{Line, Stop};
use super::options::Options;
use crate::exit::{Failure, Outcome, Reason};

/// Call one or more users
#[derive(Debug, Args)]
pub(crate) struct CallCommand {
    #[command(flatten)]
    options: Options,
    /// Whom to call
    #[arg(required = true, value_name = "USER_ID")]
    users: Vec<u32>,
}

impl CallCommand {
    pub(crate) async fn run(self) -> Outcome {
        let info = self.options.user_info()?;
        let mut line = Line::open(&self.options).await?;
        let users: Vec<UserId> = self.users.iter().copied().map(UserId).collect();
        let call_type = if self.options.audio_only {
            CallType::Audio
        } else {
            CallType::Video
        };
        let started = line
            .client
            .create_session(&users, call_type)
            .and_then(|session| {
                session.start(info)?;
                Ok(session)
            });
        let outcome = match started {
            Ok(session) => follow(&mut line, &session, self.options.duration).await,
            Err(error) => Err(Failure::of(Reason::Usage, &error)),
        };
        line.close(outcome).await
    }
}

/// Sees a call through to its end.
async fn follow(line: &mut Line, session: &CallSession, duration: Option<Duration>) -> Outcome {
    let mut stop = Stop::new()?;
    let mut commands = commands::read();
    let mut reading = true;
    let mut course = Course::default();
    let mut remaining = None;
    loop {
        let time_is_up = async {
            match remaining {
                Some(until) => sleep_until(until).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            event = line.events.recv() => {
                let Some(event) = event else { return course.outcome() };
                line.take(&event);
                if event.session() != session {
                    turn_away(&event);
                    continue;
                }
                course.note(&event);
                match event {
                    CallEvent::Connected { .. } if remaining.is_none() => {
                        remaining = duration.map(|duration| Instant::now() + duration);
                    }
                    CallEvent::Closed { .. } => return course.outcome(),
                    _ => {}
                }
            }
            Some(milestone) = line.milestones.recv() => line.reached(milestone),
            command = commands.recv(), if reading => match command {
                Some(command) => line.execute(session, &command),
                None => reading = false,
            },
            () = time_is_up => {
                remaining = None;
                hang_up(session);
            }
            () = stop.wait() => hang_up(session),
        }
    }
}

/// Somebody calls us while we call: one call at a time.
fn turn_away(event: &CallEvent) {
    if let CallEvent::NewSession { session } = event {
        let busy = UserInfo::from_entries([("reason", "busy")]).unwrap_or_default();
        if let Err(error) = session.reject(busy) {
            tracing::debug!(%error, "a further call could not be rejected");
        }
    }
}

fn hang_up(session: &CallSession) {
    // Closed by now: that is what was wanted.
    let _ = session.hang_up(UserInfo::new());
}

/// What a call came to.
#[derive(Debug, Default)]
pub(super) struct Course {
    connected: bool,
    rejected: bool,
    not_answered: bool,
    lost: bool,
    failed: bool,
}

impl Course {
    pub(super) const fn note(&mut self, event: &CallEvent) {
        match event {
            CallEvent::Connected { .. } => self.connected = true,
            CallEvent::Rejected { .. } => self.rejected = true,
            CallEvent::NotAnswered { .. } => self.not_answered = true,
            CallEvent::DisconnectTimeout { .. } => self.lost = true,
            CallEvent::ConnectionFailed { .. } | CallEvent::DescriptionRejected { .. } => {
                self.failed = true
            }
            _ => {}
        }
    }

    pub(super) fn outcome(&self) -> Outcome {
        match self {
            Self { lost: true, .. } => {
                Err(Failure::new(Reason::Connection, "the connection was lost"))
            }
            Self { failed: true, .. } => {
                Err(Failure::new(Reason::Connection, "the connection failed"))
            }
            Self {
                connected: true, ..
            } => Ok(()),
            Self { rejected: true, .. } => {
                Err(Failure::new(Reason::Rejected, "the call was rejected"))
            }
            Self {
                not_answered: true, ..
            } => Err(Failure::new(Reason::NotAnswered, "nobody answered")),
            _ => Ok(()),
        }
    }
}
