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
/// What becomes of `/etc/hosts`.
const KNOWN_HOSTS: &str = "/run/hosts";
/// The names that there are: the server's, with an address of each family (RFC 6761 section 6.2).
const HOSTS: &str = "127.0.0.1 localhost\n10.77.0.1 server.test\nfd77::1 server.test\n";
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
        std::fs::write(KNOWN_HOSTS, HOSTS).expect("a file");
        run("mount", &["--bind", KNOWN_HOSTS, "/etc/hosts"]);
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

/// The program itself joins a network in which nobody else is, with this address, `ADDR/BITS`; it may
/// be the one that leads everywhere.
///
/// # Panics
/// When the program is not [isolated](isolate), or the name is taken.
pub fn join(interface: &str, address: &str, leads_everywhere: bool) {
    let other_end = format!("{interface}-end");
    let link = [
        "link", "add", "name", interface, "type", "veth", "peer", "name", &other_end,
    ];
    run("ip", &link);
    for end in [interface, &other_end] {
        run("ip", &["link", "set", end, "up"]);
    }
    run("ip", &["address", "add", address, "dev", interface]);
    if leads_everywhere {
        run("ip", &["route", "add", "default", "dev", interface]);
    }
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

    /// A host with these addresses, `ADDR/BITS`; the name of its namespace.
    ///
    /// # Panics
    /// When it is there already.
    pub fn host(&mut self, host: &str, addresses: &[&str]) -> String {
        let namespace = format!("{}-{host}", self.name);
        run("ip", &["netns", "add", &namespace]);
        self.hosts.push(namespace.clone());
        self.in_the_middle(&[
            "add", "name", host, "type", "veth", "peer", "name", "eth0", "netns", &namespace,
        ]);
        self.in_the_middle(&["set", host, "up", "master", "middle"]);
        run("ip", &["-n", &namespace, "link", "set", "lo", "up"]);
        run("ip", &["-n", &namespace, "link", "set", "eth0", "up"]);
        for address in addresses {
            self.add_address(&namespace, "eth0", address);
        }
        namespace
    }

    /// A host that is reached only through another one, whose `lan` leads to it. It has no address.
    pub(crate) fn inner_host(&mut self, host: &str, router: &str) -> String {
        let namespace = format!("{}-{host}", self.name);
        run("ip", &["netns", "add", &namespace]);
        self.hosts.push(namespace.clone());
        let link = [
            "-n", router, "link", "add", "name", "lan", "type", "veth", "peer", "name", "eth0",
            "netns", &namespace,
        ];
        run("ip", &link);
        run("ip", &["-n", router, "link", "set", "lan", "up"]);
        run("ip", &["-n", &namespace, "link", "set", "lo", "up"]);
        run("ip", &["-n", &namespace, "link", "set", "eth0", "up"]);
        namespace
    }

    pub(crate) fn add_address(&self, namespace: &str, interface: &str, address: &str) {
        let mut arguments = vec!["-n", namespace, "address", "add", address, "dev", interface];
        if address.contains(':') {
            // Nobody else has it, and looking for him takes a second.
            arguments.push("nodad");
        }
        run("ip", &arguments);
    }

    pub(crate) fn add_route(&self, namespace: &str, route: &[&str]) {
        run("ip", &[&["-n", namespace, "route", "add"], route].concat());
    }

    /// Has a host pass on what is for others, by this command.
    pub(crate) fn forward(&self, namespace: &str, command: &str) {
        run("ip", &["netns", "exec", namespace, "sh", "-c", command]);
    }

    /// A host says on the network that this IPv6 address is reached through it (RFC 4389).
    pub(crate) fn answer_for(&self, namespace: &str, address: &str) {
        let at_once = "cd /proc/sys/net/ipv6 && echo 1 > conf/eth0/proxy_ndp \
                       && echo 0 > neigh/eth0/proxy_delay";
        self.forward(namespace, at_once);
        let entry = ["neigh", "add", "proxy", address, "dev", "eth0"];
        run("ip", &[&["-n", namespace, "-6"], &entry[..]].concat());
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

    /// Of the UDP packets that a host sends, this many in a hundred are lost from now on.
    ///
    /// # Panics
    /// As [`cut`](Self::cut), or when nft(8) is missing (`tools/setup.sh browser` installs it).
    pub fn lose(&self, host: &str, percent: u32) {
        let rules = format!(
            "table inet lossy {{
                chain sent {{
                    type filter hook output priority filter;
                    meta l4proto udp numgen random mod 100 < {percent} drop
                }}
            }}"
        );
        self.filter(&format!("{}-{host}", self.name), &rules);
    }

    /// What a host sends leaves at this rate from now on, in kbit/s, and waits rather than being lost
    /// (tc-tbf(8)).
    ///
    /// # Panics
    /// As [`cut`](Self::cut).
    pub fn narrow(&self, host: &str, kbit: u32) {
        let namespace = format!("{}-{host}", self.name);
        let rate = format!("{kbit}kbit");
        let shape = ["qdisc", "add", "dev", "eth0", "root", "tbf", "rate"];
        let queue = ["burst", "4kb", "latency", "3s"];
        let place = ["-n", &*namespace];
        run("tc", &[&place[..], &shape, &[&rate], &queue].concat());
    }

    /// A host has another address, `ADDR/BITS`, instead of the one it had.
    ///
    /// # Panics
    /// As [`cut`](Self::cut).
    pub fn readdress(&self, host: &str, address: &str) {
        let namespace = format!("{}-{host}", self.name);
        run("ip", &["-n", &namespace, "address", "flush", "dev", "eth0"]);
        self.add_address(&namespace, "eth0", address);
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
