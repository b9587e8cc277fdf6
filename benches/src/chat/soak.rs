//! Many sessions and much traffic at once, for long: nothing is lost, and the
//! server does not grow.

use std::time::Duration;

use clap::Args;
use visavis_interop_tests::scratch::Scratch;
use visavis_load::Work;

use super::servers::{Kind, Way};
use super::{SMALL, load};
use crate::error::BenchError;
use crate::machine;

/// By how much the server's memory may grow from a fifth of the time to its
/// end, in percent.
const MAX_GROWTH: f64 = 2.0;

/// Idle sessions and active pairs at once; fails if a message is lost, doubled
/// or out of order, a session ends, or the server's memory grows
#[derive(Debug, Args)]
pub(crate) struct SoakCommand {
    /// Sessions that do nothing
    #[arg(long, default_value_t = 10_000)]
    idle: usize,
    /// Pairs of users that send each other messages
    #[arg(long, default_value_t = 500)]
    pairs: usize,
    /// Messages a second of all pairs together
    #[arg(long, default_value_t = 2000.0)]
    rate: f64,
    /// How long
    #[arg(long = "for", default_value_t = 1800, value_name = "SECONDS")]
    seconds: u64,
}

impl SoakCommand {
    pub(crate) async fn run(self) -> Result<(), BenchError> {
        let folder = Scratch::new("soak")?;
        println!("{}", machine::describe());
        let users = self.idle + 2 * self.pairs;
        let server = Kind::Ours.start(folder.path(), users).await?;
        let work = Work::Traffic {
            idle: self.idle,
            pairs: self.pairs,
            body: SMALL,
            rate: Some(self.rate),
            time: Duration::from_secs(self.seconds),
            logins: 64,
        };
        let report = load(&server, Way::Tcp, work).await?;
        print!("{report}");
        server.stop().await?;
        let mut found = report.failures();
        let growth = report.server_memory.map(|memory| memory.growth_percent());
        match growth {
            Some(growth) if growth <= MAX_GROWTH => println!("memory: {growth:+.2} %"),
            growth => found.push(format!("the server's memory grew by {growth:?} %")),
        }
        if found.is_empty() {
            return Ok(());
        }
        Err(BenchError::Soaked {
            found: found.join(", "),
        })
    }
}
