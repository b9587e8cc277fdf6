//! How good the call with one peer is: statistics and what is chosen become measures.

use std::time::Duration;

use visavis_quality::{CallQuality, Incoming, Outgoing, Steady};

use crate::stats::CallStats;

/// What no statistics say.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Circumstances {
    pub(super) held_here: bool,
    pub(super) held_there: bool,
    pub(super) camera_here: Camera,
    pub(super) camera_there: Camera,
    /// The most that pictures may take, in bit/s.
    pub(super) max_video_bitrate: u64,
    /// The least of what is lost with other peers at this time.
    pub(super) elsewhere: Losses,
}

/// Whether somebody sends pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Camera {
    /// Nobody expects any.
    #[default]
    Unused,
    Off,
    On,
}

/// Shares of lost packets, from 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Losses {
    pub(super) incoming: Option<f64>,
    pub(super) outgoing: Option<f64>,
}

impl Losses {
    /// The smaller of the two, each way.
    pub(super) fn least(self, other: Self) -> Self {
        let least = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        Self {
            incoming: least(self.incoming, other.incoming),
            outgoing: least(self.outgoing, other.outgoing),
        }
    }
}

/// Remembers what is needed from one second to the next.
#[derive(Debug, Default)]
pub(super) struct Judge {
    before: Option<Counts>,
    incoming: Steady,
    outgoing: Steady,
}

#[derive(Debug, Clone, Copy)]
struct Counts {
    frames: u64,
    frozen: Duration,
    concealed: Duration,
}

impl Judge {
    /// Takes the statistics of one more interval of a connection that is up. The quality when it
    /// is news.
    pub(super) fn push(
        &mut self,
        stats: &CallStats,
        circumstances: &Circumstances,
        interval: Duration,
    ) -> Option<CallQuality> {
        let now = Counts {
            frames: stats.frames_received,
            frozen: stats.frozen,
            concealed: stats.concealed,
        };
        // Of the interval in which the connection came up, half may be missing.
        let before = self.before.replace(now)?;
        let (incoming, outgoing) = measures(stats, &before, circumstances, interval);
        let incoming = self.incoming.push(incoming.quality());
        let outgoing = self.outgoing.push(outgoing.quality());
        incoming.or(outgoing).and_then(|_| self.told())
    }

    /// The connection is lost: what comes next is of another one.
    pub(super) fn pause(&mut self) {
        self.before = None;
    }

    /// What was said last.
    pub(super) fn told(&self) -> Option<CallQuality> {
        Some(CallQuality {
            incoming: self.incoming.told()?,
            outgoing: self.outgoing.told()?,
        })
    }
}

fn measures(
    stats: &CallStats,
    before: &Counts,
    circumstances: &Circumstances,
    interval: Duration,
) -> (Incoming, Outgoing) {
    let share = |now: Duration, before: Duration| {
        let seconds = now.saturating_sub(before).as_secs_f64();
        (seconds / interval.as_secs_f64().max(0.001)).min(1.0)
    };
    let flag = |is_so: bool| Some(f64::from(u8::from(is_so)));
    let camera_off = |camera: Camera| match camera {
        Camera::Unused => None,
        Camera::Off => Some(1.0),
        Camera::On => Some(0.0),
    };
    let held = circumstances.held_here || circumstances.held_there;
    // Who never sent a picture has perhaps none to send.
    let pictured = !held && circumstances.camera_there == Camera::On && before.frames > 0;
    let tcp = flag(matches!(stats.transport, "tcp" | "tls"));
    let rtt_ms = stats.rtt.map(|rtt| rtt.as_secs_f64() * 1000.0);
    let incoming = Incoming {
        held: flag(circumstances.held_there),
        silent: flag(stats.bitrate_in == 0),
        decoder_busy: Some(stats.decoder_busy),
        tcp,
        loss: stats.loss_in,
        loss_elsewhere: circumstances.elsewhere.incoming,
        jitter_ms: (!held).then_some(stats.jitter.as_secs_f64() * 1000.0),
        rtt_ms,
        camera_off: camera_off(circumstances.camera_there),
        fps: pictured.then_some(stats.fps),
        frozen: pictured.then_some(share(stats.frozen, before.frozen)),
        concealed: (!held).then_some(share(stats.concealed, before.concealed)),
    };
    // No more is wanted than was chosen.
    let limited = stats.target_bitrate < circumstances.max_video_bitrate;
    let filming = !held && circumstances.camera_here == Camera::On;
    let outgoing = Outgoing {
        held: flag(circumstances.held_here),
        encoder_busy: Some(stats.encoder_busy),
        tcp,
        loss: Some(stats.loss),
        loss_elsewhere: circumstances.elsewhere.outgoing,
        bandwidth_kbit: (filming && limited).then_some(stats.target_bitrate as f64 / 1000.0),
        rtt_ms,
        camera_off: camera_off(circumstances.camera_here),
    };
    (incoming, outgoing)
}
