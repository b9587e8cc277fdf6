//! Connections with real sockets: they connect, and in the end every socket is
//! released.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;
use visavis_peer::{IcePolicy, IceServer, IncomingAudio, PeerConfig, PeerConnection, PeerEvent};

use crate::stage::candidates_of;

/// Held by each test here: a port that one has released must not go to another.
static ALONE: Mutex<()> = Mutex::const_new(());

/// Longer than anything here takes, even on a busy machine.
const AT_LAST: Duration = Duration::from_secs(60);

fn on_this_machine() -> PeerConfig {
    PeerConfig {
        loopback: true,
        ..PeerConfig::default()
    }
}

/// A connection and what it says.
struct Peer {
    connection: PeerConnection,
    events: UnboundedReceiver<PeerEvent>,
}

impl Peer {
    fn open(config: PeerConfig) -> Self {
        let (connection, events) = PeerConnection::open(config, &Handle::current());
        Self { connection, events }
    }

    /// The next event that is wanted; others are passed over.
    async fn wait<T>(&mut self, mut wanted: impl FnMut(PeerEvent) -> Option<T>) -> T {
        let found = async {
            loop {
                let event = self.events.recv().await.expect("it goes on");
                if let Some(found) = wanted(event) {
                    return found;
                }
            }
        };
        timeout(AT_LAST, found).await.expect("the event comes")
    }

    async fn offer(&mut self) -> String {
        self.connection.create_offer();
        self.wait(|event| match event {
            PeerEvent::LocalOffer(sdp) if !candidates_of(&sdp).is_empty() => Some(sdp),
            _ => None,
        })
        .await
    }

    async fn connected(&mut self) {
        self.wait(|event| matches!(event, PeerEvent::Connected).then_some(()))
            .await;
    }
}

/// Everything until the task has ended, which closes its sockets first.
async fn rest(mut events: UnboundedReceiver<PeerEvent>) -> Vec<PeerEvent> {
    let rest = async {
        let mut rest = Vec::new();
        while let Some(event) = events.recv().await {
            rest.push(event);
        }
        rest
    };
    timeout(AT_LAST, rest).await.expect("the connection ends")
}

/// Two connections on this machine that are connected.
async fn connect() -> (Peer, Peer) {
    let (mut alice, mut bob) = (Peer::open(on_this_machine()), Peer::open(on_this_machine()));
    let offer = alice.offer().await;
    bob.connection.apply_offer(offer);
    bob.connection.create_answer();
    let answer = bob
        .wait(|event| match event {
            PeerEvent::LocalAnswer(sdp) => Some(sdp),
            _ => None,
        })
        .await;
    alice.connection.apply_answer(answer);
    tokio::join!(alice.connected(), bob.connected());
    (alice, bob)
}

/// The addresses of a description's candidates.
fn addresses(sdp: &str) -> Vec<SocketAddr> {
    let candidates = candidates_of(sdp).into_iter();
    let addresses = candidates.map(|candidate| {
        let words: Vec<&str> = candidate.candidate.split(' ').collect();
        let ip: IpAddr = words[4].parse().expect("an address");
        SocketAddr::new(ip, words[5].parse().expect("a port"))
    });
    addresses.collect()
}

/// Whether a socket is bound to the address: nobody else can be, then.
fn is_bound(address: SocketAddr) -> bool {
    std::net::UdpSocket::bind(address).is_err()
}

/// An open connection and the addresses that its sockets are bound to.
async fn offered() -> (Peer, Vec<SocketAddr>) {
    let mut peer = Peer::open(on_this_machine());
    let addresses = addresses(&peer.offer().await);
    assert!(!addresses.is_empty() && addresses.iter().all(|a| is_bound(*a)));
    (peer, addresses)
}

fn ends_with_one_closed(events: &[PeerEvent]) -> bool {
    let closed = |event: &&PeerEvent| matches!(event, PeerEvent::Closed);
    events.iter().filter(closed).count() == 1 && events.last().as_ref().is_some_and(closed)
}

#[tokio::test]
async fn closing_releases_every_socket_and_ends_with_closed() {
    let _alone = ALONE.lock().await;
    let (peer, addresses) = offered().await;
    peer.connection.close();
    assert!(ends_with_one_closed(&rest(peer.events).await));
    assert!(!addresses.iter().any(|address| is_bound(*address)));
}

