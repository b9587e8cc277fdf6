//! Any packet on the relay's port.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use visavis_turn::frame_length;
use visavis_turn::server::{Client, Config, Input, Output, Path, Relay, Secret};

/// A stranger's packet is answered once at most, with no more than a nonce and a name added to
/// it, and opens nothing.
pub(crate) fn stun(data: &[u8]) {
    let mut config = Config::new("chat.example", Secret::new(*b"sixteen bytes ok"));
    config.relay_v4 = Some(Ipv4Addr::LOCALHOST);
    let mut relay = Relay::new(config);
    let from = Client {
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, 40_000)),
        path: Path::Datagrams(0),
    };
    let mut answers = 0;
    for output in relay.handle(Duration::ZERO, Input::FromClient { from, data }) {
        let Output::Reply { message, .. } = output else {
            panic!("a stranger set something off: {output:?}");
        };
        assert!(
            message.len() <= data.len() + 128,
            "an answer that amplifies"
        );
        answers += 1;
    }
    assert!(answers <= 1, "more than one answer");
    if let Ok(Some(length)) = frame_length(data) {
        assert!(
            (4..=65_556).contains(&length),
            "a message of {length} bytes"
        );
    }
}
