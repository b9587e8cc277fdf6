//! What is printed: one JSON object a line, or lines for people.

use std::collections::BTreeMap;
use std::io::{Write, stdout};
use std::time::Instant;

use serde_json::{Map, Value, json};
use visavis::{
    AddRefusal, CallEvent, CallQuality, CallSession, CallStats, CallType, Cause, PeerState,
    Quality, SessionState, UserId, UserInfo,
};

/// Prints what happens, with the time since the start.
pub(crate) struct Report {
    json: bool,
    start: Instant,
    counts: BTreeMap<UserId, CallStats>,
    processor: Processor,
}

impl Report {
    pub(crate) fn new(json: bool) -> Self {
        Self {
            json,
            start: Instant::now(),
            counts: BTreeMap::new(),
            processor: Processor::default(),
        }
    }

    /// Something that is no call event, with its own fields.
    pub(crate) fn note(&self, at: Instant, event: &str, fields: Value) {
        if self.json {
            let mut line = self.line(at, event);
            if let Value::Object(fields) = fields {
                line.extend(fields);
            }
            print(&Value::Object(line).to_string());
        } else {
            let fields = fields.as_object().map(people).unwrap_or_default();
            print(&format!(
                "{:>9.3} s  {}{fields}",
                self.seconds(at),
                event.replace('_', " ")
            ));
        }
    }

    /// A call event.
    pub(crate) fn event(&mut self, event: &CallEvent) {
        if let CallEvent::Stats {
            session,
            user,
            stats,
        } = event
        {
            return self.stats(session, *user, stats);
        }
        let session = event.session();
        let mut fields = Map::new();
        fields.insert("session".into(), session.id().as_str().into());
        fields.insert(
            "session_state".into(),
            session_state(session.state()).into(),
        );
        if let Some(user) = event.user() {
            fields.insert("user".into(), user.0.into());
            fields.insert(
                "peer_state".into(),
                peer_state(session.peer_state(user)).into(),
            );
        }
        match event {
            CallEvent::NewSession { session } => {
                fields.insert("user".into(), session.initiator().0.into());
                fields.insert("call_type".into(), call_type(session.call_type()).into());
                fields.insert(
                    "opponents".into(),
                    session.opponents().iter().map(|user| user.0).collect(),
                );
                fields.insert("user_info".into(), user_info(session.user_info()));
            }
            CallEvent::StateChanged { state, .. } => {
                fields.insert("session_state".into(), session_state(*state).into());
            }
            CallEvent::PeerStateChanged { state, .. } => {
                fields.insert("peer_state".into(), peer_state(*state).into());
            }
            CallEvent::Replaced { by, .. } => {
                fields.insert("by".into(), by.id().as_str().into());
            }
            CallEvent::MediaChanged { media, .. } => {
                fields.insert("audio".into(), media.audio.into());
                fields.insert("video".into(), media.video.into());
            }
            CallEvent::UpgradeRequested {
                call_type: wanted, ..
            } => {
                fields.insert("call_type".into(), call_type(*wanted).into());
            }
            CallEvent::ParticipantUnreachable { other, .. } => {
                fields.insert("other".into(), other.0.into());
            }
            CallEvent::AddRefused { cause, .. } => {
                let cause = match cause {
                    AddRefusal::Full => "full",
                    AddRefusal::Present => "present",
                };
                fields.insert("cause".into(), cause.into());
            }
            CallEvent::DescriptionRejected { fault, .. } => {
                fields.insert("fault".into(), fault.to_string().into());
            }
            CallEvent::QualityChanged { quality, .. } => {
                fields.insert("quality".into(), directions(quality));
            }
            CallEvent::SignalFailed { kind, .. } => {
                fields.insert("signal".into(), kind.name().into());
            }
            _ => {}
        }
        if let Some(info) = event.user_info() {
            fields.insert("user_info".into(), user_info(info));
        }
        self.note(Instant::now(), name(event), Value::Object(fields));
    }

    fn stats(&mut self, session: &CallSession, user: UserId, stats: &CallStats) {
        self.counts.insert(user, stats.clone());
        if !self.json {
            let line = format!(
                "{:>9.3} s  user {user}: {}x{} at {:.0} frames/s, {} kbit/s in, {} kbit/s out, loss {:.1} %, rtt {} ms, quality {}/{}",
                self.seconds(Instant::now()),
                stats.width,
                stats.height,
                stats.fps,
                stats.bitrate_in / 1000,
                stats.bitrate_out / 1000,
                stats.loss * 100.0,
                stats
                    .rtt
                    .map_or("-".into(), |rtt| rtt.as_millis().to_string()),
                stats.quality.incoming.score,
                stats.quality.outgoing.score,
            );
            return print(&line);
        }
        let mut fields = self.figures(user, stats);
        fields.insert("session".into(), session.id().as_str().into());
        fields.insert("cpu".into(), self.processor.share().into());
        self.note(Instant::now(), "stats", Value::Object(fields));
    }

