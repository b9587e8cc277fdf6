//! Stream management: what was under way when a socket died arrives once.

use std::time::Duration;

use crate::common::chat::{bare, headline};
use crate::common::stream::Stream;
use crate::common::{Running, start, start_with};
use visavis_xmpp::tcp::Piece;

const SM: &str = "urn:xmpp:sm:3";

/// A stream of user 101 that can be resumed; gives back its name.
pub(crate) async fn managed(running: &Running, resource: &str) -> (Stream, String) {
    let mut stream = running.stream().await;
    stream.log_in(101, resource).await;
    stream
        .send(&format!("<enable xmlns='{SM}' resume='true'/>"))
        .await;
    let enabled = loop {
        let element = stream.element().await;
        if element.is(SM, "enabled") {
            break element;
        }
    };
    assert_eq!(enabled.attribute("resume"), Some("true"));
    let id = enabled.attribute("id").unwrap().to_owned();
    (stream, id)
}

/// What the server answers to somebody who wants to come back.
pub(crate) async fn come_back(
    running: &Running,
    user: u32,
    id: &str,
    handled: u32,
) -> (Stream, visavis_xmpp::xml::Element) {
    let mut stream = running.stream().await;
    let features = stream.authenticate(user).await;
    assert!(features.child_ns(SM, "sm").is_some());
    stream
        .send(&format!(
            "<resume xmlns='{SM}' previd='{id}' h='{handled}'/>"
        ))
        .await;
    let answer = stream.element().await;
    (stream, answer)
}

async fn ids(stream: &mut Stream, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    while ids.len() < count {
        let stanza = stream.stanza().await;
        ids.push(stanza.attribute("id").unwrap().to_owned());
    }
    ids
}

#[tokio::test]
async fn what_was_under_way_arrives_once_and_in_order() {
    let running = start().await;
    let mut bob = running.chat(102).await;
    let (mut ann, id) = managed(&running, "phone").await;
    for message in ["m1", "m2", "m3"] {
        bob.signal(message, &bare(101), "iceCandidates").await;
    }
    assert_eq!(ids(&mut ann, 3).await, ["m1", "m2", "m3"]);
    ann.send(&headline("a1", &bare(102), "accept")).await;
    assert_eq!(bob.stanza().await.attribute("id"), Some("a1"));
    // Gone without a word; m2 and m3 were read and never acknowledged.
    drop(ann);
    bob.signal("m4", &bare(101), "update").await;
    bob.fence().await;

    let (mut ann, resumed) = come_back(&running, 101, &id, 1).await;
    assert!(resumed.is(SM, "resumed"), "{resumed:?}");
    assert_eq!(resumed.attribute("previd"), Some(&*id));
    assert_eq!(resumed.attribute("h"), Some("1"));
    bob.signal("m5", &bare(101), "hangUp").await;
    assert_eq!(ids(&mut ann, 4).await, ["m2", "m3", "m4", "m5"]);
    ann.send(&headline("a2", &bare(102), "hangUp")).await;
    let a2 = bob.stanza().await;
    assert_eq!(a2.attribute("from"), Some(&*format!("{}/phone", bare(101))));

    // And once more, by the same name.
    drop(ann);
    let (_ann, resumed) = come_back(&running, 101, &id, 5).await;
    assert_eq!(resumed.attribute("h"), Some("2"));
}

#[tokio::test]
async fn a_stream_is_taken_from_a_socket_that_only_seems_alive() {
    let running = start().await;
    let mut bob = running.chat(102).await;
    let (mut old, id) = managed(&running, "phone").await;
    let (mut new, resumed) = come_back(&running, 101, &id, 0).await;
    assert!(resumed.is(SM, "resumed"), "{resumed:?}");
    let error = old.element().await;
    assert!(error.child("conflict").is_some(), "{error:?}");
    assert_eq!(old.piece().await, Some(Piece::Close));
    bob.signal("m1", &bare(101), "call").await;
    assert_eq!(ids(&mut new, 1).await, ["m1"]);
}

