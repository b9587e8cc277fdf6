//! Who sees whose presence, from one user's side (RFC 6121 section 3 and
//! appendix A). Pure.

/// What one user and a contact are to each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Subscription {
    /// The user sees the contact's presence.
    pub sees: bool,
    /// The contact sees the user's presence.
    pub is_seen: bool,
    /// The user has asked, and the contact has not answered.
    pub asks: bool,
    /// The contact has asked, and the user has not answered.
    pub is_asked: bool,
}

/// What one says to the other about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// May I see you?
    Subscribe,
    /// You may see me.
    Subscribed,
    /// I do not want to see you any more.
    Unsubscribe,
    /// You may not see me (any more).
    Unsubscribed,
}

/// What the receiver's side does with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The receiver's devices are told.
    Deliver,
    /// The receiver has agreed before: the answer is yes.
    Agree,
    /// It means nothing in this state.
    Ignore,
}

impl Verb {
    /// The type of a presence stanza that is one.
    pub fn of(type_: &str) -> Option<Self> {
        Some(match type_ {
            "subscribe" => Self::Subscribe,
            "subscribed" => Self::Subscribed,
            "unsubscribe" => Self::Unsubscribe,
            "unsubscribed" => Self::Unsubscribed,
            _ => return None,
        })
    }

    /// The type on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Subscribe => "subscribe",
            Self::Subscribed => "subscribed",
            Self::Unsubscribe => "unsubscribe",
            Self::Unsubscribed => "unsubscribed",
        }
    }
}

impl Subscription {
    /// After the user has said this; none if it means nothing and goes nowhere.
    pub(super) const fn sent(mut self, verb: Verb) -> Option<Self> {
        match verb {
            Verb::Subscribe => self.asks = !self.sees,
            Verb::Unsubscribe => {
                self.sees = false;
                self.asks = false;
            }
            Verb::Subscribed if self.is_asked => {
                self.is_seen = true;
                self.is_asked = false;
            }
            Verb::Unsubscribed if self.is_seen || self.is_asked => {
                self.is_seen = false;
                self.is_asked = false;
            }
            Verb::Subscribed | Verb::Unsubscribed => return None,
        }
        Some(self)
    }

    /// After the contact has said this, and what follows.
    pub(super) const fn received(mut self, verb: Verb) -> (Self, Effect) {
        let effect = match verb {
            Verb::Subscribe if self.is_seen => Effect::Agree,
            Verb::Subscribe => {
                self.is_asked = true;
                Effect::Deliver
            }
            Verb::Subscribed if self.asks => {
                self.sees = true;
                self.asks = false;
                Effect::Deliver
            }
            Verb::Unsubscribe if self.is_seen || self.is_asked => {
                self.is_seen = false;
                self.is_asked = false;
                Effect::Deliver
            }
            Verb::Unsubscribed if self.sees || self.asks => {
                self.sees = false;
                self.asks = false;
                Effect::Deliver
            }
            Verb::Subscribed | Verb::Unsubscribe | Verb::Unsubscribed => Effect::Ignore,
        };
        (self, effect)
    }

    /// The value of `subscription` in a contact list.
    pub const fn name(self) -> &'static str {
        match (self.sees, self.is_seen) {
            (true, true) => "both",
            (true, false) => "to",
            (false, true) => "from",
            (false, false) => "none",
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Both sides after one of them has said something.
    fn say(
        (one, other): (Subscription, Subscription),
        verb: Verb,
    ) -> ((Subscription, Subscription), Option<Effect>) {
        match one.sent(verb) {
            None => ((one, other), None),
            Some(one) => {
                let (other, effect) = other.received(verb);
                ((one, other), Some(effect))
            }
        }
    }

    #[test]
    fn asking_agreeing_and_parting() {
        let strangers = (Subscription::default(), Subscription::default());
        let ((ann, bob), effect) = say(strangers, Verb::Subscribe);
        assert_eq!(effect, Some(Effect::Deliver));
        assert!(ann.asks && bob.is_asked);
        let ((bob, ann), effect) = say((bob, ann), Verb::Subscribed);
        assert_eq!(effect, Some(Effect::Deliver));
        assert_eq!((ann.name(), bob.name()), ("to", "from"));
        let ((bob, ann), _) = say((bob, ann), Verb::Subscribe);
        let ((ann, bob), _) = say((ann, bob), Verb::Subscribed);
        assert_eq!((ann.name(), bob.name()), ("both", "both"));
        let ((ann, bob), effect) = say((ann, bob), Verb::Unsubscribed);
        assert_eq!(effect, Some(Effect::Deliver));
        assert_eq!((ann.name(), bob.name()), ("to", "from"));
        let (strangers_again, _) = say((ann, bob), Verb::Unsubscribe);
        assert_eq!(strangers_again, strangers);
    }

    #[test]
    fn nobody_agrees_to_what_was_not_asked() {
        let strangers = (Subscription::default(), Subscription::default());
        for verb in [Verb::Subscribed, Verb::Unsubscribed] {
            assert_eq!(say(strangers, verb), (strangers, None));
        }
        let (other, effect) = Subscription::default().received(Verb::Subscribed);
        assert_eq!((other, effect), (Subscription::default(), Effect::Ignore));
    }

    #[test]
    fn who_has_agreed_agrees_again_by_itself() {
        let seen = Subscription {
            is_seen: true,
            ..Subscription::default()
        };
        assert_eq!(seen.received(Verb::Subscribe), (seen, Effect::Agree));
    }

    #[test]
    fn every_verb_is_read_as_it_is_written() {
        for verb in [
            Verb::Subscribe,
            Verb::Subscribed,
            Verb::Unsubscribe,
            Verb::Unsubscribed,
        ] {
            assert_eq!(Verb::of(verb.name()), Some(verb));
        }
        assert_eq!(Verb::of("probe"), None);
    }
}
