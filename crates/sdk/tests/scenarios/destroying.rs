//! A client is destroyed: its calls end, its chat stays.

use visavis::{CallError, CallEvent, CallType, SessionState, Signaling};

use crate::people::{ALICE, BOB, connected, ringing, two};

#[tokio::test]
async fn every_call_is_hung_up_and_closed_and_the_chat_stays() {
    let (mut alice, mut bob) = two();
    let (ours, _theirs) = connected(&mut alice, &mut bob).await;
    let (ringing, _) = ringing(&alice, &mut bob).await;
    alice.client.destroy().await;
    assert_eq!(ours.state(), SessionState::Closed);
    assert_eq!(ringing.state(), SessionState::Closed);
    for _ in 0..2 {
        alice.closed().await;
        let user = bob
            .until(|event| match event {
                CallEvent::HungUp { user, .. } => Some(user),
                _ => None,
            })
            .await;
        assert_eq!(user, ALICE);
    }
    assert!(alice.desk.is_connected());
}

#[tokio::test]
async fn a_second_time_does_nothing() {
    let (mut alice, mut bob) = two();
    connected(&mut alice, &mut bob).await;
    alice.client.destroy().await;
    alice.client.destroy().await;
    alice.client.clone().destroy().await;
    alice.closed().await;
}

#[tokio::test]
async fn afterwards_nothing_can_be_called_until_it_is_attached_again() {
    let (alice, mut bob) = two();
    alice.client.destroy().await;
    let created = alice.client.create_session(&[BOB], CallType::Video);
    assert!(matches!(created, Err(CallError::NotAttached)));
    alice.client.attach(alice.desk.clone()).unwrap();
    alice.client.start_processing().unwrap();
    ringing(&alice, &mut bob).await;
}

#[tokio::test]
async fn dropping_the_last_handle_ends_the_subscriptions() {
    let (alice, bob) = two();
    let mut events = alice.events;
    drop(alice.client);
    assert!(events.recv().await.is_none());
    drop(bob);
}
