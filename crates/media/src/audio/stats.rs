//! What a jitter buffer did, for statistics and for tests.

use std::time::Duration;

/// Counters since the buffer was made; the two delays are of this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct JitterStats {
    /// Packets handed in.
    pub received: u64,
    /// Packets that came after their time to play and were dropped.
    pub late: u64,
    /// Packets that came more than once.
    pub duplicates: u64,
    /// Packets dropped for any other reason: malformed, foreign, or too many waiting.
    pub discarded: u64,
    /// How often the stream began anew.
    pub restarts: u64,
    /// How often there was nothing to play although the sender had not stopped.
    pub underruns: u64,
    /// Sound that was made up for want of packets, silence after a while included.
    pub concealed: Duration,
    /// Sound restored from the copies that Opus packets carry of the one before.
    pub recovered: Duration,
    /// Sound left out, a pitch period at a time, to play sooner.
    pub accelerated: Duration,
    /// Sound put in, a pitch period at a time, to play later.
    pub expanded: Duration,
    /// How long sound waits from its earliest possible arrival until it is played.
    pub delay: Duration,
    /// The lateness of packets that the buffer prepares for.
    pub target: Duration,
}
