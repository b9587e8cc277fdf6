//! What the app is told.

use alloc::vec::Vec;

use visavis_signal::{AddRefusal, CallType, MediaState, SessionId, SignalKind, UserId, UserInfo};

use crate::{DescriptionFault, PeerState, SessionState};

/// Something that happened in a call. The order of events is described at the
/// [head of this crate](crate#the-order-of-events).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Event {
    // ── The call ────────────────────────────────────────────────────────────
    /// Somebody calls. The first event of an incoming session.
    NewSession {
        /// The call.
        session: SessionId,
        /// Who calls.
        caller: UserId,
        /// Everybody he calls, ourselves included.
        opponents: Vec<UserId>,
        /// With or without video.
        call_type: CallType,
        /// What his app attached.
        user_info: UserInfo,
    },
    /// A user we called accepted.
    Accepted {
        /// The call.
        session: SessionId,
        /// Who accepted.
        user: UserId,
        /// What his app attached.
        user_info: UserInfo,
    },
    /// A user we called does not want to talk. When his client rejected by itself, the user info
    /// says why, see [`reason`](crate::reason).
    Rejected {
        /// The call.
        session: SessionId,
        /// Who rejected.
        user: UserId,
        /// What his app attached.
        user_info: UserInfo,
    },
    /// A user left the call, or canceled it while it was ringing here.
    HungUp {
        /// The call.
        session: SessionId,
        /// Who left.
        user: UserId,
        /// What his app attached.
        user_info: UserInfo,
    },
    /// A device of a user we called rings. Clients of the documented system do not say so.
    Ringing {
        /// The call.
        session: SessionId,
        /// Whose device.
        user: UserId,
    },
    /// Both sides called each other at the same moment. This call of ours ends, and another one
    /// takes its place, already accepted. Unless it rang here before, no
    /// [`NewSession`](Self::NewSession) is told of it.
    Replaced {
        /// Our call.
        session: SessionId,
        /// The call that goes on.
        by: SessionId,
    },
    /// A user we called did not answer in time.
    NotAnswered {
        /// The call.
        session: SessionId,
        /// Who did not answer.
        user: UserId,
    },
    /// An incoming call was neither accepted nor rejected here in time.
    NoActions {
        /// The call.
        session: SessionId,
        /// Our own user.
        user: UserId,
    },
    /// Another device of ours took the call; it does not ring here any longer.
    AcceptedElsewhere {
        /// The call.
        session: SessionId,
    },
    /// Another device of ours rejected the call; it does not ring here any longer.
    RejectedElsewhere {
        /// The call.
        session: SessionId,
    },
    /// A user's app sent something during the call.
    Updated {
        /// The call.
        session: SessionId,
        /// Who sent it.
        user: UserId,
        /// What it sent; not empty.
        user_info: UserInfo,
    },
    /// A call came in and was rejected without asking. No session was made of it: no other event
    /// names this id.
    Busy {
        /// The call.
        session: SessionId,
        /// Who called.
        user: UserId,
        /// With or without video.
        call_type: CallType,
        /// What his app attached.
        user_info: UserInfo,
        /// Why it was rejected.
        cause: BusyCause,
    },
    /// A user's session description cannot be used, and he is out of the call.
    DescriptionRejected {
        /// The call.
        session: SessionId,
        /// Whose description.
        user: UserId,
        /// What is wrong with it.
        fault: DescriptionFault,
    },
    /// A signal could not be delivered. The call goes on: dialing repeats what matters.
    SignalFailed {
        /// The call.
        session: SessionId,
        /// Whom it was meant for.
        user: UserId,
        /// Which signal.
        kind: SignalKind,
    },
    /// The last user is gone and the session begins to close.
    StartClose {
        /// The call.
        session: SessionId,
    },
    /// The session is over. Its last event.
    Closed {
        /// The call.
        session: SessionId,
    },

    // ── What they send ──────────────────────────────────────────────────────
    /// A user mutes or unmutes himself, or turns the camera off or on.
    MediaChanged {
        /// The call.
        session: SessionId,
        /// The user.
        user: UserId,
        /// What he sends from now on.
        media: MediaState,
    },
    /// A user puts the call on hold.
    Held {
        /// The call.
        session: SessionId,
        /// The user.
        user: UserId,
    },
    /// A user comes back to the call.
    Resumed {
        /// The call.
        session: SessionId,
        /// The user.
        user: UserId,
    },
    /// A user made a video call of it, or an audio call. Our own camera stays as it is: off, unless
    /// the app says so.
    UpgradeRequested {
        /// The call.
        session: SessionId,
        /// The user.
        user: UserId,
        /// What the call is now.
        call_type: CallType,
    },

    // ── Who is in it ────────────────────────────────────────────────────────
    /// Somebody was called into the call.
    ParticipantAdded {
        /// The call.
        session: SessionId,
        /// Who.
        user: UserId,
    },
    /// Two participants have no connection with each other, because the client of one of them
    /// cannot let somebody into a call that goes on.
    ParticipantUnreachable {
        /// The call.
        session: SessionId,
        /// The one of them.
        user: UserId,
        /// The other one; perhaps ourselves.
        other: UserId,
    },
    /// A user whom we wanted in the call is not called into it.
    AddRefused {
        /// The call.
        session: SessionId,
        /// Who.
        user: UserId,
        /// Why not.
        cause: AddRefusal,
    },

    // ── Its connections ─────────────────────────────────────────────────────
    /// The session entered another state.
    StateChanged {
        /// The call.
        session: SessionId,
        /// The state it is in now.
        state: SessionState,
    },
    /// A peer entered another state.
    PeerStateChanged {
        /// The call.
        session: SessionId,
        /// Which peer.
        user: UserId,
        /// The state he is in now.
        state: PeerState,
    },
    /// A connection to this user is being established.
    StartConnect {
        /// The call.
        session: SessionId,
        /// The user.
        user: UserId,
    },
    /// The connection to this user is established, or established again.
    Connected {
        /// The call.
        session: SessionId,
        /// The user.
        user: UserId,
    },
    /// No connection to this user could be made, or it broke.
    ConnectionFailed {
        /// The call.
        session: SessionId,
        /// The user.
        user: UserId,
    },
    /// The connection to this user is lost and may come back.
    Disconnected {
        /// The call.
        session: SessionId,
        /// The user.
        user: UserId,
    },
    /// A connection to this user that was established is lost and being repaired.
    Reconnecting {
        /// The call.
        session: SessionId,
        /// The user.
        user: UserId,
    },
    /// A lost connection to this user is there again. Comes right after
    /// [`Connected`](Self::Connected).
    Reconnected {
        /// The call.
        session: SessionId,
        /// The user.
        user: UserId,
    },
    /// The connection to this user did not come back in time.
    DisconnectTimeout {
        /// The call.
        session: SessionId,
        /// The user.
        user: UserId,
    },
    /// There is no connection to this user any longer, whatever the reason. Sent once for each
    /// user for whom one was prepared.
    ConnectionClosed {
        /// The call.
        session: SessionId,
        /// The user.
        user: UserId,
    },
}

