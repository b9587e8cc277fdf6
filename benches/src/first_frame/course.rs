//! The course of one call: which step was reached when.

use std::time::Duration;

use serde_json::Value;
use tokio::time::sleep;

use crate::error::BenchError;
use crate::pair::{Pair, Side};

/// How long the call goes on after the first pictures, for steps that are
/// noticed late.
const AFTERWARDS: Duration = Duration::from_millis(300);

/// A step on the way to the first picture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Milestone {
    side: Side,
    step: &'static str,
    pub(super) label: &'static str,
}

const fn milestone(side: Side, step: &'static str, label: &'static str) -> Milestone {
    Milestone { side, step, label }
}

/// In the order in which a call reaches them.
pub(super) const MILESTONES: [Milestone; 10] = [
    milestone(Side::Caller, "offer_sent", "caller: offer sent"),
    milestone(Side::Callee, "call_received", "callee: call received"),
    milestone(Side::Callee, "accept_sent", "callee: accept sent"),
    milestone(Side::Caller, "accept_received", "caller: accept received"),
    milestone(Side::Caller, "ice_connected", "caller: ICE connected"),
    milestone(Side::Callee, "ice_connected", "callee: ICE connected"),
    milestone(Side::Caller, "connected", "caller: DTLS connected"),
    milestone(Side::Callee, "connected", "callee: DTLS connected"),
    milestone(Side::Caller, "first_frame", "caller: first frame decoded"),
    milestone(Side::Callee, "first_frame", "callee: first frame decoded"),
];

/// When each milestone was reached, in milliseconds after `start`, in the
/// order of [`MILESTONES`].
pub(super) struct Course([f64; MILESTONES.len()]);

impl Course {
    /// Makes a call and looks at its course.
    pub(super) async fn of_call(pair: &mut impl Pair) -> Result<Self, BenchError> {
        pair.open_cameras().await?;
        pair.begin().await?;
        sleep(AFTERWARDS).await;
        let [caller, callee] = pair.end().await?;
        let start = time_of(&caller, "start")?;
        let mut course = [0.0; MILESTONES.len()];
        for (at, milestone) in course.iter_mut().zip(&MILESTONES) {
            let report = match milestone.side {
                Side::Caller => &caller,
                Side::Callee => &callee,
            };
            *at = time_of(report, milestone.step)? - start;
        }
        Ok(Self(course))
    }

    /// The milestones and when each was reached, in milliseconds after `start`.
    pub(super) fn steps(&self) -> impl Iterator<Item = (Milestone, f64)> + '_ {
        MILESTONES.into_iter().zip(self.0)
    }

    /// When the later of the two had a picture of the other.
    pub(super) fn both_see(&self) -> f64 {
        self.steps()
            .filter(|(milestone, _)| milestone.step == "first_frame")
            .fold(0.0, |latest, (_, at)| at.max(latest))
    }
}

/// When a step was reached, by the report of the side that reached it.
fn time_of(over: &Value, step: &'static str) -> Result<f64, BenchError> {
    over["marks"][step]
        .as_f64()
        .ok_or(BenchError::StepMissing { step })
}
