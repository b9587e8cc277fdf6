//! One peer of a call: his connection, what he sends, and what we send him.
//!
//! The connection may be replaced while the call goes on; decoders, tracks and
//! renderers stay.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use rustls::ClientConfig;
use tokio::runtime::Handle;
use tokio::sync::mpsc::UnboundedReceiver;
use visavis_call::{TransportCommand, TransportEvent};
use visavis_media::{
    AudioFeed, AudioTrack, EncodedAudio, EncodedVideo, RemoteAudio, RemoteVideo, Urgency,
    VideoFeed, VideoTrack,
};
use visavis_peer::{OutgoingAudio, OutgoingVideo, PeerConfig, PeerConnection, PeerEvent};
use visavis_signal::{CallType, UserId};

use super::local::LocalTracks;
use super::meter::Meter;
use super::quality::{Judge, Losses};
use super::{Engine, PeerKey, convert};
use crate::config::CallConfig;
use crate::event::CallEvent;
use crate::ice::IceServer;
use crate::session::CallSession;

/// See the module's documentation.
pub(super) struct PeerLink {
    key: PeerKey,
    /// Counts the connections: what a former one reports is out of date.
    generation: u64,
    shared: Arc<Shared>,
    connected: bool,
}

/// What the link and the threads of its media have in common.
struct Shared {
    connection: Mutex<PeerConnection>,
    remote: Remote,
    feeds: Mutex<Feeds>,
    frames_sent: AtomicU64,
    /// What was lost in the last second.
    losses: Mutex<Losses>,
    /// On hold nothing is sent and nothing is played.
    held: AtomicBool,
}

/// What the peer sends. A thread that the system refuses leaves its half out;
/// the rest of the call goes on.
struct Remote {
    audio: Option<RemoteAudio>,
    /// Comes later in a call that begins without video.
    video: OnceLock<RemoteVideo>,
}

/// What we send him; dropped, it ends.
#[derive(Default)]
struct Feeds {
    video: Option<VideoFeed>,
    audio: Option<AudioFeed>,
}

impl Shared {
    fn connection(&self) -> MutexGuard<'_, PeerConnection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn feeds(&self) -> MutexGuard<'_, Feeds> {
        self.feeds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn losses(&self) -> MutexGuard<'_, Losses> {
        self.losses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_held(&self) -> bool {
        self.held.load(Ordering::Relaxed)
    }

    fn send_audio(&self, packet: &EncodedAudio) {
        if !self.is_held() {
            self.connection().send_audio(OutgoingAudio {
                data: Arc::clone(&packet.data),
                timestamp: packet.timestamp,
                captured: packet.captured,
            });
        }
    }

    fn send_video(&self, frame: &EncodedVideo) {
        if !self.is_held() {
            self.frames_sent.fetch_add(1, Ordering::Relaxed);
            self.connection().send_video(OutgoingVideo {
                data: Arc::clone(&frame.data),
                timestamp: frame.timestamp,
                captured: frame.captured,
                key: frame.key,
            });
        }
    }

    /// Pictures begin anew in both directions.
    fn refresh(&self) {
        if let Some(feed) = &self.feeds().video {
            feed.request_key_frame(Urgency::FirstPicture);
        }
        self.connection().request_key_frame();
    }
}

/// Opens a connection and has its reports moved.
fn open(
    engine: Weak<Engine>,
    runtime: &Handle,
    config: PeerConfig,
) -> (PeerConnection, impl FnOnce(PeerKey, u64, Arc<Shared>)) {
    let (connection, events) = PeerConnection::open(config, runtime);
    let runtime = runtime.clone();
    let start = move |key, generation, shared| {
        let pump = Pump {
            engine,
            key,
            generation,
            shared,
            meter: Meter::default(),
            judge: Judge::default(),
            reported: None,
        };
        runtime.spawn(pump.run(events));
    };
    (connection, start)
}

/// The settings of a connection.
pub(super) fn settings(
    call_type: CallType,
    config: &CallConfig,
    login_servers: Vec<IceServer>,
    tls: &Arc<ClientConfig>,
) -> PeerConfig {
    let servers = login_servers
        .into_iter()
        .chain(config.ice_servers.iter().cloned());
    PeerConfig {
        audio: true,
        video: call_type == CallType::Video,
        ice_servers: servers.map(convert::ice_server).collect(),
        policy: convert::ice_policy(config.ice_policy),
        tls: Some(Arc::clone(tls)),
        loopback: config.loopback_candidates,
        max_video_bitrate: config.max_video_bitrate,
        stats_interval: config.stats_interval,
        ..PeerConfig::default()
    }
}

impl PeerLink {
    /// Opens the connection; it starts to gather candidates at once.
    pub(super) fn open(
        engine: Weak<Engine>,
        runtime: &Handle,
        key: PeerKey,
        generation: u64,
        settings: PeerConfig,
    ) -> Self {
        let with_video = settings.video;
        let (connection, start) = open(engine, runtime, settings);
        let audio = RemoteAudio::start()
            .inspect_err(|error| tracing::error!(%error, "no sound can be received"))
            .ok();
        let shared = Arc::new(Shared {
            connection: Mutex::new(connection),
            remote: Remote {
                audio,
                video: OnceLock::new(),
            },
            feeds: Mutex::default(),
            frames_sent: AtomicU64::new(0),
            losses: Mutex::default(),
            held: AtomicBool::new(false),
        });
        start(key.clone(), generation, Arc::clone(&shared));
        let link = Self {
            key,
            generation,
            shared,
            connected: false,
        };
        if with_video {
            link.receive_video();
        }
        link
    }