/// Why a call was rejected without asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum BusyCause {
    /// We are in a call, and [`CallConfig::auto_reject`](crate::CallConfig::auto_reject) is on.
    InCall,
    /// [`CallConfig::incoming_limit`](crate::CallConfig::incoming_limit) calls are ringing already.
    TooManyRinging,
}

impl Event {
    /// The call that this is about.
    pub const fn session(&self) -> &SessionId {
        match self {
            Self::NewSession { session, .. }
            | Self::Accepted { session, .. }
            | Self::Rejected { session, .. }
            | Self::HungUp { session, .. }
            | Self::NotAnswered { session, .. }
            | Self::NoActions { session, .. }
            | Self::AcceptedElsewhere { session }
            | Self::RejectedElsewhere { session }
            | Self::Updated { session, .. }
            | Self::Busy { session, .. }
            | Self::DescriptionRejected { session, .. }
            | Self::SignalFailed { session, .. }
            | Self::StartClose { session }
            | Self::Closed { session }
            | Self::StateChanged { session, .. }
            | Self::PeerStateChanged { session, .. }
            | Self::StartConnect { session, .. }
            | Self::Connected { session, .. }
            | Self::ConnectionFailed { session, .. }
            | Self::Disconnected { session, .. }
            | Self::Ringing { session, .. }
            | Self::Replaced { session, .. }
            | Self::MediaChanged { session, .. }
            | Self::Held { session, .. }
            | Self::Resumed { session, .. }
            | Self::UpgradeRequested { session, .. }
            | Self::ParticipantAdded { session, .. }
            | Self::ParticipantUnreachable { session, .. }
            | Self::AddRefused { session, .. }
            | Self::Reconnecting { session, .. }
            | Self::Reconnected { session, .. }
            | Self::DisconnectTimeout { session, .. }
            | Self::ConnectionClosed { session, .. } => session,
        }
    }

    /// The user that this is about: for [`Event::NewSession`] the caller, for
    /// [`Event::NoActions`] ourselves, for events of the whole session nobody.
    pub const fn user(&self) -> Option<UserId> {
        match self {
            Self::NewSession { caller: user, .. }
            | Self::Accepted { user, .. }
            | Self::Rejected { user, .. }
            | Self::HungUp { user, .. }
            | Self::NotAnswered { user, .. }
            | Self::NoActions { user, .. }
            | Self::Updated { user, .. }
            | Self::Busy { user, .. }
            | Self::DescriptionRejected { user, .. }
            | Self::SignalFailed { user, .. }
            | Self::PeerStateChanged { user, .. }
            | Self::StartConnect { user, .. }
            | Self::Connected { user, .. }
            | Self::ConnectionFailed { user, .. }
            | Self::Disconnected { user, .. }
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
            | Self::DisconnectTimeout { user, .. }
            | Self::ConnectionClosed { user, .. } => Some(*user),
            Self::AcceptedElsewhere { .. }
            | Self::Replaced { .. }
            | Self::RejectedElsewhere { .. }
            | Self::StartClose { .. }
            | Self::Closed { .. }
            | Self::StateChanged { .. } => None,
        }
    }
}
