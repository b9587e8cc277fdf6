//! What people do, and what happens to them.

use std::time::Duration;

use visavis_call::{Command, DescriptionFault, TransportEvent};
use visavis_signal::{Body, CallType, Signal, SignalKind, Update, UserId, UserInfo};

use super::cast::Cast;
use super::line::Line;
use crate::chat::How;
use crate::world::DeviceId;

impl Cast {
    pub(super) fn act(&mut self, device: DeviceId, line: &Line) -> Result<(), String> {
        match line.verb.as_str() {
            "calls" => return self.calls_somebody(device, line),
            "loses-chat" => self.world.cut_chat(device, true),
            "is-cut-off" => self.world.cut_chat(device, false),
            "regains-chat" => self.world.restore_chat(device),
            "moves" => self.world.move_away(device),
            "restarts" => self.world.restart(device),
            "reports" => self.reports(device, line)?,
            "forges" => self.forges(device, line)?,
            _ => {
                let command = self.command(device, line)?;
                return self.want(device, line, command);
            }
        }
        Ok(())
    }

    /// The app of a device wants something, and the line says whether it is refused.
    fn want(&mut self, device: DeviceId, line: &Line, command: Command) -> Result<(), String> {
        let result = self.world.command(device, command);
        let refused = result.err().map(|error| error.to_string());
        if refused == line.refusal {
            return Ok(());
        }
        Err(match refused {
            Some(why) => format!("it is refused: {why}"),
            None => "it is not refused".into(),
        })
    }

    fn calls_somebody(&mut self, device: DeviceId, line: &Line) -> Result<(), String> {
        let mut call_type = CallType::Video;
        let mut opponents = Vec::new();
        for word in line.words() {
            match word {
                "audio" => call_type = CallType::Audio,
                name => opponents.push(self.user(name.trim_end_matches(','))?),
            }
        }
        let session = self.new_call(line);
        let create = Command::Create {
            session: session.clone(),
            opponents,
            call_type,
        };
        let created = self.world.command(device, create);
        if let Err(error) = created {
            return match &line.refusal {
                Some(refusal) if *refusal == error.to_string() => Ok(()),
                _ => Err(format!("it is refused: {error}")),
            };
        }
        let user_info = attached(line)?;
        self.want(device, line, Command::Start { session, user_info })
    }

    fn command(&self, device: DeviceId, line: &Line) -> Result<Command, String> {
        if line.verb == "leaves-everything" {
            return Ok(Command::Destroy);
        }
        let session = self.call(line)?;
        let user_info = attached(line)?;
        let core = self.world.device(device).client.core();
        let media = core.and_then(|core| Some(core.session(&session)?.media()));
        let (audio, video) = media.map_or((true, true), |media| (media.audio, media.video));
        let set_media = |audio, video| Command::SetMedia {
            session: session.clone(),
            audio,
            video,
        };
        let upgrade = |call_type| Command::Upgrade {
            session: session.clone(),
            call_type,
        };
        Ok(match line.verb.as_str() {
            "accepts" => Command::Accept { session, user_info },
            "rejects" => Command::Reject { session, user_info },
            "hangs-up" => Command::HangUp { session, user_info },
            "holds" => Command::Hold { session },
            "resumes" => Command::Resume { session },
            "rejoins" => Command::Rejoin { session },
            "mutes" => set_media(false, video),
            "unmutes" => set_media(true, video),
            "hides" => set_media(audio, false),
            "shows" => set_media(audio, true),
            "upgrades" => upgrade(CallType::Video),
            "downgrades" => upgrade(CallType::Audio),
            "adds" => Command::Add {
                session,
                user: self.user(line.item()?)?,
                user_info,
            },
            "tells" => Command::Update {
                session,
                to: match line.item()? {
                    "everybody" => None,
                    name => Some(self.user(name)?),
                },
                user_info,
            },
            verb => return Err(format!("nobody knows how to: {verb}")),
        })
    }

    /// `alice reports bob Failed`
    fn reports(&mut self, device: DeviceId, line: &Line) -> Result<(), String> {
        let words = line.words();
        let (peer, event) = match words[..] {
            [peer, "Checking"] => (peer, TransportEvent::Checking),
            [peer, "Connected"] => (peer, TransportEvent::Connected),
            [peer, "Disconnected"] => (peer, TransportEvent::Disconnected),
            [peer, "Failed"] => (peer, TransportEvent::Failed),
            [peer, "Closed"] => (peer, TransportEvent::Closed),
            [peer, "unusable"] => {
                let fault = DescriptionFault::NoBundle;
                (peer, TransportEvent::DescriptionRejected(fault))
            }
            _ => return Err("whose connection reports what?".into()),
        };
        let (session, peer) = (self.call(line)?, self.user(peer)?);
        self.world.report(device, &session, peer, event);
        Ok(())
    }

