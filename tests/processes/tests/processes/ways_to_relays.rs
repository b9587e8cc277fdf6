//! Which ways our client takes to the relays that it is told of, and what becomes of the others.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::net::UdpSocket;
use tokio::process::Command;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{sleep, timeout};
use visavis_interop_tests::cast::{Cast, NATIVE, SECOND_NATIVE, login, password};
use visavis_interop_tests::place::Place;
use visavis_interop_tests::program::{Program, binary};
use visavis_interop_tests::scratch::Scratch;
use visavis_peer::{IcePolicy, IceServer, PeerConfig, PeerConnection, PeerEvent};

use crate::coturn::Coturn;

const PATIENCE: Duration = Duration::from_secs(60);
const USER: [&str; 3] = ["--lt-cred-mech", "-u", "alice:secret"];
/// Success responses (RFC 8489 section 5, RFC 8656 section 18.1).
const ALLOCATED: [u8; 2] = [0x01, 0x03];
const REFRESHED: [u8; 2] = [0x01, 0x04];

fn server(urls: &[String]) -> IceServer {
    IceServer {
        urls: urls.to_vec(),
        username: Some("alice".into()),
        credential: Some("secret".into()),
    }
}

/// A connection that uses relays only.
fn open(ice_servers: Vec<IceServer>) -> (PeerConnection, UnboundedReceiver<PeerEvent>) {
    let config = PeerConfig {
        ice_servers,
        policy: IcePolicy::Relay,
        loopback: true,
        ..PeerConfig::default()
    };
    let (connection, events) = PeerConnection::open(config, &Handle::current());
    connection.create_offer();
    (connection, events)
}

/// Until there is a relayed candidate; whether gathering was done before.
async fn relayed(events: &mut UnboundedReceiver<PeerEvent>) -> bool {
    let mut done = false;
    let found = async {
        while let Some(event) = events.recv().await {
            match event {
                PeerEvent::LocalOffer(sdp) if sdp.contains("typ relay") => return,
                PeerEvent::LocalCandidates(_) => return,
                PeerEvent::GatheringDone => done = true,
                _ => {}
            }
        }
        panic!("the connection has ended");
    };
    timeout(PATIENCE, found).await.expect("a relayed candidate");
    done
}

/// Passes datagrams on to `relay` and back, each late, and tells the first bytes of what comes back.
async fn detour(relay: SocketAddr, late: Duration, told: UnboundedSender<[u8; 2]>) -> SocketAddr {
    let front = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
    let back = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
    let address = front.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut there, mut here) = ([0; 2000], [0; 2000]);
        let mut client = None;
        loop {
            let (through, to, data) = tokio::select! {
                Ok((length, from)) = front.recv_from(&mut there) => {
                    client = Some(from);
                    (&back, relay, there[..length].to_vec())
                }
                Ok((length, _)) = back.recv_from(&mut here) => {
                    let _ = told.send([here[0], here[1]]);
                    let Some(client) = client else { continue };
                    (&front, client, here[..length].to_vec())
                }
            };
            let through = Arc::clone(through);
            tokio::spawn(async move {
                sleep(late).await;
                let _ = through.send_to(&data, to).await;
            });
        }
    });
    address
}

#[tokio::test]
async fn what_the_slower_way_has_allocated_is_given_back() {
    let coturn = Coturn::start("coturn-race", &USER).await;
    let (told, mut answers) = unbounded_channel();
    let slow = detour(coturn.plain, Duration::from_millis(300), told).await;
    let urls = [
        format!("turn:{slow}?transport=udp"),
        format!("turn:{}?transport=tcp", coturn.plain),
    ];
    let (connection, mut events) = open(vec![server(&urls)]);
    relayed(&mut events).await;
    // It is over TCP: over UDP nothing was allocated yet.
    let mut before = Vec::new();
    while let Ok(answer) = answers.try_recv() {
        before.push(answer);
    }
    assert!(!before.contains(&ALLOCATED), "{before:?}");
    let given_back = async {
        for wanted in [ALLOCATED, REFRESHED] {
            while answers.recv().await.unwrap() != wanted {}
        }
    };
    timeout(PATIENCE, given_back)
        .await
        .expect("it is given back");
    drop(connection);
}

