//! The moments at which messages are due, kept to less than a tenth of a
//! millisecond: the runtime's own timers are right to a millisecond only.

use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedSender;

/// Tells each queue in turn that a message is due, `rate` times a second in
/// all, and when that is, in nanoseconds since `begin`. Falls behind rather
/// than leave one out. Takes the thread for as long as `time`.
pub(crate) fn run(rate: f64, time: Duration, queues: &[UnboundedSender<u64>], begin: Instant) {
    for (number, queue) in (0_u64..).zip(queues.iter().cycle()) {
        let meant = Duration::from_secs_f64(number as f64 / rate);
        if meant >= time {
            break;
        }
        thread::sleep(meant.saturating_sub(begin.elapsed()));
        // One whose session has ended hears nothing more.
        let _ = queue.send(meant.as_nanos() as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::run;
    use std::time::{Duration, Instant};
    use tokio::sync::mpsc;

    #[test]
    fn every_moment_is_told_to_one_queue_in_turn() {
        let (queues, dues): (Vec<_>, Vec<_>) = (0..2).map(|_| mpsc::unbounded_channel()).unzip();
        let time = Duration::from_millis(5);
        run(1000.0, time, &queues, Instant::now());
        drop(queues);
        for (mut meant, mut due) in [0, 1_000_000].into_iter().zip(dues) {
            while let Some(told) = due.blocking_recv() {
                assert_eq!(told, meant);
                meant += 2_000_000;
            }
            assert!(meant >= 5_000_000);
        }
    }
}
