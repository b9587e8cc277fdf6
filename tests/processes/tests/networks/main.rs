//! Calls over a network that fails: links are cut, and people come back under other
//! addresses.
#![allow(clippy::unwrap_used)]

mod losses;

use std::time::Duration;

use libtest_mimic::{Arguments, Trial};
use tokio::runtime::Runtime;
use tokio::time::timeout;
use visavis_interop_tests::network::isolate;

/// A test that hangs fails; nothing is measured by it.
const PATIENCE: Duration = Duration::from_secs(180);

fn trial<F: Future<Output = ()>>(name: &str, play: impl FnOnce() -> F + Send + 'static) -> Trial {
    Trial::test(name, || {
        let runtime = Runtime::new().map_err(|error| error.to_string())?;
        let played = runtime.block_on(async { timeout(PATIENCE, play()).await });
        played.map_err(|_| "it takes too long".into())
    })
}

fn main() {
    let mut arguments = Arguments::from_args();
    if !arguments.list {
        isolate();
    }
    let trials = losses::trials();
    // They wait most of the time, each in a network of its own.
    arguments.test_threads.get_or_insert(trials.len());
    libtest_mimic::run(&arguments, trials).exit();
}
