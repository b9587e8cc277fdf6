//! The names on the wire.

use core::fmt;

/// A part of a signal, by its element on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Field {
    /// `moduleIdentifier`, always `WebRTCVideoChat`.
    ModuleIdentifier,
    /// `signalType`: which of the six signals it is.
    SignalType,
    /// `sessionID`.
    SessionId,
    /// `callType`: `1` video, `2` audio.
    CallType,
    /// `callerID`: the user who started the session.
    CallerId,
    /// `opponentsIDs`, with an `opponentID` for each callee.
    OpponentsIds,
    /// `sdp`: a session description.
    Sdp,
    /// `platform`: the kind of client.
    Platform,
    /// `userInfo`: the app's own map.
    UserInfo,
    /// `iceCandidates`, with an `iceCandidate` for each.
    IceCandidates,
    /// `candidate`: the line inside an `iceCandidate`.
    Candidate,
    /// `sdpMid` inside an `iceCandidate`.
    SdpMid,
    /// `sdpMLineIndex` inside an `iceCandidate`.
    SdpMLineIndex,
    /// `reason` of an `update`.
    Reason,
    /// `sessionDescription` of an `update`.
    SessionDescription,
    /// `offerId` inside a `sessionDescription`.
    OfferId,
    /// `type` inside a `sessionDescription`.
    DescriptionType,
    /// `capabilities`: the sender's extensions.
    Capabilities,
    /// `device`: which of its user's devices the sender is.
    Device,
    /// `mediaState` of an `update`: what the sender sends.
    MediaState,
    /// `audio` inside a `mediaState`: `1` or `0`.
    Audio,
    /// `video` inside a `mediaState`: `1` or `0`.
    Video,
    /// `held` inside a `mediaState`: `1` or `0`.
    Held,
    /// `participant` of an `update`: whom it is about.
    Participant,
    /// `cause` of an `update` that refuses: why.
    Cause,
    /// `unreachable`, with an `opponentID` for each participant without a
    /// connection.
    Unreachable,
    /// `join` of a `call` into a call that goes on.
    Join,
    /// `invitation` inside a `join` and of an `update`: a count.
    Invitation,
}

impl Field {
    /// The name of the element.
    pub fn name(self) -> &'static str {
        match self {
            Self::ModuleIdentifier => "moduleIdentifier",
            Self::SignalType => "signalType",
            Self::SessionId => "sessionID",
            Self::CallType => "callType",
            Self::CallerId => "callerID",
            Self::OpponentsIds => "opponentsIDs",
            Self::Sdp => "sdp",
            Self::Platform => "platform",
            Self::UserInfo => "userInfo",
            Self::IceCandidates => "iceCandidates",
            Self::Candidate => "candidate",
            Self::SdpMid => "sdpMid",
            Self::SdpMLineIndex => "sdpMLineIndex",
            Self::Reason => "reason",
            Self::SessionDescription => "sessionDescription",
            Self::OfferId => "offerId",
            Self::DescriptionType => "type",
            Self::Capabilities => "capabilities",
            Self::Device => "device",
            Self::MediaState => "mediaState",
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Held => "held",
            Self::Participant => "participant",
            Self::Cause => "cause",
            Self::Unreachable => "unreachable",
            Self::Join => "join",
            Self::Invitation => "invitation",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The one module identifier that marks a call signal.
pub(crate) const MODULE: &str = "WebRTCVideoChat";
/// The payload element of the message.
pub(crate) const PARAMETERS: &str = "extraParams";
/// One entry of [`Field::OpponentsIds`].
pub(crate) const OPPONENT: &str = "opponentID";
/// One entry of [`Field::IceCandidates`].
pub(crate) const CANDIDATE: &str = "iceCandidate";
