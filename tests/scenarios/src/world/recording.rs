//! What a device's core was fed with, to feed another one with the same.

use visavis_call::{Command, Input, Time};
use visavis_trace::{Recorded, Recorder};

use super::{DeviceId, World};
use crate::client::Outcome;

/// What a core was fed with.
#[derive(Clone, Debug)]
pub(super) enum Fed {
    Command(Command),
    Input(Input),
}

impl World {
    /// Whether a core says the same when it is fed the same once more.
    pub fn replays(&self, id: DeviceId) -> bool {
        let device = &self.devices[id.0];
        let mut core = device.core();
        let mut outcomes: Vec<Outcome> = Vec::new();
        for (now, fed) in device.recording.clone() {
            match fed {
                Fed::Command(command) => {
                    let outputs = core.command(now, command).into_iter().flatten();
                    outcomes.extend(outputs.map(Outcome::from));
                }
                Fed::Input(input) => outcomes.extend(core.handle(now, input).map(Outcome::from)),
            }
        }
        outcomes == device.recorded
    }

    /// Writes down what a core was fed with since its device was switched on last, and what it
    /// does about it.
    ///
    /// # Panics
    /// Where the core does.
    pub fn record(&self, id: DeviceId, recorder: Recorder) {
        let device = &self.devices[id.0];
        let (user, config) = (device.user, device.config.clone());
        let mut call =
            Recorded::new(user, config, device.seed, Some(recorder)).expect("valid settings");
        // What comes out was carried out when it came out first.
        let _ = call.command(Time::ORIGIN, Command::StartProcessing);
        for (now, fed) in device.recording.clone() {
            match fed {
                Fed::Command(command) => drop(call.command(now, command)),
                Fed::Input(input) => drop(call.handle(now, input)),
            }
        }
    }
}
