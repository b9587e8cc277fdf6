//! Call control: who calls whom, who answers, who is connected, and when it is over.
//!
//! This crate decides everything that there is to decide about a call and does nothing itself. It
//! is a state machine without I/O: the [`Core`] is fed with what happens ([`Input`]) and with what
//! the app wants ([`Command`]), and hands back what has to be done ([`Output`]): send this signal,
//! do this to that connection, tell the app this event. It never reads a clock, opens a socket,
//! draws a random number or looks into a session description; time, session ids and descriptions
//! come from the shell around it. Written down, the inputs of a run replay to the same outputs.
//!
//! ```text
//!            Command            Output::Event
//!      app ──────────►┌──────┐──────────────────► app
//!                     │      │   Output::Send
//!     chat ──────────►│ Core │──────────────────► chat
//!       Input::Signal │      │  Output::Transport
//!  network ──────────►└──────┘──────────────────► network
//!   Input::Transport      ▲
//!                         └── Input::Timeout, at `next_timeout`
//! ```
//!
//! # The life of a call
//!
//! A [`Session`] is one call. It has one [`Peer`] for each other user, and both have a state, with
//! one table each that says what may follow: [`SessionState`] and [`PeerState`].
//!
//! The caller's connection makes an offer, which goes out as `call` to all devices of the callee,
//! and again each [dialing interval](CallConfig::dialing_interval), with the candidates found
//! meanwhile. The callee's device rings from the first `call` on. Its `accept` carries the answer.
//! From then on both talk to each other's device alone, and exchange candidates: all that are
//! known at once, the same again after a second, later ones as they are found. A caller sends none
//! before the answer, because browsers drop them.
//!
//! When nobody answers within the [answer interval](CallConfig::answer_interval), the caller hangs
//! up and the callee stops ringing. An accepted call has what is left of that time, and at least
//! ten seconds, to connect. A lost connection has the
//! [disconnect time](CallConfig::disconnect_time) to come back.
//!
//! # The order of events
//!
//! A change of state ([`Event::StateChanged`], [`Event::PeerStateChanged`]) comes right before the
//! event that belongs to it; [`Event::NewSession`] is the first event of an incoming session and
//! [`Event::Closed`] the last one of any. In the order in which they come:
//!
//! | What happens | Events |
//! |---|---|
//! | we call | `StateChanged(Pending)`, then `PeerStateChanged(Pending)` when the `call` is out |
//! | he accepts | `StateChanged(Connecting)`, `Accepted`, `PeerStateChanged(Connecting)`, `StartConnect` |
//! | we are called | `NewSession`; the session and the caller's peer begin as `Pending` |
//! | we accept | `StateChanged(Connecting)`, then `PeerStateChanged(Connecting)`, `StartConnect` when the `accept` is out |
//! | either connects | `PeerStateChanged(Checking)`, `PeerStateChanged(Connected)`, `StateChanged(Connected)`, `Connected` |
//! | the connection is lost | `PeerStateChanged(Disconnected)`, `Disconnected` |
//! | it breaks | `PeerStateChanged(Failed)`, `ConnectionFailed` |
//! | it comes back | `PeerStateChanged(Connected)`, `Connected` |
//! | it does not | `PeerStateChanged(DisconnectTimeout)`, `DisconnectTimeout`, the end |
//! | no connection in time | `PeerStateChanged(Failed)`, `ConnectionFailed`, `PeerStateChanged(Closed)`, the end |
//! | he hangs up or cancels | `PeerStateChanged(HungUp)`, `HungUp`, the end |
//! | he rejects | `PeerStateChanged(Rejected)`, `Rejected`, the end |
//! | he does not answer | `PeerStateChanged(NotAnswered)`, `NotAnswered`, the end |
//! | we do not answer | `PeerStateChanged(NotAnswered)`, `NoActions`, the end |
//! | we hang up or reject | `PeerStateChanged(Closed)`, the end |
//! | another device of ours decides | `PeerStateChanged(Closed)`, `AcceptedElsewhere` or `RejectedElsewhere`, the end |
//! | his description is unusable | `PeerStateChanged(Error)`, `DescriptionRejected`, the end |
//!
//! where the end is: `ConnectionClosed` for the peer whose connection is let go; and with the last
//! peer `StateChanged(GoingToClose)`, `StartClose`, and once everything is released
//! `StateChanged(Closed)`, `Closed`.
//!
//! # Whom the core believes
//!
//! The sender of a signal is vouched for by the server, its content is not. A `call` rings only if
//! its sender is its caller and invites us. A signal from somebody outside a call never changes it.
//! A call that is over is remembered for ten minutes: it does not ring again, and whoever accepts
//! it too late is told. What strangers can make the core keep is bounded: calls that ring at once,
//! candidates without a call, closed sessions.
//!
//! # Several devices
//!
//! A `call` rings on every device of a user, and the first `accept` wins: the caller hangs up on
//! the others. Copies of our own `accept` and `reject` from another device end the ringing here. A
//! device that declines after another one accepted does no harm.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod address;
mod closed;
mod closing;
mod command;
mod config;
mod connection;
mod core;
mod devices;
mod early;
mod event;
mod fellow;
mod glare;
mod ids;
mod incoming;
mod input;
mod invitation;
mod media;
mod negotiation;
mod outgoing;
mod output;
mod participants;
mod peer;
mod peer_state;
pub mod reason;
mod repair;
mod session;
mod session_state;
mod step;
mod time;
mod timers;

pub use self::core::Core;
pub use address::Address;
pub use command::{Command, CommandError};
pub use config::{CallConfig, ConfigError, CountSetting, IntervalSetting};
pub use event::{BusyCause, Event};
pub use input::{DescriptionFault, Input, TransportEvent};
pub use output::{Output, Outputs, TransportCommand};
pub use peer::Peer;
pub use peer_state::PeerState;
pub use session::{Direction, Session};
pub use session_state::SessionState;
pub use time::Time;
