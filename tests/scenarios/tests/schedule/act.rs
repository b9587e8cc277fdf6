//! What may happen in a schedule.

use std::time::Duration;
use visavis_call::{Address, Command, TransportEvent};
use visavis_scenarios::{DeviceId, World};
use visavis_signal::{Body, CallType, SessionId, Signal, UserId, UserInfo};

const STRANGER: UserId = UserId(666);

/// A `pick` chooses among whatever there is to choose from when the time comes.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Call {
        device: usize,
        opponents: Vec<UserId>,
        call_type: CallType,
        start: bool,
    },
    /// A call that goes well up to here: everybody who was called accepts.
    Meet {
        device: usize,
        opponents: Vec<UserId>,
    },
    /// The user does something with one of the calls of this device.
    Order {
        device: usize,
        pick: usize,
        verb: Verb,
    },
    /// A connection reports what is not so.
    Report {
        device: usize,
        pick: usize,
        event: TransportEvent,
    },
    LoseChat {
        device: usize,
        noticed: bool,
    },
    RestoreChat {
        device: usize,
    },
    Path {
        one: UserId,
        other: UserId,
        works: bool,
    },
    Move {
        device: usize,
    },
    /// The next descriptions of a user are of no use.
    Spoil {
        user: UserId,
        count: usize,
    },
    Restart {
        device: usize,
    },
    Processing {
        device: usize,
        on: bool,
    },
    /// A stranger talks into one of the calls of this device.
    Forge {
        device: usize,
        pick: usize,
        body: Body,
    },
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Verb {
    Start,
    Accept,
    Reject,
    HangUp,
    Update,
    Mute(bool),
    Hold,
    Resume,
    Upgrade(CallType),
    Add(UserId),
    /// Adds somebody who was in the call, or was called into it.
    AddAgain(usize),
    Rejoin,
}

impl Act {
    /// What is refused does not happen.
    pub(crate) fn perform(&self, world: &mut World, calls: &mut u8) {
        match self {
            Self::Call {
                device,
                opponents,
                call_type,
                start,
            } => {
                let session = create(world, calls, *device, opponents, *call_type);
                if *start {
                    order(world, *device, Verb::Start, session);
                }
            }
            Self::Meet { device, opponents } => meet(world, calls, *device, opponents),
            Self::Order { device, pick, verb } => {
                let session = match verb {
                    Verb::Rejoin => closed(world, *device, *pick),
                    _ => of_device(world, *device, *pick).map(|(session, _)| session),
                };
                if let Some(session) = session {
                    order(world, *device, *verb, session);
                }
            }
            Self::Report {
                device,
                pick,
                event,
            } => {
                if let Some((session, peer)) = of_device(world, *device, *pick) {
                    world.report(DeviceId(*device), &session, peer, event.clone());
                }
            }
            Self::LoseChat { device, noticed } => world.cut_chat(DeviceId(*device), *noticed),
            Self::RestoreChat { device } => world.restore_chat(DeviceId(*device)),
            Self::Path { one, other, works } => world.set_path(*one, *other, *works),
            Self::Spoil { user, count } => world.spoil(*user, *count),
            Self::Move { device } => world.move_away(DeviceId(*device)),
            Self::Restart { device } => world.restart(DeviceId(*device)),
            Self::Processing { device, on } => {
                let command = if *on {
                    Command::StartProcessing
                } else {
                    Command::Destroy
                };
                let _ = world.command(DeviceId(*device), command);
            }
            Self::Forge { device, pick, body } => forge(world, *device, *pick, body),
        }
    }
}

fn create(
    world: &mut World,
    calls: &mut u8,
    device: usize,
    opponents: &[UserId],
    call_type: CallType,
) -> SessionId {
    *calls += 1;
    // Not in the order in which they are made.
    let session = SessionId::from_bytes([calls.wrapping_mul(89); 16]);
    let create = Command::Create {
        session: session.clone(),
        opponents: opponents.to_vec(),
        call_type,
    };
    let _ = world.command(DeviceId(device), create);
    session
}

