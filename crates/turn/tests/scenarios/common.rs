//! A relay with sockets that are only numbers, and clients who speak to it.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use stun_types::attribute::{
    Attribute, AttributeFromRaw, AttributeStaticType, AttributeType, AttributeWrite, ErrorCode,
    Nonce, RawAttribute, Realm, Username,
};
use stun_types::message::{
    BINDING, IntegrityAlgorithm, LongTermKeyCredentials, Message, MessageClass,
    MessageIntegrityCredentials, MessageType, MessageWrite, MessageWriteExt, MessageWriteVec,
    Method,
};
use turn_types::attribute::{
    ChannelNumber, Data, Lifetime, RequestedTransport, XorPeerAddress, XorRelayedAddress,
};
use turn_types::message::{ALLOCATE, CHANNEL_BIND, CREATE_PERMISSION, REFRESH, SEND};
use visavis_turn::server::{
    Client, Config, Credentials, Family, Input, Output, Path, PortWish, Relay, RelayId, Secret,
};

pub(crate) const REALM: &str = "example.org";
pub(crate) const RELAY_V4: &str = "198.51.100.1";
pub(crate) const RELAY_V6: &str = "2001:db8::1";
/// The relay's clock starts here in Unix time.
pub(crate) const ORIGIN: u64 = 1_700_000_000;

pub(crate) fn secret() -> Secret {
    Secret::new(*b"sixteen bytes ok")
}

pub(crate) fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// What left the relay, besides answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sent {
    ToClient(Client, Vec<u8>),
    /// From this relayed address to that peer.
    ToPeer(SocketAddr, SocketAddr, Vec<u8>),
}

pub(crate) struct World {
    pub(crate) relay: Relay,
    pub(crate) now: Duration,
    pub(crate) open: BTreeMap<RelayId, SocketAddr>,
    /// Ports that other programs have.
    pub(crate) taken: BTreeSet<u16>,
    pub(crate) no_ports: bool,
    pub(crate) sent: Vec<Sent>,
    next_port: u16,
}

pub(crate) fn world() -> World {
    world_with(|_| ())
}

pub(crate) fn world_with(change: impl FnOnce(&mut Config)) -> World {
    let mut config = Config::new(REALM, secret());
    config.origin = seconds(ORIGIN);
    config.relay_v4 = Some(RELAY_V4.parse().unwrap());
    config.relay_v6 = Some(RELAY_V6.parse().unwrap());
    change(&mut config);
    World {
        relay: Relay::new(config),
        now: Duration::ZERO,
        open: BTreeMap::new(),
        taken: BTreeSet::new(),
        no_ports: false,
        sent: Vec::new(),
        next_port: 50_000,
    }
}

impl World {
    /// Hands in one thing; the answer to a client, if there is one.
    pub(crate) fn step(&mut self, input: Input<'_>) -> Option<Vec<u8>> {
        let mut reply = None;
        let mut opens = Vec::new();
        for output in self.relay.handle(self.now, input) {
            match output {
                Output::Reply { message, .. } => {
                    assert!(reply.replace(message).is_none(), "two answers");
                }
                Output::ToClient { to, frame } => {
                    self.sent.push(Sent::ToClient(to, frame.parts().concat()));
                }
                Output::ToPeer { from, to, data } => {
                    let from = self.open[&from];
                    self.sent.push(Sent::ToPeer(from, to, data.to_vec()));
                }
                Output::Open {
                    relay,
                    family,
                    port,
                } => opens.push((relay, family, port)),
                Output::Close { relay } => {
                    self.open.remove(&relay).expect("an open socket is closed");
                }
            }
        }
        for (relay, family, port) in opens {
            let port = self.port(relay, family, port);
            assert!(reply.is_none());
            reply = self.step(Input::Opened { relay, port });
        }
        reply
    }

    fn port(&mut self, relay: RelayId, family: Family, wish: PortWish) -> Option<u16> {
        let ip = match family {
            Family::V4 => RELAY_V4,
            Family::V6 => RELAY_V6,
        };
        let ip = ip.parse().unwrap();
        if self.no_ports {
            return None;
        }
        loop {
            self.next_port += 1;
            let port = self.next_port;
            let even = wish == PortWish::Any || port.is_multiple_of(2);
            if self.taken.contains(&port) || !even {
                continue;
            }
            if let PortWish::EvenAndNext(next) = wish {
                if self.taken.contains(&(port + 1)) {
                    continue;
                }
                self.next_port += 1;
                assert_eq!(self.open.insert(next, SocketAddr::new(ip, port + 1)), None);
            }
            assert_eq!(self.open.insert(relay, SocketAddr::new(ip, port)), None);
            return Some(port);
        }
    }

