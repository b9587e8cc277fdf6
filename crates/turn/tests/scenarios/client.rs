//! Our client at our relay, and at relays that refuse whatever can be refused.
#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;
use std::time::Duration;

use proptest::prelude::*;
use stun_types::attribute::{AlternateServer, AttributeWrite, ErrorCode, Nonce, Realm};
use stun_types::message::{
    Message, MessageClass, MessageType, MessageWrite, MessageWriteExt, MessageWriteVec,
};
use turn_types::message::{ALLOCATE, CHANNEL_BIND, CREATE_PERMISSION, REFRESH};
use visavis_turn::client::{Config, Event, Failure, Families, Received, TurnClient};
use visavis_turn::server::{Client, Credentials, Path};

use crate::common::{
    ORIGIN, RELAY_V4, RELAY_V6, Sent, World, address, seconds, secret, world, world_with,
};

const PEER: &str = "203.0.113.9:4000";
const DENIED: &str = "192.168.1.1:4000";

/// The relay, a client, and a network between them that loses what it is told to.
struct Scene {
    world: World,
    turn: TurnClient,
    at: Client,
    events: Vec<Event>,
    /// What peers sent.
    heard: Vec<(SocketAddr, Vec<u8>)>,
    /// Whether anything arrives.
    cut: bool,
}

fn credentials(holds: u64) -> Credentials {
    Credentials::issue(&secret(), "alice", seconds(ORIGIN + holds))
}

fn config(families: Families) -> Config {
    Config {
        credentials: credentials(3600),
        families,
        stream: false,
        seed: [7; 32],
    }
}

impl Scene {
    fn new(world: World, config: Config) -> Self {
        let path = if config.stream {
            Path::Stream(1)
        } else {
            Path::Datagrams(0)
        };
        let mut scene = Self {
            world,
            turn: TurnClient::new(config),
            at: Client {
                address: address("192.0.2.50:1000"),
                path,
            },
            events: Vec::new(),
            heard: Vec::new(),
            cut: false,
        };
        scene.turn.start(scene.world.now);
        scene.exchange();
        scene
    }

    fn plain() -> Self {
        Self::new(world(), config(Families::V4))
    }

    fn relayed(&self) -> SocketAddr {
        self.turn.relayed()[0]
    }

    /// Moves packets until nobody has any.
    fn exchange(&mut self) {
        let now = self.world.now;
        while let Some(packet) = self.turn.poll_transmit() {
            if !self.cut
                && let Some(reply) = self.world.packet(self.at, &packet)
            {
                self.turn.receive(now, &reply);
            }
        }
        for sent in std::mem::take(&mut self.world.sent) {
            match sent {
                Sent::ToClient(to, packet) if to == self.at => {
                    if self.cut {
                        continue;
                    }
                    if let Received::Data { peer, data } = self.turn.receive(now, &packet) {
                        self.heard.push((peer, data.to_vec()));
                    }
                }
                other => self.world.sent.push(other),
            }
        }
        while let Some(event) = self.turn.poll_event() {
            self.events.push(event);
        }
    }

    fn send(&mut self, peer: &str, data: &[u8]) -> bool {
        let (now, peer) = (self.world.now, address(peer));
        let Some(packet) = self.turn.send(now, peer, data).map(|f| f.parts().concat()) else {
            return false;
        };
        self.exchange();
        if !self.cut {
            assert_eq!(self.world.packet(self.at, &packet), None);
        }
        self.exchange();
        true
    }

    fn wait(&mut self, time: Duration) {
        let end = self.world.now + time;
        loop {
            let due = self
                .turn
                .next_timeout(self.world.now)
                .filter(|due| *due <= end);
            let next = due.unwrap_or(end).max(self.world.now);
            self.world.wait(next - self.world.now);
            if due.is_none() {
                return;
            }
            self.turn.handle_timeout(self.world.now);
            self.exchange();
        }
    }

    fn failure(&self) -> Option<Failure> {
        self.events.iter().find_map(|event| match event {
            Event::Failed(failure) => Some(*failure),
            _ => None,
        })
    }

    /// Whether data passes between the peer and us, both ways.
    fn passes(&mut self, peer: &str) -> bool {
        self.world.sent.clear();
        let sent = self.send(peer, b"there");
        let to_peer = Sent::ToPeer(self.relayed(), address(peer), b"there".to_vec());
        let there = self.world.take_sent().contains(&to_peer);
        self.heard.clear();
        let relayed = self.relayed();
        self.world.arrives(relayed, peer, b"back");
        self.exchange();
        sent && there && self.heard == [(address(peer), b"back".to_vec())]
    }
}

