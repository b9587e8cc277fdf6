//! The same things in the words of the crates on both sides.

use visavis_call::{DescriptionFault, Event};
use visavis_media::{AudioPacket, ReceivedVideo};
use visavis_peer::{IceCandidate, IncomingAudio, IncomingVideo};
use visavis_signal::{Candidate, SessionId};

use crate::event::CallEvent;
use crate::ice::{IcePolicy, IceServer};
use crate::session::CallSession;

/// The core's event with a handle in place of the id. `replacement` is the handle of
/// the call that takes this one's place.
pub(super) fn event(
    event: Event,
    session: CallSession,
    replacement: impl FnOnce(SessionId) -> Option<CallSession>,
) -> Option<CallEvent> {
    Some(match event {
        Event::Replaced { by, .. } => CallEvent::Replaced {
            session,
            by: replacement(by)?,
        },
        Event::NewSession { .. } => CallEvent::NewSession { session },
        Event::Accepted {
            user, user_info, ..
        } => CallEvent::Accepted {
            session,
            user,
            user_info,
        },
        Event::Rejected {
            user, user_info, ..
        } => CallEvent::Rejected {
            session,
            user,
            user_info,
        },
        Event::HungUp {
            user, user_info, ..
        } => CallEvent::HungUp {
            session,
            user,
            user_info,
        },
        Event::Ringing { user, .. } => CallEvent::Ringing { session, user },
        Event::MediaChanged { user, media, .. } => CallEvent::MediaChanged {
            session,
            user,
            media,
        },
        Event::Held { user, .. } => CallEvent::Held { session, user },
        Event::Resumed { user, .. } => CallEvent::Resumed { session, user },
        Event::UpgradeRequested {
            user, call_type, ..
        } => CallEvent::UpgradeRequested {
            session,
            user,
            call_type,
        },
        Event::ParticipantAdded { user, .. } => CallEvent::ParticipantAdded { session, user },
        Event::ParticipantUnreachable { user, other, .. } => CallEvent::ParticipantUnreachable {
            session,
            user,
            other,
        },
        Event::AddRefused { user, cause, .. } => CallEvent::AddRefused {
            session,
            user,
            cause,
        },
        Event::Reconnecting { user, .. } => CallEvent::Reconnecting { session, user },
        Event::Reconnected { user, .. } => CallEvent::Reconnected { session, user },
        Event::NotAnswered { user, .. } => CallEvent::NotAnswered { session, user },
        Event::NoActions { user, .. } => CallEvent::NoActions { session, user },
        Event::AcceptedElsewhere { .. } => CallEvent::AcceptedElsewhere { session },
        Event::RejectedElsewhere { .. } => CallEvent::RejectedElsewhere { session },
        Event::Updated {
            user, user_info, ..
        } => CallEvent::Updated {
            session,
            user,
            user_info,
        },
        Event::Busy { user, cause, .. } => CallEvent::Busy {
            session,
            user,
            cause,
        },
        Event::DescriptionRejected { user, fault, .. } => CallEvent::DescriptionRejected {
            session,
            user,
            fault,
        },
        Event::SignalFailed { user, kind, .. } => CallEvent::SignalFailed {
            session,
            user,
            kind,
        },
        Event::StartClose { .. } => CallEvent::StartClose { session },
        Event::Closed { .. } => CallEvent::Closed { session },
        Event::StateChanged { state, .. } => CallEvent::StateChanged { session, state },
        Event::PeerStateChanged { user, state, .. } => CallEvent::PeerStateChanged {
            session,
            user,
            state,
        },
        Event::StartConnect { user, .. } => CallEvent::StartConnect { session, user },
        Event::Connected { user, .. } => CallEvent::Connected { session, user },
        Event::ConnectionFailed { user, .. } => CallEvent::ConnectionFailed { session, user },
        Event::Disconnected { user, .. } => CallEvent::Disconnected { session, user },
        Event::DisconnectTimeout { user, .. } => CallEvent::DisconnectTimeout { session, user },
        Event::ConnectionClosed { user, .. } => CallEvent::ConnectionClosed { session, user },
    })
}

/// A candidate for the wire.
pub(super) fn from_ice(candidate: &IceCandidate) -> Candidate {
    Candidate {
        candidate: candidate.candidate.as_str().into(),
        sdp_mid: candidate.sdp_mid.as_deref().map(Into::into),
        sdp_mline_index: candidate.sdp_mline_index,
    }
}

/// A candidate from the wire.
pub(super) fn to_ice(candidate: &Candidate) -> IceCandidate {
    IceCandidate {
        candidate: candidate.candidate.as_ref().to_owned(),
        sdp_mid: candidate.sdp_mid.as_deref().map(str::to_owned),
        sdp_mline_index: candidate.sdp_mline_index,
    }
}

pub(super) fn ice_server(server: IceServer) -> visavis_peer::IceServer {
    visavis_peer::IceServer {
        urls: server.urls,
        username: server.username,
        credential: server.credential,
    }
}

pub(super) const fn ice_policy(policy: IcePolicy) -> visavis_peer::IcePolicy {
    match policy {
        IcePolicy::All => visavis_peer::IcePolicy::All,
        IcePolicy::DefaultRoute => visavis_peer::IcePolicy::DefaultRoute,
        IcePolicy::Relay => visavis_peer::IcePolicy::Relay,
    }
}

pub(super) const fn fault(fault: visavis_peer::DescriptionFault) -> DescriptionFault {
    use visavis_peer::DescriptionFault as Peer;
    match fault {
        Peer::Malformed => DescriptionFault::Malformed,
        Peer::NoMedia => DescriptionFault::NoMedia,
        Peer::NoBundle => DescriptionFault::NoBundle,
        Peer::BadFingerprint => DescriptionFault::BadFingerprint,
        Peer::NoCommonCodec => DescriptionFault::NoCommonCodec,
        Peer::Unusable => DescriptionFault::Unusable,
    }
}

pub(super) fn audio_packet(packet: IncomingAudio) -> AudioPacket {
    AudioPacket {
        sequence: packet.sequence,
        timestamp: packet.timestamp,
        data: packet.data,
        received: packet.received,
    }
}

pub(super) fn video_frame(frame: IncomingVideo) -> ReceivedVideo {
    ReceivedVideo {
        data: frame.data,
        timestamp: frame.timestamp,
        contiguous: frame.contiguous,
        received: frame.received,
    }
}
