//! Networks of a test's own, with links that can be cut.
//!
//! A network is a bridge with hosts on it, each in a network namespace (ip-netns(8)). All of
//! them are inside namespaces that the program made for itself with [`isolate`]: nobody else
//! sees them, and they are gone with its last process, however that ends. Root makes them,
//! or anybody who may make user namespaces.

use std::env;
use std::os::unix::process::CommandExt;
use std::process::{Command, Output};

/// Set in the program that runs in namespaces of its own.
const ISOLATED: &str = "VISAVIS_TEST_ISOLATED";
/// Where ip-netns(8) keeps names; in our own namespace they are ours alone.
const NAMES: &str = "/run";
/// How namespaces of one's own are had: as root, as anybody, and as somebody who may become root.
const WAYS: [&[&str]; 3] = [
    &["unshare", "--net", "--mount"],
    &["unshare", "--map-root-user", "--net", "--mount"],
    &["sudo", "-n", "-E", "unshare", "--net", "--mount"],
];

/// Goes on in namespaces of its own: the program is started again there. To be called first.
///
/// # Panics
/// When the system gives none; what it said is in the message.
pub fn isolate() {
    if env::var_os(ISOLATED).is_some() {
        run("mount", &["-t", "tmpfs", "tmpfs", NAMES]);
        return run("ip", &["link", "set", "lo", "up"]);
    }
    let mut refusals = String::new();
    for way in WAYS {
        // Some systems give a namespace in which nothing is allowed.
        let probe = "ip link set lo up && mount -t tmpfs tmpfs /run";
        match output(way[0], &[&way[1..], &["sh", "-c", probe]].concat()) {
            Ok(_) => {
                let program = env::current_exe().expect("a path");
                let error = Command::new(way[0])
                    .args(&way[1..])
                    .arg(program)
                    .args(env::args_os().skip(1))
                    .env(ISOLATED, "1")
                    .exec();
                panic!("{}: {error}", way.join(" "));
            }
            Err(refusal) => refusals += &format!("\n{}: {refusal}", way.join(" ")),
        }
    }
    panic!("no network namespace is to be had (tools/setup.sh installs the programs):{refusals}");
}

/// A bridge and the hosts on it. Dropping it removes all of them.
pub struct Network {
    name: String,
    hosts: Vec<String>,
}

impl Network {
    /// A bridge without hosts. Names are short: they are part of names of interfaces.
    ///
    /// # Panics
    /// When the program is not [isolated](isolate), or the name is taken.
    pub fn new(name: &str) -> Self {
        let network = Self {
            name: name.to_owned(),
            hosts: Vec::new(),
        };
        run("ip", &["netns", "add", name]);
        network.in_the_middle(&["add", "name", "middle", "type", "bridge"]);
        network.in_the_middle(&["set", "middle", "up"]);
        network
    }

    /// A host with this address, `ADDR/BITS`; the name of its namespace.
    ///
    /// # Panics
    /// When it is there already.
    pub fn host(&mut self, host: &str, address: &str) -> String {
        let namespace = format!("{}-{host}", self.name);
        run("ip", &["netns", "add", &namespace]);
        self.hosts.push(namespace.clone());
        self.in_the_middle(&[
            "add", "name", host, "type", "veth", "peer", "name", "eth0", "netns", &namespace,
        ]);
        self.in_the_middle(&["set", host, "up", "master", "middle"]);
        run("ip", &["-n", &namespace, "link", "set", "lo", "up"]);
        run("ip", &["-n", &namespace, "link", "set", "eth0", "up"]);
        run(
            "ip",
            &["-n", &namespace, "address", "add", address, "dev", "eth0"],
        );
        namespace
    }

    /// A host that is reached only through another one, which forwards.
    pub(crate) fn inner_host(
        &mut self,
        host: &str,
        router: &str,
        at: &str,
        address: &str,
    ) -> String {
        let namespace = format!("{}-{host}", self.name);
        run("ip", &["netns", "add", &namespace]);
        self.hosts.push(namespace.clone());
        let link = [
            "-n", router, "link", "add", "name", "lan", "type", "veth", "peer", "name", "eth0",
            "netns", &namespace,
        ];
        run("ip", &link);
        for (place, interface, address) in [(router, "lan", at), (&*namespace, "eth0", address)] {
            let address = format!("{address}/24");
            run(
                "ip",
                &["-n", place, "address", "add", &address, "dev", interface],
            );
            run("ip", &["-n", place, "link", "set", interface, "up"]);
        }
        run("ip", &["-n", &namespace, "link", "set", "lo", "up"]);
        run(
            "ip",
            &["-n", &namespace, "route", "add", "default", "via", at],
        );
        let forward = "echo 1 > /proc/sys/net/ipv4/ip_forward";
        run("ip", &["netns", "exec", router, "sh", "-c", forward]);
        namespace
    }

    /// Gives a host rules of nft(8).
    pub(crate) fn filter(&self, namespace: &str, rules: &str) {
        run("ip", &["netns", "exec", namespace, "nft", rules]);
    }

    /// From now on everything from and to a host is lost on the way. The host itself does not
    /// see it.
    ///
    /// # Panics
    /// When there is no such host.
    pub fn cut(&self, host: &str) {
        self.in_the_middle(&["set", host, "nomaster"]);
    }

    /// The link to a host carries again.
    ///
    /// # Panics
    /// As [`cut`](Self::cut).
    pub fn mend(&self, host: &str) {
        self.in_the_middle(&["set", host, "master", "middle"]);
    }

    /// A host has another address, `ADDR/BITS`, instead of the one it had.
    ///
    /// # Panics
    /// As [`cut`](Self::cut).
    pub fn readdress(&self, host: &str, address: &str) {
        let namespace = format!("{}-{host}", self.name);
        run("ip", &["-n", &namespace, "address", "flush", "dev", "eth0"]);
        run(
            "ip",
            &["-n", &namespace, "address", "add", address, "dev", "eth0"],
        );
    }

    fn in_the_middle(&self, link: &[&str]) {
        run("ip", &[&["-n", &self.name, "link"], link].concat());
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for namespace in self.hosts.iter().chain([&self.name]) {
            // It is gone with the program at the latest.
            let _ = output("ip", &["netns", "delete", namespace]);
        }
    }
}

fn run(program: &str, arguments: &[&str]) {
    if let Err(refusal) = output(program, arguments) {
        panic!("{program} {}: {refusal}", arguments.join(" "));
    }
}

/// What a program printed, or why it failed.
fn output(program: &str, arguments: &[&str]) -> Result<Output, String> {
    let output = Command::new(program).args(arguments).output();
    let output = output.map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(output);
    }
    Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
}
