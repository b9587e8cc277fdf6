//! The caller knows that a path works, and begins to encrypt on it, before
//! the answers to the callee's own checks arrive.

use std::collections::VecDeque;
use std::time::Duration;

use crate::pair::{Kind, Packet, Pair};

/// A lost flight is sent again after this long at the earliest, in virtual time.
const REPEATED_AFTER: Duration = Duration::from_millis(750);

/// The caller's packets as they arrive when what he answers is overtaken by
/// his first flight.
struct Overtaken {
    answers: VecDeque<Packet>,
    flight_arrived: bool,
}

impl Overtaken {
    fn order(&mut self, sent: &mut VecDeque<Packet>) -> Vec<Packet> {
        let mut arriving = Vec::new();
        for packet in sent.drain(..) {
            match packet.kind {
                Kind::StunResponse if !self.flight_arrived => self.answers.push_back(packet),
                Kind::Encryption if !self.flight_arrived => {
                    assert!(!self.answers.is_empty(), "an answer was overtaken");
                    self.flight_arrived = true;
                    arriving.push(packet);
                    arriving.extend(self.answers.drain(..));
                }
                _ => arriving.push(packet),
            }
        }
        arriving
    }
}

#[test]
fn a_first_flight_that_overtakes_the_answers_to_our_checks_is_not_lost() {
    let mut pair = Pair::negotiated();
    let mut line = Overtaken {
        answers: VecDeque::new(),
        flight_arrived: false,
    };
    while !(pair.caller.connected && pair.callee.connected) {
        let now = pair.now;
        let to_callee = line.order(&mut pair.caller.sent);
        let to_caller: Vec<Packet> = pair.callee.sent.drain(..).collect();
        if to_callee.is_empty() && to_caller.is_empty() {
            pair.wait();
        }
        for packet in &to_callee {
            pair.callee.receive(now, packet);
        }
        for packet in &to_caller {
            pair.caller.receive(now, packet);
        }
        assert!(
            pair.elapsed() < REPEATED_AFTER,
            "the first flight had to be repeated"
        );
    }
    assert!(line.flight_arrived);
}
