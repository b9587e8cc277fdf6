//! The connection without I/O.
//!
//! Mutate it, then [`poll`](Connection::poll) until it asks for time: nothing
//! else makes progress.

mod negotiation;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use str0m::bwe::{Bitrate, BweKind};
use str0m::config::DtlsVersion;
use str0m::format::Codec;
use str0m::media::{Frequency, KeyframeRequestKind, MediaData, MediaTime, Mid};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Event, IceConnectionState, Input, Output, Rtc, RtcError};

use crate::candidate::{IceCandidate, MAX_REMOTE};
use crate::config::{IcePolicy, PeerConfig};
use crate::description::DescriptionFault;
use crate::event::{FailCause, PeerEvent};
use crate::media::{IncomingAudio, IncomingVideo, OutgoingAudio, OutgoingVideo};
use crate::pacing::PacerQueue;
use crate::reflexive::Discovery;
use crate::relay::RelayTransport;
use crate::stats::{CandidateKind, Gauge};
use crate::unverified::UnverifiedPackets;
use crate::watch::{Change, Watch};

use self::negotiation::Negotiation;

/// How long candidate pairs are tried before the connection counts as failed.
const CONNECT_TIME: Duration = Duration::from_secs(30);
/// Paths are checked at least this often: so soon a network that is back is noticed.
const MAX_CHECK_INTERVAL: Duration = Duration::from_millis(1000);
/// A path is given up after this many checks in vain, about two minutes: a network
/// that comes back before finds its paths still there. (The engine doubles the
/// interval by shifting, which limits this to 120.)
const CHECKS_WITHOUT_ANSWER: usize = 115;
/// The path is probed for more than the start bitrate this long after the first
/// picture: those behind it wait for a probe, and it should not.
const PROBING_DELAY: Duration = Duration::from_millis(200);
/// Key frames are asked for at most this often.
const KEY_FRAME_INTERVAL: Duration = Duration::from_millis(300);

/// How many names of the other side are resolved: each is asked for on the whole network.
const MOST_NAMES: usize = 16;

/// See the module's documentation.
pub struct Connection {
    rtc: Rtc,
    config: PeerConfig,
    phase: Phase,
    negotiation: Negotiation,
    /// Whether a first offer was answered, by whichever side.
    described: bool,
    audio: Option<Mid>,
    video: Option<Mid>,
    discovery: Discovery,
    /// Ours, as the other side gets them.
    local: Vec<Candidate>,
    /// Those of them that are at relays.
    relays: Vec<(SocketAddr, RelayTransport)>,
    /// How many of `local` were reported.
    reported: usize,
    gathered: bool,
    /// The other side's, before its description.
    early: Vec<IceCandidate>,
    /// The other side's that have names in place of addresses.
    named: Vec<IceCandidate>,
    /// How many there were.
    names: usize,
    /// The other side's that are tried.
    remote: Vec<(SocketAddr, CandidateKind)>,
    unverified: UnverifiedPackets,
    /// The other side's, which tells one generation of paths from the next.
    user_fragment: String,
    watch: Watch,
    queue: PacerQueue,
    target_bitrate: u64,
    /// Whether a picture was sent.
    pictured: bool,
    probing_at: Option<Instant>,
    key_frame_asked: Option<Instant>,
    gauge: Gauge,
    events: VecDeque<PeerEvent>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing was negotiated.
    New,
    /// Pairs are tried, then the encryption is set up.
    Connecting {
        until: Instant,
        path_found: bool,
    },
    Connected,
    /// Failed or closed.
    Over,
}

/// What a connection wants.
#[derive(Debug)]
pub enum Poll {
    /// Send this packet.
    Transmit {
        /// From the socket bound to this address.
        source: SocketAddr,
        /// To this address.
        destination: SocketAddr,
        /// The packet.
        contents: Vec<u8>,
    },
    /// Tell the owner.
    Event(PeerEvent),
    /// Come back at this time, or with the next packet or command; `None`:
    /// never again.
    Timeout(Option<Instant>),
}