    /// The statistics that came last, once more.
    pub(crate) fn latest_stats(&self, session: &CallSession) {
        for (user, stats) in &self.counts {
            let mut fields = self.figures(*user, stats);
            fields.insert("session".into(), session.id().as_str().into());
            self.note(Instant::now(), "stats", Value::Object(fields));
        }
    }

    fn figures(&self, user: UserId, stats: &CallStats) -> Map<String, Value> {
        let milliseconds = |time: std::time::Duration| time.as_secs_f64() * 1000.0;
        let figures = json!({
            "user": user.0,
            "frames_received": stats.frames_received,
            "frames_sent": stats.frames_sent,
            "freezes": stats.freezes,
            "frozen_ms": milliseconds(stats.frozen),
            "width": stats.width,
            "height": stats.height,
            "fps": stats.fps,
            "codec": stats.codec,
            "bitrate_in": stats.bitrate_in,
            "bitrate_out": stats.bitrate_out,
            "target_bitrate": stats.target_bitrate,
            "loss": stats.loss,
            "loss_in": stats.loss_in,
            "encoder_busy": stats.encoder_busy,
            "decoder_busy": stats.decoder_busy,
            "jitter_ms": milliseconds(stats.jitter),
            "rtt_ms": stats.rtt.map(milliseconds),
            "concealed_ms": milliseconds(stats.concealed),
            "local_candidate": stats.local_candidate,
            "remote_candidate": stats.remote_candidate,
            "transport": stats.transport,
            "quality": directions(&stats.quality),
        });
        match figures {
            Value::Object(figures) => figures,
            _ => Map::new(),
        }
    }

    /// The last line: how it went.
    pub(crate) fn summary(&self, exit_code: u8) {
        let usage = Usage::now();
        let peers: Vec<Value> = self
            .counts
            .iter()
            .map(|(user, stats)| Value::Object(self.figures(*user, stats)))
            .collect();
        self.note(
            Instant::now(),
            "summary",
            json!({
                "exit_code": exit_code,
                "cpu_seconds": usage.cpu_seconds,
                "cpu": usage.cpu_seconds / self.start.elapsed().as_secs_f64().max(0.001),
                "peak_memory_bytes": usage.peak_memory_bytes,
                "peers": peers,
            }),
        );
    }

    fn line(&self, at: Instant, event: &str) -> Map<String, Value> {
        let mut line = Map::new();
        let milliseconds = (self.seconds(at) * 1e6).round() / 1e3;
        line.insert("t".into(), milliseconds.into());
        line.insert("event".into(), event.into());
        line
    }

    fn seconds(&self, at: Instant) -> f64 {
        at.saturating_duration_since(self.start).as_secs_f64()
    }
}

/// Names as in docs/quality.md.
fn directions(quality: &CallQuality) -> Value {
    let one = |quality: &Quality| json!({ "score": quality.score, "cause": quality.cause.map(Cause::name) });
    json!({ "in": one(&quality.incoming), "out": one(&quality.outgoing) })
}

/// A reader that went away is no reason to end the call.
fn print(line: &str) {
    let mut out = stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

fn people(fields: &Map<String, Value>) -> String {
    fields
        .iter()
        .filter(|(key, value)| *key != "session" && !value.is_null())
        .map(|(key, value)| match value {
            Value::String(text) => format!("  {}: {text}", key.replace('_', " ")),
            other => format!("  {}: {other}", key.replace('_', " ")),
        })
        .collect()
}

pub(super) fn user_info(info: &UserInfo) -> Value {
    info.iter()
        .map(|(key, value)| (key.to_owned(), Value::from(value)))
        .collect::<Map<_, _>>()
        .into()
}

const fn call_type(call_type: CallType) -> &'static str {
    match call_type {
        CallType::Video => "video",
        CallType::Audio => "audio",
    }
}

const fn session_state(state: SessionState) -> &'static str {
    match state {
        SessionState::New => "new",
        SessionState::Pending => "pending",
        SessionState::Connecting => "connecting",
        SessionState::Connected => "connected",
        SessionState::GoingToClose => "going_to_close",
        SessionState::Closed => "closed",
    }
}

