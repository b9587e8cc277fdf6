//! The course of one call: which step was reached when.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{sleep, timeout};

use crate::error::BenchError;

/// A part that says nothing for this long is broken.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long cameras are on before the call.
const PREVIEW: Duration = Duration::from_millis(500);
/// How long the call goes on after the first pictures, for steps that are
/// reported late.
const AFTERWARDS: Duration = Duration::from_millis(300);

/// Which end of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Caller,
    Callee,
}

/// Two who can call one another.
pub(super) trait Pair {
    /// Tells one of them what to do.
    async fn order(&mut self, side: Side, order: &'static str) -> Result<(), BenchError>;

    /// The next report of this kind from one of them, however long ago it came.
    async fn hear(&mut self, side: Side, event: &'static str) -> Result<Value, BenchError>;
}

/// A step on the way to the first picture.
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
        for side in [Side::Caller, Side::Callee] {
            pair.order(side, "open camera").await?;
            hear(pair, side, "camera open").await?;
        }
        sleep(PREVIEW).await;
        pair.order(Side::Caller, "start").await?;
        for side in [Side::Caller, Side::Callee] {
            hear(pair, side, "first frame").await?;
        }
        sleep(AFTERWARDS).await;
        pair.order(Side::Caller, "hang up").await?;
        let caller = marks(&hear(pair, Side::Caller, "over").await?);
        let callee = marks(&hear(pair, Side::Callee, "over").await?);
        for side in [Side::Caller, Side::Callee] {
            pair.order(side, "close camera").await?;
            hear(pair, side, "camera closed").await?;
        }
        let find = |marks: &BTreeMap<String, f64>, step: &'static str| {
            let found = marks.get(step).copied();
            found.ok_or(BenchError::StepMissing { step })
        };
        let start = find(&caller, "start")?;
        let mut course = [0.0; MILESTONES.len()];
        for (at, milestone) in course.iter_mut().zip(&MILESTONES) {
            let marks = match milestone.side {
                Side::Caller => &caller,
                Side::Callee => &callee,
            };
            *at = find(marks, milestone.step)? - start;
        }
        Ok(Self(course))
    }

    /// When this milestone was reached, in milliseconds after `start`.
    pub(super) fn at(&self, wanted: &Milestone) -> f64 {
        let found = MILESTONES
            .iter()
            .position(|milestone| milestone.label == wanted.label);
        found.map_or(f64::NAN, |position| self.0[position])
    }

    /// When the later of the two had a picture of the other.
    pub(super) fn both_see(&self) -> f64 {
        MILESTONES
            .iter()
            .zip(self.0)
            .filter(|(milestone, _)| milestone.step == "first_frame")
            .fold(0.0, |latest, (_, at)| at.max(latest))
    }
}

async fn hear(pair: &mut impl Pair, side: Side, event: &'static str) -> Result<Value, BenchError> {
    let silent = |_| BenchError::Silent {
        event,
        after: PATIENCE,
    };
    timeout(PATIENCE, pair.hear(side, event))
        .await
        .map_err(silent)?
}

fn marks(over: &Value) -> BTreeMap<String, f64> {
    let marks = over["marks"].as_object().into_iter().flatten();
    marks
        .filter_map(|(step, at)| Some((step.clone(), at.as_f64()?)))
        .collect()
}