/// Builds the engine.
pub(crate) fn engine(config: &PeerConfig, now: Instant) -> Rtc {
    let mut builder = Rtc::builder()
        .clear_codecs()
        // What is offered at first says the configuration; the rest may come later.
        .enable_opus(true, false)
        .enable_vp8(true)
        .enable_bwe(Some(Bitrate::bps(config.start_video_bitrate)))
        // Sound is put in order by the jitter buffer, which knows what waiting costs.
        .set_reordering_size_audio(0)
        .set_dtls_version(DtlsVersion::Auto)
        .set_stats_interval(config.stats_interval);
    builder.set_initial_stun_rto(Duration::from_millis(100));
    builder.set_max_stun_rto(MAX_CHECK_INTERVAL);
    builder.set_max_stun_retransmits(CHECKS_WITHOUT_ANSWER);
    builder.build(now)
}

impl Connection {
    /// A connection that has done nothing yet.
    pub fn new(config: PeerConfig, now: Instant) -> Self {
        Self {
            rtc: engine(&config, now),
            phase: Phase::New,
            negotiation: Negotiation::default(),
            described: false,
            audio: None,
            video: None,
            discovery: Discovery::default(),
            local: Vec::new(),
            relays: Vec::new(),
            reported: 0,
            gathered: false,
            early: Vec::new(),
            named: Vec::new(),
            names: 0,
            remote: Vec::new(),
            unverified: UnverifiedPackets::default(),
            user_fragment: String::new(),
            watch: Watch::default(),
            queue: PacerQueue::new(now, config.start_video_bitrate),
            target_bitrate: config.start_video_bitrate.min(config.max_video_bitrate),
            pictured: false,
            probing_at: None,
            key_frame_asked: None,
            gauge: Gauge::default(),
            events: VecDeque::new(),
            config,
        }
    }

    /// A socket is bound to this address.
    pub fn add_host(&mut self, address: SocketAddr) {
        if let Ok(candidate) = Candidate::host(address, Protocol::Udp) {
            self.add_local(candidate);
        }
    }

    /// Peers reach us at this address of a relay, which is spoken to from `local`. What the
    /// connection sends from it has to go through the relay.
    pub fn add_relayed(
        &mut self,
        address: SocketAddr,
        local: SocketAddr,
        transport: RelayTransport,
    ) {
        if let Ok(candidate) = Candidate::relayed(address, local, Protocol::Udp) {
            self.relays.push((address, transport));
            self.add_local(candidate);
        }
    }

    /// Asks a STUN server how it sees the socket bound to `from`.
    pub fn discover(&mut self, now: Instant, from: SocketAddr, server: SocketAddr) {
        self.discovery.ask(now, from, server);
    }

    /// Every server was named to [`discover`](Self::discover).
    pub fn all_servers_known(&mut self) {
        self.gathered = true;
        self.check_gathering();
    }

    fn check_gathering(&mut self) {
        if self.gathered && self.discovery.is_done() {
            self.gathered = false;
            self.events.push_back(PeerEvent::GatheringDone);
        }
    }

    fn add_local(&mut self, candidate: Candidate) {
        let allowed = self.config.policy != IcePolicy::Relay
            || candidate.kind() == str0m::CandidateKind::Relayed;
        if !allowed {
            return;
        }
        if let Some(candidate) = self.rtc.add_local_candidate(candidate) {
            self.local.push(candidate.clone());
            self.report_candidates();
        }
    }

    /// Tries candidates of the other side; those that come before its
    /// description wait for it.
    pub fn add_candidates(&mut self, candidates: impl IntoIterator<Item = IceCandidate>) {
        for candidate in candidates {
            if self.described {
                self.try_candidate(&candidate);
            } else if self.early.len() < MAX_REMOTE {
                self.early.push(candidate);
            }
        }
    }

    /// Candidates of the other side whose names have to be resolved. Each comes once; with an
    /// address it goes to [`add_candidates`](Self::add_candidates).
    pub(crate) fn take_named(&mut self) -> Vec<IceCandidate> {
        std::mem::take(&mut self.named)
    }

    fn try_candidate(&mut self, candidate: &IceCandidate) {
        if candidate.local_name().is_some() {
            if self.names < MOST_NAMES {
                self.names += 1;
                self.named.push(candidate.clone());
            }
            return;
        }
        let Some(candidate) = candidate.usable() else {
            return;
        };
        let (address, kind) = (candidate.addr(), candidate.kind().into());
        let known = self.remote.iter().any(|(known, _)| *known == address);
        if !known && self.remote.len() < MAX_REMOTE {
            self.remote.push((address, kind));
            self.rtc.add_remote_candidate(candidate.clone());
            if kind == CandidateKind::Relayed {
                // Checks through the relay may have come before: for the engine they are of a
                // reflexive candidate, and it keeps that one's priority (RFC 8445 section 7.3.1.3),
                // which is above that of straight paths across NATs.
                self.rtc.direct_api().invalidate_candidate(&candidate);
                self.rtc.add_remote_candidate(candidate);
            }
        }
    }

