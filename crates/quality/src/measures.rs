//! What is measured in one second, as the rules read it.
//!
//! `None` is what was not measured: its rules are passed over. Shares are from 0 to 1.

/// What arrives from one peer.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Incoming {
    /// The peer put the call on hold: 1, otherwise 0.
    pub held: Option<f64>,
    /// Not one byte arrived: 1, otherwise 0.
    pub silent: Option<f64>,
    /// Share of the time that the decoder worked.
    pub decoder_busy: Option<f64>,
    /// The packets go through our relay over TCP or TLS: 1, otherwise 0.
    pub tcp: Option<f64>,
    /// Share of the peer's packets that did not arrive.
    pub loss: Option<f64>,
    /// Share of the packets on other paths of ours that are lost at the same time.
    pub loss_elsewhere: Option<f64>,
    /// Interarrival jitter of the sound (RFC 3550 section 6.4.1), in milliseconds.
    pub jitter_ms: Option<f64>,
    /// Round-trip time, in milliseconds.
    pub rtt_ms: Option<f64>,
    /// In a video call, the peer's camera is off: 1, otherwise 0.
    pub camera_off: Option<f64>,
    /// Pictures shown in a second, while pictures are expected.
    pub fps: Option<f64>,
    /// Share of the time that the picture stood still.
    pub frozen: Option<f64>,
    /// Share of the sound that had to be invented.
    pub concealed: Option<f64>,
}

/// What we send to one peer.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Outgoing {
    /// We put the call on hold: 1, otherwise 0.
    pub held: Option<f64>,
    /// Share of the time that the encoder worked.
    pub encoder_busy: Option<f64>,
    /// The packets go through our relay over TCP or TLS: 1, otherwise 0.
    pub tcp: Option<f64>,
    /// Share of our packets that the peer missed.
    pub loss: Option<f64>,
    /// As for [`Incoming`].
    pub loss_elsewhere: Option<f64>,
    /// What the congestion control allows for pictures, in kbit/s, while pictures are sent.
    pub bandwidth_kbit: Option<f64>,
    /// Round-trip time, in milliseconds.
    pub rtt_ms: Option<f64>,
    /// In a video call, our camera is off: 1, otherwise 0.
    pub camera_off: Option<f64>,
}
