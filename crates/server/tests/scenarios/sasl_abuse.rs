//! Logins as nobody should send them, in every way to chat (RFC 6120 section 6).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::time::Duration;

use crate::common::password;
use crate::common::ways::{Line, WAYS, auth, plain, start_everywhere};

const BIND: &str = "<iq id='b' type='set' xmlns='jabber:client'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";

async fn is_refused(line: &mut Line, sent: &str, failure: &str) {
    line.send(sent).await;
    let told = line.next("failure").await;
    assert!(told.child(failure).is_some(), "{sent}: {}", told.to_xml());
}

/// Each is answered with its own failure, and the right login may follow.
#[tokio::test]
async fn each_mistake_has_its_failure_and_may_be_corrected() {
    let server = start_everywhere(|_| ()).await;
    let token = server.token(101).await;
    let long = "x".repeat(5000);
    let nothing = |parts: &str| auth("PLAIN", &STANDARD.encode(parts));
    let mut mistakes = vec![
        (
            "<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>".to_owned(),
            "aborted",
        ),
        (
            "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>AGEAYg==</auth>".to_owned(),
            "invalid-mechanism",
        ),
    ];
    for mechanism in [
        "SCRAM-SHA-256",
        "EXTERNAL",
        "ANONYMOUS",
        "plain",
        "PLAIN ",
        "",
        &long,
    ] {
        let sent = auth(mechanism, &plain(101, &token));
        mistakes.push((sent, "invalid-mechanism"));
    }
    for encoded in [
        "*",
        "A",
        "AGEAYg",
        "AGEAYg=",
        "AG EAYg==",
        "AGEAYg==AGEAYg==",
        "&lt;",
    ] {
        mistakes.push((auth("PLAIN", encoded), "incorrect-encoding"));
    }
    for parts in [
        "",
        "\0",
        "\0\0",
        "a",
        "a\0b",
        "\0a\0",
        "\0\0b",
        "\0a\0b\0c",
        "\0a\0b\0",
    ] {
        let sent = match parts {
            // An empty response (RFC 6120 section 6.4.2).
            "" => auth("PLAIN", "="),
            _ => nothing(parts),
        };
        mistakes.push((sent, "malformed-request"));
    }
    mistakes.push((
        auth("PLAIN", &STANDARD.encode(b"\0a\0\xff")),
        "malformed-request",
    ));
    for other in [
        "102-4242@chat.test",
        "101-4242@chat.test/a",
        "101-4242@other",
        "admin",
    ] {
        let sent = nothing(&format!("{other}\0101-4242\0{token}"));
        mistakes.push((sent, "invalid-authzid"));
    }
    for name in [
        "",
        "101",
        "0101-4242",
        "101-4242@chat.test",
        "101-04242",
        &long,
    ] {
        if !name.is_empty() {
            let sent = nothing(&format!("\0{name}\0{token}"));
            mistakes.push((sent, "not-authorized"));
        }
    }
    for way in WAYS {
        for (sent, failure) in &mistakes {
            let mut line = server.line(way).await;
            line.open().await;
            is_refused(&mut line, sent, failure).await;
            line.send(&auth("PLAIN", &plain(101, &token))).await;
            line.next("success").await;
        }
    }
    server.running.still_serves().await;
}

#[tokio::test]
async fn three_attempts_are_all_that_a_stream_has() {
    let server = start_everywhere(|_| ()).await;
    let abort = "<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";
    for way in WAYS {
        let mut line = server.line(way).await;
        line.open().await;
        is_refused(&mut line, &auth("X", ""), "invalid-mechanism").await;
        is_refused(&mut line, abort, "aborted").await;
        is_refused(&mut line, &auth("PLAIN", "*"), "incorrect-encoding").await;
        line.ends_with("policy-violation", "the third").await;
    }
}

/// More than a login needs ends the stream before it is decoded.
#[tokio::test]
async fn an_oversized_response() {
    let server = start_everywhere(|_| ()).await;
    for way in WAYS {
        let mut line = server.line(way).await;
        line.open().await;
        line.send(&auth("PLAIN", &"QUFB".repeat(2500))).await;
        line.ends_with("policy-violation", &format!("{way:?}"))
            .await;
    }
}

#[tokio::test]
async fn a_response_that_nobody_asked_for() {
    let server = start_everywhere(|_| ()).await;
    let token = server.token(101).await;
    let response = format!(
        "<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{}</response>",
        plain(101, &token)
    );
    for way in WAYS {
        let mut line = server.line(way).await;
        line.open().await;
        line.send(&response).await;
        line.ends_with("not-authorized", &format!("{way:?}")).await;
        // Asked for, it is as good as an initial one; asking twice harms nothing.
        let mut line = server.line(way).await;
        line.open().await;
        for _ in 0..2 {
            line.send(&auth("PLAIN", "")).await;
            line.next("challenge").await;
        }
        line.send(&response).await;
        line.next("success").await;
    }
}

