//! Load for XMPP servers: sessions that are held, messages that are routed,
//! logins that come all at once; and for TURN servers ([`turn`]). It knows
//! nothing of any particular server.
//!
//! Every message says which way it goes, which one it is and when it was meant
//! to be sent, and has a checksum; so what is lost, doubled, out of order,
//! changed or brought to somebody else is noticed and counted
//! ([`Messages::failures`]).
//!
//! One thread does all of it, because it mostly shares its processors with the
//! server: see [`run`].

#![forbid(unsafe_code)]

mod book;
mod descriptors;
mod error;
mod idle;
mod latency;
mod letter;
mod link;
mod pacer;
mod pairs;
mod people;
mod plan;
pub mod process;
mod report;
mod session;
mod storm;
mod target;
pub mod turn;

pub use error::{LoadError, TargetError, UsersError};
pub use letter::MIN_BODY;
pub use people::{People, Person};
pub use plan::{Plan, Work, run};
pub use report::{Idle, Latency, Logins, Memory, Messages, Report, Storm, Straggler};
pub use target::{Roots, Target, Transport};
pub use visavis_xmpp::client::StartTls;
