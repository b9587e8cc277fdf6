//! Signals that are under way when a connection dies arrive once, in order,
//! when it is taken up again.

use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;
use visavis::{Address, ChatClient, ChatConfig, Signal, Signaling, SignalingEvent, UserId};
use visavis_signal::Body;
use visavis_stage::{ALICE, BOB, Stage};

use crate::line::{Line, Traffic};

/// A test that hangs fails; nothing is measured by it.
const PATIENCE: Duration = Duration::from_secs(60);

async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("it happens")
}

/// A signal that can be told from others.
fn signal(number: usize) -> Signal {
    let session = format!("00000000-0000-4000-8000-{number:012x}");
    Signal::new(session.parse().unwrap(), Body::HangUp)
}

fn send(chat: &ChatClient, to: UserId, number: usize) {
    chat.send(&Address::bare(to), &signal(number)).unwrap();
}

/// The signals that come, as numbers, until so many are there.
async fn numbers(events: &mut UnboundedReceiver<SignalingEvent>, count: usize) -> Vec<usize> {
    let mut numbers = Vec::new();
    while numbers.len() < count {
        if let SignalingEvent::Received { signal: got, .. } = soon(events.recv()).await.unwrap() {
            let number = (0..100).find(|&number| signal(number).session == got.session);
            numbers.push(number.unwrap());
        }
    }
    numbers
}

#[tokio::test]
async fn signals_survive_a_dead_socket() {
    let stage = Stage::open().await.unwrap();
    let mut line = Line::to(&stage.account("alice").server).await;
    let through_the_line = ChatConfig {
        server: line.address(),
        ..stage.account("alice")
    };
    let alice = ChatClient::connect(through_the_line).await.unwrap();
    let bob = ChatClient::connect(stage.account("bob")).await.unwrap();
    let (mut to_alice, mut to_bob) = (alice.subscribe(), bob.subscribe());

    send(&bob, ALICE, 0);
    send(&alice, BOB, 0);
    assert_eq!(numbers(&mut to_alice, 1).await, [0]);
    assert_eq!(numbers(&mut to_bob, 1).await, [0]);

    line.set(Traffic::Swallowed);
    for number in 1..5 {
        send(&bob, ALICE, number);
        send(&alice, BOB, number);
    }
    soon(line.swallowed_both_ways()).await;
    line.set(Traffic::Broken);
    let lost = soon(to_alice.recv()).await.unwrap();
    assert!(matches!(lost, SignalingEvent::Lost), "{lost:?}");
    // Sent while Alice is away.
    send(&bob, ALICE, 5);
    line.set(Traffic::Flows);

    assert_eq!(numbers(&mut to_alice, 5).await, [1, 2, 3, 4, 5]);
    assert_eq!(numbers(&mut to_bob, 4).await, [1, 2, 3, 4]);
    // Nothing comes twice: what follows is next.
    send(&bob, ALICE, 6);
    assert_eq!(numbers(&mut to_alice, 1).await, [6]);
    send(&alice, BOB, 6);
    assert_eq!(numbers(&mut to_bob, 1).await, [6]);
}
