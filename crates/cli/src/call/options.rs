//! The options that `call` and `answer` share.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use visavis::{IcePolicy, IceServer, UserInfo};

use crate::exit::{Failure, Reason};
use crate::login::{Login, LoginOptions};
use crate::source::{AudioSpec, VideoSpec};

/// Who we are, what we send, and what is kept.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    account: LoginOptions,
    /// An audio call: no video is sent or asked for
    #[arg(long)]
    pub(crate) audio_only: bool,
    /// pattern[:WxH@FPS], y4m:PATH, device[:NAME], screen or none
    #[arg(long, value_name = "SOURCE", default_value = VideoSpec::DEFAULT)]
    pub(crate) video: VideoSpec,
    /// sweep, tone:HZ, wav:PATH, device[:NAME] or none
    #[arg(long, value_name = "SOURCE", default_value = "sweep")]
    pub(crate) audio: AudioSpec,
    /// The video codec
    #[arg(long, default_value = "vp8")]
    codec: String,
    /// Which candidates to use: all, default-route (nothing of a second network or a VPN) or relay
    #[arg(long, value_name = "POLICY", default_value = "all", value_parser = ice_policy)]
    pub(crate) ice: IcePolicy,
    /// A further server: stun:HOST[:PORT], turn:[USER@]HOST[:PORT][?transport=tcp] or
    /// turns:[USER@]HOST[:PORT]; user and password of relays also come from VISAVIS_ICE_USER and
    /// VISAVIS_ICE_PASSWORD; may be repeated
    #[arg(long, value_name = "URL")]
    ice_server: Vec<String>,
    /// Hang up after this many seconds of connection
    #[arg(long = "for", value_name = "SECONDS", value_parser = seconds)]
    pub(crate) duration: Option<Duration>,
    /// Keep what was received: user-ID.y4m, user-ID.png, user-ID.wav
    #[arg(long, value_name = "DIR")]
    pub(crate) save: Option<PathBuf>,
    /// Sent along with the call or the answer; may be repeated
    #[arg(long, value_name = "K=V", value_parser = key_value)]
    user_info: Vec<(String, String)>,
    /// Record what call control is told and does, for `replay` and `trace`; nothing private is in it
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,
    /// How long a call rings, in seconds: 10 to 600
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) answer_interval: Option<Duration>,
    /// How long a lost connection may take to come back, in seconds: 10 to 300
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) disconnect_time: Option<Duration>,
    /// How many people a call may have beside us: 1 to 16
    #[arg(long, value_name = "COUNT")]
    pub(crate) max_opponents: Option<usize>,
    /// The most that video may take, in kbit/s
    #[arg(long, value_name = "KBIT", value_parser = clap::value_parser!(u64).range(50..=50_000))]
    pub(crate) max_bitrate: Option<u64>,
    /// One JSON object a line on standard output
    #[arg(long)]
    pub(crate) json: bool,
}

impl Options {
    /// Refuses what this build does not know yet, before anything is started.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.codec != "vp8" {
            return Err(Failure::not_available(&format!("codec {}", self.codec)));
        }
        self.ice_servers()?;
        if self.video == VideoSpec::Device || self.audio == AudioSpec::Device {
            return Err(Failure::not_available("the source `device`"));
        }
        if self.video == VideoSpec::Screen {
            return Err(Failure::not_available("the source `screen`"));
        }
        Ok(())
    }

    /// Reads application and password from where they were said to be.
    pub(crate) fn login(&self) -> Result<Login, Failure> {
        self.account.read()
    }

    /// `--user-info` as the calls carry it.
    pub(crate) fn user_info(&self) -> Result<UserInfo, Failure> {
        UserInfo::from_entries(self.user_info.iter().map(|(key, value)| (key, value)))
            .map_err(|error| Failure::of(Reason::Usage, &error))
    }

    pub(crate) fn ice_servers(&self) -> Result<Vec<IceServer>, Failure> {
        self.ice_server.iter().map(|url| ice_server(url)).collect()
    }
}

fn ice_policy(text: &str) -> Result<IcePolicy, String> {
    match text {
        "all" => Ok(IcePolicy::All),
        "default-route" => Ok(IcePolicy::DefaultRoute),
        "relay" => Ok(IcePolicy::Relay),
        _ => Err("all, default-route or relay".into()),
    }
}

/// A relay's password stands in the environment rather than in the list of processes.
fn ice_server(url: &str) -> Result<IceServer, Failure> {
    let usage = |text: String| Failure::new(Reason::Usage, text);
    let (scheme, rest) = url.split_once(':').unwrap_or((url, ""));
    match scheme {
        "stun" => Ok(IceServer::stun(url)),
        "turn" | "turns" => {
            let environment = |name| std::env::var(name).ok();
            let (info, place) = match rest.rsplit_once('@') {
                Some((info, place)) => (Some(info), place),
                None => (None, rest),
            };
            // Names that say until when they hold have a colon: the last one ends the name.
            let (user, password) = match info.map(|info| (info, info.rsplit_once(':'))) {
                Some((_, Some((user, password)))) => (Some(user), Some(password)),
                Some((user, None)) => (Some(user), None),
                None => (None, None),
            };
            let user = user
                .map(str::to_owned)
                .or_else(|| environment("VISAVIS_ICE_USER"));
            let password = password.map(str::to_owned);
            let password = password.or_else(|| environment("VISAVIS_ICE_PASSWORD"));
            let (Some(user), Some(password)) = (user, password) else {
                return Err(usage(format!(
                    "{scheme}:{place} needs a user and a password: set VISAVIS_ICE_USER and VISAVIS_ICE_PASSWORD"
                )));
            };
            Ok(IceServer::turn(format!("{scheme}:{place}"), user, password))
        }
        _ => Err(usage(format!(
            "--ice-server begins with stun:, turn: or turns:, unlike `{url}`"
        ))),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds <= 86_400.0 => Ok(Duration::from_secs_f64(seconds)),
        _ => Err("a number of seconds up to 86400".into()),
    }
}

fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("written K=V")?;
    Ok((key.to_owned(), value.to_owned()))
}
