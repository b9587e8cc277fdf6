//! The same script on this relay and on another implementation: answers and relayed data agree.
//!
//! Left out is what the other one does not do: even ports, reservations, refused peers, quotas. What only it does: TCP to peers.
#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use stun_types::TransportType;
use stun_types::attribute::AttributeWrite;
use stun_types::message::Method;
use turn_server_proto::api::{Transmit, TurnServerApi, TurnServerPollRet};
use turn_server_proto::server::TurnServer;
use turn_types::Instant;
use turn_types::attribute::{ChannelNumber, Lifetime, RequestedTransport, XorPeerAddress};
use turn_types::message::{ALLOCATE, CHANNEL_BIND, CREATE_PERMISSION, REFRESH};
use turn_types::transmit::DelayedTransmitBuild;
use visavis_turn::server::Input;

use crate::common::{
    Answer, Player, REALM, RELAY_V4, Sent, World, address, channel_data, player, seconds,
    world_with,
};

const LISTENER: &str = "198.51.100.1:3478";
const PEERS: [&str; 3] = ["203.0.113.9:9", "203.0.113.9:10", "203.0.113.10:9"];
/// Two for each peer, and one that is none: the other relay lets a number have several peers.
const NUMBERS: [[u16; 3]; 3] = [
    [0x4000, 0x4001, 0x1000],
    [0x4ffe, 0x4fff, 0x3fff],
    [0x7ffe, 0x7fff, 0x8000],
];
const CLIENTS: [&str; 2] = ["203.0.113.1:4000", "203.0.113.2:4000"];

/// One line of a script; small numbers choose a client, a peer, a channel.
#[derive(Clone, Debug)]
enum Line {
    Allocate(usize, u8),
    Refresh(usize, u32),
    Permit(usize, usize),
    Bind(usize, usize, usize),
    Indication(usize, usize),
    Channel(usize, usize, usize),
    FromPeer(usize, usize),
    /// Milliseconds, which never add up to a whole second: at its very end the two disagree about
    /// whether something has ended.
    Wait(u64),
}

fn line() -> impl Strategy<Value = Line> {
    prop_oneof![
        2 => (0..2_usize, prop::sample::select(&[17_u8, 17, 17, 200]))
            .prop_map(|(client, protocol)| Line::Allocate(client, protocol)),
        1 => (0..2_usize, prop::sample::select(&[0_u32, 600, 600, 1200]))
            .prop_map(|(client, lifetime)| Line::Refresh(client, lifetime)),
        2 => (0..2_usize, 0..3_usize).prop_map(|(client, peer)| Line::Permit(client, peer)),
        3 => (0..2_usize, 0..3_usize, 0..3_usize)
            .prop_map(|(client, peer, number)| Line::Bind(client, peer, number)),
        3 => (0..2_usize, 0..3_usize).prop_map(|(client, peer)| Line::Indication(client, peer)),
        3 => (0..2_usize, 0..3_usize, 0..2_usize)
            .prop_map(|(client, peer, number)| Line::Channel(client, peer, number)),
        3 => (0..2_usize, 0..3_usize).prop_map(|(client, peer)| Line::FromPeer(client, peer)),
        1 => prop::sample::select(&[1_001_u64, 100_001, 290_001, 310_001]).prop_map(Line::Wait),
    ]
}

/// What a line led to: an error code, or data and where they went.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Effect {
    Answer(u16),
    Sent(SocketAddr, SocketAddr, Vec<u8>),
    Nothing,
}

/// One of the two implementations under the script.
trait Side {
    fn ask(&mut self, client: usize, method: Method, attributes: &[&dyn AttributeWrite]) -> u16;
    fn transaction(&self, client: usize) -> u128;
    fn client_sends(&mut self, client: usize, packet: &[u8]) -> Effect;
    fn peer_sends(&mut self, client: usize, peer: SocketAddr, data: &[u8]) -> Effect;
    fn wait(&mut self, time: u64);