    /// Replaces the connection. Nothing of the former one is reported any more.
    pub(super) fn reopen(
        &mut self,
        engine: Weak<Engine>,
        runtime: &Handle,
        generation: u64,
        settings: PeerConfig,
    ) {
        let (connection, start) = open(engine, runtime, settings);
        *self.shared.connection() = connection;
        self.generation = generation;
        start(self.key.clone(), generation, Arc::clone(&self.shared));
    }

    /// Whether a report is of the connection that there is now.
    pub(super) const fn is_current(&self, generation: u64) -> bool {
        self.generation == generation
    }

    /// Makes ready for pictures of the peer; his track if that is new.
    pub(super) fn receive_video(&self) -> Option<VideoTrack> {
        if self.shared.remote.video.get().is_some() {
            return None;
        }
        let video = RemoteVideo::start()
            .inspect_err(|error| tracing::error!(%error, "no picture can be received"))
            .ok()?;
        let shared = Arc::downgrade(&self.shared);
        video.on_key_frame_needed(move || {
            if let Some(shared) = shared.upgrade() {
                shared.connection().request_key_frame();
            }
        });
        let track = video.track();
        // Calls come one at a time, under the engine's lock.
        self.shared.remote.video.set(video).ok().map(|()| track)
    }

    /// Carries out what the core wants of the connection that there is.
    pub(super) fn steer(&self, command: TransportCommand) {
        let connection = self.shared.connection();
        match command {
            TransportCommand::CreateOffer => connection.create_offer(),
            TransportCommand::ApplyOffer(offer) => {
                connection.apply_offer(offer.as_str().to_owned());
            }
            TransportCommand::CreateAnswer => connection.create_answer(),
            TransportCommand::ApplyAnswer(answer) => {
                connection.apply_answer(answer.as_str().to_owned());
            }
            TransportCommand::AddCandidates(candidates) => {
                connection.add_candidates(candidates.iter().map(convert::to_ice).collect());
            }
            TransportCommand::Renegotiate {
                call_type,
                restart_ice,
            } => connection.renegotiate(call_type == CallType::Video, restart_ice),
            TransportCommand::SetHeld(held) => {
                drop(connection);
                self.set_held(held);
            }
            TransportCommand::Close => {
                drop(connection);
                self.close();
            }
            // The engine opens connections itself.
            TransportCommand::Open { .. } | TransportCommand::Reopen { .. } => {}
        }
    }