#[tokio::test]
async fn nobody_comes_back_to_the_stream_of_another() {
    let running = start().await;
    let (_ann, id) = managed(&running, "phone").await;
    for (user, name) in [(102, &*id), (101, "no-such-stream")] {
        let (mut stream, failed) = come_back(&running, user, name, 0).await;
        assert!(failed.is(SM, "failed"), "{failed:?}");
        assert!(failed.child("item-not-found").is_some());
        stream.bind("new").await;
    }
    let (_ann, resumed) = come_back(&running, 101, &id, 0).await;
    assert!(resumed.is(SM, "resumed"), "{resumed:?}");
}

#[tokio::test]
async fn a_stream_that_was_closed_in_good_order_is_over() {
    let running = start().await;
    let (mut ann, id) = managed(&running, "phone").await;
    ann.send("</stream:stream>").await;
    assert_eq!(ann.piece().await, Some(Piece::Close));
    let (_, failed) = come_back(&running, 101, &id, 0).await;
    assert!(failed.is(SM, "failed"), "{failed:?}");
}

#[tokio::test]
async fn others_learn_of_the_loss_only_when_the_time_is_up() {
    let running = start_with(|config| config.limits.resume_time = Duration::from_millis(50)).await;
    let mut tablet = running.stream().await;
    tablet.log_in(101, "tablet").await;
    let (ann, id) = managed(&running, "phone").await;
    let here = tablet.stanza().await;
    assert_eq!(here.attribute("from"), Some(&*ann.jid));
    drop(ann);
    let gone = tablet.stanza().await;
    assert_eq!(gone.attribute("type"), Some("unavailable"));
    let (_, failed) = come_back(&running, 101, &id, 0).await;
    assert!(failed.is(SM, "failed"), "{failed:?}");
}

#[tokio::test]
async fn a_wrong_count_never_ends_a_stream() {
    let running = start().await;
    let mut bob = running.chat(102).await;
    let (mut ann, id) = managed(&running, "phone").await;
    ann.send(&format!(
        "<a xmlns='{SM}' h='99'/><a xmlns='{SM}' h='x'/><a xmlns='{SM}'/>"
    ))
    .await;
    ann.send(&format!("<enable xmlns='{SM}' resume='true'/>"))
        .await;
    let again = ann.element().await;
    assert!(again.child("unexpected-request").is_some(), "{again:?}");
    bob.signal("m1", &bare(101), "call").await;
    assert_eq!(ids(&mut ann, 1).await, ["m1"]);
    ann.send(&format!("<r xmlns='{SM}'/>")).await;
    let answer = loop {
        let element = ann.element().await;
        if element.is(SM, "a") {
            break element;
        }
    };
    assert_eq!(answer.attribute("h"), Some("0"));
    drop(ann);
    let (mut ann, resumed) = come_back(&running, 101, &id, 4_000_000_000).await;
    assert!(resumed.is(SM, "resumed"), "{resumed:?}");
    assert_eq!(ids(&mut ann, 1).await, ["m1"]);
}

#[tokio::test]
async fn too_much_unacknowledged_costs_the_resumption_and_not_the_stream() {
    let running = start_with(|config| config.limits.outbound_stanzas = 4).await;
    let mut bob = running.chat(102).await;
    let (mut ann, id) = managed(&running, "phone").await;
    for round in 0..10 {
        let name = format!("m{round}");
        bob.signal(&name, &bare(101), "update").await;
        assert_eq!(ids(&mut ann, 1).await, [name]);
    }
    drop(ann);
    let (_, failed) = come_back(&running, 101, &id, 0).await;
    assert!(failed.is(SM, "failed"), "{failed:?}");
}

#[tokio::test]
async fn the_official_client_asks_for_acknowledgments_alone() {
    let running = start().await;
    let mut chat = running.chat(101).await;
    chat.send(&format!("<enable xmlns='{SM}'/>")).await;
    let enabled = chat.stanza().await;
    assert!(enabled.is(SM, "enabled"), "{enabled:?}");
    assert_eq!(enabled.attribute("id"), None);
    chat.signal("m1", &bare(101), "update").await;
    assert_eq!(chat.stanza().await.attribute("id"), Some("m1"));
    chat.send(&format!("<r xmlns='{SM}'/>")).await;
    assert_eq!(chat.stanza().await.attribute("h"), Some("1"));
}
