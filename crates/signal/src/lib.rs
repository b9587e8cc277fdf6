//! What the two sides of a call say to each other, and how it is written on
//! the wire.
//!
//! Six signals carry a call: `call`, `accept`, `reject`, `hangUp`,
//! `iceCandidates` and `update` ([`Body`]). Each travels as one XMPP message
//! of type `headline` (RFC 6121 §5.2.2) without a body, whose only payload is
//! a flat element in the stanza's own namespace:
//!
//! ```xml
//! <message id="6b02d65a3ba8a70755000000" to="101-4242@chat.example" type="headline" xmlns="jabber:client">
//!   <extraParams xmlns="jabber:client">
//!     <userInfo><why>busy now</why></userInfo>
//!     <sessionID>17bff4c0-9275-4273-a84b-bd247e1ad652</sessionID>
//!     <callType>1</callType><callerID>101</callerID>
//!     <opponentsIDs><opponentID>102</opponentID></opponentsIDs>
//!     <moduleIdentifier>WebRTCVideoChat</moduleIdentifier>
//!     <signalType>reject</signalType><platform>web</platform>
//!   </extraParams>
//! </message>
//! ```
//!
//! (one line in reality). [`Signal::to_message`] writes it, byte for byte as
//! the browser clients of the documented system do; [`Signal::decode`] reads
//! what any of its clients sends, in whatever order. Session descriptions and
//! candidates are opaque here.
//!
//! This crate never looks into a session description, keeps no state, and
//! never decides what a signal means for a call; it needs neither the
//! standard library nor a clock. Hostile input costs a typed error that names
//! the [`Field`] and, where one was passed, the limit (see [`limits`]).
//!
//! # Between our own peers
//!
//! What goes beyond the documented system stays inside its wire format, in
//! two places that foreign clients ignore:
//!
//! - `call` and `accept` may end with one more child,
//!   `<capabilities>glare ringing</capabilities>`: the names of the extensions
//!   the sender understands ([`Capabilities`], [`capability`]).
//! - Every signal between two of them names the device that sends it.
//! - To a peer that announced an extension, an `update` may be one of the kinds
//!   that [`Update`] lists, told by its `reason`, with children of its own; and a
//!   `call` may say that the call goes on already ([`Join`]).
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod call_type;
mod candidate;
mod capabilities;
pub mod capability;
mod decode;
mod description;
mod encode;
mod field;
pub mod limits;
mod message_id;
mod platform;
#[cfg(feature = "serde")]
mod serialized;
mod session_id;
mod signal;
mod text;
mod update;
mod user_id;
mod user_info;

pub use call_type::CallType;
pub use candidate::Candidate;
pub use capabilities::{Capabilities, CapabilityError};
pub use decode::DecodeError;
pub use description::{Description, DescriptionKind, SessionDescription};
pub use field::Field;
pub use message_id::MessageId;
pub use platform::Platform;
pub use session_id::{SessionId, SessionIdError};
pub use signal::{Body, Signal, SignalKind};
pub use update::{AddRefusal, Join, MediaState, Update};
pub use user_id::{UserId, UserIdError};
pub use user_info::{UserInfo, UserInfoError};
