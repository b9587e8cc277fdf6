//! Text for somebody who is offline waits for him (XEP-0160); nothing else does.

use visavis_xmpp::xml::Element;

use crate::common::chat::{Chat, bare};
use crate::common::{Running, start, start_with};

async fn write(chat: &mut Chat, id: u32, to: &str) {
    chat.send(&format!(
        "<message id='{id}' to='{to}' type='chat' xmlns='jabber:client'><body>hi</body></message>"
    ))
    .await;
}

/// The numbers of the texts that have come.
async fn texts(chat: &mut Chat) -> Vec<u32> {
    let stanzas = chat.fence().await;
    let texts = stanzas.iter().filter(|stanza| stanza.name() == "message");
    texts.map(number).collect()
}

fn number(text: &Element) -> u32 {
    text.attribute("id").unwrap().parse().unwrap()
}

#[tokio::test]
async fn text_waits_with_the_time_it_was_written() {
    let running = start().await;
    let mut writer = running.chat(101).await;
    write(&mut writer, 1, &bare(102)).await;
    write(&mut writer, 2, &format!("{}/gone", bare(102))).await;
    writer.signal("m", &bare(102), "call").await;
    let typing = "<composing xmlns='http://jabber.org/protocol/chatstates'/>";
    writer
        .send(&format!(
            "<message to='{}' type='chat' xmlns='jabber:client'>{typing}</message>",
            bare(102)
        ))
        .await;
    let refused = writer.fence().await;
    assert_eq!(refused.len(), 1, "nobody types to himself");

    let mut reader = running.chat(102).await;
    let stanzas = reader.fence().await;
    assert_eq!(stanzas.iter().map(number).collect::<Vec<_>>(), [1, 2]);
    for text in &stanzas {
        assert_eq!(text.attribute("from"), Some(&*writer.jid));
        assert_eq!(text.child_ns("jabber:client", "body").unwrap().text(), "hi");
        let delay = text.child_ns("urn:xmpp:delay", "delay").unwrap();
        assert_eq!(delay.attribute("from"), Some("chat.test"));
        assert!(delay.attribute("stamp").unwrap().ends_with('Z'));
    }
    // Once.
    let mut tablet = running.chat(102).await;
    assert!(texts(&mut tablet).await.is_empty());
}

#[tokio::test]
async fn text_outlives_the_server() {
    let running = start().await;
    let mut writer = running.chat(101).await;
    write(&mut writer, 1, &bare(102)).await;
    writer.fence().await;
    let Running {
        server,
        config,
        folder,
    } = running;
    server.shutdown().await;
    let server = visavis_server::Server::start(config.clone()).await.unwrap();
    let running = Running {
        server,
        config,
        folder,
    };
    let mut reader = running.chat(102).await;
    assert_eq!(texts(&mut reader).await, [1]);
}

#[tokio::test]
async fn so_much_waits_and_no_more() {
    let running = start_with(|config| config.limits.kept_messages_per_user = 2).await;
    let mut writer = running.chat(101).await;
    for id in 1..=3 {
        write(&mut writer, id, &bare(102)).await;
    }
    let refused = writer.fence().await;
    assert_eq!(refused.iter().map(number).collect::<Vec<_>>(), [3]);
    assert_eq!(refused[0].attribute("type"), Some("error"));
    // A user who does not exist is silence, too.
    write(&mut writer, 4, "999-4242@chat.test").await;
    assert!(writer.fence().await.is_empty());
    let mut reader = running.chat(102).await;
    assert_eq!(texts(&mut reader).await, [1, 2]);
}

#[tokio::test]
async fn a_device_that_stands_aside_is_not_handed_what_waits() {
    let running = start().await;
    let mut writer = running.chat(101).await;
    write(&mut writer, 1, &bare(102)).await;
    writer.fence().await;
    let mut aside = Chat::connect(&running.ws()).await;
    aside.bind(102, crate::common::APP, "pass102", "").await;
    aside
        .send("<presence xmlns='jabber:client'><priority>-1</priority></presence>")
        .await;
    assert!(texts(&mut aside).await.is_empty());
    write(&mut writer, 2, &bare(102)).await;
    writer.fence().await;
    assert!(texts(&mut aside).await.is_empty());
    aside.send("<presence xmlns='jabber:client'/>").await;
    assert_eq!(texts(&mut aside).await, [1, 2]);
}

#[tokio::test]
async fn text_that_a_lost_client_never_got_waits_for_the_next() {
    let running = start_with(|config| config.limits.resume_time = std::time::Duration::ZERO).await;
    let mut writer = running.chat(101).await;
    let mut lost = running.stream().await;
    lost.log_in(102, "lost").await;
    lost.send("<enable resume='true' xmlns='urn:xmpp:sm:3'/>")
        .await;
    while lost.element().await.name() != "enabled" {}
    write(&mut writer, 1, &bare(102)).await;
    assert_eq!(lost.stanza().await.attribute("id"), Some("1"));
    // Nothing was acknowledged. The writer is told when it has gone for good.
    lost.send(&format!("<presence to='{}'/>", bare(101))).await;
    drop(lost);
    while writer.stanza().await.attribute("type") != Some("unavailable") {}
    let mut reader = running.chat(102).await;
    while reader.stanza().await.attribute("id") != Some("1") {}
}
