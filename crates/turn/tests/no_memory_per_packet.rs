//! Relayed data takes no memory, whichever way it goes.
#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;
use std::time::Duration;

use stun_types::attribute::{Nonce, Realm, Username};
use stun_types::message::{
    IntegrityAlgorithm, LongTermKeyCredentials, Message, MessageClass, MessageIntegrityCredentials,
    MessageType, MessageWrite, MessageWriteExt, MessageWriteVec, Method,
};
use turn_types::attribute::{ChannelNumber, Data, RequestedTransport, XorPeerAddress};
use turn_types::message::{ALLOCATE, CHANNEL_BIND, SEND};
use visavis_turn::server::{
    Client, Config, Credentials, Input, Output, Path, Relay, RelayId, Secret,
};

const NOW: Duration = Duration::from_secs(1);
const PACKETS: u64 = 1000;

fn client(last: u8) -> Client {
    Client {
        address: SocketAddr::from(([203, 0, 113, last], 4000)),
        path: Path::Datagrams(0),
    }
}

fn ask(relay: &mut Relay, from: Client, data: &[u8]) -> Vec<u8> {
    let mut reply = Vec::new();
    let mut opened = None;
    for output in relay.handle(NOW, Input::FromClient { from, data }) {
        match output {
            Output::Reply { message, .. } => reply = message,
            Output::Open { relay, .. } => opened = Some(relay),
            other => panic!("{other:?}"),
        }
    }
    if let Some(id) = opened {
        let port = Some(50_000 + u16::try_from(id.0).unwrap());
        for output in relay.handle(NOW, Input::Opened { relay: id, port }) {
            if let Output::Reply { message, .. } = output {
                reply = message;
            }
        }
    }
    reply
}

/// Allocates, and binds the channel 0x4000 to the peer.
fn join(relay: &mut Relay, secret: &Secret, from: Client, peer: SocketAddr) {
    let credentials = Credentials::issue(secret, "user", Duration::from_secs(1000));
    let mut challenge = Vec::new();
    for method in [ALLOCATE, ALLOCATE, CHANNEL_BIND] {
        let kind = MessageType::from_class_method(MessageClass::Request, method);
        let mut request = Message::builder(kind, 5.into(), MessageWriteVec::new());
        if method == ALLOCATE {
            request.add_attribute(&RequestedTransport::new(17)).unwrap();
        } else {
            request.add_attribute(&ChannelNumber::new(0x4000)).unwrap();
            let peer = XorPeerAddress::new(peer, 5.into());
            request.add_attribute(&peer).unwrap();
        }
        if let Ok(asked) = Message::from_bytes(&challenge) {
            let username = Username::new(&credentials.username).unwrap();
            request.add_attribute(&username).unwrap();
            let (realm, nonce) = (
                asked.attribute::<Realm>().unwrap(),
                asked.attribute::<Nonce>().unwrap(),
            );
            request.add_attribute(&realm).unwrap();
            request.add_attribute(&nonce).unwrap();
            let key: MessageIntegrityCredentials = LongTermKeyCredentials::new(
                credentials.username.clone(),
                credentials.password.clone(),
                realm.realm().to_owned(),
            )
            .into();
            request
                .add_message_integrity(&key, IntegrityAlgorithm::Sha1)
                .unwrap();
        }
        let answer = ask(relay, from, &request.finish());
        if challenge.is_empty() {
            challenge = answer;
        } else {
            let answer = Message::from_bytes(&answer).unwrap();
            assert!(answer.has_class(MessageClass::Success), "{answer:?}");
        }
    }
}

fn send_indication(peer: SocketAddr) -> Vec<u8> {
    let method: Method = SEND;
    let kind = MessageType::from_class_method(MessageClass::Indication, method);
    let mut message = Message::builder(kind, 1.into(), MessageWriteVec::new());
    let peer = XorPeerAddress::new(peer, 1.into());
    message.add_attribute(&peer).unwrap();
    message.add_attribute(&Data::new(&[7; 1000])).unwrap();
    message.finish()
}

#[test]
fn relayed_data_takes_no_memory() {
    let secret = Secret::new(*b"sixteen bytes ok");
    let mut config = Config::new("example.org", secret.clone());
    config.relay_v4 = Some([198, 51, 100, 1].into());
    config.limits.bytes_per_second_per_user = Some(1 << 40);
    let mut relay = Relay::new(config);
    let outside = SocketAddr::from(([203, 0, 113, 99], 9));
    let relayed = SocketAddr::from(([198, 51, 100, 1], 50_000));
    join(&mut relay, &secret, client(1), outside);
    join(&mut relay, &secret, client(2), relayed);
    let mut channel = vec![0x40, 0, 0x03, 0xe8];
    channel.extend([7; 1000]);
    let from_client = |last, data| Input::FromClient {
        from: client(last),
        data,
    };
    let indication = send_indication(outside);
    let ways = [
        from_client(1, &channel[..]),
        from_client(1, &indication[..]),
        Input::FromPeer {
            at: RelayId(0),
            from: outside,
            data: &channel,
        },
        // Another port of the same peer has no channel: an indication.
        Input::FromPeer {
            at: RelayId(0),
            from: SocketAddr::new(outside.ip(), 10),
            data: &channel,
        },
    ];
    for way in ways {
        let mut passed = 0;
        let memory = allocation_counter::measure(|| {
            for _ in 0..PACKETS {
                for output in relay.handle(NOW, way) {
                    passed += match output {
                        Output::ToPeer { data, .. } => u64::from(data.len() >= 1000),
                        Output::ToClient { frame, .. } => u64::from(frame.length() > 1000),
                        other => panic!("{other:?}"),
                    };
                }
            }
        });
        assert_eq!(passed, PACKETS);
        assert_eq!(memory.count_total, 0);
    }
    // From one allocation to the other, which has to permit it first.
    let memory = allocation_counter::measure(|| {
        for _ in 0..PACKETS {
            assert!(relay.handle(NOW, from_client(2, &channel)).next().is_none());
        }
    });
    assert_eq!(memory.count_total, 0);
    assert_eq!(relay.counters().handed_over, PACKETS);
}