    /// Sends an encoded picture. Dropped before the connection is up.
    pub fn send_video(&mut self, now: Instant, frame: OutgoingVideo) {
        let (Phase::Connected, Some(mid)) = (self.phase, self.video) else {
            return;
        };
        self.queue.written(now, frame.data.len());
        if !std::mem::replace(&mut self.pictured, true) {
            self.probing_at = Some(now + PROBING_DELAY);
        }
        // RFC 7741 section 4.1: 90 kHz.
        let time = MediaTime::from_90khz(ticks(frame.timestamp, 90_000));
        self.write(mid, Codec::Vp8, frame.captured, time, frame.data);
        self.check_queue(now);
    }

    /// Sends an encoded packet of sound. Dropped before the connection is up.
    pub fn send_audio(&mut self, packet: OutgoingAudio) {
        let (Phase::Connected, Some(mid)) = (self.phase, self.audio) else {
            return;
        };
        let time = MediaTime::new(ticks(packet.timestamp, 48_000), Frequency::FORTY_EIGHT_KHZ);
        self.write(mid, Codec::Opus, packet.captured, time, packet.data);
    }

    fn write(
        &mut self,
        mid: Mid,
        codec: Codec,
        wallclock: Instant,
        time: MediaTime,
        data: std::sync::Arc<[u8]>,
    ) {
        // No writer: the other side does not want to receive this section.
        let Some(writer) = self.rtc.writer(mid) else {
            return;
        };
        let Some(pt) = writer
            .payload_params()
            .find(|params| params.spec().codec == codec)
            .map(|params| params.pt())
        else {
            return;
        };
        if let Err(error) = writer.write(pt, wallclock, time, data) {
            self.broke(&error);
        }
    }

    fn check_queue(&mut self, now: Instant) {
        if let Some(congested) = self.queue.change(now) {
            self.events.push_back(PeerEvent::Congested(congested));
        }
    }

    /// Asks the other side for a key frame (RFC 4585 section 6.3.1); further
    /// requests within 300 ms are one.
    pub fn request_key_frame(&mut self, now: Instant) {
        let (Phase::Connected, Some(mid)) = (self.phase, self.video) else {
            return;
        };
        if self
            .key_frame_asked
            .is_some_and(|asked| now.saturating_duration_since(asked) < KEY_FRAME_INTERVAL)
        {
            return;
        }
        if let Some(mut writer) = self.rtc.writer(mid)
            && writer
                .request_keyframe(None, KeyframeRequestKind::Pli)
                .is_ok()
        {
            self.key_frame_asked = Some(now);
        }
    }

    /// A packet arrived.
    pub fn receive(
        &mut self,
        now: Instant,
        source: SocketAddr,
        destination: SocketAddr,
        packet: &[u8],
    ) {
        if self.phase == Phase::Over {
            return;
        }
        if let Some(mapped) = self.discovery.answer(source, packet) {
            let candidate = mapped.and_then(|mapped| {
                Candidate::server_reflexive(mapped.address, mapped.base, Protocol::Udp).ok()
            });
            if let Some(candidate) = candidate {
                self.add_local(candidate);
            }
            self.check_gathering();
            return;
        }
        if !self.hear(now, source, destination, packet)
            && matches!(self.phase, Phase::Connecting { .. })
        {
            self.unverified.keep(source, destination, packet);
        }
    }

    /// Hands the engine a packet; false when it comes from nobody we know.
    fn hear(
        &mut self,
        now: Instant,
        source: SocketAddr,
        destination: SocketAddr,
        packet: &[u8],
    ) -> bool {
        let Some(input) = received(now, source, destination, packet) else {
            return false;
        };
        if !self.rtc.accepts(&input) {
            return false;
        }
        self.gauge.bytes_in += packet.len() as u64;
        let change = self.watch.heard(now);
        self.noticed(change);
        if let Err(error) = self.rtc.handle_input(input) {
            self.broke(&error);
        }
        true
    }

