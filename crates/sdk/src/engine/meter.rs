//! Statistics of one peer, put together from connection and media.

use std::time::Instant;

use visavis_media::{JitterStats, RemoteVideoStats};
use visavis_peer::relay::RelayTransport;
use visavis_peer::{CandidateKind, PeerStats};

use crate::stats::CallStats;

/// Remembers the reading before, for rates.
#[derive(Debug, Default)]
pub(super) struct Meter {
    before: Option<Reading>,
}

#[derive(Debug, Clone, Copy)]
struct Reading {
    at: Instant,
    bytes_in: u64,
    bytes_out: u64,
    frames: u64,
}

impl Meter {
    pub(super) fn read(
        &mut self,
        peer: &PeerStats,
        frames_sent: u64,
        video: &RemoteVideoStats,
        audio: &JitterStats,
    ) -> CallStats {
        let now = Reading {
            at: peer.at,
            bytes_in: peer.bytes_in,
            bytes_out: peer.bytes_out,
            frames: video.decoded,
        };
        let before = self.before.replace(now);
        let rate = |of: fn(&Reading) -> u64| {
            before.map_or(0.0, |before| {
                let seconds = now
                    .at
                    .saturating_duration_since(before.at)
                    .as_secs_f64()
                    .max(0.001);
                of(&now).saturating_sub(of(&before)) as f64 / seconds
            })
        };
        CallStats {
            frames_received: video.decoded,
            frames_sent,
            freezes: video.freezes,
            width: video.width,
            height: video.height,
            fps: rate(|reading| reading.frames),
            codec: "vp8",
            bitrate_in: (rate(|reading| reading.bytes_in) * 8.0) as u64,
            bitrate_out: (rate(|reading| reading.bytes_out) * 8.0) as u64,
            target_bitrate: peer.target_bitrate,
            loss: f64::from(peer.loss),
            jitter: peer.jitter,
            rtt: peer.rtt,
            concealed: audio.concealed,
            local_candidate: peer.local_candidate.map(CandidateKind::name),
            remote_candidate: peer.remote_candidate.map(CandidateKind::name),
            transport: peer.transport.map_or("udp", RelayTransport::name),
        }
    }
}