    /// `mallory forges hangUp to alice`: a signal in a call that he is not in, or that says what is
    /// not so.
    fn forges(&mut self, device: DeviceId, line: &Line) -> Result<(), String> {
        let words = line.words();
        let [kind, "to", victim] = words[..] else {
            return Err("what to whom?".into());
        };
        let victim = self.device(victim)?;
        let session = self.call(line)?;
        let core = self.world.device(victim).client.core();
        let known = core.and_then(|core| core.session(&session));
        let signal = Signal {
            call_type: Some(CallType::Video),
            caller: Some(known.map_or(UserId(0), visavis_call::Session::initiator)),
            opponents: known.map_or(vec![self.world.device(victim).user], |session| {
                session.opponents().to_vec()
            }),
            user_info: UserInfo::from_entries([("evil", "yes")]).expect("valid"),
            ..Signal::new(session, body(kind)?)
        };
        let from = self.world.device(device).address();
        self.world.intrude(victim, from, signal);
        Ok(())
    }

    // ── Chat and network ────────────────────────────────────────────────────

    /// `chat loses accept of bob`, `chat delays accept of bob 2.5`, `chat has no carbons`
    pub(super) fn change_chat(&mut self, line: &Line) -> Result<(), String> {
        let words = line.words();
        match (line.verb.as_str(), &words[..]) {
            ("has", ["no", "carbons"]) => self.world.chat.carbons = false,
            ("takes", [seconds]) => self.world.chat.delay = span(seconds)?,
            ("loses", [kind, "of", name]) => self.mishap(kind, name, How::Lost)?,
            ("repeats", [kind, "of", name]) => self.mishap(kind, name, How::Twice)?,
            ("delays", [kind, "of", name, seconds]) => {
                self.mishap(kind, name, How::Late(span(seconds)?))?;
            }
            _ => return Err("chat does not do that".into()),
        }
        Ok(())
    }

    fn mishap(&mut self, kind: &str, name: &str, how: How) -> Result<(), String> {
        let kind = SignalKind::from_name(kind).ok_or("what is lost?")?;
        let from = self.user(name)?;
        self.world.mishap(kind, from, how);
        Ok(())
    }

    /// `network parts alice and bob`, `network joins alice and bob`, `network parts bob`
    pub(super) fn change_network(&mut self, line: &Line) -> Result<(), String> {
        let works = match line.verb.as_str() {
            "parts" => false,
            "joins" => true,
            _ => return Err("the network does not do that".into()),
        };
        let words = line.words();
        match words[..] {
            [one, "and", other] => {
                let pair = (self.user(one)?, self.user(other)?);
                self.world.set_path(pair.0, pair.1, works);
            }
            [one] => {
                let one = self.user(one)?;
                let others: Vec<_> = self
                    .world
                    .devices()
                    .iter()
                    .map(|there| there.user)
                    .collect();
                for other in others.into_iter().filter(|other| *other != one) {
                    self.world.set_path(one, other, works);
                }
            }
            _ => return Err("who and who?".into()),
        }
        Ok(())
    }
}

fn attached(line: &Line) -> Result<UserInfo, String> {
    let entries = line.with.iter().map(|(k, v)| (k.as_str(), v.as_str()));
    UserInfo::from_entries(entries).map_err(|error| error.to_string())
}

fn span(seconds: &str) -> Result<Duration, String> {
    let seconds: f64 = seconds.parse().map_err(|_| "how many seconds?")?;
    Ok(Duration::from_secs_f64(seconds))
}

fn body(kind: &str) -> Result<Body, String> {
    Ok(match kind {
        "call" => Body::Call {
            offer: "offer".into(),
        },
        "accept" => Body::Accept {
            answer: "answer".into(),
        },
        "reject" => Body::Reject,
        "hangUp" => Body::HangUp,
        "iceCandidates" => Body::IceCandidates(vec![]),
        "update" => Body::Update(Update::default()),
        "ringing" => Body::Update(Update::Ringing),
        "rejoin" => Body::Update(Update::Rejoin { invitation: 0 }),
        _ => return Err(format!("nobody says {kind}")),
    })
}