#[tokio::test]
async fn a_server_that_sends_us_on_is_followed() {
    let target = Coturn::start("coturn-target", &USER).await;
    let elsewhere = ["--alternate-server", &target.plain.to_string()];
    let first = Coturn::start("coturn-first", &[&USER[..], &elsewhere].concat()).await;
    let urls = [format!("turn:{}?transport=udp", first.plain)];
    let (connection, mut events) = open(vec![server(&urls)]);
    relayed(&mut events).await;
    drop(connection);
}

#[tokio::test]
async fn a_server_that_is_dead_does_not_keep_us_from_another() {
    let coturn = Coturn::start("coturn-alive", &USER).await;
    // Somebody who never answers.
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let dead = [format!(
        "turn:{}?transport=udp",
        silent.local_addr().unwrap()
    )];
    let alive = [format!("turn:{}?transport=udp", coturn.plain)];
    let (connection, mut events) = open(vec![server(&dead), server(&alive)]);
    let done = relayed(&mut events).await;
    assert!(!done, "the dead one was waited for");
    drop(connection);
}

/// With relays only, STUN servers would learn an address that nobody is to know.
#[tokio::test]
async fn with_relays_only_no_stun_server_is_asked() {
    let coturn = Coturn::start("coturn-only", &USER).await;
    let curious = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let stun = IceServer {
        urls: vec![format!("stun:{}", curious.local_addr().unwrap())],
        username: None,
        credential: None,
    };
    let alive = [format!("turn:{}?transport=udp", coturn.plain)];
    let (connection, mut events) = open(vec![stun, server(&alive)]);
    let done =
        async { while !matches!(events.recv().await, None | Some(PeerEvent::GatheringDone)) {} };
    timeout(PATIENCE, done).await.expect("gathering ends");
    let heard = curious.try_recv(&mut [0; 100]);
    assert!(heard.is_err(), "{heard:?}");
    drop(connection);
}

/// The server has no relay: `--ice-server` names one, and the environment who may use it.
#[tokio::test]
async fn a_call_uses_the_relay_that_the_command_line_names() {
    let coturn = Coturn::start("coturn-cli", &USER).await;
    let scratch = Scratch::new("ice-server").unwrap();
    let listeners = ["--http", "127.0.0.1:0", "--relay", "off"];
    let cast = Cast::gather_at(Place::Here, &scratch.path().join("server"), &listeners).await;
    let sent = ["--video", "pattern:320x240@30", "--audio", "tone:440"];
    let answer = [&["answer", "--once"], &sent[..]].concat();
    let mut callee = Program::start(&cast, SECOND_NATIVE, &answer);
    callee.until("chat_connected").await;

    let mut command = Command::new(binary());
    command
        .args(["call", "--ice", "relay", "--json", "--server", &cast.url])
        .args(["--ice-server", &format!("turn:{}", coturn.plain)])
        .args(sent)
        .args(["--login", &login(NATIVE), &SECOND_NATIVE.to_string()])
        .env("VISAVIS_APP", &cast.app)
        .env("VISAVIS_PASSWORD", password(NATIVE))
        .env("VISAVIS_ICE_USER", "alice")
        .env("VISAVIS_ICE_PASSWORD", "secret");
    let mut caller = Program::run("the caller", command);
    caller.pictures_come_from(SECOND_NATIVE).await;
    let stats = caller
        .until_one("stats", |stats| !stats["local_candidate"].is_null())
        .await;
    assert_eq!(stats["local_candidate"], "relay", "{stats}");
    assert_eq!(stats["transport"], "udp", "{stats}");
    caller.tell(&json!({ "do": "hang_up" })).await;
    let (caller, callee) = tokio::join!(caller.ended(), callee.ended());
    assert_eq!([caller.code, callee.code], [0, 0]);
    cast.dismiss().await;
}
