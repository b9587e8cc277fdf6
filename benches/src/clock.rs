//! One time for processes of ours and pages of a browser.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Unix time that never jumps: read once, then counted on by the monotonic
/// clock, as `performance.timeOrigin + performance.now()` does in a page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    origin: Instant,
    unix_ms: f64,
}

impl Clock {
    pub(crate) fn new() -> Self {
        let age = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            origin: Instant::now(),
            unix_ms: age.as_secs_f64() * 1000.0,
        }
    }

    /// Unix time in milliseconds.
    pub(crate) fn at(&self, moment: Instant) -> f64 {
        let since = moment.saturating_duration_since(self.origin);
        self.unix_ms + since.as_secs_f64() * 1000.0
    }
}