const fn peer_state(state: PeerState) -> &'static str {
    match state {
        PeerState::Unknown => "unknown",
        PeerState::New => "new",
        PeerState::Wait => "wait",
        PeerState::Pending => "pending",
        PeerState::Connecting => "connecting",
        PeerState::Checking => "checking",
        PeerState::Connected => "connected",
        PeerState::Disconnected => "disconnected",
        PeerState::DisconnectTimeout => "disconnect_timeout",
        PeerState::Closed => "closed",
        PeerState::NotAnswered => "not_answered",
        PeerState::Rejected => "rejected",
        PeerState::HungUp => "hung_up",
        PeerState::Failed => "failed",
        PeerState::Error => "error",
    }
}

const fn name(event: &CallEvent) -> &'static str {
    match event {
        CallEvent::NewSession { .. } => "new_session",
        CallEvent::Accepted { .. } => "accepted",
        CallEvent::Rejected { .. } => "rejected",
        CallEvent::HungUp { .. } => "hung_up",
        CallEvent::Ringing { .. } => "ringing",
        CallEvent::Replaced { .. } => "replaced",
        CallEvent::MediaChanged { .. } => "media_changed",
        CallEvent::Held { .. } => "held",
        CallEvent::Resumed { .. } => "resumed",
        CallEvent::UpgradeRequested { .. } => "upgrade_requested",
        CallEvent::ParticipantAdded { .. } => "participant_added",
        CallEvent::ParticipantUnreachable { .. } => "participant_unreachable",
        CallEvent::AddRefused { .. } => "add_refused",
        CallEvent::Reconnecting { .. } => "reconnecting",
        CallEvent::Reconnected { .. } => "reconnected",
        CallEvent::NotAnswered { .. } => "not_answered",
        CallEvent::NoActions { .. } => "no_actions",
        CallEvent::AcceptedElsewhere { .. } => "accepted_elsewhere",
        CallEvent::RejectedElsewhere { .. } => "rejected_elsewhere",
        CallEvent::Busy { .. } => "busy",
        CallEvent::Updated { .. } => "updated",
        CallEvent::DescriptionRejected { .. } => "description_rejected",
        CallEvent::SignalFailed { .. } => "signal_failed",
        CallEvent::StartClose { .. } => "start_close",
        CallEvent::Closed { .. } => "closed",
        CallEvent::StateChanged { .. } => "state_changed",
        CallEvent::PeerStateChanged { .. } => "peer_state_changed",
        CallEvent::StartConnect { .. } => "start_connect",
        CallEvent::Gathered { .. } => "gathered",
        CallEvent::IceConnected { .. } => "ice_connected",
        CallEvent::Connected { .. } => "connected",
        CallEvent::ConnectionFailed { .. } => "connection_failed",
        CallEvent::Disconnected { .. } => "disconnected",
        CallEvent::DisconnectTimeout { .. } => "disconnect_timeout",
        CallEvent::ConnectionClosed { .. } => "connection_closed",
        CallEvent::LocalVideoTrack { .. } => "local_video_track",
        CallEvent::LocalAudioTrack { .. } => "local_audio_track",
        CallEvent::RemoteVideoTrack { .. } => "remote_video_track",
        CallEvent::RemoteAudioTrack { .. } => "remote_audio_track",
        CallEvent::Stats { .. } => "stats",
        CallEvent::QualityChanged { .. } => "quality_changed",
        _ => "event",
    }
}

/// What this process has used so far, as Linux tells it (proc(5)); zeros
/// where it does not.
#[derive(Debug, Default, Clone, Copy)]
struct Usage {
    cpu_seconds: f64,
    peak_memory_bytes: u64,
}

impl Usage {
    fn now() -> Self {
        Self {
            cpu_seconds: cpu_seconds().unwrap_or_default(),
            peak_memory_bytes: peak_memory().unwrap_or_default(),
        }
    }
}

fn cpu_seconds() -> Option<f64> {
    /// Ticks a second in /proc, the same on every Linux that Rust runs on.
    const TICKS: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(11);
    let (user, system): (f64, f64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some((user + system) / TICKS)
}

fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim()
        .strip_suffix(" kB")?
        .trim()
        .parse::<u64>()
        .ok()
        .map(|kib| kib * 1024)
}

/// Share of one core since it was last asked.
#[derive(Debug, Default)]
struct Processor {
    before: Option<(Instant, f64)>,
}

impl Processor {
    fn share(&mut self) -> f64 {
        let now = (Instant::now(), Usage::now().cpu_seconds);
        let (at, used) = *self.before.get_or_insert(now);
        let elapsed = now.0.saturating_duration_since(at).as_secs_f64();
        if elapsed < 0.5 {
            return 0.0;
        }
        self.before = Some(now);
        (now.1 - used) / elapsed
    }
}