#[test]
fn an_allocation_is_made_used_and_given_back() {
    let mut scene = Scene::plain();
    let relayed = scene.relayed();
    let allocated = Event::Allocated {
        relayed: vec![relayed],
        mapped: Some(scene.at.address),
    };
    assert_eq!(scene.events, [allocated]);
    assert!(scene.passes(PEER));
    scene.turn.close(scene.world.now);
    scene.exchange();
    assert_eq!(scene.events.last(), Some(&Event::Closed));
    assert!(scene.turn.is_over() && scene.world.open.is_empty());
    assert!(!scene.send(PEER, b"late"));
}

#[test]
fn the_first_packet_to_a_peer_passes_and_waits_for_nothing() {
    let mut scene = Scene::plain();
    assert!(scene.send(PEER, b"first"));
    let first = Sent::ToPeer(scene.relayed(), address(PEER), b"first".to_vec());
    assert_eq!(scene.world.take_sent(), [first]);
}

#[test]
fn a_channel_costs_four_bytes() {
    for stream in [false, true] {
        let mut scene = Scene::new(
            world(),
            Config {
                stream,
                ..config(Families::V4)
            },
        );
        assert!(scene.passes(PEER));
        scene.turn.bind_channel(scene.world.now, address(PEER));
        scene.exchange();
        let now = scene.world.now;
        let frame = scene.turn.send(now, address(PEER), b"12345").unwrap();
        assert_eq!(frame.length(), if stream { 12 } else { 9 });
        assert!(scene.passes(PEER));
    }
}

#[test]
fn one_refused_peer_refuses_no_other() {
    let mut scene = Scene::plain();
    for _ in 0..3 {
        scene.send(DENIED, b"x");
    }
    let refused = Event::PeerRefused {
        peer: address(DENIED),
        code: 403,
    };
    let count = scene
        .events
        .iter()
        .filter(|event| **event == refused)
        .count();
    assert_eq!(count, 1);
    assert!(!scene.send(DENIED, b"x"));
    assert!(scene.passes(PEER));
    assert_eq!(scene.failure(), None);
}

#[test]
fn more_peers_than_the_relay_takes_hurt_only_those() {
    let mut scene = Scene::new(
        world_with(|config| config.limits.permissions = 2),
        config(Families::V4),
    );
    for last in 1..10 {
        scene.send(&format!("203.0.113.{last}:1"), b"x");
    }
    assert!(scene.passes("203.0.113.1:1") && scene.passes("203.0.113.2:1"));
    assert!(!scene.send("203.0.113.3:1", b"x"));
    assert_eq!(scene.failure(), None);
}

#[test]
fn both_families_are_had_where_the_relay_has_both() {
    let scene = Scene::new(world(), config(Families::Both));
    let ips: Vec<String> = scene
        .turn
        .relayed()
        .iter()
        .map(|a| a.ip().to_string())
        .collect();
    assert_eq!(ips, [RELAY_V4, RELAY_V6]);
    let mut only_v6 = Scene::new(world_with(|c| c.relay_v4 = None), config(Families::Both));
    assert_eq!(only_v6.relayed().ip().to_string(), RELAY_V6);
    assert!(only_v6.passes("[2606:4700::1]:9"));
    let only_v4 = Scene::new(world_with(|c| c.relay_v6 = None), config(Families::Both));
    assert_eq!(only_v4.relayed().ip().to_string(), RELAY_V4);
    let none = Scene::new(world_with(|c| c.relay_v6 = None), config(Families::V6));
    assert_eq!(none.failure(), Some(Failure::Family));
}

#[test]
fn a_peer_of_another_family_is_not_written_to() {
    let mut scene = Scene::plain();
    assert!(!scene.send("[2606:4700::1]:9", b"x"));
}

#[test]
fn quota_and_capacity_are_told_apart() {
    let quota = Scene::new(
        world_with(|c| c.limits.allocations_per_user = 0),
        config(Families::V4),
    );
    assert_eq!(quota.failure(), Some(Failure::Quota));
    let capacity = Scene::new(
        world_with(|c| c.limits.allocations = 0),
        config(Families::V4),
    );
    assert_eq!(capacity.failure(), Some(Failure::Capacity));
}

#[test]
fn wrong_and_expired_credentials_end_it_soon() {
    let mut wrong = credentials(3600);
    wrong.password.push('x');
    for credentials in [wrong, credentials(0)] {
        let config = Config {
            credentials,
            ..config(Families::V4)
        };
        assert_eq!(
            Scene::new(world(), config).failure(),
            Some(Failure::Credentials)
        );
    }
}

