//! A relay that answers our client whatever it likes.

use std::net::SocketAddr;
use std::time::Duration;

use stun_types::attribute::{AttributeType, RawAttribute, Realm};
use stun_types::message::{
    IntegrityAlgorithm, LongTermKeyCredentials, Message, MessageClass, MessageType, MessageWrite,
    MessageWriteExt, MessageWriteVec,
};
use visavis_turn::client::{Config, Event, Failure, Families, Received, TurnClient};
use visavis_turn::frame_length;
use visavis_turn::server::Credentials;

const USER: [&str; 2] = ["alice", "bob"];
/// Two share an address, and with it a permission.
const PEERS: [&str; 4] = [
    "192.0.2.9:4000",
    "192.0.2.9:4001",
    "198.51.100.7:1",
    "[2001:db8::9]:4000",
];
const DATA: &[u8] = b"media";
/// MESSAGE-INTEGRITY (RFC 8489 section 14.5).
const INTEGRITY: AttributeType = AttributeType::new(0x0008);
/// CHANNEL-NUMBER (RFC 8656 section 18.1).
const CHANNEL_NUMBER: AttributeType = AttributeType::new(0x000c);
/// Seals that the fuzzer cannot make: MESSAGE-INTEGRITY, MESSAGE-INTEGRITY-SHA256 and FINGERPRINT.
const SEALS: [AttributeType; 3] = [
    INTEGRITY,
    AttributeType::new(0x001c),
    AttributeType::new(0x8028),
];
/// USERNAME (RFC 8489 section 14.3).
const USERNAME: AttributeType = AttributeType::new(0x0006);
/// Requests that the fuzzer can answer: the latest ones.
const REMEMBERED: usize = 64;
/// How much one step may make the client send: each peer and each change of credentials may have a
/// request under way, and the fuzzer changes them that often at most.
const MOST_SENT: usize = 2 * PEERS.len() + 2 * MOST_CHANGES + 4;
const MOST_CHANGES: usize = 8;

/// Plays the relay and the shell. The first byte says which client it is; then each step is a
/// letter with what belongs to it:
///
/// - `p` length data: a packet, from whoever can forge the relay's address.
/// - `r` which kind length attributes: an answer to one of the latest requests, an attribute being
///   type (two bytes), length, value; what `kind` says is in [`Kind`].
/// - `t` tenths of a second: time passes, with every timeout in between.
/// - `s` peer, `c` peer: data for a peer, a channel to him.
/// - `n` user: newer credentials.
/// - `x`: the allocation is given back.
///
/// What is sent is well-formed and bounded; who does not know the password gives no allocation to
/// a client that has shown its own, no channel and no other relay; nothing follows the end.
pub(crate) fn relay_client(script: &[u8]) {
    let mut script = Script(script);
    let Some(kind) = script.byte() else {
        return;
    };
    let mut play = Play::new(kind);
    while let Some(step) = script.byte() {
        let Some(()) = play.step(step, &mut script) else {
            return;
        };
    }
}

struct Script<'s>(&'s [u8]);

impl<'s> Script<'s> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn bytes(&mut self, length: usize) -> Option<&'s [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// Bytes with their length before them.
    fn block(&mut self) -> Option<&'s [u8]> {
        let length = self.byte()?;
        self.bytes(length.into())
    }
}

/// What an answer is, bit by bit.
struct Kind(u8);

impl Kind {
    const fn is_error(&self) -> bool {
        self.0 & 1 != 0
    }

    const fn is_sealed(&self) -> bool {
        self.0 & 2 != 0
    }
}

struct Play {
    turn: TurnClient,
    now: Duration,
    /// The latest requests, the newest last.
    requests: Vec<Vec<u8>>,
    changes: usize,
    /// Channels that the relay has agreed to, under its seal where there is one.
    channels: Vec<u16>,
    allocated: bool,
    over: bool,
}

