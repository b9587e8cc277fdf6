//! `visavis call`.

use std::collections::BTreeMap;
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
            Ok(session) => follow(&mut line, session, self.options.duration).await,
            Err(error) => Err(Failure::of(Reason::Usage, &error)),
        };
        line.close(outcome).await
    }
}

/// Sees a call through to its end.
async fn follow(line: &mut Line, mut session: CallSession, duration: Option<Duration>) -> Outcome {
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
                if *event.session() != session {
                    turn_away(&event);
                    continue;
                }
                if let CallEvent::Replaced { by, .. } = event {
                    session = by;
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
                Some(command) => line.execute(&session, &command),
                None => reading = false,
            },
            () = time_is_up => {
                remaining = None;
                hang_up(&session);
            }
            () = stop.wait() => hang_up(&session),
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

/// What a call came to, with each of the others.
#[derive(Debug, Default)]
pub(super) struct Course {
    ends: BTreeMap<UserId, End>,
}

/// How far it came with one of them; the best is what counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    NotAnswered,
    Rejected,
    Failed,
    Lost,
    Connected,
}

impl Course {
    pub(super) fn note(&mut self, event: &CallEvent) {
        let (user, end) = match event {
            CallEvent::Connected { user, .. } => (user, End::Connected),
            CallEvent::Rejected { user, .. } => (user, End::Rejected),
            CallEvent::NotAnswered { user, .. } => (user, End::NotAnswered),
            CallEvent::DisconnectTimeout { user, .. } => (user, End::Lost),
            CallEvent::ConnectionFailed { user, .. }
            | CallEvent::DescriptionRejected { user, .. } => (user, End::Failed),
            _ => return,
        };
        self.ends.insert(*user, end);
    }

    pub(super) fn outcome(&self) -> Outcome {
        let (reason, sentence) = match self.ends.values().max() {
            None | Some(End::Connected) => return Ok(()),
            Some(End::Lost) => (Reason::Connection, "the connection was lost"),
            Some(End::Failed) => (Reason::Connection, "the connection failed"),
            Some(End::Rejected) => (Reason::Rejected, "the call was rejected"),
            Some(End::NotAnswered) => (Reason::NotAnswered, "nobody answered"),
        };
        Err(Failure::new(reason, sentence))
    }
}
