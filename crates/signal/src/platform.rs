//! What kind of client a peer is.

use alloc::sync::Arc;

/// The kind of client that sent a signal, as it says itself. Good for logs
/// and for known quirks; never proof of anything.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Platform {
    /// This SDK.
    Rust,
    /// A browser.
    Web,
    /// Android.
    Android,
    /// iOS.
    Ios,
    /// Any other name, see [`Platform::from_name`].
    Other(Arc<str>),
}

impl Platform {
    /// The platform of that name. The names are lower case; in another case
    /// they are [`Platform::Other`].
    pub fn from_name(name: &str) -> Self {
        match name {
            "rust" => Self::Rust,
            "web" => Self::Web,
            "android" => Self::Android,
            "ios" => Self::Ios,
            other => Self::Other(other.into()),
        }
    }

    /// Its name on the wire.
    pub fn name(&self) -> &str {
        match self {
            Self::Rust => "rust",
            Self::Web => "web",
            Self::Android => "android",
            Self::Ios => "ios",
            Self::Other(name) => name,
        }
    }
}