    pub(crate) fn packet(&mut self, from: Client, data: &[u8]) -> Option<Vec<u8>> {
        self.step(Input::FromClient { from, data })
    }

    /// A datagram from outside to a relayed address.
    pub(crate) fn arrives(&mut self, at: SocketAddr, from: &str, data: &[u8]) {
        let (&relay, _) = self.open.iter().find(|(_, open)| **open == at).unwrap();
        let reply = self.step(Input::FromPeer {
            at: relay,
            from: address(from),
            data,
        });
        assert_eq!(reply, None);
    }

    /// Lets time pass, with everything that falls due meanwhile.
    pub(crate) fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.relay.next_timeout().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            assert_eq!(self.step(Input::Timeout), None);
        }
        self.now = end;
    }

    /// What has left since the last time.
    pub(crate) fn take_sent(&mut self) -> Vec<Sent> {
        std::mem::take(&mut self.sent)
    }
}

/// A client with credentials.
#[derive(Clone, Debug)]
pub(crate) struct Player {
    pub(crate) client: Client,
    pub(crate) credentials: Credentials,
    pub(crate) realm: String,
    pub(crate) nonce: String,
    id: u128,
}

/// A client on UDP whose credentials hold for an hour.
pub(crate) fn player(user: &str, at: &str) -> Player {
    Player {
        client: Client {
            address: address(at),
            path: Path::Datagrams(0),
        },
        credentials: Credentials::issue(&secret(), user, seconds(ORIGIN + 3600)),
        realm: String::new(),
        nonce: String::new(),
        id: 0,
    }
}

impl Player {
    /// A request with credentials, if the realm and the nonce are known.
    pub(crate) fn request(
        &mut self,
        method: Method,
        attributes: &[&dyn AttributeWrite],
    ) -> Vec<u8> {
        self.id += 1;
        self.request_again(method, attributes)
    }

    /// The request with the same transaction id as the last one.
    pub(crate) fn request_again(
        &self,
        method: Method,
        attributes: &[&dyn AttributeWrite],
    ) -> Vec<u8> {
        let kind = MessageType::from_class_method(MessageClass::Request, method);
        let mut message = Message::builder(kind, self.id.into(), MessageWriteVec::new());
        for attribute in attributes {
            message.add_attribute(*attribute).unwrap();
        }
        if !self.nonce.is_empty() {
            let username = Username::new(&self.credentials.username).unwrap();
            message.add_attribute(&username).unwrap();
            let realm = Realm::new(&self.realm).unwrap();
            message.add_attribute(&realm).unwrap();
            let nonce = Nonce::new(&self.nonce).unwrap();
            message.add_attribute(&nonce).unwrap();
            message
                .add_message_integrity(&self.key(), IntegrityAlgorithm::Sha1)
                .unwrap();
        }
        message.finish()
    }

    /// The transaction id of the next request.
    pub(crate) const fn next_id(&self) -> u128 {
        self.id + 1
    }

    fn key(&self) -> MessageIntegrityCredentials {
        LongTermKeyCredentials::new(
            self.credentials.username.clone(),
            self.credentials.password.clone(),
            self.realm.clone(),
        )
        .into()
    }

    /// Asks once; the answer has to be sealed with our key if it is more than a challenge.
    pub(crate) fn ask(
        &mut self,
        world: &mut World,
        method: Method,
        attributes: &[&dyn AttributeWrite],
    ) -> Answer {
        let request = self.request(method, attributes);
        let answer = Answer(world.packet(self.client, &request).expect("an answer"));
        if method != BINDING && ![400, 401, 438].contains(&answer.code()) {
            let message = answer.message();
            message.validate_integrity(&self.key()).unwrap();
        }
        answer
    }

    /// Learns realm and nonce.
    pub(crate) fn introduce(&mut self, world: &mut World) {
        self.nonce.clear();
        let answer = self.ask(world, ALLOCATE, &[]);
        assert_eq!(answer.code(), 401);
        self.learn(&answer);
    }

    pub(crate) fn learn(&mut self, answer: &Answer) {
        self.realm = answer.get::<Realm>().realm().to_owned();
        self.nonce = answer.get::<Nonce>().nonce().to_owned();
    }

    /// Allocates as every client does; the relayed address.
    pub(crate) fn allocate(&mut self, world: &mut World) -> SocketAddr {
        self.introduce(world);
        let answer = self.ask(world, ALLOCATE, &[&udp()]);
        assert_eq!(answer.code(), 0);
        answer.relayed()
    }

