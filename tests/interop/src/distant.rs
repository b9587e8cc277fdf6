//! A server and two people, each on a host of a network of their own.

use tokio::join;

use crate::cast::{Cast, NATIVE, SECOND_NATIVE};
use crate::nat::Line;
use crate::network::Network;
use crate::place::Place;
use crate::program::Program;
use crate::scratch::Scratch;

const CERTIFICATE: &str = include_str!("../certificates/server.test.pem");
const KEY: &str = include_str!("../certificates/server.test.key");
/// The server's name and addresses are those of its certificate.
const SERVER: &str = "server.test";
const AT: [&str; 2] = ["10.77.0.1/24", "fd77::1/64"];
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
pub struct Ways(pub Line, pub Line);

impl DistantCall {
    /// As [`begin`](Self::begin), with something between each of the two and the network; the
    /// server is reached as on the Internet.
    ///
    /// # Panics
    /// As [`begin`](Self::begin).
    pub async fn begin_behind(name: &str, ways: Ways) -> Self {
        Self::begin_with(name, |network, host, v4, v6| {
            let line = if host == CALLER.0 { ways.0 } else { ways.1 };
            network.host_behind(line, host, v4, v6)
        })
        .await
    }

    /// Makes the network and the call; both see pictures of each other then. The program is
    /// [isolated](crate::network::isolate).
    ///
    /// # Panics
    /// When that cannot be.
    pub async fn begin(name: &str) -> Self {
        Self::begin_with(name, |network, host, v4, _| {
            network.host(host, &[&format!("{v4}/24")])
        })
        .await
    }

    async fn begin_with(
        name: &str,
        host: impl Fn(&mut Network, &str, &str, &str) -> String,
    ) -> Self {
        let scratch = Scratch::new(name).expect("a folder");
        let mut network = Network::new(name);
        let server = network.host("server", &AT);
        // The relay takes the addresses by which the rest of the world is reached.
        for everybody in ["0.0.0.0/0", "::/0"] {
            network.add_route(&server, &[everybody, "dev", "eth0"]);
        }
        let caller_at = host(&mut network, CALLER.0, "10.77.0.2", "fd77::2");
        let callee_at = host(&mut network, CALLEE.0, "10.77.0.3", "fd77::3");

        let file = |name: &str, contents: &str| {
            let path = scratch.path().join(name);
            std::fs::write(&path, contents).expect("a file");
            path.to_string_lossy().into_owned()
        };
        let (certificate, key) = (file("certificate", CERTIFICATE), file("key", KEY));
        let listeners = [
            "--http",
            "off",
            "--https",
            "[::]:443",
            "--relay",
            "[::]:3478",
            "--cert",
            &certificate,
            "--key",
            &key,
            "--public",
            SERVER,
            // Addresses of these networks are private.
            "--relay-allow",
            "10.77.0.0/24",
            "--relay-allow",
            "fd77::/64",
        ];
        let place = Place::Network(&server);
        let mut cast = Cast::gather_at(place, &scratch.path().join("server"), &listeners).await;
        cast.url = format!("https://{SERVER}");

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
