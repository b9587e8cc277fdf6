//! Muted, on hold, with and without video: what the others are told.

use crate::common::{ALICE, BOB, Device, World, id, secs};
use visavis_call::{Command, CommandError};
use visavis_signal::{Body, CallType, Update, UserInfo};

fn connected(mut world: World, call_type: CallType) -> (World, Device, Device) {
    let (alice, bob) = (world.device(ALICE, "phone"), world.device(BOB, "phone"));
    let session = id(1);
    let opponents = vec![BOB];
    world.command(
        alice,
        Command::Create {
            session,
            opponents,
            call_type,
        },
    );
    world.start(alice, &id(1));
    world.run_for(secs(1));
    world.accept(bob, &id(1));
    world.run_for(secs(2));
    world.forget_logs();
    (world, alice, bob)
}

fn set_media(audio: bool, video: bool) -> Command {
    Command::SetMedia {
        session: id(1),
        audio,
        video,
    }
}

#[test]
fn muting_is_told_once() {
    let (mut world, alice, bob) = connected(World::of_our_own(), CallType::Video);
    world.command(alice, set_media(false, true));
    world.command(alice, set_media(false, true));
    world.run_for(secs(1));
    assert_eq!(world.plot(bob), ["MediaChanged of 101: video"]);
    assert_eq!(world.sent(alice), ["update to 102/phone"]);
}

#[test]
fn who_was_muted_before_the_connection_says_so_then() {
    let mut world = World::of_our_own();
    let (alice, bob) = (world.device(ALICE, "phone"), world.device(BOB, "phone"));
    world.dial(alice, &id(1), BOB);
    world.command(alice, set_media(false, true));
    world.run_for(secs(1));
    world.accept(bob, &id(1));
    world.run_for(secs(2));
    assert!(
        world
            .plot(bob)
            .contains(&"MediaChanged of 101: video".into())
    );
}

#[test]
fn hold_pauses_the_connection_and_is_told() {
    let (mut world, alice, bob) = connected(World::of_our_own(), CallType::Video);
    world.command(alice, Command::Hold { session: id(1) });
    world.run_for(secs(1));
    assert_eq!(world.connections(alice), ["SetHeld true"]);
    assert_eq!(world.plot(bob), ["Held by 101"]);
    world.command(alice, Command::Resume { session: id(1) });
    world.run_for(secs(1));
    assert_eq!(world.connections(alice), ["SetHeld false"]);
    assert_eq!(world.plot(bob), ["Resumed by 101"]);
}

#[test]
fn a_call_that_was_not_taken_cannot_be_held() {
    let (mut world, alice, _) = World::two();
    world.dial(alice, &id(1), BOB);
    let hold = Command::Hold { session: id(1) };
    assert_eq!(
        world.try_command(alice, hold),
        Err(CommandError::NotStarted)
    );
}

#[test]
fn an_audio_call_becomes_one_with_video_and_back() {
    let (mut world, alice, bob) = connected(World::of_our_own(), CallType::Audio);
    for call_type in [CallType::Video, CallType::Audio] {
        world.command(
            alice,
            Command::Upgrade {
                session: id(1),
                call_type,
            },
        );
        world.run_for(secs(1));
        let plot = world.plot(bob);
        assert!(
            plot.contains(&format!("UpgradeRequested by 101: {call_type:?}")),
            "{plot:?}"
        );
        for device in [alice, bob] {
            let session = world.core(device).session(&id(1)).unwrap();
            assert_eq!(session.call_type(), call_type);
        }
        assert!(
            world
                .connections(alice)
                .contains(&format!("Renegotiate {call_type:?}"))
        );
    }
}

#[test]
fn a_camera_never_comes_on_by_itself() {
    let (mut world, alice, bob) = connected(World::of_our_own(), CallType::Audio);
    let call_type = CallType::Video;
    world.command(
        alice,
        Command::Upgrade {
            session: id(1),
            call_type,
        },
    );
    world.run_for(secs(1));
    assert!(!world.core(bob).session(&id(1)).unwrap().media().video);
    assert!(world.core(alice).session(&id(1)).unwrap().media().video);
}

#[test]
fn clients_of_the_documented_system_are_told_nothing_new() {
    let (mut world, alice, _) = connected(World::new(), CallType::Audio);
    world.command(alice, set_media(false, false));
    world.command(alice, Command::Hold { session: id(1) });
    let call_type = CallType::Video;
    let upgrade = Command::Upgrade {
        session: id(1),
        call_type,
    };
    assert_eq!(
        world.try_command(alice, upgrade),
        Err(CommandError::NobodyUpgrades)
    );
    assert_eq!(world.sent(alice), Vec::<String>::new());
}

#[test]
fn ringing_is_told_once_and_only_to_our_own() {
    let mut world = World::of_our_own();
    let alice = world.device(ALICE, "phone");
    world.device(BOB, "phone");
    world.device(BOB, "laptop");
    world.dial(alice, &id(1), BOB);
    world.run_for(secs(12));
    let plot = world.plot(alice);
    assert_eq!(plot, ["Ringing at 102"]);

    let (mut world, alice, bob) = World::two();
    world.dial(alice, &id(1), BOB);
    world.run_for(secs(1));
    assert_eq!(world.sent(bob), Vec::<String>::new());
    assert_eq!(world.plot(alice), Vec::<String>::new());
}

#[test]
fn data_of_the_app_goes_to_all_or_to_one() {
    let (mut world, alice, bob) = connected(World::of_our_own(), CallType::Video);
    let user_info = crate::common::info(&[("k", "v")]);
    let to_bob = Command::Update {
        session: id(1),
        to: Some(BOB),
        user_info: user_info.clone(),
    };
    let to_all = Command::Update {
        session: id(1),
        to: None,
        user_info,
    };
    for update in [to_bob, to_all] {
        world.command(alice, update);
        world.run_for(secs(1));
        assert_eq!(world.plot(bob), ["Updated by 101"]);
    }
    let nobody = Command::Update {
        session: id(1),
        to: Some(crate::common::CAROL),
        user_info: UserInfo::new(),
    };
    let user = crate::common::CAROL;
    assert_eq!(
        world.try_command(alice, nobody),
        Err(CommandError::NotInCall { user })
    );
    assert!(matches!(
        &world.sent_signals(alice)[0].body,
        Body::Update(Update::Data { reason: None })
    ));
}