    pub(crate) fn refresh(&mut self, world: &mut World, lifetime: u32) -> Answer {
        self.ask(world, REFRESH, &[&Lifetime::new(lifetime)])
    }

    pub(crate) fn permit(&mut self, world: &mut World, peer: &str) -> u16 {
        let peer = XorPeerAddress::new(address(peer), self.next_id().into());
        self.ask(world, CREATE_PERMISSION, &[&peer]).code()
    }

    pub(crate) fn bind(&mut self, world: &mut World, number: u16, peer: &str) -> u16 {
        let peer = XorPeerAddress::new(address(peer), self.next_id().into());
        let number = ChannelNumber::new(number);
        self.ask(world, CHANNEL_BIND, &[&number, &peer]).code()
    }

    /// Sends data to a peer in an indication.
    pub(crate) fn send(&mut self, world: &mut World, peer: &str, data: &[u8]) {
        let reply = world.packet(self.client, &self.indication(peer, data, &[]));
        assert_eq!(reply, None);
    }

    pub(crate) fn indication(
        &self,
        peer: &str,
        data: &[u8],
        more: &[&dyn AttributeWrite],
    ) -> Vec<u8> {
        let kind = MessageType::from_class_method(MessageClass::Indication, SEND);
        let mut message = Message::builder(kind, 9.into(), MessageWriteVec::new());
        let peer = XorPeerAddress::new(address(peer), 9.into());
        message.add_attribute(&peer).unwrap();
        message.add_attribute(&Data::new(data)).unwrap();
        for attribute in more {
            message.add_attribute(*attribute).unwrap();
        }
        message.finish()
    }

    /// Sends channel data.
    pub(crate) fn channel(&mut self, world: &mut World, number: u16, data: &[u8]) {
        let reply = world.packet(self.client, &channel_data(number, data));
        assert_eq!(reply, None);
    }
}

pub(crate) fn udp() -> RequestedTransport {
    RequestedTransport::new(17)
}

pub(crate) fn channel_data(number: u16, data: &[u8]) -> Vec<u8> {
    let mut packet = number.to_be_bytes().to_vec();
    packet.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
    packet.extend(data);
    packet
}

/// An answer of the relay.
#[derive(Debug)]
pub(crate) struct Answer(pub(crate) Vec<u8>);

impl Answer {
    pub(crate) fn message(&self) -> Message<'_> {
        Message::from_bytes(&self.0).unwrap()
    }

    /// The error code; 0 for success.
    pub(crate) fn code(&self) -> u16 {
        let message = self.message();
        if message.has_class(MessageClass::Success) {
            return 0;
        }
        assert!(message.has_class(MessageClass::Error));
        message.attribute::<ErrorCode>().unwrap().code()
    }

    pub(crate) fn get<A: for<'a> AttributeFromRaw<'a> + AttributeStaticType>(&self) -> A {
        let message = self.message();
        A::from_raw_ref(&message.raw_attribute(A::TYPE).unwrap()).unwrap()
    }

    pub(crate) fn has<A: AttributeStaticType>(&self) -> bool {
        self.message().has_attribute(A::TYPE)
    }

    pub(crate) fn relayed(&self) -> SocketAddr {
        let id = self.message().transaction_id();
        self.get::<XorRelayedAddress>().addr(id)
    }

    pub(crate) fn lifetime(&self) -> u32 {
        self.get::<Lifetime>().seconds()
    }
}

/// The peer and the data of a Data indication.
pub(crate) fn data_of(packet: &[u8]) -> (SocketAddr, Vec<u8>) {
    let message = Message::from_bytes(packet).unwrap();
    assert!(message.has_method(turn_types::message::DATA));
    let peer = message.attribute::<XorPeerAddress>().unwrap();
    let data = message.attribute::<Data<'_>>().unwrap().data().to_vec();
    (peer.addr(message.transaction_id()), data)
}

/// Any attribute with any value.
#[derive(Debug)]
pub(crate) struct Strange(pub(crate) AttributeType, pub(crate) Vec<u8>);

impl Attribute for Strange {
    fn get_type(&self) -> AttributeType {
        self.0
    }

    fn length(&self) -> u16 {
        u16::try_from(self.1.len()).unwrap()
    }
}

impl AttributeWrite for Strange {
    fn write_into_unchecked(&self, dest: &mut [u8]) {
        let bytes = self.to_raw().to_bytes();
        dest[..bytes.len()].copy_from_slice(&bytes);
    }

    fn to_raw(&self) -> RawAttribute<'_> {
        RawAttribute::new(self.0, &self.1)
    }
}
