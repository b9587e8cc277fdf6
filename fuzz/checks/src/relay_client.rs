//! A relay that answers its client with anything.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use stun_types::attribute::{AttributeType, RawAttribute, Realm};
use stun_types::message::{
    IntegrityAlgorithm, LongTermKeyCredentials, Message, MessageClass, MessageType, MessageWrite,
    MessageWriteExt, MessageWriteVec,
};
use visavis_turn::client::{Config, Credentials, Event, Families, Received, TurnClient};

const PASSWORD: &str = "secret";
/// The largest packet that a relay makes.
const LARGEST: usize = 1500;

/// Takes the beginning of the input.
struct Input<'i>(&'i [u8]);

impl<'i> Input<'i> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn bytes(&mut self, most: usize) -> &'i [u8] {
        let (taken, rest) = self.0.split_at(most.min(self.0.len()));
        self.0 = rest;
        taken
    }
}

/// The client, and what the relay knows of it.
struct Stage {
    client: TurnClient,
    now: Duration,
    /// Requests that were not answered.
    open: Vec<Vec<u8>>,
    is_allocated: bool,
    is_over: bool,
}

fn credentials(name: u8) -> Credentials {
    Credentials {
        username: format!("user{name}"),
        password: PASSWORD.to_owned(),
    }
}

fn peer(number: u8) -> SocketAddr {
    let port = 1000 + u16::from(number >> 4);
    match number % 2 {
        0 => (Ipv4Addr::new(192, 0, 2, number % 8), port).into(),
        _ => (Ipv6Addr::from(u128::from(number % 8)), port).into(),
    }
}

/// Whatever the relay answers, the client ends once at most, never turns in circles, and takes for
/// data of a peer only what a packet has.
pub(crate) fn relay_client(input: &[u8]) {
    let mut input = Input(input);
    let options = input.byte().unwrap_or_default();
    let families = [Families::V4, Families::V6, Families::Both][usize::from(options % 3)];
    let mut stage = Stage {
        client: TurnClient::new(Config {
            credentials: credentials(0),
            families,
            stream: options & 0x80 != 0,
            seed: [7; 32],
        }),
        now: Duration::ZERO,
        open: Vec::new(),
        is_allocated: false,
        is_over: false,
    };
    stage.client.start(stage.now);
    stage.look();
    while let Some(what) = input.byte() {
        stage.act(what, &mut input);
        stage.look();
    }
}

impl Stage {
    fn act(&mut self, what: u8, input: &mut Input<'_>) {
        let now = self.now;
        match what % 8 {
            0 => {
                let time = u64::from(input.byte().unwrap_or_default());
                self.now += Duration::from_millis(time * time * 10);
                self.client.handle_timeout(self.now);
                let next = self.client.next_timeout(self.now);
                assert!(
                    next.is_none_or(|next| next > self.now),
                    "it turns in circles"
                );
            }
            1 => {
                let to = peer(input.byte().unwrap_or_default());
                let frame = self.client.send(now, to, b"hello");
                assert!(
                    frame.is_none() || self.is_allocated,
                    "nothing can be sent yet"
                );
            }
            2 => self
                .client
                .bind_channel(now, peer(input.byte().unwrap_or_default())),
            3 => self.client.set_credentials(now, credentials(what >> 3)),
            4 if what >= 0xf0 => self.client.close(now),
            5 => {
                let length = usize::from(input.byte().unwrap_or_default());
                self.receive(input.bytes(length));
            }
            _ => {
                let packet = self.answer(what, input);
                self.receive(&packet);
            }
        }
    }

    fn receive(&mut self, packet: &[u8]) {
        if let Received::Data { data, .. } = self.client.receive(self.now, packet) {
            assert!(data.len() <= packet.len(), "more data than there was");
        }
    }

    /// An answer to one of the requests, or an indication, with attributes from the input; sealed
    /// as the relay would, or not.
    fn answer(&mut self, what: u8, input: &mut Input<'_>) -> Vec<u8> {
        let class = match what >> 3 & 3 {
            0 => MessageClass::Indication,
            1 => MessageClass::Error,
            _ => MessageClass::Success,
        };
        let at = usize::from(input.byte().unwrap_or_default());
        let request = match self.open.len() {
            0 => return Vec::new(),
            open => self.open[at % open].clone(),
        };
        let Ok(request) = Message::from_bytes(&request) else {
            panic!("a request that is none");
        };
        let kind = MessageType::from_class_method(class, request.method());
        let mut answer = Message::builder(kind, request.transaction_id(), MessageWriteVec::new());
        let mut taken = 0;
        for _ in 0..input.byte().unwrap_or_default() % 8 {
            let kind = [
                input.byte().unwrap_or_default(),
                input.byte().unwrap_or_default(),
            ];
            let length = usize::from(input.byte().unwrap_or_default());
            let value = input.bytes(length);
            taken += value.len();
            if taken > LARGEST {
                break;
            }
            let kind = AttributeType::new(u16::from_be_bytes(kind));
            // Twice the same, or one behind the seal, is refused.
            let _ = answer.add_attribute(&RawAttribute::new(kind, value));
        }
        if let (true, Ok(realm)) = (what & 0x80 != 0, request.attribute::<Realm>()) {
            let realm = realm.realm().to_owned();
            let key = LongTermKeyCredentials::new("user0".into(), PASSWORD.into(), realm);
            let key = key.make_key(IntegrityAlgorithm::Sha1);
            let _ = answer.add_message_integrity_with_key(&key, IntegrityAlgorithm::Sha1);
        }
        answer.finish()
    }

    /// What came of it.
    fn look(&mut self) {
        while let Some(message) = self.client.poll_transmit() {
            let read = Message::from_bytes(&message).map(|message| message.class());
            match read {
                Ok(MessageClass::Request) => self.open.push(message),
                Ok(MessageClass::Indication) => {}
                other => panic!("a client does not send {other:?}"),
            }
        }
        if self.open.len() > 64 {
            self.open.drain(..32);
        }
        while let Some(event) = self.client.poll_event() {
            assert!(!self.is_over, "{event:?} after the end");
            match event {
                Event::Allocated { relayed, .. } => {
                    assert!(!relayed.is_empty() && !self.is_allocated);
                    self.is_allocated = true;
                }
                Event::PeerRefused { .. } => assert!(self.is_allocated),
                Event::Closed | Event::Failed(_) => {
                    self.is_over = true;
                    self.is_allocated = false;
                }
            }
        }
        if self.is_over {
            assert!(self.client.is_over());
            assert_eq!(self.client.next_timeout(self.now), None);
        }
    }
}