#[tokio::test]
async fn dropping_the_handle_releases_every_socket_and_ends_with_closed() {
    let _alone = ALONE.lock().await;
    let (peer, addresses) = offered().await;
    let Peer { connection, events } = peer;
    drop(connection);
    assert!(ends_with_one_closed(&rest(events).await));
    assert!(!addresses.iter().any(|address| is_bound(*address)));
}

#[tokio::test]
async fn connections_on_one_machine_carry_sound_and_end_together() {
    let _alone = ALONE.lock().await;
    let (alice, mut bob) = connect().await;
    let packet = crate::stage::sound(std::time::Instant::now(), 0);
    alice.connection.send_audio(packet.clone());
    let heard: IncomingAudio = bob
        .wait(|event| match event {
            PeerEvent::Audio(heard) => Some(heard),
            _ => None,
        })
        .await;
    assert_eq!(heard.data, packet.data);
    alice.connection.close();
    assert!(ends_with_one_closed(&rest(alice.events).await));
    bob.wait(|event| matches!(event, PeerEvent::Disconnected).then_some(()))
        .await;
    bob.connection.close();
    assert!(ends_with_one_closed(&rest(bob.events).await));
}

#[tokio::test]
async fn a_failed_connection_releases_its_sockets_by_itself() {
    let _alone = ALONE.lock().await;
    let (mut alice, mut bob) = (Peer::open(on_this_machine()), Peer::open(on_this_machine()));
    let offer = alice.offer().await;
    let at = offer.find("a=fingerprint:sha-256 ").expect("a fingerprint") + 22;
    let first = if &offer[at..at + 2] == "00" {
        "01"
    } else {
        "00"
    };
    let (from, to) = (
        &offer[at..at + 95],
        [first, &offer[at + 2..at + 95]].concat(),
    );
    bob.connection.apply_offer(offer.replace(from, &to));
    bob.connection.create_answer();
    let answer = bob
        .wait(|event| match event {
            PeerEvent::LocalAnswer(sdp) => Some(sdp),
            _ => None,
        })
        .await;
    let addresses = addresses(&answer);
    alice.connection.apply_answer(answer);
    let rest = rest(bob.events).await;
    assert!(ends_with_one_closed(&rest));
    assert!(
        rest.iter()
            .any(|event| matches!(event, PeerEvent::Failed(_)))
    );
    assert!(!addresses.is_empty() && !addresses.iter().any(|address| is_bound(*address)));
}

#[tokio::test]
async fn commands_after_the_end_do_nothing() {
    let _alone = ALONE.lock().await;
    let (peer, _) = offered().await;
    peer.connection.close();
    peer.connection.create_offer();
    assert!(ends_with_one_closed(&rest(peer.events).await));
    peer.connection.create_offer();
    peer.connection.close();
}

#[tokio::test]
async fn loopback_is_used_where_wanted_or_where_there_is_nothing_else() {
    let _alone = ALONE.lock().await;
    let loopback = |offer: &str| {
        let addresses = addresses(offer).into_iter();
        addresses.partition::<Vec<_>, _>(|address| address.ip().is_loopback())
    };
    let (local, _) = loopback(&Peer::open(on_this_machine()).offer().await);
    assert!(!local.is_empty());
    let (local, others) = loopback(&Peer::open(PeerConfig::default()).offer().await);
    assert!(local.is_empty() != others.is_empty());
}

#[tokio::test]
async fn servers_that_cannot_be_asked_end_the_gathering() {
    let _alone = ALONE.lock().await;
    let server = |urls: &[&str]| IceServer {
        urls: urls.iter().map(ToString::to_string).collect(),
        username: None,
        credential: None,
    };
    let urls = [
        "stun:",
        "stun:host.invalid",
        "turn:127.0.0.1",
        "http://x",
        "stun:[::1",
        "",
    ];
    let mut peer = Peer::open(PeerConfig {
        ice_servers: vec![server(&urls), server(&[])],
        ..on_this_machine()
    });
    peer.wait(|event| matches!(event, PeerEvent::GatheringDone).then_some(()))
        .await;
}

#[tokio::test]
async fn relays_only_offers_nothing_of_this_machine() {
    let _alone = ALONE.lock().await;
    let mut peer = Peer::open(PeerConfig {
        policy: IcePolicy::Relay,
        ..on_this_machine()
    });
    peer.connection.create_offer();
    peer.wait(|event| matches!(event, PeerEvent::GatheringDone).then_some(()))
        .await;
    peer.connection.close();
    for event in rest(peer.events).await {
        let text = format!("{event:?}");
        assert!(!text.contains("candidate:"), "{text}");
    }
}