    fn play(&mut self, line: &Line) -> Effect {
        match *line {
            Line::Allocate(client, protocol) => {
                let transport = RequestedTransport::new(protocol);
                Effect::Answer(self.ask(client, ALLOCATE, &[&transport]))
            }
            Line::Refresh(client, lifetime) => {
                let lifetime = Lifetime::new(lifetime);
                Effect::Answer(self.ask(client, REFRESH, &[&lifetime]))
            }
            Line::Permit(client, peer) => {
                let id = self.transaction(client).into();
                let peer = XorPeerAddress::new(address(PEERS[peer]), id);
                Effect::Answer(self.ask(client, CREATE_PERMISSION, &[&peer]))
            }
            Line::Bind(client, peer, number) => {
                let number = ChannelNumber::new(NUMBERS[peer][number]);
                let id = self.transaction(client).into();
                let peer = XorPeerAddress::new(address(PEERS[peer]), id);
                Effect::Answer(self.ask(client, CHANNEL_BIND, &[&number, &peer]))
            }
            Line::Indication(client, peer) => {
                let packet = player("", CLIENTS[client]).indication(PEERS[peer], b"by name", &[]);
                self.client_sends(client, &packet)
            }
            Line::Channel(client, peer, number) => {
                self.client_sends(client, &channel_data(NUMBERS[peer][number], b"by number"))
            }
            Line::FromPeer(client, peer) => self.peer_sends(client, address(PEERS[peer]), b"back"),
            Line::Wait(time) => {
                self.wait(time);
                Effect::Nothing
            }
        }
    }
}

fn players() -> Vec<Player> {
    CLIENTS
        .iter()
        .enumerate()
        .map(|(index, at)| player(&format!("user{index}"), at))
        .collect()
}

struct Ours {
    world: World,
    players: Vec<Player>,
    relayed: [Option<SocketAddr>; 2],
}

impl Ours {
    fn new() -> Self {
        let mut world = world_with(|config| config.limits.nonce_lifetime = seconds(1 << 30));
        let mut players = players();
        for player in &mut players {
            player.introduce(&mut world);
        }
        Self {
            world,
            players,
            relayed: [None; 2],
        }
    }

    fn effect(&mut self) -> Effect {
        match self.world.take_sent().pop() {
            None => Effect::Nothing,
            Some(Sent::ToClient(to, data)) => {
                Effect::Sent(address(LISTENER), to.address, without_id(data))
            }
            Some(Sent::ToPeer(from, to, data)) => Effect::Sent(from, to, data),
        }
    }
}

impl Side for Ours {
    fn ask(&mut self, client: usize, method: Method, attributes: &[&dyn AttributeWrite]) -> u16 {
        let answer = self.players[client].ask(&mut self.world, method, attributes);
        if method == ALLOCATE && answer.code() == 0 {
            self.relayed[client] = Some(answer.relayed());
        }
        answer.code()
    }

    fn transaction(&self, client: usize) -> u128 {
        self.players[client].next_id()
    }

    fn client_sends(&mut self, client: usize, packet: &[u8]) -> Effect {
        let from = self.players[client].client;
        assert_eq!(self.world.packet(from, packet), None);
        self.effect()
    }

    fn peer_sends(&mut self, client: usize, peer: SocketAddr, data: &[u8]) -> Effect {
        let Some(relayed) = self.relayed[client] else {
            return Effect::Nothing;
        };
        let open = self.world.open.iter().find(|(_, at)| **at == relayed);
        let Some((&at, _)) = open else {
            return Effect::Nothing;
        };
        let from = peer;
        assert_eq!(self.world.step(Input::FromPeer { at, from, data }), None);
        self.effect()
    }

    fn wait(&mut self, time: u64) {
        self.world.wait(Duration::from_millis(time));
    }
}

struct Theirs {
    server: TurnServer,
    now: Instant,
    players: Vec<Player>,
    relayed: [Option<SocketAddr>; 2],
    next_port: u16,
}

