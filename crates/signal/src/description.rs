//! Session descriptions, as opaque text.

use alloc::sync::Arc;
use core::fmt;

use crate::text;

/// A session description in SDP (RFC 8866), opaque to signaling.
///
/// Lines end with LF alone, because XML turns every CR LF into LF (XML 1.0
/// §2.11) and so that is what a peer sees; they are sent with CR LF. Two descriptions that differ only in
/// their line ends are equal. Cloning is cheap. `Debug` shows the length
/// alone, because a description holds addresses and credentials.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Description(Arc<str>);

impl Description {
    /// Takes a description with any line ends. Characters that XML cannot
    /// carry (none occur in SDP) are left out.
    pub fn new(sdp: &str) -> Self {
        Self(text::lines(sdp).into())
    }

    /// The text, with LF line ends.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Description {
    fn from(sdp: &str) -> Self {
        Self::new(sdp)
    }
}

impl fmt::Debug for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Description({} bytes)", self.0.len())
    }
}

/// Which half of the offer/answer exchange (RFC 3264) a description is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum DescriptionKind {
    /// It proposes.
    Offer,
    /// It answers an offer.
    Answer,
}

impl DescriptionKind {
    pub(crate) fn from_wire(text: &str) -> Option<Self> {
        match text {
            "offer" => Some(Self::Offer),
            "answer" => Some(Self::Answer),
            _ => None,
        }
    }

    pub(crate) fn wire(self) -> &'static str {
        match self {
            Self::Offer => "offer",
            Self::Answer => "answer",
        }
    }
}

/// The description inside an `update` that reconnects a call.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SessionDescription {
    /// Names the exchange: an answer repeats the id of its offer. A UUID from
    /// every known client, but taken as it is; one line.
    pub offer_id: Arc<str>,
    /// Offer or answer.
    pub kind: DescriptionKind,
    /// The description.
    pub sdp: Description,
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn line_ends_do_not_matter() {
        assert_eq!(
            Description::new("v=0\r\ns=-\r\n"),
            Description::new("v=0\ns=-\n")
        );
        assert_eq!(Description::new("v=0\r\n").as_str(), "v=0\n");
    }

    #[test]
    fn debug_tells_no_content() {
        assert_eq!(
            format!("{:?}", Description::new("a=ice-pwd:secret\n")),
            "Description(17 bytes)"
        );
    }
}
