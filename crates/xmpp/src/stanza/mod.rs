//! Stanzas (RFC 6120 section 8) as the server sees them: a header, and a
//! payload that is none of its business.
//!
//! Only the start tag is read or rewritten. The bytes of the payload are passed
//! on as they came; every WebSocket message is a document of its own, so the
//! only namespace a payload can lean on is the default one.

mod header;
mod reply;
mod stamp;

pub use header::{HeaderError, StanzaHeader, StanzaKind};
pub use reply::{StanzaError, error_reply, iq_result};
pub use stamp::{stamp, with_child};
