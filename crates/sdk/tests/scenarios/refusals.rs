//! What an app cannot do is refused, each time with the error that says why.

use std::time::Duration;

use visavis::{
    CallClient, CallConfig, CallError, CallEvent, CallType, SessionId, SessionState, UserId,
    UserInfo,
};

use crate::exchange::Exchange;
use crate::people::{ALICE, BOB, CAROL, Person, broken_media, connected, ringing, two};

fn info() -> UserInfo {
    UserInfo::new()
}

#[tokio::test]
async fn without_signaling_nothing_can_be_called_or_processed() {
    let client = CallClient::new(CallConfig::default()).unwrap();
    let created = client.create_session(&[BOB], CallType::Video);
    assert!(matches!(created, Err(CallError::NotAttached)));
    assert!(matches!(
        client.start_processing(),
        Err(CallError::NotAttached)
    ));
    client.destroy().await;
}

#[tokio::test]
async fn without_chat_no_call_is_created_or_started() {
    let (alice, _bob) = two();
    let early = alice
        .client
        .create_session(&[BOB], CallType::Video)
        .unwrap();
    alice.desk.disconnect();
    let created = alice.client.create_session(&[BOB], CallType::Video);
    assert!(matches!(created, Err(CallError::ChatNotConnected)));
    assert!(matches!(
        early.start(info()),
        Err(CallError::ChatNotConnected)
    ));
    assert_eq!(early.state(), SessionState::New);
}

#[tokio::test]
async fn before_processing_no_call_is_created_and_none_delivered() {
    let exchange = Exchange::default();
    let bob = CallClient::new(CallConfig::default()).unwrap();
    let mut events = bob.subscribe();
    bob.attach(exchange.desk(BOB)).unwrap();
    let created = bob.create_session(&[ALICE], CallType::Video);
    assert!(matches!(created, Err(CallError::NotProcessing)));

    let mut alice = Person::at(&exchange, ALICE);
    let call = alice
        .client
        .create_session(&[BOB], CallType::Audio)
        .unwrap();
    call.start(info()).unwrap();
    call.hang_up(info()).unwrap();
    alice.closed().await;
    bob.start_processing().unwrap();
    let second = alice
        .client
        .create_session(&[BOB], CallType::Audio)
        .unwrap();
    second.start(info()).unwrap();
    let first_seen = crate::people::until(&mut events, Some).await;
    assert!(
        matches!(&first_seen, CallEvent::StateChanged { session, .. } | CallEvent::NewSession { session } if session.id() == second.id()),
        "{first_seen:?}"
    );
}

#[tokio::test]
async fn a_list_of_opponents_that_makes_no_call_is_refused() {
    let (alice, _bob) = two();
    let create = |opponents: &[UserId]| {
        alice
            .client
            .create_session(opponents, CallType::Video)
            .map(|session| session.id().clone())
    };
    assert!(matches!(create(&[]), Err(CallError::NoOpponents)));
    assert!(matches!(create(&[ALICE]), Err(CallError::OwnUser)));
    assert!(matches!(create(&[BOB, ALICE]), Err(CallError::OwnUser)));
    assert!(matches!(
        create(&[BOB, CAROL, BOB]),
        Err(CallError::DuplicateOpponent { user: BOB })
    ));
    let many: Vec<UserId> = (200..204).map(UserId).collect();
    assert!(matches!(
        create(&many),
        Err(CallError::TooManyOpponents { given: 4, limit: 3 })
    ));
    assert!(create(&many[..3]).is_ok());
}

#[tokio::test]
async fn a_call_starts_once_and_only_by_its_caller() {
    let (alice, mut bob) = two();
    let (ours, theirs) = ringing(&alice, &mut bob).await;
    assert!(matches!(ours.start(info()), Err(CallError::AlreadyStarted)));
    assert!(matches!(theirs.start(info()), Err(CallError::NotCaller)));
    assert_eq!(ours.state(), SessionState::Pending);
}

#[tokio::test]
async fn a_caller_cannot_answer_himself() {
    let (alice, mut bob) = two();
    let (ours, _) = ringing(&alice, &mut bob).await;
    assert!(matches!(ours.accept(info()), Err(CallError::NotCallee)));
    assert!(matches!(ours.reject(info()), Err(CallError::NotCallee)));
}

#[tokio::test]
async fn a_call_is_accepted_once() {
    let (mut alice, mut bob) = two();
    let (_ours, theirs) = connected(&mut alice, &mut bob).await;
    assert!(matches!(
        theirs.accept(info()),
        Err(CallError::AlreadyAccepted)
    ));
    assert!(matches!(
        theirs.reject(info()),
        Err(CallError::AlreadyAccepted)
    ));
    assert_eq!(theirs.state(), SessionState::Connected);
}

