//! One random schedule: how a seed makes it, how it is played, and what must hold.

mod act;
mod agreement;
mod plan;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use visavis_call::{CallConfig, Command, PeerState, SessionState};
use visavis_scenarios::chat::Disorder;
use visavis_scenarios::{DeviceId, Random, World};
use visavis_signal::UserId;

pub(crate) use plan::Plan;

/// Longer than every timer of a call together.
const SETTLING: Duration = Duration::from_secs(200);
/// Longer than it takes to let go of everything.
const LEAVING: Duration = Duration::from_secs(20);

pub(crate) const USERS: [UserId; 6] = [
    UserId(101),
    UserId(102),
    UserId(103),
    UserId(104),
    UserId(105),
    UserId(106),
];
/// The user whose client is one of the documented system.
pub(crate) const FOREIGN: usize = 5;
const DEVICES: [(usize, &str); 10] = [
    (0, "phone"),
    (1, "phone"),
    (1, "laptop"),
    (1, "tablet"),
    (2, "phone"),
    (2, "laptop"),
    (3, "phone"),
    (4, "phone"),
    (4, "tablet"),
    (FOREIGN, "browser"),
];

/// The users of a plan, with their devices. Laptops reject when they are busy. Where not all is
/// calm the users also differ in their patience, so that one gives up whom another one waits for.
fn cast(plan: &Plan) -> World {
    let mut world = World::default();
    for (user, name) in DEVICES {
        if !plan.users.contains(&user) {
            continue;
        }
        let patience = 10 + user as u64 * 10;
        let config = CallConfig {
            answer_interval: Duration::from_secs(if plan.calm { 30 } else { patience }),
            auto_reject: name == "laptop",
            incoming_limit: 2,
            ..CallConfig::default()
        };
        if user == FOREIGN {
            world.add_foreign(USERS[user], name);
        } else {
            world.add(USERS[user], name, config);
        }
    }
    world.records = true;
    world.chat.as_text = false;
    world.chat.disorder = plan.disorderly.then(|| Disorder {
        random: Random::new(plan.seed),
        lost: 3,
        twice: 3,
        late: 5,
    });
    world
}

/// Plays a plan, and checks what must hold while it goes on and when it is over.
pub(crate) fn play(plan: &Plan) -> World {
    let mut world = cast(plan);
    play_in(&mut world, plan);
    world
}

/// What happens in a plan that is known to fail, up to there.
pub(crate) fn fail(plan: &Plan) -> World {
    let mut world = cast(plan);
    world.trace.begin();
    let _ = catch_unwind(AssertUnwindSafe(|| play_in(&mut world, plan)));
    world
}

fn play_in(world: &mut World, plan: &Plan) {
    let mut calls = 0;
    for (after, act) in &plan.acts {
        world.run_for(*after);
        act.perform(world, &mut calls);
    }
    settle(world, plan);
    check_rest(world, plan);
    leave(world);
    check_end(world);
}

/// Everything works from now on, for as long as anybody waits for anything. Where it always did,
/// nothing is to be restored: a new login would lose what is under way.
fn settle(world: &mut World, plan: &Plan) {
    world.chat.disorder = None;
    world.restore_paths();
    if !plan.calm {
        for device in devices(world) {
            world.restore_chat(device);
        }
    }
    world.run_for(SETTLING);
}

fn leave(world: &mut World) {
    for device in devices(world) {
        // Nobody refuses that.
        let _ = world.command(device, Command::Destroy);
    }
    world.run_for(LEAVING);
}

pub(crate) fn devices(world: &World) -> impl Iterator<Item = DeviceId> + use<> {
    (0..world.devices().len()).map(DeviceId)
}

/// Nobody waits for anything: whoever is in a call is connected.
fn check_rest(world: &World, plan: &Plan) {
    for device in world.devices() {
        for session in device
            .client
            .core()
            .into_iter()
            .flat_map(visavis_call::Core::sessions)
        {
            let started = session.state() != SessionState::New;
            let mut live = session
                .peers()
                .filter(|peer| peer.state().is_live())
                .peekable();
            assert!(live.peek().is_some(), "a session hangs: {session:?}");
            let settled = live.all(|peer| peer.state() == PeerState::Connected);
            assert!(settled || !started, "somebody waits: {session:?}");
        }
    }
    if plan.truthful {
        agreement::check(world);
    }
    if plan.calm {
        agreement::check_calm(world);
    }
}

/// Nothing is left of any call.
fn check_end(world: &World) {
    assert!(world.is_at_rest(), "something is still to happen");
    for (id, device) in devices(world).zip(world.devices()) {
        assert!(device.observer.all_closed(), "a call is not over");
        if let Some(core) = device.client.core() {
            assert_eq!(core.sessions().len(), 0);
            assert_eq!(core.next_timeout(), None);
            assert!(world.replays(id), "the same inputs, and other outputs");
        }
    }
    assert_eq!(world.open_connections(), 0, "a connection is left");
}
