//! What the app can ask for and when, and the end of everything.

use crate::common::{ALICE, BOB, CAROL, World, id, info, secs};
use visavis_call::{
    CallConfig, Command, CommandError, ConfigError, Core, Direction, Input, SessionState, Time,
};
use visavis_signal::{CallType, SessionId, UserId, UserInfo};

fn create(session: &SessionId, opponents: &[UserId]) -> Command {
    Command::Create {
        session: session.clone(),
        opponents: opponents.to_vec(),
        call_type: CallType::Video,
    }
}

fn start() -> Command {
    Command::Start {
        session: id(1),
        user_info: UserInfo::new(),
    }
}

fn accept() -> Command {
    Command::Accept {
        session: id(1),
        user_info: UserInfo::new(),
    }
}

fn reject() -> Command {
    Command::Reject {
        session: id(1),
        user_info: UserInfo::new(),
    }
}

fn hang_up() -> Command {
    Command::HangUp {
        session: id(1),
        user_info: UserInfo::new(),
    }
}

fn update(to: Option<UserId>) -> Command {
    Command::Update {
        session: id(1),
        to,
        user_info: info(&[("a", "b")]),
    }
}

#[test]
fn a_core_refuses_settings_out_of_range() {
    let config = CallConfig {
        max_opponents: 0,
        ..CallConfig::default()
    };
    assert!(matches!(
        Core::new(ALICE, config, 1),
        Err(ConfigError::Count {
            given: 0,
            min: 1,
            ..
        })
    ));
}

#[test]
fn nothing_works_before_processing_starts() {
    let mut core = Core::new(ALICE, CallConfig::default(), 1).unwrap();
    assert!(!core.is_processing());
    for command in [
        create(&id(1), &[BOB]),
        start(),
        accept(),
        reject(),
        hang_up(),
        update(None),
    ] {
        assert_eq!(
            core.command(Time::ORIGIN, command).err(),
            Some(CommandError::NotProcessing)
        );
    }
}

#[test]
fn a_session_needs_the_right_opponents() {
    let (mut world, alice, _) = World::two();
    let many: Vec<_> = (200..204).map(UserId).collect();
    let cases: [(&[UserId], CommandError); 4] = [
        (&[], CommandError::NoOpponents),
        (&[BOB, ALICE], CommandError::OwnUserAmongOpponents),
        (
            &[BOB, CAROL, BOB],
            CommandError::DuplicateOpponent { user: BOB },
        ),
        (&many, CommandError::TooManyOpponents { given: 4, limit: 3 }),
    ];
    for (opponents, error) in cases {
        assert_eq!(
            world.try_command(alice, create(&id(1), opponents)),
            Err(error)
        );
    }
    assert_eq!(world.core(alice).sessions().count(), 0);
    assert_eq!(
        CommandError::TooManyOpponents { given: 4, limit: 3 }.to_string(),
        "4 opponents are more than the 3 that are allowed"
    );
}

#[test]
fn a_session_id_is_used_once() {
    let (mut world, alice, _) = World::two();
    world.create(alice, &id(1), &[BOB]);
    assert_eq!(
        world.try_command(alice, create(&id(1), &[CAROL])),
        Err(CommandError::SessionExists)
    );
}

#[test]
fn an_unknown_session_is_told_from_a_closed_one() {
    let (mut world, alice, _) = World::two();
    for command in [start(), accept(), reject(), hang_up(), update(None)] {
        assert_eq!(
            world.try_command(alice, command),
            Err(CommandError::UnknownSession)
        );
    }
    world.dial(alice, &id(1), BOB);
    world.hang_up(alice, &id(1));
    assert_eq!(world.state(alice, &id(1)), Some(SessionState::GoingToClose));
    for _ in ["closing", "closed"] {
        for command in [start(), accept(), reject(), hang_up(), update(None)] {
            assert_eq!(
                world.try_command(alice, command),
                Err(CommandError::SessionClosed)
            );
        }
        world.run_for(secs(1));
    }
}

#[test]
fn a_caller_starts_once_and_cannot_answer_himself() {
    let (mut world, alice, _) = World::two();
    world.create(alice, &id(1), &[BOB]);
    assert_eq!(
        world.try_command(alice, update(None)),
        Err(CommandError::NotStarted)
    );
    assert_eq!(
        world.try_command(alice, accept()),
        Err(CommandError::NotCallee)
    );
    world.start(alice, &id(1));
    assert_eq!(
        world.try_command(alice, start()),
        Err(CommandError::AlreadyStarted)
    );
    assert_eq!(
        world.try_command(alice, accept()),
        Err(CommandError::NotCallee)
    );
    assert_eq!(
        world.try_command(alice, reject()),
        Err(CommandError::NotCallee)
    );
}

#[test]
fn a_callee_decides_once_and_cannot_start() {
    let (mut world, alice, bob) = World::two();
    world.dial(alice, &id(1), BOB);
    world.run_for(secs(1));
    assert_eq!(
        world.try_command(bob, start()),
        Err(CommandError::NotCaller)
    );
    world.accept(bob, &id(1));
    assert_eq!(
        world.try_command(bob, accept()),
        Err(CommandError::AlreadyAccepted)
    );
    assert_eq!(
        world.try_command(bob, reject()),
        Err(CommandError::AlreadyAccepted)
    );
    world.run_for(secs(2));
    assert_eq!(
        world.try_command(bob, accept()),
        Err(CommandError::AlreadyAccepted)
    );
}