#[test]
fn credentials_that_no_message_can_hold_are_wrong_ones() {
    let username = "u".repeat(600);
    let credentials = Credentials {
        username,
        password: String::new(),
    };
    let scene = Scene::new(
        world(),
        Config {
            credentials,
            ..config(Families::V4)
        },
    );
    assert_eq!(scene.failure(), Some(Failure::Credentials));
}

#[test]
fn a_silent_relay_is_given_up_in_bounded_time() {
    for (stream, limit) in [(false, 12), (true, 10)] {
        let config = Config {
            stream,
            ..config(Families::V4)
        };
        let mut turn = TurnClient::new(config);
        turn.start(Duration::ZERO);
        let mut now = Duration::ZERO;
        while let Some(due) = turn.next_timeout(now) {
            now = due;
            turn.handle_timeout(now);
        }
        assert_eq!(turn.poll_event(), Some(Event::Failed(Failure::Silent)));
        assert!(now <= seconds(limit), "{now:?}");
    }
}

#[test]
fn lost_packets_are_sent_again() {
    let mut scene = Scene {
        cut: true,
        turn: TurnClient::new(config(Families::V4)),
        ..Scene::plain()
    };
    scene.events.clear();
    scene.at.address = address("192.0.2.50:1001");
    scene.turn.start(scene.world.now);
    scene.exchange();
    scene.cut = false;
    scene.wait(seconds(1));
    assert!(scene.passes(PEER));
}

/// Talks all the time, for so long.
fn talk(scene: &mut Scene, time: Duration, step: Duration) {
    let end = scene.world.now + time;
    while scene.world.now < end {
        scene.wait(step);
        assert!(scene.passes(PEER), "after {:?}", scene.world.now);
    }
}

#[test]
fn an_hour_with_short_credentials_never_loses_the_relay() {
    let mut scene = Scene::new(
        world_with(|c| c.limits.nonce_lifetime = seconds(90)),
        Config {
            credentials: credentials(120),
            ..config(Families::V4)
        },
    );
    let relayed = scene.relayed();
    scene.send(PEER, b"x");
    scene.turn.bind_channel(scene.world.now, address(PEER));
    for minute in 1..=60 {
        talk(&mut scene, seconds(60), seconds(5));
        let newer = credentials(minute * 60 + 120);
        scene.turn.set_credentials(scene.world.now, newer);
        scene.exchange();
    }
    assert_eq!((scene.relayed(), scene.failure()), (relayed, None));
    assert_eq!(scene.world.open.len(), 1);
}

#[test]
fn an_hour_with_credentials_that_nobody_renews_never_loses_the_relay() {
    let mut scene = Scene::new(
        world(),
        Config {
            credentials: credentials(60),
            ..config(Families::V4)
        },
    );
    talk(&mut scene, seconds(3600), seconds(20));
    assert_eq!(scene.failure(), None);
}

#[test]
fn newer_credentials_that_are_wrong_hurt_nothing() {
    let mut scene = Scene::plain();
    let mut wrong = credentials(7200);
    wrong.password.clear();
    scene.turn.set_credentials(scene.world.now, wrong);
    scene.exchange();
    talk(&mut scene, seconds(1800), seconds(30));
    assert_eq!(scene.failure(), None);
}

#[test]
fn a_cut_shorter_than_the_allocation_lives_is_survived() {
    let mut scene = Scene::plain();
    assert!(scene.passes(PEER));
    // The refresh is due at 540 s, the permission before.
    scene.wait(seconds(200));
    scene.cut = true;
    for _ in 0..39 {
        scene.wait(seconds(10));
        scene.send(PEER, b"into the void");
    }
    scene.cut = false;
    scene.wait(seconds(8));
    assert!(scene.passes(PEER));
    assert_eq!(scene.failure(), None);
}

#[test]
fn a_relay_that_has_forgotten_the_allocation_is_a_lost_one() {
    let mut scene = Scene::plain();
    scene.world = world();
    scene.wait(seconds(700));
    assert_eq!(scene.failure(), Some(Failure::Lost));
}

#[test]
fn an_idle_allocation_keeps_the_way_open() {
    let mut scene = Scene::plain();
    let mut sent = 0;
    let end = seconds(120);
    while let Some(due) = scene
        .turn
        .next_timeout(scene.world.now)
        .filter(|due| *due < end)
    {
        scene.world.now = due;
        scene.turn.handle_timeout(due);
        while scene.turn.poll_transmit().is_some() {
            sent += 1;
        }
    }
    assert_eq!(sent, 5);
}