impl Theirs {
    fn new() -> Self {
        let mut server = TurnServer::new(TransportType::Udp, address(LISTENER), REALM.to_owned());
        server.set_nonce_expiry_duration(seconds(1 << 30));
        let mut side = Self {
            server,
            now: Instant::ZERO,
            players: players(),
            relayed: [None; 2],
            next_port: 50_000,
        };
        for client in 0..2 {
            let credentials = side.players[client].credentials.clone();
            let (name, password) = (credentials.username, credentials.password);
            side.server.add_user(name, password);
            let request = side.players[client].request(ALLOCATE, &[]);
            let challenge = side.exchange(client, &request).unwrap();
            assert_eq!(challenge.code(), 401);
            side.players[client].learn(&challenge);
        }
        side
    }

    fn receive(&mut self, from: SocketAddr, to: SocketAddr, data: &[u8]) -> Option<Sending> {
        let packet = Transmit::new(data.to_vec(), TransportType::Udp, from, to);
        let sending = self.server.recv(packet, self.now)?;
        Some((sending.from, sending.to, sending.data.build()))
    }

    fn exchange(&mut self, client: usize, request: &[u8]) -> Option<Answer> {
        let from = self.players[client].client.address;
        let direct = self.receive(from, address(LISTENER), request);
        self.poll();
        let (_, _, data) = match direct {
            Some(sending) => sending,
            None => {
                let sending = self.server.poll_transmit(self.now)?;
                (sending.from, sending.to, sending.data)
            }
        };
        Some(Answer(data))
    }

    fn poll(&mut self) {
        loop {
            match self.server.poll(self.now) {
                TurnServerPollRet::AllocateSocket {
                    transport,
                    listen_addr,
                    client_addr,
                    allocation_transport,
                    family,
                } => {
                    self.next_port += 1;
                    let relayed = SocketAddr::new(RELAY_V4.parse().unwrap(), self.next_port);
                    self.server.allocated_socket(
                        transport,
                        listen_addr,
                        client_addr,
                        allocation_transport,
                        family,
                        Ok(relayed),
                        self.now,
                    );
                }
                TurnServerPollRet::WaitUntil(_) => return,
                _ => {}
            }
        }
    }
}

type Sending = (SocketAddr, SocketAddr, Vec<u8>);

impl Side for Theirs {
    fn ask(&mut self, client: usize, method: Method, attributes: &[&dyn AttributeWrite]) -> u16 {
        let request = self.players[client].request(method, attributes);
        let answer = self.exchange(client, &request).unwrap();
        if method == ALLOCATE && answer.code() == 0 {
            self.relayed[client] = Some(answer.relayed());
        }
        answer.code()
    }

    fn transaction(&self, client: usize) -> u128 {
        self.players[client].next_id()
    }

    fn client_sends(&mut self, client: usize, packet: &[u8]) -> Effect {
        let from = self.players[client].client.address;
        match self.receive(from, address(LISTENER), packet) {
            Some((from, to, data)) => Effect::Sent(from, to, data),
            None => Effect::Nothing,
        }
    }

    fn peer_sends(&mut self, client: usize, peer: SocketAddr, data: &[u8]) -> Effect {
        let Some(relayed) = self.relayed[client] else {
            return Effect::Nothing;
        };
        match self.receive(peer, relayed, data) {
            Some((from, to, data)) => Effect::Sent(from, to, without_id(data)),
            None => Effect::Nothing,
        }
    }

    fn wait(&mut self, time: u64) {
        self.now += Duration::from_millis(time);
        self.poll();
    }
}

/// A message as it is apart from its transaction id and the address that depends on it: type,
/// length and the data at the end.
fn without_id(mut packet: Vec<u8>) -> Vec<u8> {
    if packet[0] < 0x40 {
        let (peer, data) = crate::common::data_of(&packet);
        packet = peer.to_string().into_bytes();
        packet.extend(data);
    }
    packet
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn both_relays_answer_and_pass_on_the_same(script in vec(line(), 1..40)) {
        let (mut ours, mut theirs) = (Ours::new(), Theirs::new());
        for (index, line) in script.iter().enumerate() {
            let (own, other) = (ours.play(line), theirs.play(line));
            prop_assert_eq!(own, other, "line {} of {:?}", index, script);
        }
    }
}
