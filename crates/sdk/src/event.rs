//! What happens in calls: one enum for all of it.

use visavis_call::{BusyCause, DescriptionFault, PeerState, SessionState};
use visavis_media::{AudioTrack, VideoTrack};
use visavis_quality::CallQuality;
use visavis_signal::{AddRefusal, CallType, MediaState, SignalKind, UserId, UserInfo};

use crate::session::CallSession;
use crate::stats::CallStats;

/// Something happened in a call.
///
/// Every event names the session; what the other side sent with it travels
/// as [`UserInfo`]. Only [`Stats`](Self::Stats) is ever left out, for a
/// subscriber that does not keep up.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum CallEvent {
    // ---- the call ----
    /// Somebody calls: accept, reject or ignore.
    NewSession {
        /// The incoming call; its [`user_info`](CallSession::user_info) is the caller's.
        session: CallSession,
    },
    /// A callee accepted.
    Accepted {
        /// The call.
        session: CallSession,
        /// Who accepted.
        user: UserId,
        /// What he sent along.
        user_info: UserInfo,
    },
    /// A callee rejected.
    Rejected {
        /// The call.
        session: CallSession,
        /// Who rejected.
        user: UserId,
        /// What he sent along.
        user_info: UserInfo,
    },
    /// Somebody left the call, or the caller cancelled it.
    HungUp {
        /// The call.
        session: CallSession,
        /// Who left.
        user: UserId,
        /// What he sent along.
        user_info: UserInfo,
    },
    /// A device of a callee rings. Clients of the documented system do not say so.
    Ringing {
        /// The call.
        session: CallSession,
        /// Whose device.
        user: UserId,
    },
    /// Both sides called each other at the same moment: this call of ours ends,
    /// and `by` takes its place, already accepted, with our open sources.
    Replaced {
        /// Our call.
        session: CallSession,
        /// The call that goes on.
        by: CallSession,
    },
    /// A callee did not answer within the answer interval.
    NotAnswered {
        /// The call.
        session: CallSession,
        /// Who did not answer.
        user: UserId,
    },
    /// We neither accepted nor rejected an incoming call in time.
    NoActions {
        /// The call.
        session: CallSession,
        /// Our own user.
        user: UserId,
    },
    /// Another of our own devices accepted; ringing stops here.
    AcceptedElsewhere {
        /// The call.
        session: CallSession,
    },
    /// Another of our own devices rejected; ringing stops here.
    RejectedElsewhere {
        /// The call.
        session: CallSession,
    },
    /// A further call was rejected by itself because we are in one.
    Busy {
        /// The call that was rejected.
        session: CallSession,
        /// Who called.
        user: UserId,
        /// Why it was turned away.
        cause: BusyCause,
    },
    /// The other side's session description cannot be used; the connection to
    /// him ends.
    DescriptionRejected {
        /// The call.
        session: CallSession,
        /// Whose description.
        user: UserId,
        /// What is wrong with it.
        fault: DescriptionFault,
    },
    /// The other side sent data during the call.
    Updated {
        /// The call.
        session: CallSession,
        /// Who sent it.
        user: UserId,
        /// The data.
        user_info: UserInfo,
    },
    /// A signal could not be delivered.
    SignalFailed {
        /// The call.
        session: CallSession,
        /// Whom it was for.
        user: UserId,
        /// Which signal.
        kind: SignalKind,
    },
    /// The call is about to be closed.
    StartClose {
        /// The call.
        session: CallSession,
    },
    /// The call is closed; nothing more comes for it.
    Closed {
        /// The call.
        session: CallSession,
    },

    // ---- what the others send ----
    /// A user mutes or unmutes himself, or turns the camera off or on.
    MediaChanged {
        /// The call.
        session: CallSession,
        /// The user.
        user: UserId,
        /// What he sends from now on.
        media: MediaState,
    },
    /// A user puts the call on hold.
    Held {
        /// The call.
        session: CallSession,
        /// The user.
        user: UserId,
    },
    /// A user comes back to the call.
    Resumed {
        /// The call.
        session: CallSession,
        /// The user.
        user: UserId,
    },
    /// A user made a video call of it, or an audio call. Our own camera stays off
    /// until [`upgrade`](CallSession::upgrade) is called here, too.
    UpgradeRequested {
        /// The call.
        session: CallSession,
        /// The user.
        user: UserId,
        /// What the call is now.
        call_type: CallType,
    },

    // ---- who is in it ----
    /// Somebody was called into the call.
    ParticipantAdded {
        /// The call.
        session: CallSession,
        /// Who.
        user: UserId,
    },
    /// Two participants have no connection with each other, because the client of
    /// one of them cannot let somebody into a call that goes on.
    ParticipantUnreachable {
        /// The call.
        session: CallSession,
        /// The one.
        user: UserId,
        /// The other; perhaps ourselves.
        other: UserId,
    },
    /// Somebody whom we wanted in the call is not called.
    AddRefused {
        /// The call.
        session: CallSession,
        /// Who.
        user: UserId,
        /// Why not.
        cause: AddRefusal,
    },

    // ---- the connections ----
    /// The session's state changed.
    StateChanged {
        /// The call.
        session: CallSession,
        /// The new state.
        state: SessionState,
    },
    /// One peer's state changed.
    PeerStateChanged {
        /// The call.
        session: CallSession,
        /// Which peer.
        user: UserId,
        /// The new state.
        state: PeerState,
    },
    /// A connection to the peer is being set up.
    StartConnect {
        /// The call.
        session: CallSession,
        /// Which peer.
        user: UserId,
    },
    /// All our candidates for the peer are found (RFC 8838 section 13).
    Gathered {
        /// The call.
        session: CallSession,
        /// Which peer.
        user: UserId,
    },
    /// A pair of candidates works (RFC 8445 section 7); the encryption is being
    /// set up.
    IceConnected {
        /// The call.
        session: CallSession,
        /// Which peer.
        user: UserId,
    },
    /// The peer is connected.
    Connected {
        /// The call.
        session: CallSession,
        /// Which peer.
        user: UserId,
    },
    /// The connection could not be set up.
    ConnectionFailed {
        /// The call.
        session: CallSession,
        /// Which peer.
        user: UserId,
    },
    /// The connection was lost; it may come back.
    Disconnected {
        /// The call.
        session: CallSession,
        /// Which peer.
        user: UserId,
    },
    /// A lost connection is being repaired.
    Reconnecting {
        /// The call.
        session: CallSession,
        /// Which peer.
        user: UserId,
    },
    /// A lost connection is there again; comes right after
    /// [`Connected`](Self::Connected).
    Reconnected {
        /// The call.
        session: CallSession,
        /// Which peer.
        user: UserId,
    },
    /// The connection did not come back within the disconnect time.
    DisconnectTimeout {
        /// The call.
        session: CallSession,
        /// Which peer.
        user: UserId,
    },
    /// The connection to the peer is closed, for whatever reason.
    ConnectionClosed {
        /// The call.
        session: CallSession,
        /// Which peer.
        user: UserId,
    },

    // ---- the tracks ----
    /// Our own picture.
    LocalVideoTrack {
        /// The call.
        session: CallSession,
        /// The track.
        track: VideoTrack,
    },
    /// Our own sound.
    LocalAudioTrack {
        /// The call.
        session: CallSession,
        /// The track.
        track: AudioTrack,
    },
    /// A peer's picture.
    RemoteVideoTrack {
        /// The call.
        session: CallSession,
        /// Whose.
        user: UserId,
        /// The track.
        track: VideoTrack,
    },
    /// A peer's sound.
    RemoteAudioTrack {
        /// The call.
        session: CallSession,
        /// Whose.
        user: UserId,
        /// The track.
        track: AudioTrack,
    },

    // ---- measurements ----
    /// Statistics of one peer, each
    /// [`stats_interval`](crate::CallConfig::stats_interval).
    Stats {
        /// The call.
        session: CallSession,
        /// Which peer.
        user: UserId,
        /// What was measured.
        stats: Box<CallStats>,
    },
    /// The call got better or worse for a while: the middle score of three seconds in one of the
    /// directions, or its cause, is another one. Said first two seconds after the peer is connected.
    QualityChanged {
        /// The call.
        session: CallSession,
        /// Which peer.
        user: UserId,
        /// Both directions as they are now.
        quality: CallQuality,
    },
}

