//! 64 KiB of random bytes on every listener: answered as the protocol wants, and
//! nobody else notices.

use futures_util::SinkExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::common::chat::{Chat, Ended};
use crate::common::{soon, start};
use crate::stun_binding;

const LENGTH: usize = 64 * 1024;

/// So many different ones, the same in every run.
const SEEDS: std::ops::Range<u64> = 1..9;

/// A xorshift, so that a failure repeats.
fn random_bytes(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    std::iter::repeat_with(next)
        .take(LENGTH / 8)
        .flatten()
        .collect()
}

/// Everything that is answered until the connection ends.
async fn answer(mut socket: impl AsyncRead + AsyncWrite + Unpin, bytes: &[u8]) -> Vec<u8> {
    // The server may hang up in the middle, and then resets the connection.
    let _ = soon(socket.write_all(bytes)).await;
    let _ = soon(socket.shutdown()).await;
    let mut answer = Vec::new();
    let _ = soon(socket.read_to_end(&mut answer)).await;
    answer
}

#[tokio::test]
async fn as_a_request() {
    let running = start().await;
    let address = running.http().replace("http://", "");
    for seed in SEEDS {
        let socket = TcpStream::connect(&address).await.unwrap();
        let answer = answer(socket, &random_bytes(seed)).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 400"), "{seed}: {answer}");
    }
    running.still_serves().await;
}

#[tokio::test]
async fn as_the_body_of_a_request() {
    let running = start().await;
    let address = running.http().replace("http://", "");
    for (kind, status) in [
        ("application/json", "422"),
        ("application/x-www-form-urlencoded", "422"),
    ] {
        let head = format!(
            "POST /session.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {LENGTH}\r\n\r\n"
        );
        for seed in SEEDS {
            let socket = TcpStream::connect(&address).await.unwrap();
            let request = [head.as_bytes(), &random_bytes(seed)].concat();
            let answer = answer(socket, &request).await;
            let answer = String::from_utf8_lossy(&answer);
            let expected = format!("HTTP/1.1 {status}");
            assert!(answer.starts_with(&expected), "{kind}, {seed}: {answer}");
        }
    }
    running.still_serves().await;
}

#[tokio::test]
async fn as_a_chat_message() {
    let running = start().await;
    for logged_in in [false, true] {
        let mut chat = if logged_in {
            running.chat(101).await
        } else {
            Chat::connect(&running.ws()).await
        };
        let mut bytes = random_bytes(1);
        if !logged_in {
            // All that a stranger may send.
            bytes.truncate(10_000);
        }
        soon(chat.socket.send(Message::binary(bytes)))
            .await
            .unwrap();
        let mut frames = Vec::new();
        let ended = loop {
            match chat.frame().await {
                Ok(frame) => frames.push(frame),
                Err(ended) => break ended,
            }
        };
        // RFC 7395 section 3.2 knows text alone; the stream ends in good order.
        let Ended::Close(Some(close)) = ended else {
            panic!("{ended:?}");
        };
        assert_eq!(close.code, CloseCode::Unsupported);
        assert!(frames.concat().contains("<bad-format "), "{frames:?}");
    }
    running.still_serves().await;
}

#[tokio::test]
async fn in_place_of_a_stream() {
    let running = start().await;
    let address = running.server.ready().xmpp.clone().unwrap();
    for seed in SEEDS {
        let socket = TcpStream::connect(&address).await.unwrap();
        let bytes = random_bytes(seed);
        let answer = answer(socket, &bytes).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.contains("<not-well-formed "), "{seed}: {answer}");
        assert!(answer.ends_with("</stream:stream>"), "{seed}: {answer}");
    }
    running.still_serves().await;
}

#[tokio::test]
async fn inside_a_stream() {
    let running = start().await;
    for seed in SEEDS {
        let mut stream = running.stream().await;
        stream.log_in(101, "tcp").await;
        let answer = answer(stream.socket, &random_bytes(seed)).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.contains("<stream:error"), "{seed}: {answer}");
        assert!(answer.ends_with("</stream:stream>"), "{seed}: {answer}");
    }
    running.still_serves().await;
}

#[tokio::test]
async fn in_place_of_web_socket_frames() {
    // The frame that closes with 1002, a protocol error (RFC 6455 sections 5.5.1
    // and 7.4.1).
    const CLOSE: [u8; 4] = [0x88, 2, 0x03, 0xea];
    let running = start().await;
    for seed in SEEDS {
        let chat = running.chat(101).await;
        let mut bytes = random_bytes(seed);
        // With a reserved bit set it is no frame from its first byte on.
        bytes[0] |= 0x40;
        let answer = answer(chat.socket.into_inner(), &bytes).await;
        assert!(answer.ends_with(&CLOSE), "{seed}: {answer:?}");
    }
    running.still_serves().await;
}

#[tokio::test]
async fn as_packets_to_the_relay() {
    let running = start().await;
    let relay = running.server.ready().relay.clone().unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(&relay).await.unwrap();
    for seed in SEEDS {
        let mut rest = &random_bytes(seed)[..];
        // Of every size up to more than a packet of the network.
        for length in (0..).step_by(37).map(|length| length % 1600) {
            let (packet, behind) = rest.split_at(length.min(rest.len()));
            socket.send(packet).await.unwrap();
            if behind.is_empty() {
                break;
            }
            rest = behind;
        }
        // None of it was answered: the first answer is to the first question.
        stun_binding::ask(&socket).await;
    }
    running.still_serves().await;
}
