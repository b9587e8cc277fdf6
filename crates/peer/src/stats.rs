//! What is measured on the connection.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use str0m::CandidateKind as EngineKind;
use str0m::media::Mid;
use str0m::stats::{MediaIngressStats, PeerStats as EngineStats};

use crate::relay::RelayTransport;

/// The samples of Opus in a second (RFC 7587 section 4.1).
const OPUS_RATE: f64 = 48_000.0;

/// The kind of a candidate (RFC 8445 section 5.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CandidateKind {
    /// An address of the machine itself.
    Host,
    /// The address that a STUN server sees.
    ServerReflexive,
    /// An address that the other side's checks revealed.
    PeerReflexive,
    /// An address at a relay.
    Relayed,
}

impl CandidateKind {
    /// The word that SDP uses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::ServerReflexive => "srflx",
            Self::PeerReflexive => "prflx",
            Self::Relayed => "relay",
        }
    }
}

impl From<EngineKind> for CandidateKind {
    fn from(kind: EngineKind) -> Self {
        match kind {
            EngineKind::Host => Self::Host,
            EngineKind::ServerReflexive => Self::ServerReflexive,
            EngineKind::PeerReflexive => Self::PeerReflexive,
            EngineKind::Relayed => Self::Relayed,
        }
    }
}

/// One reading; byte counts are since the connection began.
#[derive(Debug, Clone, PartialEq)]
pub struct PeerStats {
    /// When it was taken.
    pub at: Instant,
    /// Bytes of UDP payload received.
    pub bytes_in: u64,
    /// Bytes of UDP payload sent.
    pub bytes_out: u64,
    /// What the congestion control allows, in bit/s.
    pub target_bitrate: u64,
    /// Round-trip time, once measured.
    pub rtt: Option<Duration>,
    /// Share of our packets that the other side missed lately, 0 to 1.
    pub loss: f32,
    /// Share of the other side's packets that did not arrive since the reading before; nothing
    /// when none was expected.
    pub loss_in: Option<f32>,
    /// Interarrival jitter of the other side's sound (RFC 3550 section 6.4.1).
    pub jitter: Duration,
    /// Retransmissions we asked for.
    pub nacks_sent: u64,
    /// Key frames we asked for.
    pub plis_sent: u64,
    /// Kind of our candidate in the pair that is used.
    pub local_candidate: Option<CandidateKind>,
    /// Kind of the other side's.
    pub remote_candidate: Option<CandidateKind>,
    /// How packets leave this machine, for the other side or for a relay.
    pub transport: Option<RelayTransport>,
}

/// Gathers what the engine reports in pieces.
#[derive(Debug, Default)]
pub(crate) struct Gauge {
    ingress: BTreeMap<Mid, MediaIngressStats>,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
}

impl Gauge {
    pub(crate) fn ingress(&mut self, stats: MediaIngressStats) {
        self.ingress.insert(stats.mid, stats);
    }

    pub(crate) fn reading(
        &self,
        stats: &EngineStats,
        audio: Option<Mid>,
        target_bitrate: u64,
        kind_of: impl Fn(SocketAddr, bool) -> Option<CandidateKind>,
    ) -> PeerStats {
        let pair = stats.selected_candidate_pair.as_ref();
        let jitter = audio
            .and_then(|mid| self.ingress.get(&mid))
            .map_or(0.0, |s| f64::from(s.jitter) / OPUS_RATE);
        PeerStats {
            at: stats.timestamp,
            bytes_in: self.bytes_in,
            bytes_out: self.bytes_out,
            target_bitrate,
            rtt: stats.rtt.or_else(|| pair?.current_round_trip_time),
            loss: stats
                .egress_loss_fraction
                .unwrap_or_default()
                .clamp(0.0, 1.0),
            loss_in: stats.ingress_loss_fraction.map(|loss| loss.clamp(0.0, 1.0)),
            jitter: Duration::from_secs_f64(jitter),
            nacks_sent: self.ingress.values().map(|s| s.nacks).sum(),
            plis_sent: self.ingress.values().map(|s| s.plis).sum(),
            local_candidate: pair.and_then(|pair| kind_of(pair.local.addr, true)),
            remote_candidate: pair.and_then(|pair| kind_of(pair.remote.addr, false)),
            transport: None,
        }
    }
}