#[test]
fn an_update_goes_to_those_in_the_call() {
    let (mut world, alice, bob) = World::two();
    world.connect(alice, bob, &id(1));
    assert_eq!(
        world.try_command(alice, update(Some(CAROL))),
        Err(CommandError::NotInCall { user: CAROL })
    );
    assert_eq!(world.try_command(alice, update(Some(BOB))), Ok(()));
    assert_eq!(world.sent(alice), ["update to 102/phone"]);
}

#[test]
fn an_update_cannot_overtake_the_call() {
    let (mut world, alice, _) = World::two();
    world.dial(alice, &id(1), BOB);
    for to in [None, Some(BOB)] {
        let refused = world.try_command(alice, update(to));
        assert_eq!(refused, Err(CommandError::NotStarted));
    }
    world.run_for(secs(1));
    assert_eq!(world.try_command(alice, update(None)), Ok(()));
    assert_eq!(world.sent(alice), ["call to 102", "update to 102"]);
}

#[test]
fn a_refused_command_changes_nothing() {
    let (mut world, alice, bob) = World::two();
    world.dial(alice, &id(1), BOB);
    world.run_for(secs(1));
    world.forget_logs();
    let before = format!("{:?}", world.core(bob));
    assert!(world.try_command(bob, start()).is_err());
    assert!(world.try_command(bob, update(Some(CAROL))).is_err());
    assert!(world.try_command(bob, create(&id(1), &[CAROL])).is_err());
    assert_eq!(format!("{:?}", world.core(bob)), before);
}

#[test]
fn outputs_that_are_not_taken_come_first_the_next_time() {
    let mut core = Core::new(ALICE, CallConfig::default(), 1).unwrap();
    let _ = core
        .command(Time::ORIGIN, Command::StartProcessing)
        .unwrap();
    let _ = core.command(Time::ORIGIN, create(&id(1), &[BOB])).unwrap();
    let untaken = core.command(Time::ORIGIN, start()).unwrap().len();
    let outputs = core.handle(Time::ORIGIN, Input::Timeout);
    assert_eq!(outputs.len(), untaken);
    assert_eq!(outputs.count(), untaken);
    assert_ne!(untaken, 0);
    assert_eq!(core.handle(Time::ORIGIN, Input::Timeout).len(), 0);
}

#[test]
fn destroying_leaves_every_call_and_delivers_no_more() {
    let (mut world, alice, bob) = World::two();
    let carol = world.device(CAROL, "phone");
    world.connect(alice, bob, &id(1));
    world.dial(carol, &id(2), BOB);
    world.create(bob, &id(3), &[CAROL]);
    world.run_for(secs(1));
    world.forget_logs();

    world.command(bob, Command::Destroy);
    assert!(world.core(alice).is_processing());
    assert!(!world.core(bob).is_processing());
    world.command(bob, Command::Destroy);
    world.run_for(secs(1));
    assert_eq!(
        world.sent(bob),
        ["hangUp to 101/phone", "reject to 103/phone"]
    );
    let plot = world.plot(bob);
    assert_eq!(plot.iter().filter(|event| *event == "Closed").count(), 3);
    assert_eq!(world.plot(alice)[0], "HungUp by 102");
    assert_eq!(world.plot(carol)[0], "Rejected by 102");
    world.assert_over();

    world.dial(carol, &id(4), BOB);
    world.run_for(secs(1));
    assert_eq!(world.story(bob), Vec::<String>::new());
    world.command(bob, Command::StartProcessing);
    world.run_for(secs(5));
    assert_eq!(
        world.plot(bob),
        ["NewSession from 103"],
        "the repetition rings"
    );
}

#[test]
fn more_opponents_than_allowed_are_refused() {
    let mut world = World::new();
    let alice = world.device(ALICE, "phone");
    let create = Command::Create {
        session: id(1),
        opponents: [102, 103, 104, 105].map(UserId).into(),
        call_type: CallType::Video,
    };
    assert_eq!(
        world.try_command(alice, create),
        Err(CommandError::TooManyOpponents { given: 4, limit: 3 })
    );
}

#[test]
fn a_session_says_who_is_in_it() {
    let (mut world, alice, bob) = World::two();
    world.dial(alice, &id(1), BOB);
    assert_eq!(world.state(alice, &id(1)), Some(SessionState::Pending));
    world.run_for(secs(1));

    for (device, direction, peer) in [
        (alice, Direction::Outgoing, BOB),
        (bob, Direction::Incoming, ALICE),
    ] {
        let session = world.core(device).session(&id(1)).unwrap();
        assert_eq!(session.id(), &id(1));
        assert_eq!(session.direction(), direction);
        assert_eq!(session.initiator(), ALICE);
        assert_eq!(session.opponents(), [BOB]);
        assert_eq!(session.call_type(), CallType::Video);
        assert_eq!(
            session.peers().map(|peer| peer.user()).collect::<Vec<_>>(),
            [peer]
        );
        assert!(session.peer(crate::common::CAROL).is_none());
    }
}
