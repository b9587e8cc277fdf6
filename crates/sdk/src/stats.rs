//! What is measured about one peer of a call.

use std::time::Duration;

use visavis_quality::CallQuality;

/// Statistics of one peer; counts are since the call began.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct CallStats {
    /// Pictures decoded from this peer.
    pub frames_received: u64,
    /// Pictures handed to this peer's connection.
    pub frames_sent: u64,
    /// How often the picture stood still: a gap longer than three frame times
    /// plus 150 ms, as W3C webrtc-stats counts `freezeCount`.
    pub freezes: u64,
    /// How long the picture stood still those times (`totalFreezesDuration`).
    pub frozen: Duration,
    /// Width of the last received picture, in pixels.
    pub width: u32,
    /// Height of the last received picture, in pixels.
    pub height: u32,
    /// Pictures a second over the last interval.
    pub fps: f64,
    /// The video codec.
    pub codec: &'static str,
    /// Received over the last interval, in bit/s, with all headers above UDP.
    pub bitrate_in: u64,
    /// Sent over the last interval, in bit/s, with all headers above UDP.
    pub bitrate_out: u64,
    /// What the congestion control allows us to send, in bit/s.
    pub target_bitrate: u64,
    /// Share of our packets that the other side missed, 0 to 1.
    pub loss: f64,
    /// Share of the peer's packets that did not arrive over the last interval, 0 to 1;
    /// nothing when none was expected.
    pub loss_in: Option<f64>,
    /// Share of the last interval that our encoder worked, 0 to 1; it works once for all peers.
    pub encoder_busy: f64,
    /// Share of the last interval that the decoder of the peer's pictures worked, 0 to 1.
    pub decoder_busy: f64,
    /// Interarrival jitter of the peer's sound (RFC 3550 section 6.4.1).
    pub jitter: Duration,
    /// Round-trip time, once measured.
    pub rtt: Option<Duration>,
    /// Sound that had to be invented because a packet was missing.
    pub concealed: Duration,
    /// Kind of our candidate: `host`, `srflx`, `prflx` or `relay`.
    pub local_candidate: Option<&'static str>,
    /// Kind of the peer's candidate.
    pub remote_candidate: Option<&'static str>,
    /// What carries the packets from here to the peer or to our relay: `udp`, `tcp` or `tls`.
    pub transport: &'static str,
    /// What all of this means; the best until it is known.
    pub quality: CallQuality,
}