impl CallEvent {
    /// The session that the event belongs to.
    pub fn session(&self) -> &CallSession {
        match self {
            Self::NewSession { session }
            | Self::Accepted { session, .. }
            | Self::Rejected { session, .. }
            | Self::HungUp { session, .. }
            | Self::NotAnswered { session, .. }
            | Self::Replaced { session, .. }
            | Self::Ringing { session, .. }
            | Self::MediaChanged { session, .. }
            | Self::Held { session, .. }
            | Self::Resumed { session, .. }
            | Self::UpgradeRequested { session, .. }
            | Self::ParticipantAdded { session, .. }
            | Self::ParticipantUnreachable { session, .. }
            | Self::AddRefused { session, .. }
            | Self::Reconnecting { session, .. }
            | Self::Reconnected { session, .. }
            | Self::NoActions { session, .. }
            | Self::AcceptedElsewhere { session }
            | Self::RejectedElsewhere { session }
            | Self::Busy { session, .. }
            | Self::Updated { session, .. }
            | Self::DescriptionRejected { session, .. }
            | Self::SignalFailed { session, .. }
            | Self::StartClose { session }
            | Self::Closed { session }
            | Self::StateChanged { session, .. }
            | Self::PeerStateChanged { session, .. }
            | Self::StartConnect { session, .. }
            | Self::Gathered { session, .. }
            | Self::IceConnected { session, .. }
            | Self::Connected { session, .. }
            | Self::ConnectionFailed { session, .. }
            | Self::Disconnected { session, .. }
            | Self::DisconnectTimeout { session, .. }
            | Self::ConnectionClosed { session, .. }
            | Self::LocalVideoTrack { session, .. }
            | Self::LocalAudioTrack { session, .. }
            | Self::RemoteVideoTrack { session, .. }
            | Self::RemoteAudioTrack { session, .. }
            | Self::QualityChanged { session, .. }
            | Self::Stats { session, .. } => session,
        }
    }

