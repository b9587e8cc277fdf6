//! What reaches the core from chat, from the network and from the clock.

use alloc::vec::Vec;
use core::fmt;

use visavis_signal::{Candidate, Description, SessionId, Signal, SignalKind, UserId};

use crate::Address;

/// Something that happened outside. What the app wants comes as a [`Command`](crate::Command).
///
/// Exhaustive, so that whoever hides what is private in one does not compile when another comes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "an input lives as long as the call that handles it, and is never stored"
)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Input {
    /// A signal arrived. Copies of what other devices of our own user sent (XEP-0280) come the
    /// same way, with our own user and that device as `from`.
    Signal {
        /// Who sent it, as the server vouches.
        from: Address,
        /// What he says.
        signal: Signal,
    },
    /// Something happened to the connection with a peer.
    Transport {
        /// The call.
        session: SessionId,
        /// The peer.
        peer: UserId,
        /// What happened.
        event: TransportEvent,
    },
    /// The time of [`Core::next_timeout`](crate::Core::next_timeout) has come. Too early does no
    /// harm.
    Timeout,
    /// A signal could not be delivered.
    SignalFailed {
        /// The call.
        session: SessionId,
        /// Whom it was meant for.
        to: UserId,
        /// Which signal.
        kind: SignalKind,
    },
    /// Chat is gone for the time being, and with it perhaps what was sent last. Calls go on. What
    /// the core sends meanwhile may be dropped: what matters comes again when chat is back.
    ChatLost,
    /// Chat is back. What may have been lost is sent again.
    ChatRestored,
    /// The addresses of this device changed.
    NetworkChanged,
}

/// What happens to the connection with one peer. Exhaustive, as [`Input`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum TransportEvent {
    /// Our offer is ready, or has more candidates in it than before. The latest is what the next
    /// `call` carries. After the first exchange of descriptions an offer comes once, when it was
    /// asked for.
    LocalOffer(Description),
    /// Our answer is ready: once for each
    /// [`CreateAnswer`](crate::TransportCommand::CreateAnswer), unless the offer was rejected.
    LocalAnswer(Description),
    /// More ways to reach us have been found.
    LocalCandidates(Vec<Candidate>),
    /// Pairs of candidates are being tried.
    Checking,
    /// Media can flow.
    Connected,
    /// Nothing arrives any longer; it may come back.
    Disconnected,
    /// No connection can be made, or the one there was broke. Before both descriptions are there
    /// this means that the transport cannot work at all, for example without a socket.
    Failed,
    /// Everything the connection held is released. Expected after
    /// [`TransportCommand::Close`](crate::TransportCommand::Close).
    Closed,
    /// The other side's description cannot be used.
    DescriptionRejected(DescriptionFault),
}

/// What is wrong with a session description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum DescriptionFault {
    /// It is not SDP (RFC 8866).
    Malformed,
    /// It has no media section that we can use.
    NoMedia,
    /// Its media sections are not bundled (RFC 9143).
    NoBundle,
    /// The fingerprint of its certificate is missing or not usable (RFC 8122).
    BadFingerprint,
    /// It offers no codec that we have.
    NoCommonCodec,
    /// It does not answer our offer, or lacks something else that we need.
    Unusable,
}

impl fmt::Display for DescriptionFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "it is not a session description",
            Self::NoMedia => "it has no usable media section",
            Self::NoBundle => "its media sections are not bundled",
            Self::BadFingerprint => "its fingerprint is missing or unusable",
            Self::NoCommonCodec => "it offers no codec that we have",
            Self::Unusable => "it does not fit this call",
        })
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn every_fault_of_a_description_is_told_from_the_others() {
        let faults = [
            DescriptionFault::Malformed,
            DescriptionFault::NoMedia,
            DescriptionFault::NoBundle,
            DescriptionFault::BadFingerprint,
            DescriptionFault::NoCommonCodec,
            DescriptionFault::Unusable,
        ];
        let told: BTreeSet<_> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), faults.len());
    }
}
