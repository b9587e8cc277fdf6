//! XML made to break parsers, in every way to chat, from strangers and from
//! people: only the stream that it comes in suffers.

use crate::common::chat::bare;
use crate::common::ways::{Everywhere, Line, WAYS, Way, start_everywhere};

const LIMIT: usize = 256 * 1024;

/// Sends it in every way, before the login and behind it, and gives back the
/// streams with what they are.
async fn everywhere(server: &Everywhere, bytes: &[u8]) -> Vec<(Line, String)> {
    let token = server.token(101).await;
    let mut lines = Vec::new();
    for way in WAYS {
        for token in [None, Some(&*token)] {
            let mut line = server.stream(way, 101, token).await;
            send(&mut line, bytes).await;
            let who = if token.is_some() { "known" } else { "stranger" };
            lines.push((line, format!("{way:?}, {who}")));
        }
    }
    lines
}

/// Sends bytes that need not be text. A WebSocket has them in one text frame,
/// masked with zeros (RFC 6455 section 5.2).
async fn send(line: &mut Line, bytes: &[u8]) {
    let mut sent = Vec::new();
    if matches!(line, Line::Frames(_)) {
        sent.extend([0x81, 0x80 | 127]);
        sent.extend((bytes.len() as u64).to_be_bytes());
        sent.extend([0; 4]);
    }
    sent.extend(bytes);
    line.send_raw(&sent).await;
}

async fn ends_everywhere(server: &Everywhere, bytes: &[u8], error: &str) {
    let what: String = String::from_utf8_lossy(bytes).chars().take(50).collect();
    for (mut line, who) in everywhere(server, bytes).await {
        line.ends_with(error, &format!("{who}: {what}")).await;
    }
}

fn message(content: &str) -> String {
    format!("<message xmlns='jabber:client'>{content}</message>")
}

/// Entities that grow (a billion laughs), that name files and addresses, and
/// every other kind of what may stand in a document type: none is even read.
#[tokio::test]
async fn bombs_of_entities() {
    let server = start_everywhere(|_| ()).await;
    let laughs: String = (1..10)
        .map(|n| format!("<!ENTITY l{n} '{}'>", format!("&l{};", n - 1).repeat(10)))
        .collect();
    for declaration in [
        format!("<!DOCTYPE l [<!ENTITY l0 'ha'>{laughs}]>"),
        "<!DOCTYPE x [<!ENTITY f SYSTEM 'file:///etc/passwd'>]>".to_owned(),
        "<!DOCTYPE x [<!ENTITY % p SYSTEM 'http://127.0.0.1/'> %p;]>".to_owned(),
        "<!DOCTYPE message SYSTEM 'http://127.0.0.1/x.dtd'>".to_owned(),
        "<!ELEMENT message ANY>".to_owned(),
    ] {
        let bomb = format!("{declaration}<message xmlns='jabber:client'>&l9;&f;</message>");
        ends_everywhere(&server, bomb.as_bytes(), "restricted-xml").await;
        // Inside a stanza as well.
        let inside = message(&declaration);
        ends_everywhere(&server, inside.as_bytes(), "restricted-xml").await;
    }
    server.running.still_serves().await;
}

#[tokio::test]
async fn references_to_nothing() {
    let server = start_everywhere(|_| ()).await;
    for reference in [
        "&l9;",
        "&nbsp;",
        "&;",
        "&#;",
        "&#x;",
        "&#0;",
        "&#x1;",
        "&#xD800;",
        "&#x110000;",
        "&#99999999999999999999;",
        "&amp",
        "& ",
    ] {
        ends_everywhere(&server, message(reference).as_bytes(), "not-well-formed").await;
        let attribute = format!("<message a='{reference}' xmlns='jabber:client'/>");
        ends_everywhere(&server, attribute.as_bytes(), "not-well-formed").await;
    }
    server.running.still_serves().await;
}

#[tokio::test]
async fn what_chat_forbids() {
    let server = start_everywhere(|_| ()).await;
    for forbidden in ["<!-- x -->", "<?php x?>"] {
        ends_everywhere(&server, message(forbidden).as_bytes(), "restricted-xml").await;
    }
    server.running.still_serves().await;
}

#[tokio::test]
async fn tags_that_do_not_fit() {
    let server = start_everywhere(|_| ()).await;
    for broken in [
        "<message xmlns='jabber:client'></massage>",
        "<message xmlns='jabber:client' a='1' a='2'/>",
        "<message xmlns='jabber:client' xmlns:a='u' xmlns:b='u' a:x='1' b:x='2'/>",
        "<message xmlns='jabber:client' a=1/>",
        "<message xmlns='jabber:client' a/>",
        "<message xmlns='jabber:client' a='<'/>",
        "<message xmlns='jabber:client'><y:a/></message>",
        "<message xmlns='jabber:client' xmlns:xmlns='u'/>",
        "<message xmlns='jabber:client' xmlns:xml='u'/>",
        "<message xmlns='jabber:client' xmlns:y=''/>",
        "<message xmlns='jabber:client'>]]></message>",
        "<1 xmlns='jabber:client'/>",
        "</message>",
    ] {
        ends_everywhere(&server, broken.as_bytes(), "not-well-formed").await;
    }
    server.running.still_serves().await;
}

