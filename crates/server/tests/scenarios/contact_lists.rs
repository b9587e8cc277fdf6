//! Contact lists, subscriptions and presence (RFC 6121 sections 2 to 4).

use visavis_xmpp::xml::Element;

use crate::common::chat::{Chat, bare};
use crate::common::{APP, OTHER_APP, Running, start, start_with};

const ROSTER: &str = "jabber:iq:roster";

/// Asks for the list.
async fn list(chat: &mut Chat) -> Vec<(String, String)> {
    let list = chat
        .ask("get", "", &format!("<query xmlns='{ROSTER}'/>"))
        .await;
    assert_eq!(list.attribute("type"), Some("result"));
    let items = list.child_ns(ROSTER, "query").unwrap().children();
    items.map(item).collect()
}

/// Whom an item is about, and what he is.
fn item(item: &Element) -> (String, String) {
    let value = |name| item.attribute(name).unwrap_or_default().to_owned();
    (value("jid"), value("subscription"))
}

async fn change(chat: &mut Chat, item: &str) -> Element {
    chat.ask(
        "set",
        "",
        &format!("<query xmlns='{ROSTER}'>{item}</query>"),
    )
    .await
}

async fn say(chat: &mut Chat, to: &str, type_: &str) {
    chat.send(&format!(
        "<presence to='{to}' type='{type_}' xmlns='jabber:client'/>"
    ))
    .await;
}

/// What has come: presence of others by type and sender, pushes by item.
async fn seen(chat: &mut Chat) -> Vec<(String, String)> {
    let own = chat.jid.split('/').next().unwrap().to_owned();
    let mut stanzas = chat.fence().await;
    stanzas.retain(|stanza| {
        let from = stanza.attribute("from").unwrap_or_default();
        stanza.name() != "presence" || !from.starts_with(&own)
    });
    let told = stanzas.iter().map(|stanza| match stanza.name() {
        "presence" => {
            let type_ = stanza.attribute("type").unwrap_or("available");
            let from = stanza.attribute("from").unwrap_or_default();
            (type_.to_owned(), from.to_owned())
        }
        _ => {
            let query = stanza.child_ns(ROSTER, "query").unwrap();
            assert_eq!(stanza.attribute("type"), Some("set"));
            assert_eq!(stanza.attribute("to"), Some(&*chat.jid));
            let (jid, subscription) = item(query.children().next().unwrap());
            (format!("list: {subscription}"), jid)
        }
    });
    told.collect()
}

fn told(what: &str, from: &str) -> (String, String) {
    (what.to_owned(), from.to_owned())
}

/// Ann may see Bob and he her, by the book.
async fn friends(running: &Running) -> (Chat, Chat) {
    let mut ann = running.chat(101).await;
    let mut bob = running.chat(102).await;
    say(&mut ann, &bare(102), "subscribe").await;
    ann.fence().await;
    say(&mut bob, &bare(101), "subscribed").await;
    say(&mut bob, &bare(101), "subscribe").await;
    bob.fence().await;
    say(&mut ann, &bare(102), "subscribed").await;
    ann.fence().await;
    bob.fence().await;
    (ann, bob)
}

#[tokio::test]
async fn a_list_is_kept_and_every_device_learns_of_changes() {
    let running = start().await;
    let mut phone = running.chat(101).await;
    let mut tablet = running.chat(101).await;
    phone.fence().await;
    tablet.fence().await;
    let added = format!(
        "<item jid='{}' name='Bob &amp; co'><group>A</group></item>",
        bare(102)
    );
    assert_eq!(
        change(&mut phone, &added).await.attribute("type"),
        Some("result")
    );
    let push = [told("list: none", &bare(102))];
    assert_eq!(seen(&mut phone).await, push);
    assert_eq!(seen(&mut tablet).await, push);
    drop((phone, tablet));

    let mut later = running.chat(101).await;
    let query = format!("<query xmlns='{ROSTER}'/>");
    let kept = later.ask("get", "", &query).await;
    let item = kept.child("query").unwrap().child("item").unwrap();
    assert_eq!(item.attribute("name"), Some("Bob & co"));
    assert_eq!(item.child("group").unwrap().text(), "A");
    let removed = format!("<item jid='{}' subscription='remove'/>", bare(102));
    change(&mut later, &removed).await;
    assert_eq!(seen(&mut later).await, [told("list: remove", &bare(102))]);
    assert!(list(&mut later).await.is_empty());
    let again = change(&mut later, &removed).await;
    assert_eq!(again.attribute("type"), Some("error"));
}