    /// Newer credentials for the relays of the connection.
    pub(super) fn set_ice_servers(&self, servers: &[IceServer]) {
        let servers = servers.iter().cloned().map(convert::ice_server);
        self.shared.connection().set_ice_servers(servers.collect());
    }

    /// What was lost with this peer in the last second.
    pub(super) fn losses(&self) -> Losses {
        *self.shared.losses()
    }

    /// Whether the peer was connected before; from now on he was.
    pub(super) const fn was_connected(&mut self) -> bool {
        std::mem::replace(&mut self.connected, true)
    }

    /// A connection that was lost is there again.
    pub(super) fn refresh(&self) {
        self.shared.refresh();
    }

    fn set_held(&self, held: bool) {
        self.shared.held.store(held, Ordering::Relaxed);
        if !held {
            self.shared.refresh();
        }
    }

    /// As [`feed`](Self::feed), unless that is still to come with the connection.
    pub(super) fn feed_if_connected(&self, local: &LocalTracks) {
        if self.connected {
            self.feed(local);
        }
    }

    /// Feeds our media to the peer from now on, beginning with a key frame. What he
    /// gets already goes on.
    pub(super) fn feed(&self, local: &LocalTracks) {
        let mut feeds = self.shared.feeds();
        if let (Some(audio), None) = (&local.audio, &feeds.audio) {
            let shared = Arc::downgrade(&self.shared);
            feeds.audio = Some(audio.attach(move |packet: Arc<EncodedAudio>| {
                if let Some(shared) = shared.upgrade() {
                    shared.send_audio(&packet);
                }
            }));
        }
        if let (Some(video), None) = (&local.video, &feeds.video) {
            let shared = Arc::downgrade(&self.shared);
            let feed = video.attach(move |frame: Arc<EncodedVideo>| {
                if let Some(shared) = shared.upgrade() {
                    shared.send_video(&frame);
                }
            });
            feed.request_key_frame(Urgency::FirstPicture);
            feeds.video = Some(feed);
        }
    }

    /// Ends what we send him of pictures.
    pub(super) fn starve_video(&self) {
        let feed = self.shared.feeds().video.take();
        drop(feed);
    }

    pub(super) fn remote_audio_track(&self) -> Option<AudioTrack> {
        self.shared.remote.audio.as_ref().map(RemoteAudio::track)
    }

    pub(super) fn remote_video_track(&self) -> Option<VideoTrack> {
        self.shared.remote.video.get().map(RemoteVideo::track)
    }

    /// Ends the connection; the last report of it removes the link.
    fn close(&self) {
        let feeds = std::mem::take(&mut *self.shared.feeds());
        drop(feeds);
        self.shared.connection().close();
    }
}

/// Moves what the connection reports: media to the decoders, the rest to the
/// core.
struct Pump {
    engine: Weak<Engine>,
    key: PeerKey,
    generation: u64,
    shared: Arc<Shared>,
    meter: Meter,
    judge: Judge,
    /// When statistics came last.
    reported: Option<Instant>,
}

impl Pump {
    async fn run(mut self, mut events: UnboundedReceiver<PeerEvent>) {
        while let Some(event) = events.recv().await {
            self.move_on(event);
        }
        if let Some(engine) = self.engine.upgrade() {
            engine.link_closed(&self.key, self.generation);
        }
    }

