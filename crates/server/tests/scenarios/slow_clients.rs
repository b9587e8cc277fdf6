//! Clients that send or read slowly, on every listener: they are given up, and
//! what waits for them stays bounded.

use std::pin::Pin;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;

use crate::common::chat::{Socket, bare, headline};
use crate::common::operator::Operator;
use crate::common::soon;
use crate::common::stream::HEADER;
use crate::common::ways::{Everywhere, Line, WAYS, Way, http_listeners, start_everywhere};

/// The beginning of a TLS handshake (RFC 8446 section 5.1): a record of 512
/// bytes.
const HANDSHAKE: &[u8] = &[22, 3, 1, 2, 0, 1, 0, 1, 252];

/// The beginning of a STUN request of 4 KiB (RFC 8489 section 5).
const STUN: &[u8] = &[0, 1, 16, 0, 0x21, 0x12, 0xa4, 0x42];

/// The beginning of a text frame of 9,000 bytes, masked with zeros.
const FRAME: &[u8] = &[0x81, 0xfe, 0x23, 0x28, 0, 0, 0, 0];

const HEAD: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\nX: ";

async fn start() -> Everywhere {
    start_everywhere(|config| {
        config.admin = Some("0.0.0.0:0".parse().unwrap());
        config.limits.request_time = Duration::from_secs(2);
        config.limits.login_time = Duration::from_secs(2);
    })
    .await
}

