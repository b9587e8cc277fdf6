//! What browsers' clients compare as text, not as XML (RFC 7395).

use crate::common::chat::{CLOSE, Chat, parse};
use crate::common::{APP, DOMAIN, start};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const OPEN: &str =
    r#"<open to="chat.test" version="1.0" xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>"#;

/// Every message is one document: what it uses, it declares.
fn is_whole(frame: &str) {
    let wrapped = parse(&format!("<wrapper xmlns='urn:x'>{frame}</wrapper>"));
    assert_eq!(wrapped.children().count(), 1, "{frame}");
    assert_eq!(wrapped.text(), "", "{frame}");
}

#[tokio::test]
async fn a_stream_begins_and_ends_as_clients_look_for_it() {
    let running = start().await;
    let mut chat = Chat::connect(&running.ws()).await;
    let plain = STANDARD.encode(format!("\0101-{APP}\0pass101"));
    let auth = format!(
        r#"<auth mechanism="PLAIN" xmlns="urn:ietf:params:xml:ns:xmpp-sasl">{plain}</auth>"#
    );
    for said in [OPEN, &auth, OPEN] {
        chat.send(said).await;
        let answer = chat.text().await;
        is_whole(&answer);
        if said != OPEN {
            assert!(answer.starts_with("<success "), "{answer}");
            continue;
        }
        assert!(answer.starts_with("<open "), "{answer}");
        let features = chat.text().await;
        is_whole(&features);
        assert!(features.starts_with("<stream:features "), "{features}");
        let declared = r#" xmlns:stream="http://etherx.jabber.org/streams""#;
        assert!(features.contains(declared), "{features}");
    }
    chat.send(r#"<close xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>"#)
        .await;
    assert_eq!(chat.rest_of_the_stream().await, [CLOSE]);
}

#[tokio::test]
async fn errors_are_whole_documents_and_the_close_behind_them_is_exact() {
    let running = start().await;
    for wrong in ["<open", "<iq xmlns='jabber:client'/>", OPEN] {
        let mut chat = Chat::connect(&running.ws()).await;
        chat.open().await;
        chat.send(wrong).await;
        let frames = chat.rest_of_the_stream().await;
        let (close, before) = frames.split_last().unwrap();
        assert_eq!(close, CLOSE, "{wrong}");
        let error = before.last().unwrap();
        assert!(error.starts_with("<stream:error "), "{error}");
        before.iter().for_each(|frame| is_whole(frame));
    }
}

#[tokio::test]
async fn any_quotes_and_order_are_read() {
    let running = start().await;
    let mut chat = Chat::connect(&running.ws()).await;
    let open =
        format!("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' version='1.0' to='{DOMAIN}' />");
    let plain = STANDARD.encode(format!("\0101-{APP}\0pass101"));
    chat.send(&open).await;
    assert!(chat.text().await.starts_with("<open "));
    assert_eq!(chat.stanza().await.name(), "features");
    chat.send(&format!(
        "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{plain}</auth>"
    ))
    .await;
    assert_eq!(chat.stanza().await.name(), "success");
    chat.send(&open).await;
    assert!(chat.text().await.starts_with("<open "));
    assert_eq!(chat.stanza().await.name(), "features");
    chat.send(
        "<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
    )
    .await;
    assert_eq!(chat.stanza().await.attribute("type"), Some("result"));
}
