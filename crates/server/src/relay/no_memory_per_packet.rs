//! The worker with its sockets takes no memory for what it relays, whichever way it goes.
#![allow(clippy::unwrap_used)]

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use stun_types::attribute::{Nonce, Realm, Username};
use stun_types::message::{
    IntegrityAlgorithm, LongTermKeyCredentials, Message, MessageClass, MessageIntegrityCredentials,
    MessageType, MessageWrite, MessageWriteExt, MessageWriteVec,
};
use turn_types::attribute::{
    ChannelNumber, Data, RequestedTransport, XorPeerAddress, XorRelayedAddress,
};
use turn_types::message::{ALLOCATE, CHANNEL_BIND, SEND};
use visavis_turn::server::{Config, Credentials, Secret};

use super::StatusBoard;
use super::addresses::Addresses;
use super::ports::Ports;
use super::worker::{Desk, Worker};
use crate::config::RelayConfig;

/// Datagrams in a burst: less than a batch, a batch, and more; all of them fit into a socket.
const BURSTS: [usize; 3] = [1, 64, 80];

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_nonblocking(true).unwrap();
    socket
}

/// A worker that runs in this thread, when it is told to.
struct Stage {
    worker: Worker,
    desk: Desk,
    relay: SocketAddr,
    secret: Secret,
}

impl Stage {
    fn new() -> Self {
        let clients = socket();
        let relay = clients.local_addr().unwrap();
        let secret = Secret::new(*b"sixteen bytes ok");
        let settings = RelayConfig::default();
        let addresses = Addresses::of(relay, &settings);
        let mut config = Config::new("example.org", secret.clone());
        config.relay_v4 = addresses.public_v4();
        config.limits.bytes_per_second_per_user = Some(1 << 40);
        let ports = Ports::new(42_000..=42_999, addresses);
        let (patience, status) = (Duration::from_secs(9), StatusBoard::default());
        let (worker, _) = Worker::new(config, clients, ports, patience, status).unwrap();
        Self {
            worker,
            desk: Desk::new(),
            relay,
            secret,
        }
    }

    /// Until `socket` has `count` datagrams; gives back the last.
    fn until(&mut self, socket: &UdpSocket, count: usize, data: &mut [u8]) -> usize {
        let mut length = 0;
        for _ in 0..count {
            length = loop {
                match socket.recv(data) {
                    Ok(length) => break length,
                    Err(_) => self.worker.round(&mut self.desk).unwrap(),
                }
            };
        }
        length
    }

    /// A client with an allocation.
    fn allocate(&mut self) -> Client {
        let socket = socket();
        socket.connect(self.relay).unwrap();
        let credentials = Credentials::issue(&self.secret, "user", Duration::from_secs(1000));
        let mut client = Client {
            socket,
            credentials,
            challenge: None,
            relayed: self.relay,
        };
        for _ in 0..2 {
            let mut request = Message::builder_request(ALLOCATE, MessageWriteVec::new());
            request.add_attribute(&RequestedTransport::new(17)).unwrap();
            self.ask(&mut client, request);
        }
        client
    }

    fn bind(&mut self, client: &mut Client, peer: SocketAddr) {
        let mut request = Message::builder_request(CHANNEL_BIND, MessageWriteVec::new());
        let id = Message::from_bytes(&request).unwrap().transaction_id();
        request.add_attribute(&ChannelNumber::new(0x4000)).unwrap();
        request
            .add_attribute(&XorPeerAddress::new(peer, id))
            .unwrap();
        self.ask(client, request);
    }

    fn ask(&mut self, client: &mut Client, mut request: MessageWriteVec) {
        let challenged = client.challenge.is_some();
        if let Some((realm, nonce)) = &client.challenge {
            let Credentials { username, password } = &client.credentials;
            let name = Username::new(username).unwrap();
            request.add_attribute(&name).unwrap();
            request.add_attribute(&Realm::new(realm).unwrap()).unwrap();
            request.add_attribute(&Nonce::new(nonce).unwrap()).unwrap();
            let key: MessageIntegrityCredentials =
                LongTermKeyCredentials::new(username.clone(), password.clone(), realm.clone())
                    .into();
            request
                .add_message_integrity(&key, IntegrityAlgorithm::Sha1)
                .unwrap();
        }
        client.socket.send(&request.finish()).unwrap();
        let mut answer = [0; 1000];
        let length = self.until(&client.socket, 1, &mut answer);
        let answer = Message::from_bytes(&answer[..length]).unwrap();
        assert_eq!(answer.has_class(MessageClass::Success), challenged);
        if let (Ok(realm), Ok(nonce)) = (answer.attribute::<Realm>(), answer.attribute::<Nonce>()) {
            client.challenge = Some((realm.realm().to_owned(), nonce.nonce().to_owned()));
        }
        if let Ok(relayed) = answer.attribute::<XorRelayedAddress>() {
            client.relayed = relayed.addr(answer.transaction_id());
        }
    }

    /// What comes out somewhere when this is sent somewhere else, without any memory.
    fn passes(&mut self, from: &UdpSocket, to: SocketAddr, packet: &[u8], at: &UdpSocket) -> usize {
        let (mut data, mut length) = ([0; 2000], 0);
        for count in BURSTS {
            let memory = allocation_counter::measure(|| {
                for _ in 0..count {
                    from.send_to(packet, to).unwrap();
                }
                length = self.until(at, count, &mut data);
            });
            assert_eq!(memory.count_total, 0);
        }
        length
    }
}

struct Client {
    socket: UdpSocket,
    credentials: Credentials,
    challenge: Option<(String, String)>,
    relayed: SocketAddr,
}

#[test]
fn relayed_data_takes_no_memory() {
    let mut stage = Stage::new();
    let (peer, other_peer) = (socket(), socket());
    let peer_address = peer.local_addr().unwrap();
    let mut first = stage.allocate();
    let mut second = stage.allocate();
    stage.bind(&mut first, peer_address);
    stage.bind(&mut second, first.relayed);
    let relay = stage.relay;

    let data = [7; 500];
    let channel = [&[0x40, 0, 0x01, 0xf4][..], &data].concat();
    let kind = MessageType::from_class_method(MessageClass::Indication, SEND);
    let mut indication = Message::builder(kind, 1.into(), MessageWriteVec::new());
    let address = XorPeerAddress::new(peer_address, 1.into());
    indication.add_attribute(&address).unwrap();
    indication.add_attribute(&Data::new(&data)).unwrap();
    let indication = indication.finish();

    // To a peer, by channel and by indication.
    for packet in [&channel, &indication] {
        let length = stage.passes(&first.socket, relay, packet, &peer);
        assert_eq!(length, data.len());
    }
    // And back: only one of the two peers has a channel.
    for (peer, around) in [(&peer, 4), (&other_peer, 36)] {
        let length = stage.passes(peer, first.relayed, &data, &first.socket);
        assert_eq!(length, data.len() + around);
    }
    // From one allocation to the other.
    let length = stage.passes(&second.socket, relay, &channel, &first.socket);
    assert_eq!(length, data.len() + 36);
}
