//! Requests that two servers could read differently, and such as are too much
//! (RFC 9112): on every HTTP listener they are refused whole, or read as one
//! request in the way that the RFC has for it; never as two.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::common::soon;
use crate::common::ways::{Everywhere, http_listeners, start_everywhere};

/// What would be a request of its own, if somebody took it for one.
const SMUGGLED: &str = "GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n";

/// Everything that is answered until the server ends the connection. The last
/// request says that it is the last.
async fn answers(server: &Everywhere, address: &str, tls: bool, request: &[u8]) -> String {
    let mut socket = server.connect(address, tls).await;
    // The server may hang up in the middle.
    let _ = soon(socket.write_all(request)).await;
    let _ = soon(socket.flush()).await;
    let mut answers = Vec::new();
    let _ = soon(socket.read_to_end(&mut answers)).await;
    String::from_utf8_lossy(&answers).into_owned()
}

/// Each is answered once, with one of these, and the connection ends.
async fn refused(requests: &[(&str, String)], statuses: &[&str]) {
    let server = start_everywhere(|config| {
        config.admin = Some("0.0.0.0:0".parse().unwrap());
    })
    .await;
    for (listener, address, tls) in http_listeners(&server) {
        for (what, request) in requests {
            let answers = answers(&server, &address, tls, request.as_bytes()).await;
            let count = answers.matches("HTTP/1.1 ").count();
            let status = answers.get(9..12).unwrap_or_default();
            assert!(
                count == 1 && statuses.contains(&status),
                "{listener}, {what}: {answers}"
            );
        }
    }
    server.running.still_serves().await;
}

fn post(headers: &str, body: &str) -> String {
    format!("POST /session.json HTTP/1.1\r\nHost: x\r\n{headers}\r\n{body}")
}

#[tokio::test]
async fn lengths_that_contradict_each_other() {
    let of = |headers: &str| post(headers, &format!("0\r\n\r\n{SMUGGLED}"));
    refused(
        &[
            (
                "two lengths",
                of("Content-Length: 5\r\nContent-Length: 6\r\n"),
            ),
            ("two in one", of("Content-Length: 5, 6\r\n")),
            ("no number", of("Content-Length: five\r\n")),
            ("a sign", of("Content-Length: +5\r\n")),
            ("below zero", of("Content-Length: -1\r\n")),
            ("another base", of("Content-Length: 0x5\r\n")),
            ("nothing", of("Content-Length: \r\n")),
            ("too large", of("Content-Length: 99999999999999999999\r\n")),
            ("an unknown coding", of("Transfer-Encoding: xchunked\r\n")),
            (
                "chunks not last",
                of("Transfer-Encoding: chunked, identity\r\n"),
            ),
            (
                "two codings",
                of("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"),
            ),
        ],
        &["400"],
    )
    .await;
}

#[tokio::test]
async fn heads_that_are_not_to_the_letter() {
    let get = |line: &str| format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{line}\r\n\r\n{SMUGGLED}");
    refused(
        &[
            ("a space before the colon", get("Content-Length : 5")),
            ("a folded line", get("X: a\r\n b")),
            ("a folded length", get("Content-Length:\r\n 5")),
            ("a line that begins with a space", get(" X: a")),
            ("a bare CR in a value", get("X: a\rContent-Length: 5")),
            ("a bare CR at the end", get("X: a\r\r")),
            ("a NUL in a value", get("X: a\0b")),
            ("a line without a colon", get("Content-Length")),
            ("an empty name", get(": a")),
            ("a name that is no token", get("X(y): a")),
            ("a control character", get("X\u{1}: a")),
            (
                "no version",
                format!("GET /healthz\r\nHost: x\r\n\r\n{SMUGGLED}"),
            ),
            (
                "a strange version",
                format!("GET / HTTP/9.9\r\n\r\n{SMUGGLED}"),
            ),
            (
                "a space in the path",
                format!("GET /a b HTTP/1.1\r\nHost: x\r\n\r\n{SMUGGLED}"),
            ),
            (
                "a method that is none",
                format!("G\u{1}T / HTTP/1.1\r\nHost: x\r\n\r\n{SMUGGLED}"),
            ),
        ],
        &["400", "505"],
    )
    .await;
}

#[tokio::test]
async fn heads_that_are_too_much() {
    let headers: String = (0..1000).map(|n| format!("X{n}: y\r\n")).collect();
    let long = "x".repeat(100_000);
    refused(
        &[
            ("headers", post(&headers, SMUGGLED)),
            ("a header", post(&format!("X: {long}\r\n"), SMUGGLED)),
            ("a header's name", post(&format!("{long}: y\r\n"), SMUGGLED)),
            (
                "the line",
                format!("GET /{long} HTTP/1.1\r\nHost: x\r\n\r\n"),
            ),
            (
                "the query",
                format!("GET /users.json?{long} HTTP/1.1\r\nHost: x\r\n\r\n"),
            ),
            (
                "the method",
                format!("{long} / HTTP/1.1\r\nHost: x\r\n\r\n"),
            ),
        ],
        &["400", "414", "431"],
    )
    .await;
}

#[tokio::test]
async fn chunks_that_lie() {
    let chunked = |body: &str| {
        post(
            "Transfer-Encoding: chunked\r\n",
            &format!("{body}{SMUGGLED}"),
        )
    };
    refused(
        &[
            ("no number", chunked("x\r\n")),
            ("below zero", chunked("-1\r\n\r\n")),
            ("too large", chunked("fffffffffffffffff\r\n")),
            ("another length", chunked("1\r\nabc\r\n0\r\n\r\n")),
            ("a bare CR", chunked("1\ra\r\n0\r\n\r\n")),
        ],
        // Where there is no such path, the body is not read at all.
        &["400", "404", "422"],
    )
    .await;
}

/// Chunks outrank a length, and nothing is read behind them (RFC 9112
/// section 6.1); a bare LF ends a line (section 2.2).
#[tokio::test]
async fn what_the_rfc_lets_be_read_is_one_request() {
    let chunks = "0\r\n\r\n";
    let hidden = SMUGGLED.len();
    refused(
        &[
            (
                "a length and chunks",
                post(
                    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                    &format!("{chunks}{SMUGGLED}"),
                ),
            ),
            (
                "chunks and a length",
                post(
                    "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
                    &format!("{chunks}{SMUGGLED}"),
                ),
            ),
            (
                "a length behind a bare LF",
                post(
                    &format!("Connection: close\r\nX: a\nContent-Length: {hidden}\r\n"),
                    SMUGGLED,
                ),
            ),
            (
                "the same length twice",
                post(
                    &format!("Connection: close\r\nContent-Length: {hidden}\r\nContent-Length: {hidden}\r\n"),
                    SMUGGLED,
                ),
            ),
        ],
        &["400", "404", "422"],
    )
    .await;
}
