//! The tables, and how they are read.

use crate::{BEST, Cause, Incoming, Outgoing, Quality};

/// What one measure costs: nothing up to `good`, from `bad` on only `least` is left of the score,
/// and evenly between the two. `bad` may be less than `good`: then little is bad.
#[derive(Debug, Clone, Copy)]
pub struct Rule<M> {
    /// What this rule names when it costs a point.
    pub cause: Cause,
    /// The name of the measure.
    pub measure: &'static str,
    /// The measure; a rule is passed over when there is none.
    pub read: fn(&M) -> Option<f64>,
    /// Up to here the score is 5.
    pub good: f64,
    /// From here on the score is `least`.
    pub bad: f64,
    /// The lowest score that this rule gives.
    pub least: f64,
}

/// Loss elsewhere of at least this share of the loss on the path means that it is our side.
pub const LOST_ALIKE: f64 = 0.5;

macro_rules! rules {
    ($kind:ty: $($cause:ident $measure:ident $good:literal $bad:literal $least:literal)*) => {
        &[$(Rule::<$kind> {
            cause: Cause::$cause,
            measure: stringify!($measure),
            read: |measures| measures.$measure,
            good: $good,
            bad: $bad,
            least: $least,
        }),*]
    };
}

/// For what arrives. A relay over TCP is not bad in itself, and costs a point because it soon is.
pub const INCOMING: &[Rule<Incoming>] = rules! { Incoming:
    Held         held         0.0   1.0    0.0
    NoData       silent       0.0   1.0    0.0
    SlowComputer decoder_busy 0.8   1.0    1.0
    RelayTcp     tcp          0.0   1.0    4.0
    Loss         loss         0.02  0.2    1.0
    Unsteady     jitter_ms    40.0  200.0  2.0
    FarAway      rtt_ms       300.0 1000.0 2.0
    CameraOff    camera_off   0.0   1.0    3.0
    OtherSide    fps          12.0  2.0    2.0
    OtherSide    frozen       0.1   0.5    1.0
    OtherSide    concealed    0.05  0.3    1.0
};

/// For what we send.
pub const OUTGOING: &[Rule<Outgoing>] = rules! { Outgoing:
    Held         held           0.0   1.0    0.0
    SlowComputer encoder_busy   0.8   1.0    1.0
    RelayTcp     tcp            0.0   1.0    4.0
    Loss         loss           0.02  0.2    1.0
    LowBandwidth bandwidth_kbit 300.0 50.0   1.0
    FarAway      rtt_ms         300.0 1000.0 2.0
    CameraOff    camera_off     0.0   1.0    3.0
};

impl<M> Rule<M> {
    fn score(&self, measures: &M) -> Option<f64> {
        let value = (self.read)(measures)?;
        let share = ((value - self.good) / (self.bad - self.good)).clamp(0.0, 1.0);
        let best = f64::from(BEST);
        Some(best - (best - self.least) * share)
    }
}

impl Incoming {
    /// What it is like to see and hear the peer.
    #[must_use]
    pub fn quality(&self) -> Quality {
        judge(self, INCOMING, self.loss, self.loss_elsewhere)
    }
}

impl Outgoing {
    /// What it is like for the peer to see and hear us, as far as it is known here.
    #[must_use]
    pub fn quality(&self) -> Quality {
        judge(self, OUTGOING, self.loss, self.loss_elsewhere)
    }
}

fn judge<M>(
    measures: &M,
    rules: &[Rule<M>],
    loss: Option<f64>,
    loss_elsewhere: Option<f64>,
) -> Quality {
    let scored = rules
        .iter()
        .filter_map(|rule| Some((rule.cause, rounded(rule.score(measures)?))));
    let mut quality = Quality::default();
    for (cause, score) in scored.filter(|(_, score)| *score < BEST) {
        quality.score = quality.score.min(score);
        quality.cause.get_or_insert(cause);
    }
    if let (Some(Cause::Loss), Some(here), Some(elsewhere)) = (quality.cause, loss, loss_elsewhere)
    {
        let alike = elsewhere >= here * LOST_ALIKE;
        quality.cause = Some(if alike {
            Cause::LossHere
        } else {
            Cause::LossThere
        });
    }
    quality
}

/// To the nearest whole number; halves upwards. (`f64::round` needs the standard library.)
fn rounded(score: f64) -> u8 {
    (score + 0.5) as u8
}
