//! The caller knows that a path works, and begins to encrypt on it, before
//! the answers to the callee's own checks arrive.

use std::time::Duration;

use crate::stage::{Alice, Bob, Kind, SOON, Stage};

/// A lost flight is sent again after this long at the earliest.
const REPEATED_AFTER: Duration = Duration::from_millis(750);

#[test]
fn a_first_flight_that_overtakes_the_answers_to_our_checks_is_not_lost() {
    let mut stage = Stage::new();
    stage
        .network
        .hold_back(Kind::CheckAnswer, stage[Alice].addresses[0]);
    stage.negotiate(Alice);
    let began = stage.now;
    stage.run_until(SOON, |stage| {
        stage
            .network
            .carried(Kind::Encryption, stage[Bob].addresses[0])
    });
    stage.run_for(Duration::from_millis(1));
    assert!(!stage[Bob].is_connected());
    stage.network.release(stage.now);
    stage.run_until_connected();
    let took = stage.now - began;
    assert!(
        took < REPEATED_AFTER,
        "the first flight had to be repeated: {took:?}"
    );
}
