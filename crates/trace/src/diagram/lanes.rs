//! Who has a lane.

use visavis_call::{Address, Output};
use visavis_signal::UserId;

use crate::{Act, Outcome, Step, Trace};

/// Lanes beside those of this device; whoever comes later shares the last one.
const OTHERS_AT_MOST: usize = 24;

/// The app's lane.
pub(super) const APP: usize = 0;
/// This device's lane.
pub(super) const DEVICE: usize = 1;
/// The server's lane.
pub(super) const SERVER: usize = 2;
/// The first of the others.
pub(super) const FIRST_OTHER: usize = 3;

/// The lanes of the other devices, from left to right; those of a user side by side.
#[derive(Debug)]
pub(super) struct Lanes {
    others: Vec<Address>,
    /// Some share the last lane.
    crowded: bool,
}

impl Lanes {
    pub(super) fn of(trace: &Trace) -> Self {
        let mut lanes = Self {
            others: Vec::new(),
            crowded: false,
        };
        for step in &trace.steps {
            for address in addresses(step) {
                lanes.add(address);
            }
        }
        lanes
    }

    fn add(&mut self, address: Address) {
        if self.others.contains(&address) {
            return;
        }
        let user = address.user;
        let his = |lane: &Address| lane.user == user;
        if address.resource.is_none() {
            // All devices of his that are known, or one that stands for them.
            if self.others.iter().any(his) {
                return;
            }
        } else if let Some(nameless) = self
            .others
            .iter_mut()
            .find(|lane| his(lane) && lane.resource.is_none())
        {
            *nameless = address;
            return;
        }
        if self.others.len() == OTHERS_AT_MOST {
            self.crowded = true;
            return;
        }
        let after = self.others.iter().rposition(his);
        let at = after.map_or(self.others.len(), |at| at + 1);
        self.others.insert(at, address);
    }

    pub(super) fn others(&self) -> &[Address] {
        &self.others
    }

    pub(super) const fn is_crowded(&self) -> bool {
        self.crowded
    }

    pub(super) fn count(&self) -> usize {
        FIRST_OTHER + self.others.len()
    }

    /// The lanes of a device, or of all devices of a user.
    pub(super) fn reached(&self, address: &Address) -> Vec<usize> {
        let at = |wanted: &dyn Fn(&Address) -> bool| -> Vec<usize> {
            let lanes = self.others.iter().enumerate();
            let lanes = lanes.filter(|(_, lane)| wanted(lane));
            lanes.map(|(at, _)| FIRST_OTHER + at).collect()
        };
        let his = |lane: &Address| lane.user == address.user;
        let mut lanes = at(&|lane| his(lane) && lane.resource == address.resource);
        if lanes.is_empty() {
            lanes = at(&his);
        }
        if lanes.is_empty() {
            lanes.push(self.count() - 1);
        }
        lanes
    }

    /// The lanes of a user.
    pub(super) fn of_user(&self, user: UserId) -> Vec<usize> {
        self.reached(&Address::bare(user))
    }
}

fn addresses(step: &Step) -> Vec<Address> {
    use visavis_call::Input;
    let mut found = Vec::new();
    match &step.act {
        Act::Input(Input::Signal { from, .. }) => found.push(from.clone()),
        Act::Input(Input::Transport { peer, .. }) => found.push(Address::bare(*peer)),
        Act::Input(Input::SignalFailed { to, .. }) => found.push(Address::bare(*to)),
        _ => {}
    }
    if let Outcome::Done(outputs) = &step.outcome {
        for output in outputs {
            match output {
                Output::Send { to, .. } => found.push(to.clone()),
                Output::Transport { peer, .. } => found.push(Address::bare(*peer)),
                Output::Event(_) => {}
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lanes(addresses: &[Address]) -> Lanes {
        let mut lanes = Lanes {
            others: Vec::new(),
            crowded: false,
        };
        addresses
            .iter()
            .cloned()
            .for_each(|address| lanes.add(address));
        lanes
    }

    const BOB: UserId = UserId(102);
    const CAROL: UserId = UserId(103);

    #[test]
    fn devices_of_a_user_are_side_by_side_and_the_first_takes_his_nameless_lane() {
        let (phone, laptop) = (Address::device(BOB, "a"), Address::device(BOB, "b"));
        let carol = Address::bare(CAROL);
        let lanes = lanes(&[
            Address::bare(BOB),
            carol.clone(),
            phone.clone(),
            laptop.clone(),
        ]);
        assert_eq!(lanes.others(), [phone.clone(), laptop, carol]);
        assert_eq!(lanes.reached(&phone), [3]);
        assert_eq!(lanes.of_user(BOB), [3, 4]);
        assert_eq!(lanes.of_user(CAROL), [5]);
    }

    #[test]
    fn strangers_without_end_share_a_lane() {
        let strangers: Vec<_> = (0..1000).map(|id| Address::bare(UserId(id))).collect();
        let lanes = lanes(&strangers);
        assert!(lanes.is_crowded());
        assert_eq!(lanes.count(), FIRST_OTHER + OTHERS_AT_MOST);
        assert_eq!(lanes.of_user(UserId(999)), [lanes.count() - 1]);
    }
}
