//! What every signal of one call repeats: which call it is and who is in it.

use alloc::vec::Vec;

use visavis_signal::{Body, CallType, SessionId, Signal, UserId, UserInfo};

/// The call as it was announced. Only who else is in it may change, and whether it has video.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invitation {
    pub(crate) session: SessionId,
    pub(crate) initiator: UserId,
    pub(crate) opponents: Vec<UserId>,
    pub(crate) call_type: CallType,
}

impl Invitation {
    /// Reads the first `call` of an unknown session. `None` when it must not ring: the sender is
    /// not the initiator, we are not invited, or the caller invites himself.
    pub(crate) fn read(signal: &Signal, from: UserId, me: UserId) -> Option<Self> {
        let invitation = Self {
            session: signal.session.clone(),
            initiator: signal.caller?,
            opponents: signal.opponents.clone(),
            call_type: signal.call_type?,
        };
        let invited = invitation.opponents.contains(&me) && !invitation.opponents.contains(&from);
        (invitation.initiator == from && invited).then_some(invitation)
    }

    /// A signal of this call.
    pub(crate) fn signal(&self, body: Body, user_info: UserInfo) -> Signal {
        Signal {
            call_type: Some(self.call_type),
            caller: Some(self.initiator),
            opponents: self.opponents.clone(),
            user_info,
            ..Signal::new(self.session.clone(), body)
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    const ALICE: UserId = UserId(101);
    const BOB: UserId = UserId(102);

    fn call() -> Signal {
        let invitation = Invitation {
            session: SessionId::from_bytes([7; 16]),
            initiator: ALICE,
            opponents: vec![BOB],
            call_type: CallType::Audio,
        };
        invitation.signal(
            Body::Call {
                offer: "v=0".into(),
            },
            UserInfo::new(),
        )
    }

    #[test]
    fn a_signal_carries_what_a_callee_reads() {
        let read = Invitation::read(&call(), ALICE, BOB).expect("we are called");
        assert_eq!((read.initiator, read.call_type), (ALICE, CallType::Audio));
        assert_eq!(read.opponents, [BOB]);
    }

    #[test]
    fn a_call_in_the_name_of_somebody_else_is_none() {
        assert!(Invitation::read(&call(), UserId(666), BOB).is_none());
    }

    #[test]
    fn a_call_to_others_is_none() {
        assert!(Invitation::read(&call(), ALICE, UserId(103)).is_none());
    }

    #[test]
    fn a_caller_among_his_own_opponents_is_none() {
        let call = Signal {
            opponents: vec![BOB, ALICE],
            ..call()
        };
        assert!(Invitation::read(&call, ALICE, BOB).is_none());
    }

    #[test]
    fn a_call_that_does_not_say_what_it_is_is_none() {
        assert!(
            Invitation::read(
                &Signal {
                    call_type: None,
                    ..call()
                },
                ALICE,
                BOB
            )
            .is_none()
        );
        assert!(
            Invitation::read(
                &Signal {
                    caller: None,
                    ..call()
                },
                ALICE,
                BOB
            )
            .is_none()
        );
    }
}
