//! One peer of one session: its connection, what we feed it and what it sends.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

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
use super::{Engine, PeerKey, convert};
use crate::config::CallConfig;
use crate::event::CallEvent;
use crate::ice::IceServer;
use crate::session::CallSession;

/// See the module's documentation.
pub(super) struct PeerLink {
    connection: Arc<PeerConnection>,
    remote: Arc<Remote>,
    feeds: Arc<Mutex<Feeds>>,
    connected: bool,
}

/// What the peer sends. A thread that the system refuses leaves its half out;
/// the rest of the call goes on.
struct Remote {
    audio: Option<RemoteAudio>,
    video: Option<RemoteVideo>,
}

impl Remote {
    fn start(call_type: CallType, connection: &Arc<PeerConnection>) -> Self {
        let audio = RemoteAudio::start()
            .inspect_err(|error| tracing::error!(%error, "no sound can be received"))
            .ok();
        let video = (call_type == CallType::Video)
            .then(|| {
                RemoteVideo::start()
                    .inspect_err(|error| tracing::error!(%error, "no picture can be received"))
            })
            .and_then(Result::ok);
        if let Some(video) = &video {
            let connection = Arc::downgrade(connection);
            video.on_key_frame_needed(move || {
                if let Some(connection) = connection.upgrade() {
                    connection.request_key_frame();
                }
            });
        }
        Self { audio, video }
    }
}

/// What we send him; dropped, it ends.
#[derive(Default)]
struct Feeds {
    video: Option<VideoFeed>,
    audio: Option<AudioFeed>,
    frames_sent: Arc<AtomicU64>,
}

impl PeerLink {
    /// Opens the connection; it starts to gather candidates at once.
    pub(super) fn open(
        engine: Weak<Engine>,
        runtime: &Handle,
        key: PeerKey,
        call_type: CallType,
        config: &CallConfig,
        login_servers: Vec<IceServer>,
    ) -> Self {
        let servers = login_servers
            .into_iter()
            .chain(config.ice_servers.iter().cloned());
        let peer_config = PeerConfig {
            audio: true,
            video: call_type == CallType::Video,
            ice_servers: servers.map(convert::ice_server).collect(),
            policy: convert::ice_policy(config.ice_policy),
            loopback: config.loopback_candidates,
            max_video_bitrate: config.max_video_bitrate,
            stats_interval: config.stats_interval,
            ..PeerConfig::default()
        };
        let (connection, events) = PeerConnection::open(peer_config, runtime);
        let connection = Arc::new(connection);
        let remote = Arc::new(Remote::start(call_type, &connection));
        let feeds = Arc::new(Mutex::new(Feeds::default()));
        let pump = Pump {
            engine,
            key,
            remote: Arc::clone(&remote),
            feeds: Arc::clone(&feeds),
            meter: Meter::default(),
        };
        runtime.spawn(pump.run(events));
        Self {
            connection,
            remote,
            feeds,
            connected: false,
        }
    }

    /// Carries out what the core wants.
    pub(super) fn steer(&self, command: TransportCommand) {
        let connection = &self.connection;
        match command {
            TransportCommand::CreateOffer => connection.create_offer(),
            TransportCommand::ApplyOffer(offer) => {
                connection.apply_offer(offer.as_str().to_owned())
            }
            TransportCommand::CreateAnswer => connection.create_answer(),
            TransportCommand::ApplyAnswer(answer) => {
                connection.apply_answer(answer.as_str().to_owned())
            }
            TransportCommand::AddCandidates(candidates) => {
                connection.add_candidates(candidates.iter().map(convert::to_ice).collect());
            }
            TransportCommand::Close => self.close(),
            // It is open: that is how this link came about.
            TransportCommand::Open { .. } => {}
        }
    }

    /// Whether the peer was connected before; from now on he was.
    pub(super) const fn was_connected(&mut self) -> bool {
        std::mem::replace(&mut self.connected, true)
    }

