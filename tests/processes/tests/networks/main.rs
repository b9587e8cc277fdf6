//! Calls over a network that fails: links are cut, and people come back under other
//! addresses.
#![allow(clippy::unwrap_used)]

mod long_calls;
mod losses;
mod nats;
mod policies;
mod quality;

use std::time::Duration;

use libtest_mimic::{Arguments, Trial};
use tokio::runtime::Runtime;
use tokio::time::timeout;
use visavis_interop_tests::network::isolate;

/// A test that hangs fails; nothing is measured by it.
const PATIENCE: Duration = Duration::from_secs(180);

/// More calls than these keep each other from their pictures on a small machine.
const MOST_AT_ONCE: usize = 6;

fn trial<F: Future<Output = ()>>(name: &str, play: impl FnOnce() -> F + Send + 'static) -> Trial {
    lasting_trial(name, Duration::ZERO, play)
}

/// A trial that takes this long when nothing hangs.
fn lasting_trial<F: Future<Output = ()>>(
    name: &str,
    length: Duration,
    play: impl FnOnce() -> F + Send + 'static,
) -> Trial {
    Trial::test(name, move || {
        let runtime = Runtime::new().map_err(|error| error.to_string())?;
        let played = runtime.block_on(async { timeout(PATIENCE + length, play()).await });
        played.map_err(|_| "it takes too long".into())
    })
}

fn main() {
    let mut arguments = Arguments::from_args();
    if !arguments.list {
        isolate();
    }
    let trials = losses::trials()
        .into_iter()
        .chain(long_calls::trials())
        .chain(nats::trials())
        .chain(policies::trials())
        .chain(quality::trials())
        .collect();
    // They wait most of the time, each in a network of its own.
    arguments.test_threads.get_or_insert(MOST_AT_ONCE);
    libtest_mimic::run(&arguments, trials).exit();
}