    fn move_on(&mut self, event: PeerEvent) {
        let shared = &self.shared;
        let event = match event {
            PeerEvent::Audio(packet) => {
                if let (Some(audio), false) = (&shared.remote.audio, shared.is_held()) {
                    audio.push(convert::audio_packet(packet));
                }
                return;
            }
            PeerEvent::Video(frame) => {
                if let (Some(video), false) = (shared.remote.video.get(), shared.is_held()) {
                    video.push(convert::video_frame(frame));
                }
                return;
            }
            PeerEvent::KeyFrameRequested => {
                return self.with_video_feed(|feed| feed.request_key_frame(Urgency::Repair));
            }
            PeerEvent::TargetBitrate(bitrate) => {
                let bitrate = u32::try_from(bitrate).unwrap_or(u32::MAX);
                return self.with_video_feed(|feed| feed.set_target_bitrate(bitrate));
            }
            PeerEvent::Congested(congested) => {
                return self.with_video_feed(|feed| feed.set_congested(congested));
            }
            PeerEvent::AudioLoss(loss) => {
                if let Some(audio) = &shared.feeds().audio {
                    audio.set_loss(loss);
                }
                return;
            }
            PeerEvent::Stats(stats) => return self.report(&stats),
            PeerEvent::LocalOffer(sdp) => TransportEvent::LocalOffer(sdp.as_str().into()),
            PeerEvent::LocalAnswer(sdp) => TransportEvent::LocalAnswer(sdp.as_str().into()),
            PeerEvent::LocalCandidates(candidates) => {
                TransportEvent::LocalCandidates(candidates.iter().map(convert::from_ice).collect())
            }
            PeerEvent::Checking => TransportEvent::Checking,
            PeerEvent::Connected | PeerEvent::Recovered => TransportEvent::Connected,
            PeerEvent::Disconnected => TransportEvent::Disconnected,
            PeerEvent::Failed(cause) => {
                tracing::info!(user = %self.key.1, ?cause, "the connection failed");
                TransportEvent::Failed
            }
            PeerEvent::DescriptionRejected(fault) => {
                TransportEvent::DescriptionRejected(convert::fault(fault))
            }
            PeerEvent::GatheringDone => {
                return self.progress(|session, user| CallEvent::Gathered { session, user });
            }
            PeerEvent::IceConnected => {
                return self.progress(|session, user| CallEvent::IceConnected { session, user });
            }
            PeerEvent::Closed => return,
        };
        if let Some(engine) = self.engine.upgrade() {
            engine.transport(self.key.clone(), self.generation, event);
        }
    }

    /// Tells the app of something that call control has no use for.
    fn progress(&self, event: impl FnOnce(CallSession, UserId) -> CallEvent) {
        if let Some(engine) = self.engine.upgrade() {
            engine.tell(&self.key, event);
        }
    }

    fn report(&mut self, stats: &visavis_peer::PeerStats) {
        let shared = Arc::clone(&self.shared);
        let remote = &shared.remote;
        let sent = self.shared.frames_sent.load(Ordering::Relaxed);
        let video = remote
            .video
            .get()
            .map(RemoteVideo::stats)
            .unwrap_or_default();
        let audio = remote
            .audio
            .as_ref()
            .map(RemoteAudio::stats)
            .unwrap_or_default();
        let encoder = shared
            .feeds()
            .video
            .as_ref()
            .map(VideoFeed::stats)
            .unwrap_or_default();
        let interval = self
            .reported
            .replace(stats.at)
            .map_or(Duration::ZERO, |before| stats.at - before);
        let mut stats = Box::new(self.meter.read(stats, sent, &encoder, &video, &audio));
        *shared.losses() = Losses {
            incoming: stats.loss_in,
            outgoing: Some(stats.loss),
        };
        let circumstances = self
            .engine
            .upgrade()
            .and_then(|engine| engine.circumstances(&self.key));
        let news = match circumstances {
            Some(circumstances) => self.judge.push(&stats, &circumstances, interval),
            None => {
                self.judge.pause();
                None
            }
        };
        stats.quality = self.judge.told().unwrap_or_default();
        self.progress(|session, user| CallEvent::Stats {
            session,
            user,
            stats,
        });
        if let Some(quality) = news {
            self.progress(|session, user| CallEvent::QualityChanged {
                session,
                user,
                quality,
            });
        }
    }

    fn with_video_feed(&self, act: impl FnOnce(&VideoFeed)) {
        if let Some(feed) = &self.shared.feeds().video {
            act(feed);
        }
    }
}
