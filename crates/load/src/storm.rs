//! Everybody logs in at the same moment.

use std::sync::Arc;
use std::time::Instant;

use tokio::task::JoinSet;

use crate::error::LoadError;
use crate::plan::Plan;
use crate::report::{Storm, Straggler};
use crate::session::Session;

/// Logs in so many users at once. Who is in stays until all are, or have
/// waited as long as the patience goes.
pub(crate) async fn run(plan: &Arc<Plan>, logins: usize) -> Result<Storm, LoadError> {
    let people: Vec<_> = (0..logins)
        .map(|at| plan.person(at))
        .collect::<Result<_, _>>()?;
    let before = plan.processor()?;
    let begin = Instant::now();
    let mut storm = JoinSet::new();
    for (at, person) in people.into_iter().enumerate() {
        let plan = Arc::clone(plan);
        storm.spawn(async move {
            let session = Session::begin(&plan.target, &person, at, plan.patience).await;
            (person.login, session)
        });
    }
    let mut sessions = Vec::with_capacity(logins);
    let mut stragglers = Vec::new();
    let mut took = begin.elapsed();
    while let Some(login) = storm.join_next().await {
        match login {
            Ok((_, Ok(session))) => {
                sessions.push(session);
                took = begin.elapsed();
            }
            Ok((login, Err(error))) => stragglers.push(Straggler {
                login,
                reason: reason(&error),
            }),
            Err(error) => stragglers.push(Straggler {
                login: "?".to_owned(),
                reason: error.to_string(),
            }),
        }
    }
    Ok(Storm {
        logins,
        bound: sessions.len(),
        took,
        server_cpu_us_per_login: plan.each_since(before, logins as u64)?,
        stragglers,
    })
}

/// An error with its cause.
fn reason(error: &LoadError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
