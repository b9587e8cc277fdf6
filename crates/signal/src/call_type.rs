//! What a call carries.

/// Whether a call carries video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum CallType {
    /// Audio and video.
    Video = 1,
    /// Audio alone.
    Audio = 2,
}

impl CallType {
    pub(crate) fn from_wire(text: &str) -> Option<Self> {
        match text {
            "1" => Some(Self::Video),
            "2" => Some(Self::Audio),
            _ => None,
        }
    }

    pub(crate) fn wire(self) -> &'static str {
        match self {
            Self::Video => "1",
            Self::Audio => "2",
        }
    }
}
