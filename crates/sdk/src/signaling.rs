//! The seam between calls and whatever carries their signals.
//!
//! Chat ([`crate::ChatClient`]) is one implementation; a test or an app with
//! a transport of its own brings another. Signals between two users must not
//! be reordered; they may be lost and repeated.

use tokio::sync::mpsc::UnboundedReceiver;
use visavis_call::Address;
use visavis_signal::{Signal, UserId};

use crate::ice::IceServer;

/// A transport for call signals, attached to a
/// [`CallClient`](crate::CallClient) with
/// [`attach`](crate::CallClient::attach).
pub trait Signaling: Send + Sync + 'static {
    /// The user that is logged in here.
    fn user(&self) -> UserId;

    /// Whether signals can be sent right now.
    fn is_connected(&self) -> bool;

    /// Hands a signal over for delivery; never blocks.
    ///
    /// # Errors
    /// [`NotConnected`] when the transport is down: the signal is not kept.
    fn send(&self, to: &Address, signal: &Signal) -> Result<(), NotConnected>;

    /// What arrives from now on. Only the newest subscription receives.
    fn subscribe(&self) -> UnboundedReceiver<SignalingEvent>;

    /// The addresses of this machine changed: a transport that stood on one
    /// that is gone does well to come back at once.
    fn network_changed(&self) {}

    /// The STUN and TURN servers that come with this login.
    fn ice_servers(&self) -> Vec<IceServer> {
        Vec::new()
    }
}

/// What a transport reports.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum SignalingEvent {
    /// A signal arrived; the transport vouches for the sender.
    Received {
        /// Who sent it, from which device.
        from: Address,
        /// The signal.
        signal: Box<Signal>,
    },
    /// The transport is down; it tries to come back by itself.
    Lost,
    /// The transport is up again.
    Restored,
    /// [`Signaling::ice_servers`] has newer credentials; calls that go on take them over.
    IceServers,
}

/// The transport is down: connect first, or wait until it is back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("chat is not connected")]
pub struct NotConnected;
