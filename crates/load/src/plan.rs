//! What a run does, and running it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time;

use crate::descriptors;
use crate::error::LoadError;
use crate::idle::Held;
use crate::pairs;
use crate::people::{People, Person};
use crate::process::Watched;
use crate::report::{Idle, Logins, Memory, Report};
use crate::session::Session;
use crate::storm;
use crate::target::Target;

/// How long a server is left alone before its memory is looked at.
const SETTLING: Duration = Duration::from_secs(2);

/// Load on one server.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The server.
    pub target: Target,
    /// Who logs in.
    pub people: People,
    /// What is done.
    pub work: Work,
    /// How long a login or an answer may take.
    pub patience: Duration,
    /// The server's process, to tell what it uses.
    pub pid: Option<u32>,
}

/// What is done.
#[derive(Clone, Copy, Debug)]
pub enum Work {
    /// Sessions that do nothing, and pairs of users that send messages, at the
    /// same time.
    Traffic {
        /// Sessions that do nothing.
        idle: usize,
        /// Pairs.
        pairs: usize,
        /// Bytes of a body, [`MIN_BODY`](crate::MIN_BODY) at least.
        body: usize,
        /// Messages a second of all pairs together, each meant to be sent at
        /// its moment, whatever became of the others; without it, a user sends
        /// when he was answered.
        rate: Option<f64>,
        /// How long messages are sent and sessions held.
        time: Duration,
        /// Logins at the same time.
        logins: usize,
    },
    /// So many logins at once.
    Storm {
        /// How many.
        logins: usize,
    },
}

/// Puts the load on the server, in this thread.
///
/// # Errors
/// [`LoadError`]: nothing could be measured. What should not have happened
/// while it was is in the report: [`Report::failures`].
pub fn run(plan: Plan) -> Result<Report, LoadError> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(LoadError::Runtime)?;
    runtime.block_on(perform(Arc::new(plan)))
}

async fn perform(plan: Arc<Plan>) -> Result<Report, LoadError> {
    let needed = match plan.work {
        Work::Traffic { idle, pairs, .. } => idle + 2 * pairs,
        Work::Storm { logins } => logins,
    };
    let given = plan.people.count();
    if given < needed {
        return Err(LoadError::TooFewUsers { needed, given });
    }
    descriptors::allow(needed)?;
    match plan.work {
        Work::Storm { logins } => Ok(Report {
            storm: Some(storm::run(&plan, logins).await?),
            ..Report::default()
        }),
        Work::Traffic { .. } => traffic(plan).await,
    }
}

async fn traffic(plan: Arc<Plan>) -> Result<Report, LoadError> {
    let Work::Traffic {
        idle,
        pairs,
        body,
        rate,
        time,
        logins,
    } = plan.work
    else {
        return Ok(Report::default());
    };
    let mut report = Report::default();
    let begin = Instant::now();
    let used = plan.processor()?;
    let before = plan.resident_bytes()?;

    let held = Held::new(log_in(&plan, 0, idle, logins).await?);
    if idle > 0 {
        time::sleep(SETTLING).await;
        let after = plan.resident_bytes()?;
        let each = before.zip(after).map(|(before, after)| {
            (after.cast_signed() - before.cast_signed()) / idle.cast_signed() as i64
        });
        report.idle = Some(Idle {
            sessions: idle,
            resident_bytes_per_session: each,
        });
    }
    let active = log_in(&plan, idle, 2 * pairs, logins).await?;
    let count = idle + 2 * pairs;
    report.logins = Some(Logins {
        count,
        seconds: begin.elapsed().as_secs_f64()
            - if idle > 0 {
                SETTLING.as_secs_f64()
            } else {
                0.0
            },
        server_cpu_us_per_login: plan.each_since(used, count as u64)?,
    });
    let warm = async {
        time::sleep(time / 5).await;
        plan.resident_bytes()
    };
    let warm = if pairs == 0 {
        tokio::join!(warm, time::sleep(time)).0?
    } else {
        let (warm, sent) = tokio::join!(warm, pairs::run(&plan, active, body, rate, time));
        let (messages, lost) = sent?;
        report.messages = Some(messages);
        report.sessions_lost += lost;
        warm?
    };
    let end = plan.resident_bytes()?;
    report.server_memory = warm.zip(end).map(|(warm_bytes, end_bytes)| Memory {
        warm_bytes,
        end_bytes,
    });
    report.sessions_lost += held.release().await;
    Ok(report)
}

/// Logs in `count` users, from the one at `first` on.
async fn log_in(
    plan: &Arc<Plan>,
    first: usize,
    count: usize,
    at_once: usize,
) -> Result<Vec<Session>, LoadError> {
    let places = Arc::new(Semaphore::new(at_once.max(1)));
    let mut logins = JoinSet::new();
    for at in first..first + count {
        let (plan, places) = (Arc::clone(plan), Arc::clone(&places));
        logins.spawn(async move {
            let _place = places.acquire().await;
            Ok((at, plan.begin(at).await?))
        });
    }
    let mut sessions = Vec::with_capacity(count);
    while let Some(login) = logins.join_next().await {
        sessions.extend(login.ok().transpose()?);
    }
    sessions.sort_by_key(|(at, _)| *at);
    Ok(sessions.into_iter().map(|(_, session)| session).collect())
}

impl Plan {
    pub(crate) fn person(&self, at: usize) -> Result<Person, LoadError> {
        self.people.person(at).ok_or(LoadError::TooFewUsers {
            needed: at + 1,
            given: self.people.count(),
        })
    }

    /// Logs in the user at this place.
    async fn begin(&self, at: usize) -> Result<Session, LoadError> {
        Session::begin(&self.target, &self.person(at)?, at, self.patience).await
    }

    /// The processor time that the server has used.
    pub(crate) fn processor(&self) -> Result<Option<Duration>, LoadError> {
        Watched(self.pid).processor()
    }

    /// The processor time that the server has used since, for each of `count`
    /// things, in microseconds.
    pub(crate) fn each_since(
        &self,
        before: Option<Duration>,
        count: u64,
    ) -> Result<Option<f64>, LoadError> {
        Watched(self.pid).each_since(before, count)
    }

    fn resident_bytes(&self) -> Result<Option<u64>, LoadError> {
        Watched(self.pid).resident_bytes()
    }
}