    /// The user that the event is about, where it is about one.
    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::Accepted { user, .. }
            | Self::Rejected { user, .. }
            | Self::HungUp { user, .. }
            | Self::NotAnswered { user, .. }
            | Self::Ringing { user, .. }
            | Self::MediaChanged { user, .. }
            | Self::Held { user, .. }
            | Self::Resumed { user, .. }
            | Self::UpgradeRequested { user, .. }
            | Self::ParticipantAdded { user, .. }
            | Self::ParticipantUnreachable { user, .. }
            | Self::AddRefused { user, .. }
            | Self::Reconnecting { user, .. }
            | Self::Reconnected { user, .. }
            | Self::NoActions { user, .. }
            | Self::Busy { user, .. }
            | Self::Updated { user, .. }
            | Self::DescriptionRejected { user, .. }
            | Self::SignalFailed { user, .. }
            | Self::PeerStateChanged { user, .. }
            | Self::StartConnect { user, .. }
            | Self::Gathered { user, .. }
            | Self::IceConnected { user, .. }
            | Self::Connected { user, .. }
            | Self::ConnectionFailed { user, .. }
            | Self::Disconnected { user, .. }
            | Self::DisconnectTimeout { user, .. }
            | Self::ConnectionClosed { user, .. }
            | Self::RemoteVideoTrack { user, .. }
            | Self::RemoteAudioTrack { user, .. }
            | Self::QualityChanged { user, .. }
            | Self::Stats { user, .. } => Some(*user),
            Self::NewSession { .. }
            | Self::AcceptedElsewhere { .. }
            | Self::RejectedElsewhere { .. }
            | Self::Replaced { .. }
            | Self::StartClose { .. }
            | Self::Closed { .. }
            | Self::StateChanged { .. }
            | Self::LocalVideoTrack { .. }
            | Self::LocalAudioTrack { .. } => None,
        }
    }

    /// What the other side sent along, where it sent something.
    pub fn user_info(&self) -> Option<&UserInfo> {
        match self {
            Self::Accepted { user_info, .. }
            | Self::Rejected { user_info, .. }
            | Self::HungUp { user_info, .. }
            | Self::Updated { user_info, .. } => Some(user_info),
            _ => None,
        }
    }
}
