//! Lost connections that are brought back: by new paths, or by a new connection.

use crate::common::{ALICE, BOB, Device, World, id, secs, signal};
use visavis_call::TransportEvent;
use visavis_signal::{Body, DescriptionKind, SessionDescription, Signal, Update};

fn connected(mut world: World) -> (World, Device, Device) {
    let (alice, bob) = (world.device(ALICE, "phone"), world.device(BOB, "phone"));
    world.connect(alice, bob, &id(1));
    (world, alice, bob)
}

fn lose(world: &mut World, device: Device) {
    let other = if world.address(device).user == ALICE {
        BOB
    } else {
        ALICE
    };
    world.transport(device, &id(1), other, TransportEvent::Disconnected);
}

fn reconnect(offer_id: &str, kind: DescriptionKind) -> Signal {
    let description = SessionDescription {
        offer_id: offer_id.into(),
        kind,
        sdp: "described anew".into(),
    };
    signal(
        &id(1),
        ALICE,
        &[BOB],
        Body::Update(Update::Reconnect(description)),
    )
}

#[test]
fn an_answer_to_another_offer_is_out_of_date() {
    let (mut world, alice, bob) = connected(World::new());
    let bob = world.address(bob);
    world.chat_works = false;
    lose(&mut world, alice);
    world.run_for(secs(6));
    world.forget_logs();
    world.receive(
        alice,
        &bob,
        reconnect("another offer", DescriptionKind::Answer),
    );
    let connections = world.connections(alice);
    assert!(
        !connections
            .iter()
            .any(|command| command.starts_with("ApplyAnswer"))
    );
}

#[test]
fn nobody_outside_the_call_can_replace_a_connection() {
    let (mut world, alice, _) = connected(World::new());
    let stranger = visavis_call::Address::device(crate::common::MALLORY, "x");
    world.receive(alice, &stranger, reconnect("evil", DescriptionKind::Offer));
    assert_eq!(world.connections(alice), Vec::<String>::new());
}
