//! Where a signal goes to or comes from.

use alloc::sync::Arc;

use visavis_signal::UserId;

/// A user, or one device of his.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Address {
    /// The user.
    pub user: UserId,
    /// Which of his devices; `None` means all that are online. In chat this is the resource of
    /// his full JID.
    pub resource: Option<Arc<str>>,
}

impl Address {
    /// All devices of a user.
    pub const fn bare(user: UserId) -> Self {
        Self {
            user,
            resource: None,
        }
    }

    /// One device of a user.
    pub fn device(user: UserId, resource: impl Into<Arc<str>>) -> Self {
        Self {
            user,
            resource: Some(resource.into()),
        }
    }
}
