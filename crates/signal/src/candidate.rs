//! Connection candidates, as opaque text.

use alloc::sync::Arc;
use core::fmt;

/// One ICE candidate as it travels (RFC 8839 §5.1).
///
/// All texts are single lines; control characters are not written. `Debug`
/// hides the candidate line, because it holds addresses.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Candidate {
    /// The line, from `candidate:` on.
    pub candidate: Arc<str>,
    /// The media section by its `a=mid` value: `0`, or a word such as `audio`.
    pub sdp_mid: Option<Arc<str>>,
    /// The media section by its position, from 0.
    pub sdp_mline_index: Option<u16>,
}

impl fmt::Debug for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Candidate")
            .field("bytes", &self.candidate.len())
            .field("sdp_mid", &self.sdp_mid)
            .field("sdp_mline_index", &self.sdp_mline_index)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn what_is_logged_shows_no_address() {
        let candidate = Candidate {
            candidate: "candidate:1 1 udp 1 192.0.2.7 9 typ host".into(),
            sdp_mid: Some("audio".into()),
            sdp_mline_index: None,
        };
        let logged = format!("{candidate:?}");
        assert!(
            logged.contains("audio") && !logged.contains("192.0.2.7"),
            "{logged}"
        );
    }
}
