//! STUN over real sockets, IPv4 and IPv6.

use crate::common::{soon, start, start_with};
use stun_types::attribute::XorMappedAddress;
use stun_types::message::{BINDING, Message, MessageWrite, MessageWriteExt, MessageWriteVec};
use tokio::net::UdpSocket;

fn request() -> Vec<u8> {
    let mut message = Message::builder_request(BINDING, MessageWriteVec::new());
    message.add_fingerprint().unwrap();
    message.finish()
}

async fn asks(from: &str, relay: &str) {
    let socket = UdpSocket::bind(from).await.unwrap();
    socket.connect(relay).await.unwrap();
    // Nonsense first: it is dropped, and the answer to the request is next.
    socket.send(b"nonsense").await.unwrap();
    socket.send(&request()[..20]).await.unwrap();
    socket.send(&[0; 1400]).await.unwrap();
    ask(&socket).await;
}

/// Asks for the socket's address; the next answer tells it.
pub(crate) async fn ask(socket: &UdpSocket) {
    let request = request();
    socket.send(&request).await.unwrap();
    let mut answer = [0; 1500];
    let length = soon(socket.recv(&mut answer)).await.unwrap();
    let answer = Message::from_bytes(&answer[..length]).unwrap();
    let asked = Message::from_bytes(&request).unwrap().transaction_id();
    assert_eq!(answer.transaction_id(), asked);
    let mapped = answer.attribute::<XorMappedAddress>().unwrap().addr(asked);
    assert_eq!(mapped, socket.local_addr().unwrap());
}

#[tokio::test]
async fn over_ipv4() {
    let running = start().await;
    let relay = running.server.ready().relay.clone().unwrap();
    asks("127.0.0.1:0", &relay).await;
    soon(running.server.shutdown()).await;
}

#[tokio::test]
async fn over_ipv6_and_both_at_once() {
    let running = start_with(|config| config.relay = Some("[::]:0".parse().unwrap())).await;
    let relay = running.server.ready().relay.clone().unwrap();
    let port = relay.rsplit(':').next().unwrap();
    asks("[::1]:0", &format!("[::1]:{port}")).await;
    asks("127.0.0.1:0", &format!("127.0.0.1:{port}")).await;
}