/// An answer of a relay that says nothing but this.
fn error(request: &[u8], code: u16, more: &[&dyn AttributeWrite]) -> Vec<u8> {
    let request = Message::from_bytes(request).unwrap();
    let kind = MessageType::from_class_method(MessageClass::Error, request.method());
    let mut answer = Message::builder(kind, request.transaction_id(), MessageWriteVec::new());
    answer
        .add_attribute(&ErrorCode::new(code, "").unwrap())
        .unwrap();
    for attribute in more {
        answer.add_attribute(*attribute).unwrap();
    }
    answer.finish()
}

#[test]
fn another_server_is_named() {
    let mut turn = TurnClient::new(config(Families::V4));
    turn.start(Duration::ZERO);
    let other = address("198.51.100.77:3478");
    let answer = error(
        &turn.poll_transmit().unwrap(),
        300,
        &[&AlternateServer::new(other)],
    );
    turn.receive(Duration::ZERO, &answer);
    assert_eq!(
        turn.poll_event(),
        Some(Event::Failed(Failure::Alternate(other)))
    );
}

#[test]
fn every_refusal_of_an_allocation_has_its_failure() {
    let expected = [
        (300, Failure::Refused(300)),
        (400, Failure::Refused(400)),
        (401, Failure::Credentials),
        (403, Failure::Forbidden),
        (420, Failure::Refused(420)),
        (437, Failure::Lost),
        (438, Failure::Credentials),
        (440, Failure::Family),
        (441, Failure::Credentials),
        (442, Failure::Refused(442)),
        (486, Failure::Quota),
        (500, Failure::Refused(500)),
        (508, Failure::Capacity),
        (699, Failure::Refused(699)),
    ];
    for (code, failure) in expected {
        let mut turn = TurnClient::new(config(Families::V4));
        turn.start(Duration::ZERO);
        let answer = error(&turn.poll_transmit().unwrap(), code, &[]);
        assert_eq!(turn.receive(Duration::ZERO, &answer), Received::Answer);
        assert_eq!(turn.poll_event(), Some(Event::Failed(failure)), "{code}");
        assert!(turn.is_over());
    }
}

#[test]
fn endless_challenges_end() {
    for code in [401, 438] {
        let mut turn = TurnClient::new(config(Families::V4));
        turn.start(Duration::ZERO);
        let mut asked = 0;
        while let Some(request) = turn.poll_transmit() {
            asked += 1;
            let nonce = Nonce::new(&format!("{asked}")).unwrap();
            let answer = error(&request, code, &[&Realm::new("r").unwrap(), &nonce]);
            turn.receive(Duration::ZERO, &answer);
        }
        assert_eq!(asked, 5);
        assert_eq!(turn.poll_event(), Some(Event::Failed(Failure::Credentials)));
    }
}

#[test]
fn a_refused_channel_leaves_indications() {
    let mut scene = Scene::new(world_with(|c| c.limits.channels = 0), config(Families::V4));
    assert!(scene.passes(PEER));
    scene.turn.bind_channel(scene.world.now, address(PEER));
    scene.exchange();
    assert!(scene.passes(PEER));
    assert_eq!(scene.events.len(), 1);
}

#[test]
fn an_answer_that_is_not_sealed_is_not_believed() {
    let mut scene = Scene::plain();
    scene
        .turn
        .set_credentials(scene.world.now, credentials(9999));
    let request = scene.turn.poll_transmit().unwrap();
    let message = Message::from_bytes(&request).unwrap();
    assert!(message.has_method(REFRESH));
    let forged = Message::builder_success(&message, MessageWriteVec::new()).finish();
    assert_eq!(
        scene.turn.receive(scene.world.now, &forged),
        Received::Other
    );
}

proptest! {
    #[test]
    fn no_packet_breaks_it(packets in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..120), 0..20), method in 0usize..4) {
        let mut scene = Scene::plain();
        let method = [ALLOCATE, REFRESH, CREATE_PERMISSION, CHANNEL_BIND][method];
        for class in [MessageClass::Success, MessageClass::Error, MessageClass::Indication] {
            let kind = MessageType::from_class_method(class, method);
            let message = Message::builder(kind, 1.into(), MessageWriteVec::new()).finish();
            scene.turn.receive(scene.world.now, &message);
        }
        for packet in packets {
            scene.turn.receive(scene.world.now, &packet);
        }
        prop_assert!(scene.passes(PEER));
    }
}