/// Sends the beginning, and then a byte now and then, until the server ends
/// the connection.
async fn trickle(socket: Pin<Box<dyn Socket>>, begin: Vec<u8>, byte: u8) {
    let (mut reader, mut writer) = tokio::io::split(socket);
    let send = async {
        if writer.write_all(&begin).await.is_ok() {
            while writer.write_all(&[byte]).await.is_ok() && writer.flush().await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        // What was said in the end can still be read.
        std::future::pending::<()>().await;
    };
    let mut answer = Vec::new();
    let end = async {
        let _ = reader.read_to_end(&mut answer).await;
    };
    tokio::select! {
        () = send => {}
        () = end => {}
    }
}

/// Clients that send slowly, all at once.
#[derive(Default)]
struct Slow(JoinSet<()>);

impl Slow {
    fn add(&mut self, name: String, socket: Pin<Box<dyn Socket>>, begin: &[u8], byte: u8) {
        let begin = begin.to_vec();
        self.0.spawn(async move {
            let ended = tokio::time::timeout(Duration::from_secs(60), trickle(socket, begin, byte));
            assert!(ended.await.is_ok(), "{name} is still there");
        });
    }
}

#[tokio::test]
async fn a_slow_writer_is_given_up_on_every_listener() {
    let server = start().await;
    let ready = server.running.server.ready();
    let mut slow = Slow::default();
    let token = Operator::of(&server.running).token;
    for (name, address, encrypted) in http_listeners(&server) {
        let path = match name {
            "http" | "https" => "session.json",
            _ => "applications",
        };
        let body = format!(
            "POST /{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
             Content-Length: 10000\r\n\r\n"
        );
        for (what, begin, byte) in [
            ("nothing", &b""[..], b'\n'),
            ("the head", HEAD, b'x'),
            ("the body", body.as_bytes(), b'x'),
        ] {
            let socket = server.connect(&address, encrypted).await;
            slow.add(format!("{name}, {what}"), socket, begin, byte);
        }
        if encrypted {
            let socket = server.connect(&address, false).await;
            slow.add(format!("{name}, TLS"), socket, HANDSHAKE, 0);
        }
    }
    let relay = ready.relay.as_ref().unwrap();
    for (what, encrypted, begin) in [
        ("TCP", false, STUN),
        ("TLS", true, STUN),
        ("handshake", false, HANDSHAKE),
    ] {
        let socket = server.connect(relay, encrypted).await;
        slow.add(format!("relay, {what}"), socket, begin, 0);
    }
    let xmpps = server.connect(ready.xmpps.as_ref().unwrap(), false).await;
    slow.add("xmpps, TLS".to_owned(), xmpps, HANDSHAKE, 0);
    let mut starting = server.running.stream().await;
    starting.open().await;
    starting
        .send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        .await;
    assert_eq!(starting.element().await.name(), "proceed");
    slow.add("STARTTLS".to_owned(), starting.socket, HANDSHAKE, 0);
    for way in WAYS {
        let first = server.line(way).await;
        let mut login = server.line(way).await;
        login.open().await;
        let header = HEADER.trim_end_matches('>').as_bytes();
        for (what, line, begin) in [("header", first, header), ("login", login, b"<auth a='")] {
            let name = format!("{way:?}, {what}");
            match line {
                Line::Frames(chat) => slow.add(name, chat.socket.into_inner(), FRAME, b' '),
                Line::Stream(stream) => slow.add(name, stream.socket, begin, b' '),
            }
        }
    }
    while let Some(ended) = slow.0.join_next().await {
        ended.unwrap();
    }
}

/// Requests one after the other, and nobody reads the answers.
#[tokio::test]
async fn a_slow_reader_of_answers_is_given_up() {
    let server = start().await;
    for (name, address, encrypted) in http_listeners(&server) {
        let mut socket = server.connect(&address, encrypted).await;
        let request = "GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n".repeat(100);
        let asked = soon(async {
            let mut asked = 0;
            while socket.write_all(request.as_bytes()).await.is_ok() {
                asked += 100;
            }
            asked
        });
        // It was not the number of requests that ended it.
        assert!(asked.await >= 100, "{name}");
    }
}

/// Nobody reads what comes for a user: the queue stays within its bounds, the
/// stream is ended, and those who read go on.
#[tokio::test]
async fn a_slow_reader_of_chat_is_given_up() {
    let server = start_everywhere(|config| {
        config.limits.outbound_bytes = 1_000_000;
        config.limits.ping_after = Duration::from_secs(600);
    })
    .await;
    let tokens = [server.token(101).await, server.token(102).await];
    let mut watcher = server.stream(Way::Tcp, 102, Some(&tokens[1])).await;
    let mut sender = server.stream(Way::Ws, 101, Some(&tokens[0])).await;
    for way in WAYS {
        let slow = server.stream(way, 102, Some(&tokens[1])).await;
        let here = watcher.next("presence").await;
        assert_eq!(here.attribute("from"), Some(slow.jid()));
        let large = headline("m", slow.jid(), "update").replace(
            "<callType>",
            &format!("<p>{}</p><callType>", "x".repeat(200_000)),
        );
        let flood = async {
            loop {
                sender.send(&large).await;
                sender.send(&headline("f", &bare(101), "update")).await;
                sender.next("message").await;
            }
        };
        let gone = watcher.next("presence");
        let gone = tokio::select! {
            () = flood => unreachable!(),
            gone = gone => gone,
        };
        assert_eq!(gone.attribute("type"), Some("unavailable"), "{way:?}");
        assert_eq!(gone.attribute("from"), Some(slow.jid()), "{way:?}");
    }
    server.running.still_serves().await;
}

/// Whoever reads more slowly than others write finds out why it ends.
#[tokio::test]
async fn a_slow_reader_of_chat_is_told() {
    let server = start_everywhere(|config| config.limits.outbound_stanzas = 1).await;
    let tokens = [server.token(101).await, server.token(102).await];
    let mut sender = server.stream(Way::Ws, 101, Some(&tokens[0])).await;
    for way in WAYS {
        let mut slow = server.stream(way, 102, Some(&tokens[1])).await;
        let update = headline("m", slow.jid(), "update");
        let what = format!("{way:?}");
        let flood = async {
            loop {
                for _ in 0..50 {
                    sender.send(&update).await;
                }
            }
        };
        tokio::select! {
            () = flood => {}
            () = slow.ends_with("resource-constraint", &what) => {}
        }
    }
    server.running.still_serves().await;
}

/// Whoever asks a relay and does not listen.
#[tokio::test]
async fn a_slow_reader_of_the_relay_is_given_up() {
    let server = start().await;
    let relay = server.running.server.ready().relay.clone().unwrap();
    let mut binding = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
    binding.extend([7; 12]);
    let many = binding.repeat(1000);
    for encrypted in [false, true] {
        let mut socket = server.connect(&relay, encrypted).await;
        soon(async { while socket.write_all(&many).await.is_ok() {} }).await;
    }
    server.running.still_serves().await;
}
