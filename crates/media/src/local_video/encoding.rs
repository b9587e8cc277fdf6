//! How our pictures are encoded, and how fast.

/// Lowest bit rate that can be asked for, in bit/s.
pub const LOWEST_BITRATE: u32 = 30_000;

/// How pictures are encoded. Rates are in bit/s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VideoEncoding {
    /// Until a feed names a target.
    pub start_bitrate: u32,
    /// The encoder never goes below, whatever the feeds say.
    pub min_bitrate: u32,
    /// The encoder never goes above.
    pub max_bitrate: u32,
    /// Speed of the encoder, −16 (fastest) to −1.
    pub cpu_used: i32,
    /// Threads that one picture is encoded with.
    pub threads: u32,
}

impl Default for VideoEncoding {
    /// For 720p between two machines of today.
    fn default() -> Self {
        Self {
            start_bitrate: 1_000_000,
            min_bitrate: 100_000,
            max_bitrate: 2_500_000,
            cpu_used: -8,
            threads: 1,
        }
    }
}

impl VideoEncoding {
    pub(super) fn is_valid(&self) -> bool {
        (LOWEST_BITRATE..=self.start_bitrate).contains(&self.min_bitrate)
            && self.start_bitrate <= self.max_bitrate
            && self.threads > 0
            && (-16..=-1).contains(&self.cpu_used)
    }

    /// What the encoder should aim at: the slowest feed decides.
    pub(super) fn target(&self, feeds: impl Iterator<Item = u32>) -> u32 {
        feeds
            .min()
            .unwrap_or(self.start_bitrate)
            .clamp(self.min_bitrate, self.max_bitrate)
    }
}

/// Whether a change is worth telling the encoder: 2 % or more.
pub(super) fn differs(now: u32, wanted: u32) -> bool {
    now.abs_diff(wanted) >= (now / 50).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_feed_decides_within_bounds() {
        let encoding = VideoEncoding::default();
        assert_eq!(encoding.target([].into_iter()), 1_000_000);
        assert_eq!(encoding.target([2_000_000, 700_000].into_iter()), 700_000);
        assert_eq!(encoding.target([5].into_iter()), 100_000);
        assert_eq!(encoding.target([u32::MAX].into_iter()), 2_500_000);
    }

    #[test]
    fn bounds_have_to_be_in_order() {
        let valid = VideoEncoding::default();
        assert!(valid.is_valid());
        assert!(
            !VideoEncoding {
                min_bitrate: 0,
                ..valid
            }
            .is_valid()
        );
        assert!(
            !VideoEncoding {
                start_bitrate: 50_000,
                ..valid
            }
            .is_valid()
        );
        assert!(
            !VideoEncoding {
                max_bitrate: 900_000,
                ..valid
            }
            .is_valid()
        );
        assert!(
            !VideoEncoding {
                threads: 0,
                ..valid
            }
            .is_valid()
        );
        assert!(
            !VideoEncoding {
                cpu_used: 3,
                ..valid
            }
            .is_valid()
        );
    }

    #[test]
    fn small_changes_are_not_worth_it() {
        assert!(!differs(1_000_000, 1_010_000));
        assert!(differs(1_000_000, 970_000));
        assert!(!differs(10, 10));
    }
}
