//! What must be seen.

use visavis_call::PeerState;
use visavis_signal::UserId;

use super::cast::Cast;
use super::line::Line;
use crate::client::{Client, Outcome};
use crate::world::DeviceId;

impl Cast {
    /// Whether the line says what must be seen; then it is so.
    pub(super) fn check(&mut self, device: DeviceId, line: &Line) -> Result<bool, String> {
        match line.verb.as_str() {
            "sees" => self.compare(device, line, "sees", Self::tell_event)?,
            "lives" => self.compare(device, line, "lives", Self::tell_change)?,
            "sent" => self.compare(device, line, "sent", Self::tell_signal)?,
            "does" => self.compare(device, line, "does", Self::tell_command)?,
            "is" => self.check_state(device, line)?,
            "has" => self.check_peer(device, line)?,
            "talks-to" => self.check_talk(device, line)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn compare(
        &mut self,
        device: DeviceId,
        line: &Line,
        look: &'static str,
        tell: impl Fn(&Self, &Outcome) -> Option<String>,
    ) -> Result<(), String> {
        let news = self.news(device, look);
        let found: Vec<_> = news
            .iter()
            .filter_map(|outcome| tell(self, outcome))
            .collect();
        let nothing = line.items == ["nothing"];
        if found == line.items || nothing && found.is_empty() {
            return Ok(());
        }
        let found = if found.is_empty() {
            "nothing".into()
        } else {
            found.join(", ")
        };
        Err(format!("{} {look} {found}", self.device_name(device)))
    }

    /// `alice is Connected`, `alice is out`
    fn check_state(&self, device: DeviceId, line: &Line) -> Result<(), String> {
        let session = self.call(line)?;
        let state = match &self.world.device(device).client {
            Client::Ours(core) => core
                .session(&session)
                .map(|session| session.state().to_string()),
            Client::Foreign(foreign) => foreign.has(&session).then(|| "in".to_owned()),
        };
        let state = state.unwrap_or_else(|| "out".into());
        expect(line.item()?, &state)
    }

    /// `alice has bob Connected`
    fn check_peer(&self, device: DeviceId, line: &Line) -> Result<(), String> {
        let session = self.call(line)?;
        let core = self.world.device(device).client.core();
        let session = core.and_then(|core| core.session(&session));
        for item in &line.items {
            let (name, state) = item.split_once(' ').ok_or("who is what?")?;
            let user = self.user(name)?;
            let found = session.map_or(PeerState::Unknown, |session| session.peer_state(user));
            expect(state, &found.to_string())?;
        }
        Ok(())
    }

    /// `alice talks-to bob, carol`: media flows both ways, and both know it.
    fn check_talk(&self, device: DeviceId, line: &Line) -> Result<(), String> {
        let session = self.call(line)?;
        let connected: Vec<UserId> = match &self.world.device(device).client {
            Client::Ours(core) => core.session(&session).map_or_else(Vec::new, |session| {
                let peers = session.peers();
                let connected = peers.filter(|peer| peer.state() == PeerState::Connected);
                connected.map(visavis_call::Peer::user).collect()
            }),
            Client::Foreign(foreign) => foreign.connected(&session),
        };
        let me = self.world.device(device).user;
        let mut names: Vec<_> = connected.iter().map(|user| self.name(*user)).collect();
        names.sort();
        let mut expected = line.items.clone();
        expected.sort();
        expected.retain(|name| name != "nobody");
        if names != expected {
            let names = if names.is_empty() {
                "nobody".into()
            } else {
                names.join(", ")
            };
            return Err(format!("{} talks to {names}", self.device_name(device)));
        }
        for user in connected {
            let other = self.world.talks_to(device, &session, user);
            let other = other.ok_or_else(|| format!("{} hears nothing", self.name(user)))?;
            let knows = match &self.world.device(other).client {
                Client::Ours(core) => core
                    .session(&session)
                    .is_some_and(|session| session.peer_state(me) == PeerState::Connected),
                Client::Foreign(foreign) => foreign.is_connected(&session, me),
            };
            if !knows {
                return Err(format!("{} does not know", self.device_name(other)));
            }
        }
        Ok(())
    }

    /// `everybody is out`
    pub(super) fn check_everybody(&self, line: &Line) -> Result<(), String> {
        if (line.verb.as_str(), line.item()?) != ("is", "out") {
            return Err("everybody does not do that".into());
        }
        let left = self.whoever_is_left();
        if left.is_empty() {
            return Ok(());
        }
        Err(format!("still in a call: {}", left.join(", ")))
    }
}

fn expect(expected: &str, found: &str) -> Result<(), String> {
    if expected == found {
        Ok(())
    } else {
        Err(format!("it is {found}"))
    }
}
