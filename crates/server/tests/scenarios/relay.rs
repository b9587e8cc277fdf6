//! The relay over real sockets, used by foreign programs: coturn's clients, with the credentials
//! that a logged-in user gets.
//!
//! `turnutils_uclient` says how many messages it sent and how many came back; its exit code says
//! nothing.

use std::net::SocketAddr;
use std::process::Stdio;

use crate::common::certificate::certified;
use crate::common::{APP, DOMAIN, Running, loopback, soon, start, start_with};
use serde_json::Value;
use stun_types::attribute::{ErrorCode, Nonce, Realm, Username};
use stun_types::message::{
    BINDING, IntegrityAlgorithm, LongTermKeyCredentials, Message, MessageClass,
    MessageIntegrityCredentials, MessageWrite, MessageWriteExt, MessageWriteVec,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::process::Command;
use tokio::task::JoinSet;
use turn_types::attribute::{RequestedTransport, XorPeerAddress};
use turn_types::message::{ALLOCATE, CREATE_PERMISSION};
use visavis_server::turn::Counters;

/// What a client is told of the relay.
pub(crate) struct Access {
    pub(crate) address: SocketAddr,
    pub(crate) urls: Vec<String>,
    pub(crate) username: String,
    pub(crate) credential: String,
}

pub(crate) async fn access(running: &Running) -> Access {
    let rest = running.rest(APP).logged_in(101).await;
    let list = rest.get("/ice_servers.json").await.body;
    let turn = &list["ice_servers"][1];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Access {
        address: running
            .server
            .ready()
            .relay
            .as_ref()
            .unwrap()
            .parse()
            .unwrap(),
        urls: turn["urls"].as_array().unwrap().iter().map(text).collect(),
        username: text(&turn["username"]),
        credential: text(&turn["credential"]),
    }
}

/// A peer that sends back whatever it gets on a port and on the next one, where coturn's client
/// expects RTCP. Until the tasks are dropped.
async fn echo() -> (SocketAddr, JoinSet<()>) {
    let (first, second) = loop {
        let first = UdpSocket::bind(loopback()).await.unwrap();
        let mut next = first.local_addr().unwrap();
        next.set_port(next.port().wrapping_add(1));
        if let Ok(second) = UdpSocket::bind(next).await {
            break (first, second);
        }
    };
    let address = first.local_addr().unwrap();
    let mut tasks = JoinSet::new();
    for socket in [first, second] {
        tasks.spawn(async move {
            let mut data = [0; 2000];
            while let Ok((length, from)) = socket.recv_from(&mut data).await {
                // What cannot be sent back is missed by the one who counts.
                let _ = socket.send_to(&data[..length], from).await;
            }
        });
    }
    (address, tasks)
}

/// Messages that coturn's client sent, and that came back to it.
async fn uclient(access: &Access, options: &[&str]) -> (u64, u64) {
    let child = Command::new("turnutils_uclient")
        .args(options)
        .args(["-u", &access.username, "-w", &access.credential])
        .args(["-p", &access.address.port().to_string()])
        .arg(access.address.ip().to_string())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = soon(child)
        .await
        .expect("turnutils_uclient (Debian's coturn) is installed");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let count = |name: &str| {
        let (_, rest) = text.rsplit_once(name)?;
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    };
    count("tot_send_msgs=")
        .zip(count("tot_recv_msgs="))
        .unwrap_or_else(|| panic!("no result of {options:?}: {text}"))
}

/// Every message comes back: to an echo and between clients, by indications and by channels.
pub(crate) async fn everything_comes_back(access: &Access, transport: &[&str]) {
    let (peer, _echoing) = echo().await;
    let (ip, port) = (peer.ip().to_string(), peer.port().to_string());
    let to_echo = ["-n", "20", "-z", "5", "-m", "3", "-e", &ip, "-r", &port];
    let to_each_other = ["-n", "20", "-z", "5", "-m", "2", "-y"];
    for (kind, wanted) in [(&to_echo[..], 60), (&to_each_other[..], 40)] {
        for method in [&["-s"][..], &[]] {
            for ports in [&["-c"][..], &[]] {
                let options = [transport, kind, method, ports].concat();
                let (sent, received) = uclient(access, &options).await;
                assert!(sent >= wanted, "{options:?} sent {sent}");
                assert_eq!(received, sent, "{options:?}");
            }
        }
    }
}

#[tokio::test]
async fn coturns_client_relays_over_udp() {
    let running = start().await;
    let access = access(&running).await;
    everything_comes_back(&access, &[]).await;
    counted(&running, |counters| counters.handed_over >= 160).await;
    soon(running.server.shutdown()).await;
}

#[tokio::test]
async fn coturns_client_relays_over_tcp() {
    let running = start().await;
    let access = access(&running).await;
    assert!(access.urls[1].starts_with("turn:") && access.urls[1].ends_with("tcp"));
    everything_comes_back(&access, &["-t"]).await;
    soon(running.server.shutdown()).await;
}

#[tokio::test]
async fn coturns_client_relays_over_tls() {
    let (files, _) = certified();
    let running = start_with(|config| {
        config.https = Some(loopback());
        config.certificate = Some(files);
    })
    .await;
    let access = access(&running).await;
    assert!(access.urls[2].starts_with("turns:"));
    everything_comes_back(&access, &["-t", "-S"]).await;
    soon(running.server.shutdown()).await;
}

#[tokio::test]
async fn coturns_client_relays_between_ipv6_addresses() {
    let running = start_with(|config| config.relay = Some("[::1]:0".parse().unwrap())).await;
    let access = access(&running).await;
    let each_other = ["-x", "-y", "-n", "20", "-z", "5", "-m", "2"];
    for more in [&[][..], &["-s"], &["-t"]] {
        let options = [&each_other, more].concat();
        let (sent, received) = uclient(&access, &options).await;
        assert!(sent >= 40, "{options:?} sent {sent}");
        assert_eq!(received, sent, "{options:?}");
    }
    soon(running.server.shutdown()).await;
}

/// The relay as chat tells of it (XEP-0215).
async fn access_by_chat(running: &Running, kind: &str, transport: &str) -> Access {
    let mut chat = running.chat(101).await;
    let services = "<services xmlns='urn:xmpp:extdisco:2'/>";
    let answer = chat.ask("get", DOMAIN, services).await;
    let services = answer.child_ns("urn:xmpp:extdisco:2", "services").unwrap();
    let wanted = [("type", kind), ("transport", transport)];
    let service = services
        .children()
        .find(|service| {
            wanted.map(|(name, value)| service.attribute(name) == Some(value)) == [true; 2]
        })
        .unwrap();
    let value = |name| service.attribute(name).unwrap().to_owned();
    Access {
        address: format!("{}:{}", value("host"), value("port"))
            .parse()
            .unwrap(),
        urls: Vec::new(),
        username: value("username"),
        credential: value("password"),
    }
}

#[tokio::test]
async fn coturns_client_relays_with_credentials_from_chat() {
    let (files, _) = certified();
    let running = start_with(|config| {
        config.https = Some(loopback());
        config.certificate = Some(files);
    })
    .await;
    for (kind, transport, options) in [
        ("turn", "udp", &[][..]),
        ("turn", "tcp", &["-t"]),
        ("turns", "tcp", &["-t", "-S"]),
    ] {
        let access = access_by_chat(&running, kind, transport).await;
        let each_other = ["-n", "20", "-z", "5", "-m", "2", "-y", "-c", "-s"];
        let (sent, received) = uclient(&access, &[options, &each_other].concat()).await;
        assert!(sent >= 40, "{kind} over {transport}: {sent} sent");
        assert_eq!(received, sent, "{kind} over {transport}");
    }
    soon(running.server.shutdown()).await;
}

#[tokio::test]
async fn coturns_client_learns_its_address() {
    let running = start().await;
    let relay: SocketAddr = running
        .server
        .ready()
        .relay
        .as_ref()
        .unwrap()
        .parse()
        .unwrap();
    let output = Command::new("turnutils_stunclient")
        .args(["-p", &relay.port().to_string(), &relay.ip().to_string()])
        .kill_on_drop(true)
        .output();
    let output = soon(output)
        .await
        .expect("turnutils_stunclient (Debian's coturn) is installed");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("UDP reflexive addr: 127.0.0.1:"), "{text}");
}

