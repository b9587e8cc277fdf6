//! Where signals go: every device of a user, or one; never elsewhere, in
//! order, and from whom they really come.

use crate::common::chat::{bare, headline};
use crate::common::{APP, OTHER_APP, start};

#[tokio::test]
async fn a_bare_address_means_every_device() {
    let running = start().await;
    let mut caller = running.chat(101).await;
    let mut phone = running.chat(102).await;
    let mut tablet = running.chat(102).await;
    phone.fence().await;
    tablet.fence().await;
    caller.signal("m1", &bare(102), "call").await;
    for device in [&mut phone, &mut tablet] {
        let call = device.stanza().await;
        assert_eq!(call.attribute("id"), Some("m1"));
        assert_eq!(call.attribute("from"), Some(&*caller.jid));
        assert_eq!(call.attribute("to"), Some(&*bare(102)));
        let params = call.child_ns("jabber:client", "extraParams").unwrap();
        assert_eq!(params.child("signalType").unwrap().text(), "call");
    }
}

#[tokio::test]
async fn a_full_address_means_that_device() {
    let running = start().await;
    let mut caller = running.chat(101).await;
    let mut phone = running.chat(102).await;
    let mut tablet = running.chat(102).await;
    phone.fence().await;
    tablet.fence().await;
    caller.signal("m1", &phone.jid, "accept").await;
    caller
        .signal("m2", &format!("{}/gone", bare(102)), "accept")
        .await;
    caller.signal("m3", &bare(103), "call").await;
    assert!(
        caller.fence().await.is_empty(),
        "nobody answers for the absent"
    );
    let got = phone.fence().await;
    assert_eq!(got.len(), 1);
    assert_eq!(got[0].attribute("id"), Some("m1"));
    assert!(tablet.fence().await.is_empty());
}

#[tokio::test]
async fn a_device_that_has_said_goodbye_is_left_alone() {
    let running = start().await;
    let mut caller = running.chat(101).await;
    let mut device = running.chat(102).await;
    device
        .send(r#"<presence type="unavailable" xmlns="jabber:client"/>"#)
        .await;
    device.fence().await;
    caller.signal("m1", &bare(102), "call").await;
    caller.fence().await;
    assert!(device.fence().await.is_empty());
}

#[tokio::test]
async fn nobody_can_pass_for_another() {
    let running = start().await;
    let mut mallory = running.chat(103).await;
    let mut callee = running.chat(102).await;
    let spoofed = headline("m1", &bare(102), "call").replace(
        "<message ",
        &format!("<message from=\"{}/phone\" ", bare(101)),
    );
    mallory.send(&spoofed).await;
    let got = callee.stanza().await;
    assert_eq!(got.attribute("from"), Some(&*mallory.jid));
}

#[tokio::test]
async fn applications_never_meet() {
    let running = start().await;
    let mut here = running.chat_of(101, APP).await;
    let mut there = running.chat_of(102, OTHER_APP).await;
    let (theirs, full) = (
        there.jid.split('/').next().unwrap().to_owned(),
        there.jid.clone(),
    );
    for to in [&theirs, &full] {
        here.signal("m1", to, "call").await;
        here.send(&format!(
            r#"<message id="m2" to="{to}" type="chat" xmlns="jabber:client"><body>hi</body></message>"#
        ))
        .await;
        here.send(&format!(r#"<presence to="{to}" xmlns="jabber:client"/>"#))
            .await;
    }
    let to_them = here.fence().await;
    assert!(there.fence().await.is_empty());

    // Exactly as if they did not exist.
    let nobody = format!("999-{APP}@chat.test");
    for to in [nobody.clone(), format!("{nobody}/x")] {
        here.signal("m1", &to, "call").await;
        here.send(&format!(
            r#"<message id="m2" to="{to}" type="chat" xmlns="jabber:client"><body>hi</body></message>"#
        ))
        .await;
    }
    let to_nobody = here.fence().await;
    let shapes = |answers: Vec<visavis_xmpp::xml::Element>, name: &str| -> Vec<String> {
        let texts = answers.iter().map(|answer| answer.to_xml());
        let device = format!("/{}", full.split('/').nth(1).unwrap());
        texts
            .map(|text| text.replace(name, "N").replace(&device, "/x"))
            .collect()
    };
    assert_eq!(shapes(to_them, &theirs), shapes(to_nobody, &nobody));
}

#[tokio::test]
async fn order_is_kept() {
    let running = start().await;
    let mut caller = running.chat(101).await;
    let mut callee = running.chat(102).await;
    for number in 0..500 {
        let to = if number % 2 == 0 {
            bare(102)
        } else {
            callee.jid.clone()
        };
        caller
            .signal(&format!("m{number}"), &to, "iceCandidates")
            .await;
    }
    for number in 0..500 {
        let got = callee.stanza().await;
        assert_eq!(got.attribute("id"), Some(&*format!("m{number}")));
    }
}

#[tokio::test]
async fn text_reaches_devices_and_what_nobody_can_read_comes_back() {
    let running = start().await;
    let mut writer = running.chat(101).await;
    let mut reader = running.chat(102).await;
    let text = |to: &str| {
        format!(
            r#"<message id="t" to="{to}" type="chat" xmlns="jabber:client"><body>a &lt; b</body></message>"#
        )
    };
    for to in [bare(102), reader.jid.clone(), format!("{}/gone", bare(102))] {
        writer.send(&text(&to)).await;
        let got = reader.stanza().await;
        assert_eq!(got.child("body").unwrap().text(), "a < b");
    }
    let nothing = text(&bare(103)).replace("body", "nobody");
    writer.send(&nothing).await;
    let back = writer.stanza().await;
    assert_eq!(back.attribute("type"), Some("error"));
    assert_eq!(back.attribute("from"), Some(&*bare(103)));
}

#[tokio::test]
async fn a_large_offer_passes_unchanged() {
    let running = start().await;
    let mut caller = running.chat(101).await;
    let mut callee = running.chat(102).await;
    let sdp = "v=0\na=candidate:1 &lt;&amp;&gt; ü\n".repeat(4000);
    let offer = headline("m1", &bare(102), "call")
        .replace("<callType>", &format!("<sdp>{sdp}</sdp><callType>"));
    caller.send(&offer).await;
    let limits = visavis_xmpp::xml::Limits::default();
    let sent = visavis_xmpp::xml::Element::parse(&offer, &limits).unwrap();
    let got = callee.stanza().await;
    let sdp = |message: &visavis_xmpp::xml::Element| {
        message
            .child("extraParams")
            .unwrap()
            .child("sdp")
            .unwrap()
            .text()
    };
    assert_eq!(sdp(&got), sdp(&sent));
}
