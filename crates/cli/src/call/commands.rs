//! Verbs on standard input: one JSON object a line.

use std::collections::BTreeMap;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader, stdin};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use visavis::{CallType, UserId, UserInfo, UserInfoError};

use crate::source::{AudioSpec, VideoSpec};

/// The longest line, in bytes.
const MAX_LINE: usize = 64 * 1024;

/// What a line asks for.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Line {
    /// The verb.
    #[serde(rename = "do")]
    pub(crate) verb: Verb,
    #[serde(default)]
    user_info: BTreeMap<String, String>,
    /// For `update`: to whom alone. For `add`: whom.
    #[serde(default)]
    user: Option<u32>,
    /// For `upgrade`: what the call is to be; video if nothing is said.
    #[serde(default)]
    call_type: Option<CallTypeName>,
    /// For `switch_source`: the new picture.
    #[serde(default)]
    pub(crate) video: Option<VideoSpec>,
    /// For `switch_source`: the new sound.
    #[serde(default)]
    pub(crate) audio: Option<AudioSpec>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum CallTypeName {
    Video,
    Audio,
}

/// The verbs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verb {
    Accept,
    Reject,
    HangUp,
    Mute,
    Unmute,
    CameraOff,
    CameraOn,
    Update,
    Stats,
    Hold,
    Resume,
    Upgrade,
    Add,
    Rejoin,
    SwitchSource,
}

impl Line {
    pub(crate) fn user_info(&self) -> Result<UserInfo, UserInfoError> {
        UserInfo::from_entries(self.user_info.iter())
    }

    pub(crate) fn call_type(&self) -> CallType {
        match self.call_type {
            Some(CallTypeName::Audio) => CallType::Audio,
            Some(CallTypeName::Video) | None => CallType::Video,
        }
    }

    pub(crate) fn user(&self) -> Option<UserId> {
        self.user.map(UserId)
    }
}

/// Reads lines until the end of input, which ends nothing else.
pub(crate) fn read() -> UnboundedReceiver<Result<Line, String>> {
    let (sender, receiver) = unbounded_channel();
    tokio::spawn(async move {
        let mut lines = BufReader::new(stdin()).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            if line.trim().is_empty() {
                continue;
            }
            if sender.send(parse(&line)).is_err() {
                return;
            }
        }
    });
    receiver
}

fn parse(line: &str) -> Result<Line, String> {
    if line.len() > MAX_LINE {
        return Err(format!("a command is longer than {MAX_LINE} bytes"));
    }
    serde_json::from_str(line).map_err(|error| format!("not a command: {error}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{Verb, parse};

    #[test]
    fn a_line_is_a_verb_and_its_data() {
        let line = parse(r#"{"do":"hang_up","user_info":{"why":"bye"}}"#).unwrap();
        assert_eq!(
            (line.verb, line.user_info().unwrap().get("why")),
            (Verb::HangUp, Some("bye"))
        );
        assert!(parse(r#"{"do":"dance"}"#).is_err());
        assert!(parse("hang_up").is_err());
    }
}
