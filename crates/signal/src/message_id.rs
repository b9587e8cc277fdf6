//! Ids of the messages that carry signals.

use core::fmt;

/// A message id in the form the documented system uses: 24 lower-case
/// hexadecimal digits, of which 8 are the time, 6 the machine, 4 the process
/// and 6 a counter.
///
/// The id tells messages apart in logs and error replies; nothing reads its
/// parts. [`fmt::Display`] writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId {
    time: u32,
    machine: [u8; 3],
    process: u16,
    counter: u32,
}

impl MessageId {
    /// Puts an id together.
    ///
    /// `time` is in seconds since 1970 (it wraps in 2106); `machine` and
    /// `process` are random and constant for one login, or better for one
    /// process; `counter` goes up by one with each message, and only its low
    /// 24 bits are used.
    pub fn new(time: u32, machine: [u8; 3], process: u16, counter: u32) -> Self {
        Self {
            time,
            machine,
            process,
            counter: counter & 0x00ff_ffff,
        }
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c] = self.machine;
        write!(
            f,
            "{:08x}{a:02x}{b:02x}{c:02x}{:04x}{:06x}",
            self.time, self.process, self.counter
        )
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn writes_the_recorded_form() {
        let id = MessageId::new(0x6b02_d8a5, [0x7d, 0x0a, 0x0b], 0x28b3, 0);
        assert_eq!(id.to_string(), "6b02d8a57d0a0b28b3000000");
    }

    #[test]
    fn counter_wraps_within_its_six_digits() {
        let id = MessageId::new(1, [0; 3], 0, 0x0100_0002);
        assert_eq!(id.to_string(), "000000010000000000000002");
    }
}