#[tokio::test]
async fn what_needs_a_call_under_way_is_refused_before() {
    let (alice, _bob) = two();
    let call = alice
        .client
        .create_session(&[BOB], CallType::Video)
        .unwrap();
    assert!(matches!(
        call.update(None, info()),
        Err(CallError::NotStarted)
    ));
    assert!(matches!(call.hold(), Err(CallError::NotStarted)));
    assert!(matches!(
        call.add(CAROL, info()),
        Err(CallError::NotStarted)
    ));
}

#[tokio::test]
async fn somebody_outside_the_call_is_not_written_to_and_somebody_inside_not_added() {
    let (mut alice, mut bob) = two();
    let (ours, _theirs) = connected(&mut alice, &mut bob).await;
    assert!(matches!(
        ours.update(Some(CAROL), info()),
        Err(CallError::NotInCall { user: CAROL })
    ));
    assert!(matches!(
        ours.add(BOB, info()),
        Err(CallError::AlreadyInCall { user: BOB })
    ));
}

#[tokio::test]
async fn a_closed_call_takes_no_verb() {
    let (mut alice, mut bob) = two();
    let (ours, theirs) = connected(&mut alice, &mut bob).await;
    ours.hang_up(info()).unwrap();
    tokio::join!(alice.closed(), bob.closed());
    for session in [ours, theirs] {
        let verbs = [
            session.start(info()),
            session.accept(info()),
            session.reject(info()),
            session.hang_up(info()),
            session.update(None, info()),
            session.hold(),
            session.resume(),
            session.upgrade(CallType::Audio),
            session.add(CAROL, info()),
        ];
        for refused in verbs {
            assert!(matches!(refused, Err(CallError::Closed)), "{refused:?}");
        }
        assert_eq!(session.state(), SessionState::Closed);
        assert!(session.local_video_track().is_none());
        assert!(session.local_audio_track().is_none());
    }
    assert!(alice.client.sessions().is_empty() && bob.client.sessions().is_empty());
}

#[tokio::test]
async fn a_call_that_never_was_cannot_be_rejoined() {
    let (alice, _bob) = two();
    let unknown = SessionId::from_bytes([7; 16]);
    assert!(matches!(
        alice.client.rejoin(&unknown),
        Err(CallError::Closed)
    ));
}

#[tokio::test]
async fn a_source_that_cannot_be_opened_is_told_before_anybody_rings() {
    let (alice, mut bob) = two();
    alice.client.set_local_media(broken_media());
    let call = alice
        .client
        .create_session(&[BOB], CallType::Video)
        .unwrap();
    let Err(CallError::Source(reason)) = call.start(info()) else {
        panic!("the source is broken");
    };
    assert_eq!(reason.to_string(), "no microphone");
    assert_eq!(call.state(), SessionState::New);
    // With another one the same call starts: it is the first that Bob hears of.
    alice.client.set_local_media(visavis::LocalMedia::none());
    call.start(info()).unwrap();
    assert_eq!(bob.incoming().await.id(), call.id());
}

#[tokio::test]
async fn a_broken_source_leaves_the_call_ringing_for_another_try() {
    let (mut alice, mut bob) = two();
    bob.client.set_local_media(broken_media());
    let (_ours, theirs) = ringing(&alice, &mut bob).await;
    assert!(matches!(theirs.accept(info()), Err(CallError::Source(_))));
    bob.client.set_local_media(visavis::LocalMedia::none());
    theirs.accept(info()).unwrap();
    tokio::join!(alice.connected(), bob.connected());
}

#[tokio::test]
async fn settings_out_of_range_are_refused_with_their_name() {
    let default = CallConfig::default;
    let seconds = Duration::from_secs;
    for (config, name) in [
        (
            CallConfig {
                answer_interval: seconds(9),
                ..default()
            },
            "answer",
        ),
        (
            CallConfig {
                answer_interval: seconds(601),
                ..default()
            },
            "answer",
        ),
        (
            CallConfig {
                dialing_interval: seconds(2),
                ..default()
            },
            "dialing",
        ),
        (
            CallConfig {
                disconnect_time: seconds(301),
                ..default()
            },
            "disconnect",
        ),
        (
            CallConfig {
                max_opponents: 0,
                ..default()
            },
            "opponents",
        ),
        (
            CallConfig {
                incoming_limit: 17,
                ..default()
            },
            "incoming",
        ),
    ] {
        let refused = CallClient::new(config).expect_err(name);
        assert!(refused.to_string().contains(name), "{refused}");
    }
}
