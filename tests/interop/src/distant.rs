//! A server and two people, each on a host of a network of their own.

use tokio::join;

use crate::cast::{Cast, NATIVE, SECOND_NATIVE};
use crate::nat::Nat;
use crate::network::Network;
use crate::place::Place;
use crate::program::Program;
use crate::scratch::Scratch;

const CERTIFICATE: &str = include_str!("../certificates/10.77.0.1.pem");
const KEY: &str = include_str!("../certificates/10.77.0.1.key");
/// The server's address is that of its certificate.
const SERVER: &str = "10.77.0.1";
/// Who calls, and where.
pub const CALLER: (&str, u32) = ("caller", NATIVE);
/// Who is called, and where.
pub const CALLEE: (&str, u32) = ("callee", SECOND_NATIVE);
/// An address that nobody has.
pub const ANOTHER_ADDRESS: &str = "10.77.0.4/24";

/// A call between the two that is connected.
pub struct DistantCall {
    /// Who calls.
    pub caller: Program,
    /// Who is called.
    pub callee: Program,
    /// The server.
    pub cast: Cast,
    /// The links between the three.
    pub network: Network,
    _scratch: Scratch,
}

/// What stands between the two people and the network.
#[derive(Debug, Clone, Copy)]
pub struct Ways(pub Nat, pub Nat);

impl DistantCall {
    /// As [`begin`](Self::begin), with something between each of the two and the network; the
    /// server is reached as on the Internet.
    ///
    /// # Panics
    /// As [`begin`](Self::begin).
    pub async fn begin_behind(name: &str, ways: Ways) -> Self {
        Self::begin_with(name, |network, host, address| match host {
            "caller" => network.host_behind(ways.0, host, address),
            "callee" => network.host_behind(ways.1, host, address),
            _ => network.host(host, address),
        })
        .await
    }

    /// Makes the network and the call; both see pictures of each other then. The program is
    /// [isolated](crate::network::isolate).
    ///
    /// # Panics
    /// When that cannot be.
    pub async fn begin(name: &str) -> Self {
        Self::begin_with(name, Network::host).await
    }

    async fn begin_with(name: &str, host: impl Fn(&mut Network, &str, &str) -> String) -> Self {
        let scratch = Scratch::new(name).expect("a folder");
        let mut network = Network::new(name);
        let [server, caller_at, callee_at] = [
            ("server", SERVER),
            (CALLER.0, "10.77.0.2"),
            (CALLEE.0, "10.77.0.3"),
        ]
        .map(|(name, address)| host(&mut network, name, &format!("{address}/24")));

        let file = |name: &str, contents: &str| {
            let path = scratch.path().join(name);
            std::fs::write(&path, contents).expect("a file");
            path.to_string_lossy().into_owned()
        };
        let (certificate, key) = (file("certificate", CERTIFICATE), file("key", KEY));
        let (https, relay) = (format!("{SERVER}:443"), format!("{SERVER}:3478"));
        let listeners = [
            "--http",
            "off",
            "--https",
            &https,
            "--relay",
            &relay,
            "--cert",
            &certificate,
            "--key",
            &key,
            "--public",
            SERVER,
            // Addresses of these networks are private.
            "--relay-allow",
            "10.77.0.0/24",
        ];
        let place = Place::Network(&server);
        let cast = Cast::gather_at(place, &scratch.path().join("server"), &listeners).await;

        let sent = [
            "--video",
            "pattern:320x240@30",
            "--audio",
            "tone:440",
            "--ca-file",
            &certificate,
        ];
        let answer = [&["answer", "--once"], &sent[..]].concat();
        let mut callee = Program::start_at(Place::Network(&callee_at), &cast, CALLEE.1, &answer);
        callee.until("chat_connected").await;
        let whom = CALLEE.1.to_string();
        let call = [&["call"], &sent[..], &[&whom]].concat();
        let mut caller = Program::start_at(Place::Network(&caller_at), &cast, CALLER.1, &call);
        join!(
            caller.pictures_come_from(CALLEE.1),
            callee.pictures_come_from(CALLER.1)
        );
        Self {
            caller,
            callee,
            cast,
            network,
            _scratch: scratch,
        }
    }
}
