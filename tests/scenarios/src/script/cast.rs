//! Who is in a script, and how they are called.

use std::collections::BTreeMap;
use std::time::Duration;

use visavis_call::{CallConfig, Command, Time};
use visavis_signal::{SessionId, UserId};

use super::line::Line;
use crate::client::{Client, Outcome};
use crate::observer::Observer;
use crate::world::{DeviceId, World};

/// The name of a call that was given none.
pub(super) const THE_CALL: &str = "call";

pub(super) struct Cast {
    pub(super) world: World,
    users: BTreeMap<String, UserId>,
    devices: BTreeMap<String, DeviceId>,
    pub(super) calls: BTreeMap<String, SessionId>,
    /// What was looked at of each device's log, for each kind of look.
    pub(super) seen: BTreeMap<(DeviceId, &'static str), usize>,
}

impl Cast {
    pub(super) fn new() -> Self {
        let mut world = World::default();
        world.keeps_log = true;
        Self {
            world,
            users: BTreeMap::new(),
            devices: BTreeMap::new(),
            calls: BTreeMap::new(),
            seen: BTreeMap::new(),
        }
    }

    /// `person NAME ID [DEVICE…] [foreign] [key=value…]`
    pub(super) fn enter(&mut self, line: &Line) -> Result<(), String> {
        let name = &line.verb;
        let words = line.words();
        let mut words = words.into_iter();
        let id = words.next().and_then(|word| word.parse().ok());
        let user = UserId(id.ok_or("a person has a number")?);
        self.users.insert(name.clone(), user);
        let mut config = CallConfig::default();
        let mut devices = Vec::new();
        let mut foreign = false;
        for word in words {
            match word.split_once('=') {
                Some((key, value)) => set(&mut config, key, value)?,
                None if word == "foreign" => foreign = true,
                None if word == "busy" => config.auto_reject = true,
                None => devices.push(word),
            }
        }
        if devices.is_empty() {
            devices.push(if foreign { "browser" } else { "phone" });
        }
        for (at, device) in devices.iter().enumerate() {
            let id = if foreign {
                self.world.add_foreign(user, device)
            } else {
                self.world.add(user, device, config.clone())
            };
            if at == 0 {
                self.devices.insert(name.clone(), id);
            }
            self.devices.insert(format!("{name}/{device}"), id);
        }
        Ok(())
    }

    pub(super) fn device(&self, name: &str) -> Result<DeviceId, String> {
        let device = self.devices.get(name).copied();
        device.ok_or_else(|| format!("there is no {name}"))
    }

    pub(super) fn user(&self, name: &str) -> Result<UserId, String> {
        let user = self.users.get(name).copied();
        user.ok_or_else(|| format!("there is no {name}"))
    }

    pub(super) fn name(&self, user: UserId) -> String {
        let named = self.users.iter().find(|(_, known)| **known == user);
        named.map_or_else(|| user.to_string(), |(name, _)| name.clone())
    }

    /// `bob`, or `bob/phone` for one device.
    pub(super) fn place(&self, address: &visavis_call::Address) -> String {
        let name = self.name(address.user);
        match &address.resource {
            Some(resource) => format!("{name}/{resource}"),
            None => name,
        }
    }

    pub(super) fn call(&self, line: &Line) -> Result<SessionId, String> {
        let name = line.call.as_deref().unwrap_or(THE_CALL);
        let call = self.calls.get(name).cloned();
        call.ok_or_else(|| format!("there is no call named {name}"))
    }

    pub(super) fn new_call(&mut self, line: &Line) -> SessionId {
        let name = line.call.as_deref().unwrap_or(THE_CALL);
        let number = self.calls.len() as u8 + 1;
        let id = SessionId::from_bytes([number; 16]);
        self.calls.insert(name.to_owned(), id.clone());
        id
    }

    pub(super) fn call_name(&self, session: &SessionId) -> &str {
        let named = self.calls.iter().find(|(_, known)| *known == session);
        named.map_or("unknown", |(name, _)| name)
    }

    pub(super) fn all_devices(&self) -> impl Iterator<Item = DeviceId> + use<> {
        (0..self.world.devices().len()).map(DeviceId)
    }

    pub(super) fn device_name(&self, device: DeviceId) -> String {
        let device = self.world.device(device);
        format!("{}/{}", self.name(device.user), device.name)
    }

    pub(super) fn go_on(&mut self, until: Time) -> Result<(), String> {
        if until < self.world.now() {
            return Err("time does not run backwards".into());
        }
        self.world.run_until(until);
        Ok(())
    }

    /// What a device wanted done since it was looked at like this.
    pub(super) fn news(&mut self, device: DeviceId, look: &'static str) -> Vec<Outcome> {
        let log = &self.world.device(device).log;
        let seen = self.seen.insert((device, look), log.len());
        log[seen.unwrap_or_default()..].to_vec()
    }

    pub(super) fn everybody_leaves(&mut self, span: Duration) {
        for device in self.all_devices() {
            // Nobody refuses that.
            let _ = self.world.command(device, Command::Destroy);
        }
        self.world.run_for(span);
    }

    pub(super) fn whoever_is_left(&self) -> Vec<String> {
        let left = |device: &DeviceId| {
            let there = self.world.device(*device);
            match &there.client {
                Client::Ours(core) => {
                    core.sessions().len() > 0
                        || core.next_timeout().is_some()
                        || !there.observer.all_closed()
                }
                Client::Foreign(foreign) => foreign.sessions().count() > 0,
            }
        };
        let left = self.all_devices().filter(left);
        left.map(|device| self.device_name(device)).collect()
    }

    pub(super) fn into_observers(self) -> Vec<Observer> {
        self.world.into_observers()
    }
}

fn set(config: &mut CallConfig, key: &str, value: &str) -> Result<(), String> {
    let number: u32 = value
        .parse()
        .map_err(|_| format!("{value} is not a number"))?;
    let span = Duration::from_secs(u64::from(number));
    match key {
        "answer" => config.answer_interval = span,
        "dialing" => config.dialing_interval = span,
        "disconnect" => config.disconnect_time = span,
        "opponents" => config.max_opponents = number as usize,
        "incoming" => config.incoming_limit = number as usize,
        "bandwidth" => config.bandwidth = Some(number),
        _ => return Err(format!("there is no setting {key}")),
    }
    Ok(())
}
