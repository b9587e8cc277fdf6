//! A decision on one device is told to the user's others; a call is not.

use crate::common::chat::{Chat, bare};
use crate::common::{APP, start};
use visavis_xmpp::xml::Element;

#[tokio::test]
async fn decisions_are_copied_and_calls_are_not() {
    let running = start().await;
    let mut caller = running.chat(101).await;
    let mut phone = running.chat(102).await;
    let mut tablet = running.chat(102).await;
    phone.fence().await;
    tablet.fence().await;
    for (id, signal) in [
        ("m1", "call"),
        ("m2", "iceCandidates"),
        ("m3", "update"),
        ("m4", "accept"),
        ("m5", "reject"),
        ("m6", "hangUp"),
    ] {
        let to = if id == "m5" {
            caller.jid.clone()
        } else {
            bare(101)
        };
        phone.signal(id, &to, signal).await;
    }
    assert!(phone.fence().await.is_empty(), "no copy for the sender");
    let copies = tablet.fence().await;
    let ids: Vec<_> = copies
        .iter()
        .map(|copy| inner(copy, "sent").attribute("id"))
        .collect();
    assert_eq!(ids, [Some("m4"), Some("m5"), Some("m6")]);
    for copy in &copies {
        assert_eq!(copy.attribute("type"), Some("headline"));
        assert_eq!(copy.attribute("from"), Some(&*bare(102)));
        assert_eq!(copy.attribute("to"), Some(&*tablet.jid));
        let message = inner(copy, "sent");
        assert_eq!(message.attribute("from"), Some(&*phone.jid));
        assert_eq!(message.attribute("type"), Some("headline"));
        assert!(message.child("extraParams").is_some());
    }
    assert_eq!(caller.fence().await.len(), 6);
}

fn inner<'a>(carbon: &'a Element, side: &str) -> &'a Element {
    carbon
        .child_ns("urn:xmpp:carbons:2", side)
        .and_then(|side| side.child_ns("urn:xmpp:forward:0", "forwarded"))
        .and_then(|forwarded| forwarded.child_ns("jabber:client", "message"))
        .unwrap_or_else(|| panic!("{}", carbon.to_xml()))
}

#[tokio::test]
async fn only_devices_that_asked_get_copies() {
    let running = start().await;
    let mut phone = running.chat(102).await;
    let mut silent = Chat::connect(&running.ws()).await;
    silent.bind(102, APP, "pass102", "").await;
    phone.signal("m1", &bare(101), "accept").await;
    phone.fence().await;
    assert!(silent.fence().await.is_empty());
    silent
        .send(r#"<iq id="on" type="set" xmlns="jabber:client"><enable xmlns="urn:xmpp:carbons:2"/></iq>"#)
        .await;
    silent.stanza().await;
    phone.signal("m2", &bare(101), "accept").await;
    phone.fence().await;
    assert_eq!(silent.fence().await.len(), 1);
    silent
        .send(r#"<iq id="off" type="set" xmlns="jabber:client"><disable xmlns="urn:xmpp:carbons:2"/></iq>"#)
        .await;
    silent.stanza().await;
    phone.signal("m3", &bare(101), "accept").await;
    phone.fence().await;
    assert!(silent.fence().await.is_empty());
}

#[tokio::test]
async fn text_is_copied_both_ways() {
    let running = start().await;
    let mut writer = running.chat(101).await;
    let mut writers_tablet = running.chat(101).await;
    let mut reader = running.chat(102).await;
    let mut readers_tablet = running.chat(102).await;
    for device in [
        &mut writer,
        &mut writers_tablet,
        &mut reader,
        &mut readers_tablet,
    ] {
        device.fence().await;
    }
    writer
        .send(&format!(
            r#"<message id="t" to="{}" type="chat" xmlns="jabber:client"><body>hi</body></message>"#,
            reader.jid
        ))
        .await;
    let sent = writers_tablet.stanza().await;
    assert_eq!(sent.attribute("type"), Some("chat"));
    assert_eq!(inner(&sent, "sent").attribute("id"), Some("t"));
    let received = readers_tablet.stanza().await;
    assert_eq!(inner(&received, "received").attribute("id"), Some("t"));
    assert_eq!(reader.stanza().await.attribute("id"), Some("t"));
}