#[tokio::test]
async fn asking_agreeing_and_seeing() {
    let running = start().await;
    let mut ann = running.chat(101).await;
    let mut bob = running.chat(102).await;
    let bob_there = bob.jid.clone();
    say(&mut ann, &bare(102), "subscribe").await;
    assert_eq!(seen(&mut ann).await, [told("list: none", &bare(102))]);
    assert_eq!(seen(&mut bob).await, [told("subscribe", &bare(101))]);
    say(&mut bob, &bare(101), "subscribed").await;
    assert_eq!(seen(&mut bob).await, [told("list: from", &bare(101))]);
    assert_eq!(
        seen(&mut ann).await,
        [
            told("subscribed", &bare(102)),
            told("list: to", &bare(102)),
            told("available", &bob_there),
        ]
    );
    // Only one way so far.
    ann.send("<presence xmlns='jabber:client'><show>dnd</show></presence>")
        .await;
    ann.fence().await;
    assert!(seen(&mut bob).await.is_empty());
    bob.send("<presence xmlns='jabber:client'><show>away</show></presence>")
        .await;
    bob.fence().await;
    assert_eq!(seen(&mut ann).await, [told("available", &bob_there)]);

    // A device that comes later is told at once; one that goes is missed.
    let mut tablet = running.chat(101).await;
    assert_eq!(seen(&mut tablet).await, [told("available", &bob_there)]);
    ann.fence().await;
    drop(bob);
    assert_eq!(ann.stanza().await.attribute("type"), Some("unavailable"));
}

#[tokio::test]
async fn a_question_waits_for_who_is_offline() {
    let running = start().await;
    let mut ann = running.chat(101).await;
    say(&mut ann, &bare(102), "subscribe").await;
    ann.fence().await;
    for _ in 0..2 {
        let mut bob = running.chat(102).await;
        assert_eq!(seen(&mut bob).await, [told("subscribe", &bare(101))]);
    }
    let mut bob = running.chat(102).await;
    say(&mut bob, &bare(101), "unsubscribed").await;
    bob.fence().await;
    assert_eq!(list(&mut ann).await, [(bare(102), "none".to_owned())]);
    let mut bob = running.chat(102).await;
    let asked = seen(&mut bob).await;
    assert!(
        asked.iter().all(|(what, _)| what != "subscribe"),
        "{asked:?}"
    );
}

#[tokio::test]
async fn parting_ends_what_is_seen() {
    let running = start().await;
    let (mut ann, mut bob) = friends(&running).await;
    assert_eq!(list(&mut ann).await, [(bare(102), "both".to_owned())]);
    assert_eq!(list(&mut bob).await, [(bare(101), "both".to_owned())]);
    let removed = format!("<item jid='{}' subscription='remove'/>", bare(101));
    change(&mut bob, &removed).await;
    let seen_by_ann = seen(&mut ann).await;
    for expected in [
        told("unsubscribe", &bare(102)),
        told("unsubscribed", &bare(102)),
        told("unavailable", &bob.jid),
        told("list: none", &bare(102)),
    ] {
        assert!(
            seen_by_ann.contains(&expected),
            "{expected:?}: {seen_by_ann:?}"
        );
    }
    bob.fence().await;
    ann.send("<presence xmlns='jabber:client'/>").await;
    ann.fence().await;
    assert!(seen(&mut bob).await.is_empty());
}

#[tokio::test]
async fn presence_may_be_told_to_a_stranger() {
    let running = start().await;
    let mut ann = running.chat(101).await;
    let mut bob = running.chat(102).await;
    let mut there = running.chat_of(102, OTHER_APP).await;
    for to in [bare(102), there.jid.clone()] {
        ann.send(&format!("<presence to='{to}' xmlns='jabber:client'/>"))
            .await;
    }
    ann.fence().await;
    assert_eq!(seen(&mut bob).await, [told("available", &ann.jid)]);
    let ann_there = ann.jid.clone();
    drop(ann);
    let gone = bob.stanza().await;
    assert_eq!(gone.attribute("type"), Some("unavailable"));
    assert_eq!(gone.attribute("from"), Some(&*ann_there));
    assert!(there.fence().await.is_empty());
}

#[tokio::test]
async fn lists_are_bounded_and_stay_within_an_application() {
    let running = start_with(|config| config.limits.contacts_per_user = 1).await;
    let mut ann = running.chat(101).await;
    for (jid, error) in [
        (format!("102-{OTHER_APP}@chat.test"), "item-not-found"),
        ("102-4242@elsewhere.test".to_owned(), "item-not-found"),
        (bare(101), "item-not-found"),
        ("a@b@c".to_owned(), "jid-malformed"),
    ] {
        let refused = change(&mut ann, &format!("<item jid='{jid}'/>")).await;
        assert_eq!(refused.attribute("type"), Some("error"), "{jid}");
        let named = refused.child("error").unwrap();
        assert!(named.child(error).is_some(), "{jid}: {}", named.to_xml());
    }
    change(&mut ann, &format!("<item jid='{}'/>", bare(102))).await;
    let full = change(&mut ann, &format!("<item jid='{}'/>", bare(103))).await;
    let error = full.child("error").unwrap();
    assert!(error.child("resource-constraint").is_some());
    ann.fence().await;
    assert_eq!(list(&mut ann).await.len(), 1);
    // Whoever does not exist is a contact like one who never answers.
    let removed = format!("<item jid='{}' subscription='remove'/>", bare(102));
    change(&mut ann, &removed).await;
    say(&mut ann, &format!("999-{APP}@chat.test"), "subscribe").await;
    ann.fence().await;
    let (_, subscription) = list(&mut ann).await.remove(0);
    assert_eq!(subscription, "none");
}