impl Play {
    fn new(kind: u8) -> Self {
        let families = match kind & 3 {
            0 => Families::V4,
            1 => Families::V6,
            _ => Families::Both,
        };
        let turn = TurnClient::new(Config {
            credentials: credentials(USER[0]),
            families,
            stream: kind & 4 != 0,
            seed: [7; 32],
        });
        let mut play = Self {
            turn,
            now: Duration::ZERO,
            requests: Vec::new(),
            changes: 0,
            channels: Vec::new(),
            allocated: false,
            over: false,
        };
        play.turn.start(play.now);
        play.settle(true);
        play
    }

    /// `None` when the script breaks off.
    fn step(&mut self, step: u8, script: &mut Script<'_>) -> Option<()> {
        match step {
            b'p' => self.packet(script.block()?, false),
            b'r' => {
                let (which, kind) = (script.byte()?, Kind(script.byte()?));
                let attributes = script.block()?;
                if let Some(answer) = self.answer(which, &kind, attributes) {
                    self.packet(&answer, kind.is_sealed());
                }
            }
            b't' => self.wait(Duration::from_millis(100) * script.byte()?.into()),
            b's' => self.send(peer(script.byte()?)),
            b'c' => {
                self.turn.bind_channel(self.now, peer(script.byte()?));
                self.settle(true);
            }
            b'n' => {
                let user = USER[usize::from(script.byte()?) % USER.len()];
                if self.changes < MOST_CHANGES {
                    self.changes += 1;
                    self.turn.set_credentials(self.now, credentials(user));
                    self.settle(true);
                }
            }
            b'x' => {
                self.turn.close(self.now);
                self.settle(true);
            }
            _ => {}
        }
        Some(())
    }

    /// An answer to a request, sealed with the password of whoever made it if that is wanted and he
    /// has named himself.
    fn answer(&mut self, which: u8, kind: &Kind, attributes: &[u8]) -> Option<Vec<u8>> {
        let latest = self.requests.len().checked_sub(1)?;
        let packet = &self.requests[latest.checked_sub(which.into())?];
        let request = Message::from_bytes(packet).expect("a message");
        let class = if kind.is_error() {
            MessageClass::Error
        } else {
            MessageClass::Success
        };
        let type_ = MessageType::from_class_method(class, request.method());
        let mut answer = Message::builder(type_, request.transaction_id(), MessageWriteVec::new());
        let mut attributes = Script(attributes);
        while let Some(&[high, low]) = attributes.bytes(2) {
            let type_ = AttributeType::new(u16::from_be_bytes([high, low]));
            let value = attributes.block()?;
            if SEALS.contains(&type_) {
                return None;
            }
            answer
                .add_attribute(&RawAttribute::new(type_, value))
                .ok()?;
        }
        if kind.is_sealed()
            && let Ok(realm) = request.attribute::<Realm>()
        {
            let name = request.raw_attribute(USERNAME);
            let name = String::from_utf8(name.expect("a user").value.to_vec()).expect("a user");
            let key =
                LongTermKeyCredentials::new(name.clone(), password(&name), realm.realm().into())
                    .make_key(IntegrityAlgorithm::Sha1);
            answer
                .add_message_integrity_with_key(&key, IntegrityAlgorithm::Sha1)
                .ok()?;
        }
        Some(answer.finish())
    }

    fn packet(&mut self, packet: &[u8], sealed: bool) {
        let own = packet.as_ptr_range();
        if let Received::Data { data, .. } = self.turn.receive(self.now, packet) {
            let data = data.as_ptr_range();
            assert!(own.start <= data.start && data.end <= own.end);
        }
        let is_believed = sealed || self.is_for_anybody(packet);
        if is_believed {
            self.note_channel(packet);
        }
        self.settle(is_believed);
    }