    /// Hears a packet that waited for its path; false when none can go on.
    fn hear_unverified(&mut self, now: Instant) -> bool {
        let rtc = &self.rtc;
        let verified = self.unverified.take(|packet| {
            received(now, packet.source, packet.destination, &packet.contents)
                .is_some_and(|input| rtc.accepts(&input))
        });
        verified.is_some_and(|packet| {
            self.hear(now, packet.source, packet.destination, &packet.contents)
        })
    }

    /// Time passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.phase == Phase::Over {
            return;
        }
        if let Phase::Connecting { until, .. } = self.phase
            && now >= until
        {
            return self.fail();
        }
        let change = self.watch.timeout(now);
        self.noticed(change);
        if self.phase == Phase::Connected {
            self.check_queue(now);
        }
        if self.probing_at.take_if(|at| *at <= now).is_some() {
            self.allow_probing();
        }
        if let Err(error) = self.rtc.handle_input(Input::Timeout(now)) {
            self.broke(&error);
        }
    }

    /// Ends the connection; what is still to be sent (the end of the
    /// encryption, RFC 5246 section 7.2.1) comes out of [`poll`](Self::poll).
    pub fn close(&mut self) {
        if self.phase == Phase::Connected {
            // Best effort: the other side also hears of the end by signal.
            let _ = self.rtc.close();
        }
        if self.phase != Phase::Over {
            self.events.push_back(PeerEvent::Closed);
        }
        self.phase = Phase::Over;
    }

    /// What the connection wants now.
    pub fn poll(&mut self, now: Instant) -> Poll {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Poll::Event(event);
            }
            if let Some((source, destination, contents)) = self.discovery.poll(now) {
                return Poll::Transmit {
                    source,
                    destination,
                    contents,
                };
            }
            self.check_gathering();
            if !self.events.is_empty() {
                continue;
            }
            match self.rtc.poll_output() {
                Ok(Output::Transmit(transmit)) => {
                    let contents: Vec<u8> = transmit.contents.into();
                    self.gauge.bytes_out += contents.len() as u64;
                    return Poll::Transmit {
                        source: transmit.source,
                        destination: transmit.destination,
                        contents,
                    };
                }
                Ok(Output::Event(event)) => self.engine_event(now, event),
                Ok(Output::Timeout(_)) if self.phase == Phase::Over => return Poll::Timeout(None),
                Ok(Output::Timeout(_)) if self.hear_unverified(now) => {}
                Ok(Output::Timeout(engine)) => return Poll::Timeout(Some(self.earliest(engine))),
                Err(_) if self.phase == Phase::Over => return Poll::Timeout(None),
                Err(error) => self.broke(&error),
            }
        }
    }

    /// From here on the engine looks for the bitrate that is wanted at most. What
    /// pictures do not need is not filled up with padding.
    fn allow_probing(&mut self) {
        let most = Bitrate::bps(self.config.max_video_bitrate);
        self.rtc.bwe().set_bitrate(Bitrate::ZERO, most);
    }

    fn earliest(&self, engine: Instant) -> Instant {
        let connecting = match self.phase {
            Phase::Connecting { until, .. } => Some(until),
            _ => None,
        };
        [
            connecting,
            self.probing_at,
            self.watch.next_timeout(),
            self.discovery.next_timeout(),
        ]
        .into_iter()
        .flatten()
        .fold(engine, Instant::min)
    }

    fn engine_event(&mut self, now: Instant, event: Event) {
        match event {
            Event::IceConnectionStateChange(state) => self.ice_state(state),
            Event::Connected if matches!(self.phase, Phase::Connecting { .. }) => {
                self.phase = Phase::Connected;
                self.unverified.clear();
                self.watch.start(now);
                self.events
                    .push_back(PeerEvent::TargetBitrate(self.target_bitrate));
                self.events.push_back(PeerEvent::Connected);
            }
            Event::MediaData(data) => self.media(now, data),
            Event::KeyframeRequest(_) => self.events.push_back(PeerEvent::KeyFrameRequested),
            Event::EgressBitrateEstimate(
                BweKind::Twcc { estimate, .. } | BweKind::Remb { estimate, .. },
            ) => {
                self.target_bitrate = estimate.as_u64().min(self.config.max_video_bitrate);
                self.queue.set_estimate(now, estimate.as_u64());
                self.events
                    .push_back(PeerEvent::TargetBitrate(self.target_bitrate));
                self.check_queue(now);
            }
            Event::MediaIngressStats(stats) => self.gauge.ingress(stats),
            Event::PeerStats(stats) => {
                let mut reading = self.gauge.reading(
                    &stats,
                    self.audio,
                    self.target_bitrate,
                    |address, local| self.kind_of(address, local),
                );
                if let Some(pair) = &stats.selected_candidate_pair {
                    reading.transport = Some(self.transport_of(pair.local.addr));
                }
                self.events.push_back(PeerEvent::AudioLoss(reading.loss));
                self.events.push_back(PeerEvent::Stats(Box::new(reading)));
            }
            // The other side ended the encryption; whether it left or broke is for
            // the signals to say.
            Event::Closed if self.phase != Phase::Over => self.watch.leaves(now),
            _ => {}
        }
    }

    fn ice_state(&mut self, state: IceConnectionState) {
        match state {
            IceConnectionState::Connected | IceConnectionState::Completed => {
                if let Phase::Connecting { path_found, .. } = &mut self.phase
                    && !std::mem::replace(path_found, true)
                {
                    self.events.push_back(PeerEvent::IceConnected);
                }
            }
            IceConnectionState::Disconnected => {
                let change = self.watch.silent();
                self.noticed(change);
            }
            _ => {}
        }
    }

    /// Tells that the other side was lost, or is back.
    fn noticed(&mut self, change: Option<Change>) {
        self.events.extend(change.map(|change| match change {
            Change::Lost => PeerEvent::Disconnected,
            Change::Back => PeerEvent::Recovered,
        }));
    }

    fn media(&mut self, now: Instant, data: MediaData) {
        if Some(data.mid) == self.video {
            if !data.contiguous {
                self.request_key_frame(now);
            }
            self.events.push_back(PeerEvent::Video(IncomingVideo {
                timestamp: Duration::from_micros(data.time.as_micros()),
                contiguous: data.contiguous,
                received: data.network_time,
                data: data.data,
            }));
        } else if Some(data.mid) == self.audio {
            self.events.push_back(PeerEvent::Audio(IncomingAudio {
                sequence: **data.seq_range.start(),
                timestamp: data.time.rebase(Frequency::FORTY_EIGHT_KHZ).numer(),
                received: data.network_time,
                data: data.data,
            }));
        }
    }

    fn kind_of(&self, address: SocketAddr, local: bool) -> Option<CandidateKind> {
        if local {
            let found = self
                .local
                .iter()
                .find(|candidate| candidate.addr() == address);
            found.map(|candidate| candidate.kind().into())
        } else {
            let found = self.remote.iter().find(|(known, _)| *known == address);
            Some(found.map_or(CandidateKind::PeerReflexive, |(_, kind)| *kind))
        }
    }

    /// How packets leave for this local candidate.
    fn transport_of(&self, address: SocketAddr) -> RelayTransport {
        let relay = self.relays.iter().find(|(relayed, _)| *relayed == address);
        relay.map_or(RelayTransport::Udp, |(_, transport)| *transport)
    }

    fn broke(&mut self, error: &RtcError) {
        tracing::debug!(%error, "the engine gave up");
        self.fail();
    }

    fn fail(&mut self) {
        let cause = match self.phase {
            // The encryption does not wait for a path: it gives up without one, too.
            Phase::Connecting {
                path_found: false, ..
            } => FailCause::NoPath,
            Phase::Over => return,
            _ => FailCause::Dtls,
        };
        self.phase = Phase::Over;
        // An encryption that is not complete ends without an alert; the other side hears of it by
        // signal.
        self.rtc.disconnect();
        self.events.push_back(PeerEvent::Failed(cause));
        self.events.push_back(PeerEvent::Closed);
    }

    fn reject(&mut self, fault: DescriptionFault) {
        self.events.push_back(PeerEvent::DescriptionRejected(fault));
    }
}

/// A packet as the engine takes it; nothing when it is of no known kind.
fn received(
    now: Instant,
    source: SocketAddr,
    destination: SocketAddr,
    packet: &[u8],
) -> Option<Input<'_>> {
    let receive = Receive::new(Protocol::Udp, source, destination, packet).ok()?;
    Some(Input::Receive(now, receive))
}

/// A media time in ticks of a clock.
fn ticks(time: Duration, rate: u32) -> u64 {
    let ticks = time.as_nanos() * u128::from(rate) / 1_000_000_000;
    u64::try_from(ticks).unwrap_or(u64::MAX)
}