/// Whoever is in cannot become somebody else.
#[tokio::test]
async fn a_login_behind_a_login() {
    let server = start_everywhere(|_| ()).await;
    let (first, second) = (server.token(101).await, server.token(102).await);
    let other = auth("PLAIN", &plain(102, &second));
    for way in WAYS {
        // In one breath.
        let mut line = server.line(way).await;
        line.open().await;
        line.send(&auth("PLAIN", &plain(101, &first))).await;
        line.send(&other).await;
        line.next("success").await;
        if let Line::Stream(stream) = &mut line {
            // The error comes within a stream of its own.
            assert!(stream.piece().await.is_some());
        }
        ends(&mut line).await;

        // Before the resource is bound, and behind it.
        let mut line = server.line(way).await;
        line.open().await;
        line.send(&auth("PLAIN", &plain(101, &first))).await;
        line.next("success").await;
        line.open().await;
        line.send(&other).await;
        line.ends_with("invalid-namespace", &format!("{way:?}"))
            .await;
        let mut line = server.stream(way, 101, Some(&first)).await;
        line.send(&other).await;
        line.ends_with("invalid-namespace", &format!("{way:?}"))
            .await;
    }
}

/// The stream ends with an error, whichever fits.
async fn ends(line: &mut Line) {
    loop {
        let Some(element) = line.element().await else {
            panic!("nothing was told")
        };
        if element.is("http://etherx.jabber.org/streams", "error") {
            break;
        }
        assert_ne!(element.name(), "success");
    }
    assert!(line.element().await.is_none());
}

/// Behind STARTTLS nothing of what was said before counts, and TLS begins once.
#[tokio::test]
async fn what_was_said_before_tls_is_forgotten() {
    let server = start_everywhere(|_| ()).await;
    let token = server.token(101).await;
    let mut plain_line = server.running.stream().await;
    plain_line.open().await;
    plain_line.send(&auth("PLAIN", "*")).await;
    assert_eq!(plain_line.element().await.name(), "failure");
    plain_line
        .send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        .await;
    assert_eq!(plain_line.element().await.name(), "proceed");
    let socket = crate::common::certificate::encrypt(plain_line.socket, &server.connector).await;
    let mut line = Line::Stream(crate::common::stream::Stream::over(socket));
    let features = line.open().await;
    assert!(features.child("starttls").is_none());
    line.send(&auth("PLAIN", "*")).await;
    line.next("failure").await;
    line.send(&auth("PLAIN", "*")).await;
    line.next("failure").await;
    line.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        .await;
    line.ends_with("not-authorized", "TLS within TLS").await;
    let mut line = server.running.stream().await;
    line.open().await;
    line.send(&auth("PLAIN", &plain(101, &token))).await;
    assert_eq!(line.element().await.name(), "success");
    line.open().await;
    line.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        .await;
    Line::Stream(line)
        .ends_with("invalid-namespace", "TLS behind the login")
        .await;
}

/// A flood of guesses is slowed down, however many streams it comes by; the
/// account of somebody else is not touched, and the right password does not
/// help until the time is over.
#[tokio::test]
async fn a_flood_of_guesses() {
    let server = start_everywhere(|config| {
        config.limits.login_failures = 5;
        config.limits.back_off = Duration::from_secs(600);
    })
    .await;
    let guess = auth("PLAIN", &plain(101, "a guess"));
    let (mut wrong, mut later) = (0, 0);
    for way in WAYS.into_iter().cycle().take(10) {
        let mut line = server.line(way).await;
        line.open().await;
        for _ in 0..3 {
            line.send(&guess).await;
            let failure = line.next("failure").await;
            wrong += u32::from(failure.child("not-authorized").is_some());
            later += u32::from(failure.child("temporary-auth-failure").is_some());
        }
        line.ends_with("policy-violation", "three guesses").await;
    }
    assert_eq!((wrong, later), (5, 25));
    let mut line = server.line(WAYS[0]).await;
    line.open().await;
    let right = auth("PLAIN", &plain(101, &password(101)));
    is_refused(&mut line, &right, "temporary-auth-failure").await;
    line.send(&auth("PLAIN", &plain(102, &password(102)))).await;
    line.next("success").await;
    line.open().await;
    line.send(BIND).await;
    assert_eq!(line.next("iq").await.attribute("type"), Some("result"));
}