fn meet(world: &mut World, calls: &mut u8, device: usize, opponents: &[UserId]) {
    let session = create(world, calls, device, opponents, CallType::Video);
    order(world, device, Verb::Start, session.clone());
    world.run_for(Duration::from_millis(200));
    for device in 0..world.devices().len() {
        order(world, device, Verb::Accept, session.clone());
        world.run_for(Duration::from_millis(200));
    }
}

/// One of the calls of a device, and one of the others in it.
fn of_device(world: &World, device: usize, pick: usize) -> Option<(SessionId, UserId)> {
    let device = world.devices().get(device)?;
    if let Some(foreign) = device.client.foreign() {
        let sessions: Vec<_> = foreign.sessions().cloned().collect();
        return (!sessions.is_empty()).then(|| (sessions[pick % sessions.len()].clone(), STRANGER));
    }
    let sessions = device.client.core()?.sessions();
    let peers = sessions.flat_map(|session| {
        let id = session.id();
        session.peers().map(move |peer| (id.clone(), peer.user()))
    });
    let peers: Vec<_> = peers.collect();
    (!peers.is_empty()).then(|| peers[pick % peers.len()].clone())
}

/// Somebody who is out of a call that goes on.
fn former(world: &World, device: usize, session: &SessionId, pick: usize) -> Option<UserId> {
    let session = world
        .devices()
        .get(device)?
        .client
        .core()?
        .session(session)?;
    let former = session.peers().filter(|peer| !peer.state().is_live());
    let former: Vec<_> = former.map(visavis_call::Peer::user).collect();
    (!former.is_empty()).then(|| former[pick % former.len()])
}

fn closed(world: &World, device: usize, pick: usize) -> Option<SessionId> {
    let closed: Vec<_> = world.devices().get(device)?.observer.closed().collect();
    (!closed.is_empty()).then(|| closed[pick % closed.len()].clone())
}

fn order(world: &mut World, device: usize, verb: Verb, session: SessionId) {
    let user_info = UserInfo::from_entries([("a", "b")]).expect("valid");
    let command = match verb {
        Verb::Start => Command::Start { session, user_info },
        Verb::Accept => Command::Accept { session, user_info },
        Verb::Reject => Command::Reject { session, user_info },
        Verb::HangUp => Command::HangUp { session, user_info },
        Verb::Update => Command::Update {
            session,
            to: None,
            user_info,
        },
        Verb::Mute(audio) => Command::SetMedia {
            session,
            audio,
            video: true,
        },
        Verb::Hold => Command::Hold { session },
        Verb::Resume => Command::Resume { session },
        Verb::Upgrade(call_type) => Command::Upgrade { session, call_type },
        Verb::Add(user) => Command::Add {
            session,
            user,
            user_info,
        },
        Verb::AddAgain(pick) => {
            let Some(user) = former(world, device, &session, pick) else {
                return;
            };
            Command::Add {
                session,
                user,
                user_info,
            }
        }
        Verb::Rejoin => Command::Rejoin { session },
    };
    let _ = world.command(DeviceId(device), command);
}

fn forge(world: &mut World, device: usize, pick: usize, body: &Body) {
    let Some((session, peer)) = of_device(world, device, pick) else {
        return;
    };
    let me = world.devices()[device].user;
    let signal = Signal {
        call_type: Some(CallType::Video),
        caller: Some(peer),
        opponents: vec![me],
        user_info: UserInfo::from_entries([("evil", "yes")]).expect("valid"),
        ..Signal::new(session, body.clone())
    };
    let from = Address::device(STRANGER, "x");
    let before = world.wanted();
    world.intrude(DeviceId(device), from, signal);
    assert_eq!(world.wanted(), before, "a stranger was heard");
}