/// What is no UTF-8 (RFC 3629 section 3), or no character of XML (XML 1.0
/// section 2.2). A WebSocket does not even take it for text (RFC 6455
/// section 8.1).
#[tokio::test]
async fn bytes_that_are_no_text() {
    let server = start_everywhere(|_| ()).await;
    let no_utf_8: [&[u8]; 8] = [
        b"\xff",
        b"\x80",
        b"\xc3(",
        // Longer than need be: a slash, and the end of a string.
        b"\xc0\xaf",
        b"\xc0\x80",
        // Half a pair of UTF-16, beyond the last character, five bytes.
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xf8\x88\x80\x80\x80",
    ];
    for bytes in no_utf_8 {
        let text = [
            b"<message xmlns='jabber:client'><body>" as &[u8],
            bytes,
            b"</body></message>",
        ]
        .concat();
        for (mut line, who) in everywhere(&server, &text).await {
            let error = match line {
                Line::Frames(_) => "bad-format",
                Line::Stream(_) => "not-well-formed",
            };
            line.ends_with(error, &format!("{who}: {bytes:?}")).await;
        }
    }
    for character in ["\0", "\u{1}", "\u{b}", "\u{1f}", "\u{fffe}", "\u{ffff}"] {
        ends_everywhere(&server, message(character).as_bytes(), "not-well-formed").await;
    }
    // Another encoding, and the mark of one.
    let utf_16: Vec<u8> = message("x")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    ends_everywhere(&server, &utf_16, "not-well-formed").await;
    let mark = format!("\u{feff}{}", message("x"));
    ends_everywhere(&server, mark.as_bytes(), "not-well-formed").await;
    server.running.still_serves().await;
}

#[tokio::test]
async fn depth_width_and_size() {
    let server = start_everywhere(|_| ()).await;
    let repeated = |text: &str, count: usize| text.repeat(count);
    let deep = |depth: usize| repeated("<a>", depth) + &repeated("</a>", depth);
    let attributes = |count: usize| -> String { (0..count).map(|n| format!(" a{n}=''")).collect() };
    for (what, text) in [
        ("depth", message(&deep(1000))),
        ("depth beyond everything", message(&deep(30_000))),
        ("elements", message(&repeated("<a/>", 5000))),
        ("texts", message(&repeated("<a/>x", 3000))),
        (
            "name",
            format!("<{} xmlns='jabber:client'/>", repeated("x", LIMIT)),
        ),
        (
            "attribute's name",
            format!(
                "<message {}='' xmlns='jabber:client'/>",
                repeated("x", LIMIT)
            ),
        ),
        (
            "attribute",
            format!(
                "<message a='{}' xmlns='jabber:client'/>",
                repeated("x", LIMIT)
            ),
        ),
        (
            "namespace",
            format!("<message xmlns='{}'/>", repeated("x", LIMIT)),
        ),
        ("text", message(&repeated("x", LIMIT))),
        (
            "attributes",
            format!("<message xmlns='jabber:client'{}/>", attributes(30_000)),
        ),
    ] {
        for (mut line, who) in everywhere(&server, text.as_bytes()).await {
            line.ends_with("policy-violation", &format!("{who}: {what}"))
                .await;
        }
    }
    server.running.still_serves().await;
}

/// Large, and yet within all bounds: it is delivered as it is.
#[tokio::test]
async fn what_is_large_and_right_arrives() {
    let server = start_everywhere(|_| ()).await;
    let token = server.token(101).await;
    let to = bare(103);
    let wide: String = (0..2000).map(|n| format!("<a b='{n}'/>")).collect();
    let deep = ["<a>".repeat(14), "</a>".repeat(14)].concat();
    let contents = [wide, deep, "x".repeat(LIMIT - 200)];
    let receiving = server.token(103).await;
    let mut receiver = server.stream(Way::Ws, 103, Some(&receiving)).await;
    for way in WAYS {
        let mut line = server.stream(way, 101, Some(&token)).await;
        for (number, content) in contents.iter().enumerate() {
            let id = number.to_string();
            line.send(&format!(
                "<message id='{id}' to='{to}' type='headline' xmlns='jabber:client'>{content}</message>"
            ))
            .await;
            let arrived = receiver.next("message").await;
            assert_eq!(arrived.attribute("id"), Some(&*id), "{way:?}");
        }
    }
}
