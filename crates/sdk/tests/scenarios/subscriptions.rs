//! Any number of listeners, early and late: each sees everything from then on.

use visavis::{CallEvent, Subscription, UserInfo};

use crate::people::{connected, ringing, two, until};

/// The names of the events up to the end of the call; statistics may be left out.
async fn names(mut events: Subscription<CallEvent>) -> Vec<String> {
    let mut names = Vec::new();
    until(&mut events, |event| {
        let text = format!("{event:?}");
        let name = text
            .split([' ', '{', '('])
            .next()
            .unwrap_or_default()
            .to_owned();
        if name != "Stats" {
            names.push(name);
        }
        matches!(event, CallEvent::Closed { .. }).then_some(())
    })
    .await;
    names
}

#[tokio::test]
async fn each_of_several_sees_the_same_in_the_same_order() {
    let (mut alice, mut bob) = two();
    let (first, second) = (alice.client.subscribe(), alice.client.subscribe());
    drop(alice.client.subscribe());
    let (ours, _theirs) = connected(&mut alice, &mut bob).await;
    ours.hang_up(UserInfo::new()).unwrap();
    let (first, second) = tokio::join!(names(first), names(second));
    assert_eq!(first, second);
    for expected in [
        "Accepted",
        "StartConnect",
        "Connected",
        "RemoteAudioTrack",
        "StartClose",
        "Closed",
    ] {
        assert!(
            first.iter().any(|name| name == expected),
            "{expected} in {first:?}"
        );
    }
    assert_eq!(first.last().map(String::as_str), Some("Closed"));
}

#[tokio::test]
async fn a_late_one_sees_what_comes_after() {
    let (mut alice, mut bob) = two();
    let (ours, _theirs) = connected(&mut alice, &mut bob).await;
    let late = alice.client.subscribe();
    ours.hang_up(UserInfo::new()).unwrap();
    let seen = names(late).await;
    assert!(
        seen.iter()
            .all(|name| name != "Accepted" && name != "StartConnect"),
        "{seen:?}"
    );
    assert!(seen.iter().any(|name| name == "StartClose"), "{seen:?}");
}

#[tokio::test]
async fn one_that_is_never_read_keeps_nobody_waiting() {
    let (mut alice, mut bob) = two();
    let unread = alice.client.subscribe();
    let (ours, _theirs) = connected(&mut alice, &mut bob).await;
    ours.hang_up(UserInfo::new()).unwrap();
    tokio::join!(alice.closed(), bob.closed());
    let seen = names(unread).await;
    assert!(seen.iter().any(|name| name == "Connected"), "{seen:?}");
}

#[tokio::test]
async fn a_call_has_listeners_of_its_own_which_end_with_it() {
    let (mut alice, mut bob) = two();
    let (first, _) = ringing(&alice, &mut bob).await;
    let (second, _) = ringing(&alice, &mut bob).await;
    let mut of_first = first.subscribe().unwrap();
    let of_second = second.subscribe().unwrap();
    first.hang_up(UserInfo::new()).unwrap();
    alice.closed().await;
    until(&mut of_first, |event| {
        assert_eq!(*event.session(), first);
        matches!(event, CallEvent::Closed { .. }).then_some(())
    })
    .await;
    assert!(of_first.recv().await.is_none());
    second.hang_up(UserInfo::new()).unwrap();
    let seen = names(of_second).await;
    assert_eq!(seen.last().map(String::as_str), Some("Closed"));
}