#[tokio::test]
async fn coturns_client_gets_nothing_with_a_wrong_password() {
    let running = start().await;
    let mut access = access(&running).await;
    access.credential.push('x');
    let child = Command::new("turnutils_uclient")
        .args(["-n", "1", "-c", "-y"])
        .args(["-u", &access.username, "-w", &access.credential])
        .args(["-p", &access.address.port().to_string(), "127.0.0.1"])
        .kill_on_drop(true)
        .output();
    soon(child)
        .await
        .expect("turnutils_uclient (Debian's coturn) is installed");
    let counters = counted(&running, |counters| counters.challenges >= 2).await;
    assert_eq!(counters.allocations, 0);
}

/// Awaits that the relay has counted this: it does so after it has answered.
async fn counted(running: &Running, enough: impl Fn(&Counters) -> bool) -> Counters {
    soon(async {
        loop {
            let counters = running.server.relay_status().unwrap().counters;
            if enough(&counters) {
                return counters;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

/// A client over UDP that sends what it is told to.
pub(crate) struct Client {
    socket: UdpSocket,
    key: MessageIntegrityCredentials,
    username: String,
    challenge: Option<(String, String)>,
}

impl Client {
    pub(crate) async fn new(access: &Access) -> Self {
        let socket = UdpSocket::bind(loopback()).await.unwrap();
        socket.connect(access.address).await.unwrap();
        Self {
            socket,
            key: LongTermKeyCredentials::new(
                access.username.clone(),
                access.credential.clone(),
                DOMAIN.to_owned(),
            )
            .into(),
            username: access.username.clone(),
            challenge: None,
        }
    }

    /// The code of the answer, 0 for success.
    async fn ask(&mut self, mut request: MessageWriteVec) -> u16 {
        if let Some((realm, nonce)) = &self.challenge {
            let username = Username::new(&self.username).unwrap();
            request.add_attribute(&username).unwrap();
            request.add_attribute(&Realm::new(realm).unwrap()).unwrap();
            request.add_attribute(&Nonce::new(nonce).unwrap()).unwrap();
            request
                .add_message_integrity(&self.key, IntegrityAlgorithm::Sha1)
                .unwrap();
        }
        self.socket.send(&request.finish()).await.unwrap();
        let mut answer = [0; 1500];
        let length = soon(self.socket.recv(&mut answer)).await.unwrap();
        let answer = Message::from_bytes(&answer[..length]).unwrap();
        if let (Ok(realm), Ok(nonce)) = (answer.attribute::<Realm>(), answer.attribute::<Nonce>()) {
            self.challenge = Some((realm.realm().to_owned(), nonce.nonce().to_owned()));
        }
        if answer.has_class(MessageClass::Success) {
            return 0;
        }
        answer.attribute::<ErrorCode>().unwrap().code()
    }

    pub(crate) async fn allocate(&mut self) -> u16 {
        let mut request = Message::builder_request(ALLOCATE, MessageWriteVec::new());
        request.add_attribute(&RequestedTransport::new(17)).unwrap();
        self.ask(request).await
    }

    pub(crate) async fn permit(&mut self, peer: &str) -> u16 {
        let mut request = Message::builder_request(CREATE_PERMISSION, MessageWriteVec::new());
        let id = Message::from_bytes(&request).unwrap().transaction_id();
        let peer = XorPeerAddress::new(peer.parse().unwrap(), id);
        request.add_attribute(&peer).unwrap();
        self.ask(request).await
    }
}

#[tokio::test]
async fn a_relay_is_no_way_into_private_networks() {
    let running = start().await;
    let mut client = Client::new(&access(&running).await).await;
    assert_eq!(client.allocate().await, 401);
    assert_eq!(client.allocate().await, 0);
    for peer in ["10.0.0.1:80", "192.168.0.1:80", "169.254.169.254:80"] {
        assert_eq!(client.permit(peer).await, 403, "{peer}");
    }
    assert_eq!(client.permit("127.0.0.1:9").await, 0);
}

#[tokio::test]
async fn a_user_cannot_take_all_ports() {
    let running = start_with(|config| config.relaying.limits.allocations_per_user = 2).await;
    let access = access(&running).await;
    let mut clients = Vec::new();
    for code in [0, 0, 486] {
        let mut client = Client::new(&access).await;
        assert_eq!(client.allocate().await, 401);
        assert_eq!(client.allocate().await, code);
        clients.push(client);
    }
    counted(&running, |counters| counters.allocations == 2).await;
    soon(running.server.shutdown()).await;
}

#[tokio::test]
async fn without_a_user_there_are_no_credentials() {
    let running = start().await;
    let mut rest = running.rest(APP);
    rest.token = Some(rest.create_session(&[]).await.token());
    let list = rest.get("/ice_servers.json").await.body;
    let servers = list["ice_servers"].as_array().unwrap();
    assert_eq!(servers.len(), 1);
    assert_eq!(servers[0].get("username"), None);
}

#[tokio::test]
async fn credentials_outlive_a_restart() {
    let running = start().await;
    let old = access(&running).await;
    let config = running.config.clone();
    soon(running.server.shutdown()).await;
    let server = visavis_server::Server::start(config).await.unwrap();
    let address = server.ready().relay.as_ref().unwrap().parse().unwrap();
    let mut client = Client::new(&Access { address, ..old }).await;
    assert_eq!(client.allocate().await, 401);
    assert_eq!(client.allocate().await, 0);
}

#[tokio::test]
async fn a_connection_without_an_allocation_is_closed() {
    let second = std::time::Duration::from_secs(1);
    let running = start_with(|config| config.limits.request_time = second).await;
    let relay = running.server.ready().relay.clone().unwrap();
    let mut stream = TcpStream::connect(&relay).await.unwrap();
    let request = Message::builder_request(BINDING, MessageWriteVec::new()).finish();
    stream.write_all(&request).await.unwrap();
    let mut answer = Vec::new();
    soon(stream.read_to_end(&mut answer)).await.unwrap();
    assert_eq!(answer.len(), 32);
}

#[tokio::test]
async fn a_connection_that_speaks_something_else_is_closed() {
    let running = start().await;
    let relay = running.server.ready().relay.clone().unwrap();
    for nonsense in [
        &b"\x80\x01"[..],
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ] {
        let mut stream = TcpStream::connect(&relay).await.unwrap();
        stream.write_all(nonsense).await.unwrap();
        let mut rest = Vec::new();
        // Closed, or reset because of what was not read.
        let _ = soon(stream.read_to_end(&mut rest)).await;
        assert_eq!(rest, b"");
    }
    let mut stream = TcpStream::connect(&relay).await.unwrap();
    let request = Message::builder_request(BINDING, MessageWriteVec::new()).finish();
    stream.write_all(&request).await.unwrap();
    let mut answer = [0; 32];
    soon(stream.read_exact(&mut answer)).await.unwrap();
    let answer = Message::from_bytes(&answer).unwrap();
    assert!(answer.has_class(MessageClass::Success));
}
