//! A server and two people, each on a host of a network of their own.

use std::path::Path;

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

/// How a call is set up. By default the two are on the server's network, with nothing between.
#[derive(Debug, Clone, Copy, Default)]
pub struct Setting<'a> {
    /// What is between the two people and the server, which is reached as on the Internet.
    pub ways: Option<Ways>,
    /// Further options of the server, each with its value.
    pub server: &'a [&'a str],
    /// Further options of both people.
    pub people: &'a [&'a str],
    /// What the caller shows in place of what both show.
    pub pictures: Option<&'a str>,
    /// Where both keep what they receive: in folders with the names of their hosts.
    pub saving: Option<&'a Path>,
}

impl DistantCall {
    /// Makes the network and the call; both see pictures of each other then. The program is
    /// [isolated](crate::network::isolate).
    ///
    /// # Panics
    /// When that cannot be.
    pub async fn begin(name: &str) -> Self {
        Self::begin_with(name, Setting::default()).await
    }

    /// As [`begin`](Self::begin), set up like this.
    ///
    /// # Panics
    /// As [`begin`](Self::begin).
    pub async fn begin_with(name: &str, setting: Setting<'_>) -> Self {
        let scratch = Scratch::new(name).expect("a folder");
        let mut network = Network::new(name);
        let server = network.host("server", &AT);
        // The relay takes the addresses by which the rest of the world is reached.
        for everybody in ["0.0.0.0/0", "::/0"] {
            network.add_route(&server, &[everybody, "dev", "eth0"]);
        }
        let lines = setting.ways.map(|Ways(caller, callee)| [caller, callee]);
        let [caller_at, callee_at] = [(CALLER.0, 2), (CALLEE.0, 3)].map(|(host, number)| {
            let (v4, v6) = (format!("10.77.0.{number}"), format!("fd77::{number}"));
            match lines {
                Some(lines) => network.host_behind(lines[number - 2], host, &v4, &v6),
                None => network.host(host, &[&format!("{v4}/24")]),
            }
        });

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
        let mut cast = Cast::gather_at(
            place,
            &scratch.path().join("server"),
            &[&listeners, setting.server].concat(),
        )
        .await;
        cast.url = format!("https://{SERVER}");

        let common = [&["--ca-file", &*certificate], setting.people].concat();
        let folder = |who: &str| {
            let folder = setting.saving.map(|folder| folder.join(who));
            folder.map(|folder| folder.to_string_lossy().into_owned())
        };
        let start = |place: &str, (host, user): (&str, u32), what: &[&str]| {
            let folder = folder(host);
            let saving = folder.iter().flat_map(|folder| ["--save", folder]);
            let arguments: Vec<&str> = what.iter().chain(&common).copied().chain(saving).collect();
            Program::start_at(Place::Network(place), &cast, user, &arguments)
        };
        let both = "pattern:320x240@30";
        let answer = ["answer", "--once", "--video", both];
        let mut callee = start(&callee_at, CALLEE, &answer);
        callee.until("chat_connected").await;
        let pictures = setting.pictures.unwrap_or(both);
        let call = ["call", "--video", pictures, &CALLEE.1.to_string()];
        let mut caller = start(&caller_at, CALLER, &call);
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
