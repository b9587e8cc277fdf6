//! Statistics of one peer, put together from connection and media.

use std::time::{Duration, Instant};

use visavis_media::{JitterStats, LocalVideoStats, RemoteVideoStats};
use visavis_peer::relay::RelayTransport;
use visavis_peer::{CandidateKind, PeerStats};
use visavis_quality::CallQuality;

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
    encode_time: Duration,
    decode_time: Duration,
}

impl Meter {
    pub(super) fn read(
        &mut self,
        peer: &PeerStats,
        frames_sent: u64,
        sent: &LocalVideoStats,
        video: &RemoteVideoStats,
        audio: &JitterStats,
    ) -> CallStats {
        let now = Reading {
            at: peer.at,
            bytes_in: peer.bytes_in,
            bytes_out: peer.bytes_out,
            frames: video.decoded,
            encode_time: sent.encode_time,
            decode_time: video.decode_time,
        };
        let before = self.before.replace(now);
        let seconds = before.map(|before| {
            let elapsed = now.at.saturating_duration_since(before.at);
            elapsed.as_secs_f64().max(0.001)
        });
        let rate = |of: fn(&Reading) -> u64| {
            before.zip(seconds).map_or(0.0, |(before, seconds)| {
                of(&now).saturating_sub(of(&before)) as f64 / seconds
            })
        };
        // Begins anew with another encoder or decoder.
        let busy = |of: fn(&Reading) -> Duration| {
            before.zip(seconds).map_or(0.0, |(before, seconds)| {
                let worked = of(&now).saturating_sub(of(&before));
                (worked.as_secs_f64() / seconds).min(1.0)
            })
        };
        CallStats {
            frames_received: video.decoded,
            frames_sent,
            freezes: video.freezes,
            frozen: video.frozen,
            width: video.width,
            height: video.height,
            fps: rate(|reading| reading.frames),
            codec: "vp8",
            bitrate_in: (rate(|reading| reading.bytes_in) * 8.0) as u64,
            bitrate_out: (rate(|reading| reading.bytes_out) * 8.0) as u64,
            target_bitrate: peer.target_bitrate,
            loss: f64::from(peer.loss),
            loss_in: peer.loss_in.map(f64::from),
            encoder_busy: busy(|reading| reading.encode_time),
            decoder_busy: busy(|reading| reading.decode_time),
            jitter: peer.jitter,
            rtt: peer.rtt,
            concealed: audio.concealed,
            local_candidate: peer.local_candidate.map(CandidateKind::name),
            remote_candidate: peer.remote_candidate.map(CandidateKind::name),
            transport: peer.transport.map_or("udp", RelayTransport::name),
            quality: CallQuality::default(),
        }
    }
}