    fn request_of(&self, answer: &Message<'_>) -> Option<Message<'_>> {
        let mut requests = self
            .requests
            .iter()
            .flat_map(|packet| Message::from_bytes(packet));
        requests.find(|request| request.transaction_id() == answer.transaction_id())
    }

    /// Whether a packet answers a request without a seal: a relay may want none.
    fn is_for_anybody(&self, packet: &[u8]) -> bool {
        Message::from_bytes(packet).is_ok_and(|answer| {
            let request = self.request_of(&answer);
            request.is_some_and(|request| !request.has_attribute(INTEGRITY))
        })
    }

    fn note_channel(&mut self, packet: &[u8]) {
        let Ok(answer) = Message::from_bytes(packet) else {
            return;
        };
        if answer.has_class(MessageClass::Success)
            && let Some(request) = self.request_of(&answer)
            && let Some(number) = request.raw_attribute(CHANNEL_NUMBER)
        {
            let number = u16::from_be_bytes([number.value[0], number.value[1]]);
            self.channels.push(number);
        }
    }

    fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.turn.next_timeout(self.now)
            && due <= end
        {
            self.now = due.max(self.now);
            self.turn.handle_timeout(self.now);
            self.settle(true);
            let next = self.turn.next_timeout(self.now);
            assert!(next.is_none_or(|next| next > self.now), "a busy loop");
        }
        self.now = end;
    }

    fn send(&mut self, peer: SocketAddr) {
        let frame = self.turn.send(self.now, peer, DATA);
        let frame = frame.map(|frame| (frame.length(), frame.parts().concat()));
        if let Some((length, frame)) = frame {
            assert!(self.allocated && !self.over);
            assert_eq!(length, frame.len());
            assert!(frame.windows(DATA.len()).any(|part| part == DATA));
            let number = u16::from_be_bytes([frame[0], frame[1]]);
            if number >= 0x4000 {
                assert!(self.channels.contains(&number));
            } else {
                assert_eq!(frame_length(&frame), Ok(Some(length)));
            }
        }
        self.settle(true);
    }

    /// What the client has to say; `is_believed` if it has no reason to doubt what it was told.
    fn settle(&mut self, is_believed: bool) {
        let mut sent = 0;
        while let Some(packet) = self.turn.poll_transmit() {
            sent += 1;
            self.sent(packet);
        }
        assert!(sent <= MOST_SENT, "{sent} packets at once");
        while let Some(event) = self.turn.poll_event() {
            assert!(!self.over, "{event:?} after the end");
            match event {
                Event::Allocated { relayed, .. } => {
                    assert!(is_believed && !self.allocated);
                    assert!(matches!(relayed.len(), 1 | 2));
                    self.allocated = true;
                }
                Event::PeerRefused { peer, .. } => {
                    assert!(self.allocated && PEERS.contains(&peer.to_string().as_str()));
                }
                Event::Failed(Failure::Alternate(_)) => {
                    assert!(is_believed && !self.allocated);
                    self.over = true;
                }
                Event::Closed | Event::Failed(_) => self.over = true,
            }
        }
        assert_eq!(self.turn.is_over(), self.over);
        if self.over {
            assert_eq!(self.turn.next_timeout(self.now), None);
            assert_eq!(self.turn.relayed(), []);
        }
        assert!(self.allocated || self.turn.relayed().is_empty());
    }

    fn sent(&mut self, packet: Vec<u8>) {
        assert!(!self.over, "a packet after the end");
        assert_eq!(frame_length(&packet), Ok(Some(packet.len())));
        let message = Message::from_bytes(&packet).expect("a message");
        if message.has_class(MessageClass::Request) {
            if self.requests.contains(&packet) {
                return;
            }
            if self.requests.len() == REMEMBERED {
                self.requests.remove(0);
            }
            self.requests.push(packet);
        } else {
            assert!(message.has_class(MessageClass::Indication));
        }
    }
}

fn peer(number: u8) -> SocketAddr {
    let peer = PEERS[usize::from(number) % PEERS.len()];
    peer.parse().expect("an address")
}

fn password(user: &str) -> String {
    format!("password of {user}")
}

fn credentials(user: &str) -> Credentials {
    Credentials {
        username: user.into(),
        password: password(user),
    }
}
