//! A bound on what one user sends, over all devices together.

use std::time::Instant;

use crate::common::chat::{Chat, bare};
use crate::common::operator::Operator;
use crate::common::{Running, loopback, start, start_with};
use visavis_xmpp::xml::Element;

/// So slow that nothing comes back during a test; two at once.
async fn start_slow() -> Running {
    start_with(|config| {
        config.admin = Some(loopback());
        config.limits.stanzas_per_second_per_user = Some(1);
    })
    .await
}

/// A device that has said nothing yet, so that everything is left.
async fn silent(running: &Running, user: u32) -> Chat {
    let token = running.rest(crate::common::APP).logged_in(user).await.token;
    let mut chat = Chat::connect(&running.ws()).await;
    chat.bind(user, crate::common::APP, &token.unwrap(), "")
        .await;
    chat
}

fn text(id: &str, to: &str) -> String {
    format!(
        "<message id='{id}' to='{to}' type='chat' xmlns='jabber:client'><body>x</body></message>"
    )
}

/// Sends until it is refused; gives back how many were not, and the refusal.
async fn until_refused(chat: &mut Chat, name: &str) -> (u32, Element) {
    for sent in 0.. {
        chat.send(&text(&format!("{name}{sent}"), &bare(102))).await;
        chat.send("<iq id='p' type='get' xmlns='jabber:client'><ping xmlns='urn:xmpp:ping'/></iq>")
            .await;
        let answer = chat.stanza().await;
        if answer.attribute("type") == Some("error") {
            assert_eq!(chat.stanza().await.attribute("id"), Some("p"));
            return (sent, answer);
        }
        assert_eq!(answer.attribute("id"), Some("p"));
    }
    unreachable!()
}

#[tokio::test]
async fn counts_over_all_devices_and_is_refused_with_a_wait() {
    let running = start_slow().await;
    let mut phone = silent(&running, 101).await;
    let mut tablet = silent(&running, 101).await;
    let mut other = silent(&running, 103).await;
    let start = Instant::now();
    let (first, refused) = until_refused(&mut phone, "m").await;
    assert!(first >= 2, "{first}");
    assert_eq!(refused.name(), "message");
    assert_eq!(refused.attribute("id"), Some(&*format!("m{first}")));
    let error = refused.child("error").unwrap();
    assert_eq!(error.attribute("type"), Some("wait"));
    assert!(
        error.child("resource-constraint").is_some(),
        "{}",
        error.to_xml()
    );

    // The other device has no more than what comes back, nor has one that
    // comes anew; but whether the server is there is answered all the same.
    let (second, _) = until_refused(&mut tablet, "t").await;
    drop((phone, tablet));
    let (third, _) = until_refused(&mut silent(&running, 101).await, "n").await;
    let come_back = start.elapsed().as_secs() + 1;
    let sent = u64::from(first + second + third);
    assert!(sent <= 2 + come_back, "{sent} in {come_back} s");

    // Others have all of theirs.
    let (sent, _) = until_refused(&mut other, "o").await;
    assert!(sent >= 2, "{sent}");
}

#[tokio::test]
async fn what_is_refused_reaches_nobody_and_is_counted() {
    let running = start_slow().await;
    let mut receiver = running.chat(102).await;
    let mut sender = silent(&running, 101).await;
    let (sent, _) = until_refused(&mut sender, "m").await;
    for expected in 0..sent {
        let stanza = receiver.stanza().await;
        assert_eq!(stanza.attribute("id"), Some(&*format!("m{expected}")));
    }
    // Asked what it knows, the server refuses as well.
    let error = loop {
        let answer = sender.ask("get", "", "<query xmlns='jabber:iq:roster'/>");
        if let Some(error) = answer.await.child("error") {
            break error.clone();
        }
    };
    assert!(
        error.child("resource-constraint").is_some(),
        "{}",
        error.to_xml()
    );
    let metrics = Operator::of(&running).get("/metrics").await.text;
    assert!(
        metrics.contains("\nvisavis_chat_stanzas_refused_total 2\n"),
        "{metrics}"
    );
    running.server.shutdown().await;
    // Nothing else has come.
    let rest = receiver.rest_of_the_stream().await.concat();
    assert!(!rest.contains("<message"), "{rest}");
}

/// A call with others, on several devices at once, with everything that apps
/// send by themselves: the default is far away.
#[tokio::test]
async fn nobody_with_several_devices_is_refused() {
    let running = start().await;
    let mut receiver = running.chat(102).await;
    let mut devices = Vec::new();
    for _ in 0..8 {
        devices.push(running.chat(101).await);
    }
    for round in 0..50 {
        for (number, device) in devices.iter_mut().enumerate() {
            let id = format!("d{number}-{round}");
            device.signal(&id, &bare(102), "iceCandidates").await;
            device.send(&text(&id, &bare(102))).await;
        }
    }
    for device in &mut devices {
        let seen = device.fence().await;
        assert!(seen.iter().all(|stanza| stanza.child("error").is_none()));
    }
    assert_eq!(receiver.fence().await.len(), 8 * 50 * 2);
}

#[tokio::test]
async fn it_can_be_switched_off() {
    let running = start_with(|config| {
        config.limits.stanzas_per_second = 1_000_000;
        config.limits.stanzas_per_second_per_user = None;
    })
    .await;
    let mut sender = running.chat(101).await;
    for number in 0..5000 {
        sender
            .signal(&format!("m{number}"), &bare(103), "update")
            .await;
    }
    assert!(sender.fence().await.is_empty());
}
