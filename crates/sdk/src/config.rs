//! The settings of a client's calls.

use std::time::Duration;

use visavis_call::CallConfig as ControlConfig;

use crate::ice::{IcePolicy, IceServer};

/// What an app may choose about its calls. The defaults are good.
///
/// Out of range values are refused by [`CallClient::new`](crate::CallClient::new),
/// which names the setting and its range.
#[derive(Debug, Clone)]
pub struct CallConfig {
    /// How long a call rings: 10 to 600 s, 60 s by default.
    pub answer_interval: Duration,
    /// How often the call is repeated while it rings: 3 to 60 s, 5 s by default.
    pub dialing_interval: Duration,
    /// How long a lost connection may take to come back: 10 to 300 s, 30 s by default.
    pub disconnect_time: Duration,
    /// How many people one call may invite: 1 to 16, 3 by default.
    pub max_opponents: usize,
    /// How many incoming calls may ring at once: 1 to 16, 4 by default.
    pub incoming_limit: usize,
    /// Reject further calls during a call instead of delivering them.
    pub auto_reject: bool,
    /// How often [`CallEvent::Stats`](crate::CallEvent::Stats) comes; `None` for never. Every second by default.
    pub stats_interval: Option<Duration>,
    /// STUN and TURN servers beside those that come with the login.
    pub ice_servers: Vec<IceServer>,
    /// Which candidates may be used.
    pub ice_policy: IcePolicy,
    /// Root certificates to trust beside the system's for TURN over TLS, in PEM form.
    pub extra_roots_pem: Vec<u8>,
    /// Offer loopback addresses too, for calls within one machine. By default
    /// only a machine without any other address does.
    pub loopback_candidates: bool,
    /// The most that one peer's video may take, in bit/s: 2 Mbit/s by default.
    pub max_video_bitrate: u64,
}

impl Default for CallConfig {
    fn default() -> Self {
        let control = ControlConfig::default();
        Self {
            answer_interval: control.answer_interval,
            dialing_interval: control.dialing_interval,
            disconnect_time: control.disconnect_time,
            max_opponents: control.max_opponents,
            incoming_limit: control.incoming_limit,
            auto_reject: control.auto_reject,
            stats_interval: Some(Duration::from_secs(1)),
            ice_servers: Vec::new(),
            ice_policy: IcePolicy::All,
            extra_roots_pem: Vec::new(),
            loopback_candidates: false,
            max_video_bitrate: 2_000_000,
        }
    }
}

impl CallConfig {
    /// The part that call control works with.
    pub(crate) fn control(&self) -> ControlConfig {
        ControlConfig {
            answer_interval: self.answer_interval,
            dialing_interval: self.dialing_interval,
            disconnect_time: self.disconnect_time,
            max_opponents: self.max_opponents,
            incoming_limit: self.incoming_limit,
            auto_reject: self.auto_reject,
            ..ControlConfig::default()
        }
    }
}
