//! The telephone line that `call` and `answer` share: logged in, with
//! sources, recorder and report.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use visavis::media::{AudioFrame, VideoFrame};
use visavis::{
    CallClient, CallConfig, CallEvent, CallSession, ChatClient, ChatConfig, ConnectError,
    LoginError, SourceError, Subscription, UserId,
};

use super::commands::{Line as CommandLine, Verb};
use super::media;
use super::options::Options;
use super::recorder::Recorder;
use super::report::Report;
use crate::exit::{Failure, Reason};
use crate::trace;

/// No picture for this long is told when the next one comes.
const GAP: Duration = Duration::from_millis(500);

/// A first frame or the first sound of somebody.
pub(super) struct Milestone {
    at: Instant,
    event: &'static str,
    fields: serde_json::Value,
}

/// See the module's documentation.
pub(super) struct Line {
    pub(super) client: CallClient,
    chat: ChatClient,
    pub(super) events: Subscription<CallEvent>,
    pub(super) milestones: UnboundedReceiver<Milestone>,
    reach: UnboundedSender<Milestone>,
    pub(super) report: Report,
    recorder: Option<Recorder>,
    /// What a file refused, told at the end.
    pub(super) broken_file: Option<Failure>,
}

impl Line {
    pub(super) async fn open(options: &Options) -> Result<Self, Failure> {
        options.check()?;
        let local = media::local(options)?;
        let recorder = options.save.as_deref().map(Recorder::new).transpose()?;
        let trace = options.trace.as_deref().map(trace::create).transpose()?;
        let login = options.login()?;
        let report = Report::new(options.json);

        let mut config = CallConfig {
            ice_servers: options.ice_servers()?,
            ice_policy: options.ice,
            extra_roots_pem: login.extra_roots.clone(),
            ..CallConfig::default()
        };
        if let Some(interval) = options.answer_interval {
            config.answer_interval = interval;
        }
        if let Some(time) = options.disconnect_time {
            config.disconnect_time = time;
        }
        if let Some(count) = options.max_opponents {
            config.max_opponents = count;
        }
        if let Some(kbit) = options.max_bitrate {
            config.max_video_bitrate = kbit * 1000;
        }
        // A server on this machine means that the other side may be, too.
        config.loopback_candidates = is_loopback(&login.server);
        let client = CallClient::new(config).map_err(|error| Failure::of(Reason::Usage, &error))?;
        client.set_local_media(local);
        let chat = ChatClient::connect(ChatConfig {
            server: login.server,
            app: login.app,
            login: login.login,
            password: login.password,
            extra_roots_pem: login.extra_roots,
        })
        .await
        .map_err(|error| connect_failure(&error))?;
        report.note(
            Instant::now(),
            "chat_connected",
            json!({ "jid": chat.jid() }),
        );
        match trace {
            Some(trace) => client.attach_recorded(chat.clone(), trace),
            None => client.attach(chat.clone()),
        }
        .map_err(|error| Failure::of(Reason::Usage, &error))?;
        let events = client.subscribe();
        client
            .start_processing()
            .map_err(|error| Failure::of(Reason::Refused, &error))?;
        let (reach, milestones) = unbounded_channel();
        Ok(Self {
            client,
            chat,
            events,
            milestones,
            reach,
            report,
            recorder,
            broken_file: None,
        })
    }

    /// Prints an event and looks after the tracks that come with it.
    pub(super) fn take(&mut self, event: &CallEvent) {
        self.report.event(event);
        let kept = match event {
            CallEvent::RemoteVideoTrack { user, track, .. } => {
                track.add_renderer(self.first_frame(*user));
                self.recorder
                    .as_mut()
                    .map(|recorder| recorder.video(*user, track.clone()))
            }
            CallEvent::RemoteAudioTrack { user, track, .. } => {
                track.add_renderer(self.first_sound(*user));
                self.recorder
                    .as_mut()
                    .map(|recorder| recorder.audio(*user, track.clone()))
            }
            CallEvent::Closed { .. } => self.recorder.as_mut().map(Recorder::finish),
            _ => None,
        };
        if let Some(Err(failure)) = kept {
            self.broken_file.get_or_insert(failure);
        }
    }

    pub(super) fn reached(&self, milestone: Milestone) {
        self.report
            .note(milestone.at, milestone.event, milestone.fields);
    }

