//! What a connection reports.

use crate::candidate::IceCandidate;
use crate::description::DescriptionFault;
use crate::media::{IncomingAudio, IncomingVideo};
use crate::stats::PeerStats;

/// Something happened on the connection.
#[derive(Debug)]
pub enum PeerEvent {
    /// Our offer. The first one comes again, with the same credentials, when
    /// candidates were found that it did not have.
    LocalOffer(String),
    /// Our answer.
    LocalAnswer(String),
    /// Candidates of ours; each is reported once.
    LocalCandidates(Vec<IceCandidate>),
    /// No more candidates will be found.
    GatheringDone,
    /// Candidate pairs are being tried.
    Checking,
    /// A candidate pair works; the encryption is being set up.
    IceConnected,
    /// Media can flow.
    Connected,
    /// Nothing was heard from the other side for four and a half seconds, or it ended
    /// the encryption a second ago.
    Disconnected,
    /// The other side is heard again.
    Recovered,
    /// The connection cannot be set up, or broke for good: it closes.
    Failed(FailCause),
    /// A description of the other side cannot be used.
    DescriptionRejected(DescriptionFault),
    /// The connection is closed; nothing follows.
    Closed,
    /// An encoded picture.
    Video(IncomingVideo),
    /// A packet of encoded sound.
    Audio(IncomingAudio),
    /// The other side cannot go on without a key frame.
    KeyFrameRequested,
    /// What may be sent, in bit/s.
    TargetBitrate(u64),
    /// Whether more is waiting to be sent than the path takes.
    Congested(bool),
    /// Share of our packets that the other side missed lately, 0 to 1.
    AudioLoss(f32),
    /// Statistics.
    Stats(Box<PeerStats>),
}

/// Why a connection failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailCause {
    /// No candidate pair works: the network, or a missing relay.
    NoPath,
    /// The encryption could not be set up; the certificate may not be the one
    /// that the description names.
    Dtls,
    /// No socket could be opened: the system.
    NoSockets,
}
