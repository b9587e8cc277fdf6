//! One person with a client of ours, in a process of his own.
//!
//! He logs in once, then does what standard input says, an order a line, and
//! reports on standard output, a JSON object a line: the same orders and
//! reports as the test page has.

use std::collections::BTreeMap;
use std::time::Instant;

use clap::Args;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, stdin};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use visavis::media::VideoFrame;
use visavis::{
    App, CallClient, CallConfig, CallEvent, CallSession, CallStats, CallType, ChatClient,
    ChatConfig, LocalMedia, PeerState, UserId, UserInfo, VideoTrack,
};

use crate::camera::{Camera, PictureFormat};
use crate::clock::Clock;
use crate::error::BenchError;

/// Be one of the people in a measured call
#[derive(Debug, Args)]
pub(crate) struct PersonCommand {
    #[arg(long)]
    server: String,
    #[arg(long, env = "VISAVIS_APP", hide_env_values = true)]
    app: App,
    #[arg(long)]
    login: String,
    #[arg(long, env = "VISAVIS_PASSWORD", hide_env_values = true)]
    password: String,
    /// Whom the order `start` calls; calls of others are accepted at once
    #[arg(long)]
    peer: u32,
    #[arg(long)]
    camera: PictureFormat,
    /// The most that the pictures may take, in kbit/s
    #[arg(long)]
    max_bitrate: u32,
}

impl PersonCommand {
    pub(crate) async fn run(self) -> Result<(), BenchError> {
        let client = CallClient::new(CallConfig {
            loopback_candidates: true,
            max_video_bitrate: u64::from(self.max_bitrate) * 1000,
            ..CallConfig::default()
        })
        .map_err(refused)?;
        let chat = ChatClient::connect(ChatConfig {
            server: self.server,
            app: self.app,
            login: self.login,
            password: self.password,
            extra_roots_pem: Vec::new(),
        })
        .await
        .map_err(refused)?;
        client.attach(chat).map_err(refused)?;
        client.start_processing().map_err(refused)?;

        let mut events = client.subscribe();
        let (pictures, mut first_pictures) = unbounded_channel();
        let mut person = Person {
            client,
            peer: UserId(self.peer),
            format: self.camera,
            camera: None,
            session: None,
            stats: CallStats::default(),
            clock: Clock::new(),
            marks: BTreeMap::new(),
            pictures,
        };
        let mut orders = orders();
        report("ready", json!({}));
        loop {
            tokio::select! {
                biased;
                event = events.recv() => match event {
                    Some(event) => person.take(event)?,
                    None => return Ok(()),
                },
                Some((at, width, height)) = first_pictures.recv() => {
                    person.mark("first_frame", at);
                    report("first frame", json!({ "width": width, "height": height }));
                }
                order = orders.recv() => match order {
                    Some(order) => person.obey(&order)?,
                    None => return Ok(()),
                },
            }
        }
    }
}

type FirstPicture = (Instant, u32, u32);

struct Person {
    client: CallClient,
    peer: UserId,
    format: PictureFormat,
    camera: Option<Camera>,
    session: Option<CallSession>,
    /// The newest of the call.
    stats: CallStats,
    clock: Clock,
    /// When each step of the call was reached first.
    marks: BTreeMap<&'static str, f64>,
    pictures: UnboundedSender<FirstPicture>,
}

impl Person {
    fn obey(&mut self, order: &str) -> Result<(), BenchError> {
        match order {
            "open camera" => {
                let camera = Camera::open(self.format).map_err(refused)?;
                self.client.set_local_media(camera.media());
                self.camera = Some(camera);
                report("camera open", json!({}));
            }
            "close camera" => {
                self.client.set_local_media(LocalMedia::none());
                self.camera = None;
                report("camera closed", json!({}));
            }
            "start" => {
                self.marks.clear();
                self.mark("start", Instant::now());
                let session = self
                    .client
                    .create_session(&[self.peer], CallType::Video)
                    .map_err(refused)?;
                session.start(UserInfo::new()).map_err(refused)?;
                self.session = Some(session);
            }
            "hang up" => {
                if let Some(session) = &self.session {
                    session.hang_up(UserInfo::new()).map_err(refused)?;
                }
            }
            "stats" => report(
                "stats",
                json!({
                    "frames": self.stats.frames_received,
                    "width": self.stats.width,
                    "height": self.stats.height,
                    "bitrate": self.stats.bitrate_in,
                }),
            ),
            _ => {}
        }
        Ok(())
    }

    fn take(&mut self, event: CallEvent) -> Result<(), BenchError> {
        let now = Instant::now();
        match event {
            CallEvent::NewSession { session } => {
                self.marks.clear();
                self.mark("call_received", now);
                session.accept(UserInfo::new()).map_err(refused)?;
                self.session = Some(session);
            }
            CallEvent::PeerStateChanged {
                state: PeerState::Pending,
                ..
            } => self.mark("offer_sent", now),
            CallEvent::StartConnect { .. } => self.mark("accept_sent", now),
            CallEvent::Accepted { .. } => self.mark("accept_received", now),
            CallEvent::IceConnected { .. } => self.mark("ice_connected", now),
            CallEvent::Connected { .. } => self.mark("connected", now),
            CallEvent::Stats { stats, .. } => self.stats = *stats,
            CallEvent::RemoteVideoTrack { track, .. } => self.watch(&track),
            CallEvent::Closed { .. } => {
                self.session = None;
                report("over", json!({ "marks": self.marks }));
            }
            _ => {}
        }
        Ok(())
    }

    /// Says when the first picture of a track is decoded; nothing is shown.
    fn watch(&self, track: &VideoTrack) {
        let mut waiting = Some(self.pictures.clone());
        track.add_renderer(move |frame: &VideoFrame| {
            let now = Instant::now();
            if let Some(pictures) = waiting.take() {
                // The process is ending.
                let _ = pictures.send((now, frame.width(), frame.height()));
            }
        });
    }

    fn mark(&mut self, step: &'static str, at: Instant) {
        let at = self.clock.at(at);
        self.marks.entry(step).or_insert(at);
    }
}

fn orders() -> UnboundedReceiver<String> {
    let (sender, receiver) = unbounded_channel();
    tokio::spawn(async move {
        let mut lines = BufReader::new(stdin()).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

fn report(event: &str, fields: Value) {
    let mut line = json!({ "event": event });
    if let (Value::Object(line), Value::Object(fields)) = (&mut line, fields) {
        line.extend(fields);
    }
    println!("{line}");
}

fn refused(error: impl std::error::Error + Send + Sync + 'static) -> BenchError {
    BenchError::Client(error.into())
}