    /// Tells of the first picture, and of the first after none came for a while.
    fn first_frame(&self, user: UserId) -> impl FnMut(&VideoFrame) + Send + 'static {
        let reach = self.reach.clone();
        let mut last: Option<Instant> = None;
        move |frame| {
            let at = Instant::now();
            let gap = last.replace(at).map(|last| at - last);
            let mut fields =
                json!({ "user": user.0, "width": frame.width(), "height": frame.height() });
            let event = match gap {
                None => "first_frame",
                Some(gap) if gap >= GAP => {
                    fields["gap_ms"] = json!(gap.as_secs_f64() * 1000.0);
                    "frames_resumed"
                }
                Some(_) => return,
            };
            let _ = reach.send(Milestone { at, event, fields });
        }
    }

    fn first_sound(&self, user: UserId) -> impl FnMut(&AudioFrame) + Send + 'static {
        let mut reach = Some(self.reach.clone());
        move |frame| {
            let audible = frame
                .samples()
                .iter()
                .any(|sample| sample.unsigned_abs() > 64);
            if let Some(reach) = reach.take_if(|_| audible) {
                let fields = json!({ "user": user.0 });
                let _ = reach.send(Milestone {
                    at: Instant::now(),
                    event: "first_sound",
                    fields,
                });
            }
        }
    }

    /// Carries out a command for a session.
    pub(super) fn execute(&self, session: &CallSession, command: &Result<CommandLine, String>) {
        if let Err(problem) = self.try_execute(session, command) {
            self.report.note(
                Instant::now(),
                "command_failed",
                json!({ "problem": problem }),
            );
        }
    }

    fn try_execute(
        &self,
        session: &CallSession,
        command: &Result<CommandLine, String>,
    ) -> Result<(), String> {
        let command = command.as_ref().map_err(Clone::clone)?;
        let info = command.user_info().map_err(|error| error.to_string())?;
        let done = match command.verb {
            Verb::Accept => session.accept(info),
            Verb::Reject => session.reject(info),
            Verb::HangUp => session.hang_up(info),
            Verb::Update => session.update(command.user(), info),
            Verb::Mute | Verb::Unmute => {
                let track = session
                    .local_audio_track()
                    .ok_or("there is no sound to mute")?;
                track.set_enabled(command.verb == Verb::Unmute);
                Ok(())
            }
            Verb::CameraOff | Verb::CameraOn => {
                let track = session
                    .local_video_track()
                    .ok_or("there is no camera to switch")?;
                track.set_enabled(command.verb == Verb::CameraOn);
                Ok(())
            }
            Verb::Stats => {
                self.report.latest_stats(session);
                Ok(())
            }
            Verb::Hold => session.hold(),
            Verb::Resume => session.resume(),
            Verb::Upgrade => session.upgrade(command.call_type()),
            Verb::Add => {
                let user = command.user().ok_or("`add` needs a `user`")?;
                session.add(user, info)
            }
            Verb::Rejoin => self.client.rejoin(session.id()),
            Verb::SwitchSource => return switch_source(session, command),
        };
        done.map_err(|error| Failure::of(Reason::Usage, &error).to_string())
    }

    /// Ends everything politely and prints the summary.
    pub(super) async fn close(mut self, outcome: Result<(), Failure>) -> Result<(), Failure> {
        self.client.destroy().await;
        self.chat.disconnect().await;
        if let Some(Err(failure)) = self.recorder.as_mut().map(Recorder::finish) {
            self.broken_file.get_or_insert(failure);
        }
        let outcome = outcome.and_then(|()| self.broken_file.take().map_or(Ok(()), Err));
        self.report.summary(
            outcome
                .as_ref()
                .map_or_else(|failure| failure.reason.code(), |()| 0),
        );
        outcome
    }
}

/// Sends other pictures, other sound, or both.
fn switch_source(session: &CallSession, command: &CommandLine) -> Result<(), String> {
    let unusable = |error: SourceError| Failure::of(Reason::Source, &*error).to_string();
    if command.video.is_none() && command.audio.is_none() {
        return Err("`switch_source` needs `video`, `audio` or both".into());
    }
    if let Some(spec) = &command.video {
        let picture = media::picture(spec).map_err(unusable)?;
        let picture = picture.ok_or("this video source is not available in this build")?;
        if !session.switch_video_source(picture) {
            return Err("no picture is being sent".into());
        }
    }
    if let Some(spec) = &command.audio {
        let sound = media::sound(spec).map_err(unusable)?;
        let sound = sound.ok_or("this audio source is not available in this build")?;
        if !session.switch_audio_source(sound) {
            return Err("no sound is being sent".into());
        }
    }
    Ok(())
}

fn is_loopback(server: &str) -> bool {
    ["//127.", "//localhost", "//[::1]"]
        .iter()
        .any(|host| server.contains(host))
}

fn connect_failure(error: &ConnectError) -> Failure {
    let reason = match error {
        ConnectError::Address { .. } | ConnectError::Tls(_) => Reason::Usage,
        ConnectError::Refused
        | ConnectError::Login(
            LoginError::ApplicationRefused
            | LoginError::WrongCredentials
            | LoginError::TooManyAttempts,
        ) => Reason::Refused,
        _ => Reason::Unreachable,
    };
    Failure::of(reason, error)
}

/// SIGTERM and SIGINT.
pub(crate) struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    pub(crate) fn new() -> Result<Self, Failure> {
        let listen = |kind| signal(kind).map_err(|error| Failure::of(Reason::Usage, &error));
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    pub(crate) async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