    /// Feeds our media to the peer from now on, beginning with a key frame.
    pub(super) fn feed(&self, local: &LocalTracks) {
        let mut feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(audio) = &local.audio {
            let connection = Arc::clone(&self.connection);
            feeds.audio = Some(audio.attach(move |packet: Arc<EncodedAudio>| {
                connection.send_audio(OutgoingAudio {
                    data: Arc::clone(&packet.data),
                    timestamp: packet.timestamp,
                    captured: packet.captured,
                });
            }));
        }
        if let (Some(video), true) = (&local.video, self.remote.video.is_some()) {
            let (connection, sent) = (Arc::clone(&self.connection), Arc::clone(&feeds.frames_sent));
            let feed = video.attach(move |frame: Arc<EncodedVideo>| {
                sent.fetch_add(1, Ordering::Relaxed);
                connection.send_video(OutgoingVideo {
                    data: Arc::clone(&frame.data),
                    timestamp: frame.timestamp,
                    captured: frame.captured,
                    key: frame.key,
                });
            });
            feed.request_key_frame(Urgency::FirstPicture);
            feeds.video = Some(feed);
        }
    }

    pub(super) fn remote_audio_track(&self) -> Option<AudioTrack> {
        self.remote.audio.as_ref().map(RemoteAudio::track)
    }

    pub(super) fn remote_video_track(&self) -> Option<VideoTrack> {
        self.remote.video.as_ref().map(RemoteVideo::track)
    }

    /// Ends the connection; the last report of it removes the link.
    fn close(&self) {
        let mut feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        (feeds.video, feeds.audio) = (None, None);
        drop(feeds);
        self.connection.close();
    }
}

/// Moves what the connection reports: media to the decoders, the rest to the
/// core.
struct Pump {
    engine: Weak<Engine>,
    key: PeerKey,
    remote: Arc<Remote>,
    feeds: Arc<Mutex<Feeds>>,
    meter: Meter,
}

impl Pump {
    async fn run(mut self, mut events: UnboundedReceiver<PeerEvent>) {
        while let Some(event) = events.recv().await {
            self.move_on(event);
        }
        if let Some(engine) = self.engine.upgrade() {
            engine.link_closed(&self.key);
        }
    }

    fn move_on(&mut self, event: PeerEvent) {
        let event = match event {
            PeerEvent::Audio(packet) => {
                if let Some(audio) = &self.remote.audio {
                    audio.push(convert::audio_packet(packet));
                }
                return;
            }
            PeerEvent::Video(frame) => {
                if let Some(video) = &self.remote.video {
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
                if let Some(audio) = &self.feeds().audio {
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
            engine.transport(self.key.clone(), event);
        }
    }

    /// Tells the app of something that call control has no use for.
    fn progress(&self, event: impl FnOnce(CallSession, UserId) -> CallEvent) {
        if let Some(engine) = self.engine.upgrade() {
            engine.tell(&self.key, event);
        }
    }

    fn report(&mut self, stats: &visavis_peer::PeerStats) {
        let Some(engine) = self.engine.upgrade() else {
            return;
        };
        let sent = self.feeds().frames_sent.load(Ordering::Relaxed);
        let video = self
            .remote
            .video
            .as_ref()
            .map(RemoteVideo::stats)
            .unwrap_or_default();
        let audio = self
            .remote
            .audio
            .as_ref()
            .map(RemoteAudio::stats)
            .unwrap_or_default();
        let stats = Box::new(self.meter.read(stats, sent, &video, &audio));
        engine.tell(&self.key, |session, user| CallEvent::Stats {
            session,
            user,
            stats,
        });
    }

    fn with_video_feed(&self, act: impl FnOnce(&VideoFeed)) {
        if let Some(feed) = &self.feeds().video {
            act(feed);
        }
    }

    fn feeds(&self) -> MutexGuard<'_, Feeds> {
        self.feeds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
