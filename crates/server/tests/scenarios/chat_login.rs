//! From an open socket to a bound resource, as the official client does it.

use std::time::Duration;

use crate::common::chat::{Chat, bare};
use crate::common::{APP, DOMAIN, OTHER_APP, start, start_with};

#[tokio::test]
async fn by_password() {
    let running = start().await;
    let mut chat = running.chat(101).await;
    assert!(chat.jid.starts_with(&format!("101-{APP}@{DOMAIN}/")));
    assert!(chat.fence().await.is_empty());
}

#[tokio::test]
async fn by_token_of_the_same_user_only() {
    let running = start().await;
    let rest = running.rest(APP).logged_in(101).await;
    let token = rest.token.unwrap();
    let mut chat = Chat::connect(&running.ws()).await;
    chat.log_in(101, APP, &token).await;
    for (user, application) in [(102, APP), (101, OTHER_APP), (999, APP)] {
        let mut chat = Chat::connect(&running.ws()).await;
        let failure = chat.authenticate(user, application, &token).await;
        assert_eq!(failure.name(), "failure");
        assert!(
            failure.child("not-authorized").is_some(),
            "{}",
            failure.to_xml()
        );
    }
    running.still_serves().await;
}

#[tokio::test]
async fn an_unknown_user_and_a_wrong_password_look_alike() {
    let running = start().await;
    let mut failures = Vec::new();
    for (user, application) in [(101, APP), (999, APP), (101, 999)] {
        let mut chat = Chat::connect(&running.ws()).await;
        let failure = chat.authenticate(user, application, "wrong").await;
        assert!(failure.child("not-authorized").is_some());
        failures.push(failure);
    }
    assert!(failures.iter().all(|failure| *failure == failures[0]));
    running.still_serves().await;
}

#[tokio::test]
async fn a_wrong_password_may_be_corrected() {
    let running = start().await;
    let mut chat = Chat::connect(&running.ws()).await;
    let failure = chat.authenticate(101, APP, "wrong").await;
    assert_eq!(failure.name(), "failure");
    assert!(failure.child("not-authorized").is_some());
    let mut chat = running.chat(101).await;
    assert!(chat.fence().await.is_empty());
}

#[tokio::test]
async fn a_wanted_resource_is_given_and_taken_over() {
    let running = start().await;
    let mut old = Chat::connect(&running.ws()).await;
    old.bind(101, APP, "pass101", "android_1").await;
    assert_eq!(old.jid, format!("{}/android_1", bare(101)));
    let mut new = Chat::connect(&running.ws()).await;
    new.bind(101, APP, "pass101", "android_1").await;
    let last = old.rest_of_the_stream().await.concat();
    assert!(last.contains("<conflict"), "{last}");
    assert!(new.fence().await.is_empty());
}

#[tokio::test]
async fn pings_are_answered() {
    let running = start().await;
    let mut chat = running.chat(101).await;
    let mut other = running.chat(102).await;
    let online = chat.jid.clone();
    for (to, kind) in [
        (DOMAIN.to_owned(), "result"),
        (bare(102), "result"),
        (bare(103), "error"),
        (bare(999), "error"),
        (format!("{}/gone", bare(102)), "error"),
        ("102-77@chat.test".to_owned(), "error"),
        ("elsewhere.test".to_owned(), "error"),
    ] {
        chat.send(&format!(
            r#"<iq from="{online}" id="x:ping" to="{to}" type="get" xmlns="jabber:client"><ping xmlns="urn:xmpp:ping"/></iq>"#
        ))
        .await;
        let pong = chat.stanza().await;
        assert_eq!(pong.attribute("type"), Some(kind), "{to}");
        assert_eq!(pong.attribute("id"), Some("x:ping"));
        assert_eq!(pong.attribute("from"), Some(&*to));
        if kind == "error" {
            let error = pong.child("error").unwrap();
            assert!(error.child("service-unavailable").is_some());
        }
    }
    assert!(other.fence().await.is_empty());
}

#[tokio::test]
async fn a_ping_from_user_to_device_goes_all_the_way() {
    let running = start().await;
    let mut asking = running.chat(101).await;
    let mut asked = running.chat(102).await;
    asking
        .send(&format!(
            r#"<iq id="p" to="{}" type="get" xmlns="jabber:client"><ping xmlns="urn:xmpp:ping"/></iq>"#,
            asked.jid
        ))
        .await;
    let ping = asked.stanza().await;
    assert_eq!(ping.attribute("from"), Some(&*asking.jid));
    asked
        .send(&format!(
            r#"<iq id="p" to="{}" type="result" xmlns="jabber:client"/>"#,
            asking.jid
        ))
        .await;
    let pong = asking.stanza().await;
    assert_eq!(pong.attribute("type"), Some("result"));
    assert_eq!(pong.attribute("from"), Some(&*asked.jid));
}

#[tokio::test]
async fn devices_of_a_user_see_each_other_come_and_go() {
    let running = start().await;
    let mut first = running.chat(101).await;
    let second = running.chat(101).await;
    let seen = first.stanza().await;
    assert_eq!(seen.attribute("from"), Some(&*second.jid));
    assert_eq!(seen.attribute("to"), Some(&*first.jid));
    assert_eq!(seen.attribute("type"), None);
    drop(second);
    let gone = first.stanza().await;
    assert_eq!(gone.attribute("type"), Some("unavailable"));
}

#[tokio::test]
async fn the_number_of_connections_is_bounded() {
    let running = start_with(|config| config.limits.connections_per_user = 1).await;
    let _first = running.chat(101).await;
    let mut second = Chat::connect(&running.ws()).await;
    second.authenticate(101, APP, "pass101").await;
    second.open().await;
    second
        .send(r#"<iq id="b" type="set" xmlns="jabber:client"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/></iq>"#)
        .await;
    let refused = second.stanza().await;
    let error = refused.child("error").unwrap();
    assert!(error.child("resource-constraint").is_some());
    running.chat(102).await;
}

#[tokio::test]
async fn whoever_does_not_log_in_is_disconnected() {
    let running = start_with(|config| config.limits.login_time = Duration::from_millis(200)).await;
    let mut chat = Chat::connect(&running.ws()).await;
    chat.open().await;
    chat.rest_of_the_stream().await;
}

#[tokio::test]
async fn silence_is_pinged_and_then_ended() {
    let running = start_with(|config| {
        config.limits.ping_after = Duration::from_millis(100);
        config.limits.ping_answer = Duration::from_millis(200);
    })
    .await;
    let mut alive = running.chat(101).await;
    // Not read any more, so its pings go unanswered.
    let dead = running.chat(101).await;
    let mut presence = async || loop {
        let stanza = alive.stanza().await;
        if stanza.child_ns("urn:xmpp:ping", "ping").is_none() {
            break stanza;
        }
        assert_eq!(stanza.attribute("from"), Some(crate::common::DOMAIN));
        let id = stanza.attribute("id").unwrap();
        let pong = format!(
            r#"<iq id="{id}" type="result" to="{}"/>"#,
            crate::common::DOMAIN
        );
        alive.send(&pong).await;
    };
    let came = presence().await;
    assert_eq!(came.attribute("from"), Some(&*dead.jid));
    let gone = presence().await;
    assert_eq!(gone.attribute("from"), Some(&*dead.jid));
    assert_eq!(gone.attribute("type"), Some("unavailable"));
}
