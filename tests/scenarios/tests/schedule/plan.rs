//! How a seed makes a schedule.

use std::time::Duration;

use visavis_call::{DescriptionFault, TransportEvent};
use visavis_scenarios::Random;
use visavis_signal::{Body, CallType, Update, UserId};

use super::act::{Act, Verb};
use super::{DEVICES, USERS};

/// A schedule: what happens, and how long after what happened before.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// Who is in it.
    pub(crate) users: Vec<usize>,
    /// Whether connections report only what is so.
    pub(crate) truthful: bool,
    /// Whether chat and network always work and no device is switched off.
    pub(crate) calm: bool,
    /// Whether chat loses, repeats, delays and reorders.
    pub(crate) disorderly: bool,
    pub(crate) acts: Vec<(Duration, Act)>,
}

const ACTS: std::ops::Range<usize> = 1..60;

impl Plan {
    pub(crate) fn of(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let users = users(&mut random);
        let (truthful, calm) = match random.within(0..6) {
            0..2 => (false, false),
            2..4 => (true, true),
            _ => (true, false),
        };
        let mut plan = Self {
            seed,
            users,
            truthful,
            calm,
            disorderly: !calm && random.chance(2, 3),
            acts: Vec::new(),
        };
        for _ in 0..random.within(ACTS) {
            let after = pause(&mut random);
            let act = plan.act(&mut random);
            plan.acts.push((after, act));
        }
        plan
    }

    fn act(&self, random: &mut Random) -> Act {
        let device = random.within(0..self.devices());
        // Mostly the oldest, sometimes any.
        let pick = if random.chance(2, 3) {
            0
        } else {
            random.within(0..100)
        };
        let kinds = if self.calm { 74 } else { 100 };
        match random.within(0..kinds) {
            0..8 => Act::Meet {
                device,
                opponents: self.opponents(random),
            },
            8..22 => Act::Call {
                device,
                opponents: self.opponents(random),
                call_type: call_type(random),
                start: random.chance(7, 8),
            },
            22..70 => Act::Order {
                device,
                pick,
                verb: self.verb(random),
            },
            70..72 => Act::Move { device },
            72..74 => Act::Forge {
                device,
                pick,
                body: forgery(random),
            },
            74..78 => Act::LoseChat {
                device,
                noticed: random.chance(1, 2),
            },
            78..82 => Act::RestoreChat { device },
            82..86 => Act::Path {
                one: self.user(random),
                other: self.user(random),
                works: random.chance(1, 2),
            },
            86..88 => Act::Restart { device },
            88..90 => Act::Processing {
                device,
                on: random.chance(3, 4),
            },
            90 => Act::Spoil {
                user: self.user(random),
                count: random.within(1..3),
            },
            _ if self.truthful => Act::Order {
                device,
                pick,
                verb: Verb::Accept,
            },
            _ => Act::Report {
                device,
                pick: random.within(0..100),
                event: report(random),
            },
        }
    }

    fn devices(&self) -> usize {
        let there = DEVICES.iter().filter(|(user, _)| self.users.contains(user));
        there.count()
    }

    fn user(&self, random: &mut Random) -> UserId {
        USERS[self.users[random.within(0..self.users.len())]]
    }

    fn opponents(&self, random: &mut Random) -> Vec<UserId> {
        let mut opponents = Vec::new();
        for _ in 0..random.within(1..4) {
            let user = self.user(random);
            if !opponents.contains(&user) {
                opponents.push(user);
            }
        }
        opponents
    }

    fn verb(&self, random: &mut Random) -> Verb {
        match random.within(0..40) {
            0 => Verb::Start,
            1..3 => Verb::Reject,
            3..6 => Verb::HangUp,
            6 => Verb::Update,
            7..9 => Verb::Mute(random.chance(1, 2)),
            9 => Verb::Hold,
            10 => Verb::Resume,
            11..13 => Verb::Upgrade(call_type(random)),
            13..16 => Verb::Add(self.user(random)),
            16..18 => Verb::AddAgain(random.within(0..8)),
            18..20 => Verb::Rejoin,
            _ => Verb::Accept,
        }
    }
}

/// Few of them mostly, so that they have to do with each other.
fn users(random: &mut Random) -> Vec<usize> {
    let count = random.within(2..USERS.len() + 1);
    let mut users: Vec<_> = (0..USERS.len()).collect();
    while users.len() > count {
        users.remove(random.within(0..users.len()));
    }
    users
}

fn pause(random: &mut Random) -> Duration {
    let below = match random.within(0..20) {
        0..8 => 100,
        8..16 => 2_000,
        16..19 => 10_000,
        _ => 40_000,
    };
    random.millis(below)
}

fn call_type(random: &mut Random) -> CallType {
    if random.chance(1, 2) {
        CallType::Video
    } else {
        CallType::Audio
    }
}

fn forgery(random: &mut Random) -> Body {
    match random.within(0..7) {
        0 => Body::Call {
            offer: "evil".into(),
        },
        1 => Body::Accept {
            answer: "evil".into(),
        },
        2 => Body::Reject,
        3 => Body::HangUp,
        4 => Body::IceCandidates(vec![]),
        5 => Body::Update(Update::Rejoin { invitation: 9 }),
        _ => Body::Update(Update::default()),
    }
}

/// Mostly how the network fares, which is what takes a call through its states.
fn report(random: &mut Random) -> TransportEvent {
    match random.within(0..20) {
        0 => TransportEvent::LocalOffer("offer 0".into()),
        1 => TransportEvent::LocalAnswer("answer 0".into()),
        2..4 => TransportEvent::Checking,
        4..8 => TransportEvent::Connected,
        8..12 => TransportEvent::Disconnected,
        12..16 => TransportEvent::Failed,
        16 => TransportEvent::Closed,
        _ => TransportEvent::DescriptionRejected(DescriptionFault::NoMedia),
    }
}
