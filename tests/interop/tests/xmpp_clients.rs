//! XMPP clients that know nothing of our server talk through it, over every way that they know:
//! they log in, become contacts, write, copy, ask each other, lose a connection and come back to
//! it, and find what was written while they were away.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tokio::process::Command;
use tokio::time::timeout;
use visavis_interop_tests::cast::{APP, Cast, NATIVE, PAGE, password};
use visavis_interop_tests::place::Place;
use visavis_interop_tests::program::{PATIENCE, Program};
use visavis_interop_tests::scratch::Scratch;

/// A library that clients are made of.
#[derive(Clone, Copy)]
enum Library {
    Slixmpp,
    XmppClient,
    Strophe,
}

impl Library {
    /// Its client, to be told what to do.
    fn command(self) -> Command {
        let (runtime, script) = match self {
            // That of the system, which has the system's package.
            Self::Slixmpp => ("/usr/bin/python3", "slixmpp_client.py"),
            Self::XmppClient => ("node", "xmpp_client.mjs"),
            Self::Strophe => ("node", "strophe.mjs"),
        };
        let mut command = Command::new(runtime);
        command.arg(here().join("clients").join(script));
        command
    }
}

/// A library, and how its clients reach the server.
type Client = (Library, &'static str);

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn certificate(name: &str) -> PathBuf {
    let folder = here().join("../../crates/server/tests/certificates");
    folder.join(name)
}

/// One device of somebody.
struct Device {
    program: Program,
    /// What it said and nobody has asked for yet.
    heard: Vec<Value>,
    jid: String,
}

impl Device {
    fn start(stage: &Stage, (library, way): Client, user: u32, resource: &str) -> Self {
        Self::start_with(stage, (library, way), user, resource, &password(user))
    }

    fn start_with(
        stage: &Stage,
        (library, way): Client,
        user: u32,
        resource: &str,
        password: &str,
    ) -> Self {
        let ca = certificate("localhost.pem");
        let task = json!({
            "service": stage.service(way),
            "domain": stage.cast.ready("domain"),
            "user": format!("{user}-{APP}"),
            "password": password,
            "resource": resource,
            "ca": ca,
        });
        let mut command = library.command();
        command.arg(task.to_string()).env("NODE_EXTRA_CA_CERTS", ca);
        Self {
            program: Program::run(&format!("{user}/{resource}"), command),
            heard: Vec::new(),
            jid: format!("{}/{resource}", stage.bare(user)),
        }
    }

    /// Logs in, and gets and says what every client does.
    async fn log_in(&mut self) {
        self.tell(json!({"do": "log_in"})).await;
        let online = self.next("online").await;
        assert_eq!(online["jid"], self.jid);
        assert_eq!(online["resumption"], true, "{online}");
        self.tell(json!({"do": "carbons"})).await;
        self.next("carbons").await;
        self.tell(json!({"do": "roster"})).await;
    }

    async fn tell(&mut self, command: Value) {
        self.program.tell(&command).await;
    }

    async fn next(&mut self, event: &str) -> Value {
        self.until(event, |_| true).await
    }

    /// Takes the first event that has something about it.
    async fn until(&mut self, event: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let fits = |line: &Value| line["event"] == event && wanted(line);
        if let Some(at) = self.heard.iter().position(&fits) {
            return self.heard.remove(at);
        }
        loop {
            let line = timeout(PATIENCE, self.program.next()).await;
            let line = line
                .ok()
                .flatten()
                .unwrap_or_else(|| panic!("{}: no such {event} in {:#?}", self.jid, self.heard));
            if fits(&line) {
                return line;
            }
            self.heard.push(line);
        }
    }

    async fn reads(&mut self, body: &str) -> Value {
        self.until("message", |message| message["body"] == body)
            .await
    }

    async fn write(&mut self, to: &str, body: &str) {
        self.tell(json!({"do": "write", "to": to, "body": body}))
            .await;
    }

    async fn ask(&mut self, to: &str, about: &str) -> Value {
        self.tell(json!({"do": "ask", "to": to, "about": about}))
            .await;
        let answer = self.next("answer").await;
        assert_eq!(
            (&answer["from"], &answer["about"]),
            (&json!(to), &json!(about))
        );
        answer
    }

    /// Everything sent before has been dealt with by the server.
    async fn fence(&mut self, domain: &str) {
        assert_eq!(self.ask(domain, "ping").await["type"], "result");
    }

    /// Sees somebody's presence.
    async fn sees(&mut self, from: &str, kind: Option<&str>) -> Value {
        self.until("presence", |seen| {
            seen["from"] == from && seen["type"].as_str() == kind
        })
        .await
    }

    async fn leave(mut self) {
        self.tell(json!({"do": "leave"})).await;
        self.next("left").await;
    }
}

/// A server with all its ways in.
struct Stage {
    cast: Cast,
    _folder: Scratch,
}

impl Stage {
    async fn set(name: &str) -> Self {
        let folder = Scratch::new(name).unwrap();
        let (pem, key) = (certificate("localhost.pem"), certificate("localhost.key"));
        let (pem, key) = (pem.to_string_lossy(), key.to_string_lossy());
        let any = "127.0.0.1:0";
        let ways = ["--http", "--https", "--xmpp", "--xmpps"];
        let mut options: Vec<&str> = ways.iter().flat_map(|way| [*way, any]).collect();
        options.extend(["--relay", "off", "--cert", &pem, "--key", &key]);
        let cast = Cast::gather_at(Place::Here, folder.path(), &options).await;
        Self {
            cast,
            _folder: folder,
        }
    }

    /// Where the way leads, by a name that the certificate has.
    fn service(&self, way: &str) -> String {
        let address = self.cast.ready(way);
        let address = if way.starts_with("xmpp") {
            format!("{way}://{address}")
        } else {
            address.to_owned()
        };
        address.replace("127.0.0.1", "localhost")
    }

    fn bare(&self, user: u32) -> String {
        format!("{user}-{APP}@{}", self.cast.ready("domain"))
    }
}

/// Two people of whom one has a second device.
async fn converse(name: &str, one: Client, other: Client, second: Client) {
    let stage = Stage::set(name).await;
    let domain = stage.cast.ready("domain").to_owned();
    let (ann_bare, bob_bare) = (stage.bare(PAGE), stage.bare(NATIVE));
    let mut stranger = Device::start_with(&stage, one, PAGE, "phone", "wrong");
    stranger.tell(json!({"do": "log_in"})).await;
    let refused = stranger.next("refused").await;
    assert!(
        !refused["error"].as_str().unwrap().contains("timeout"),
        "{refused}"
    );

    let mut ann = Device::start(&stage, one, PAGE, "phone");
    let mut bob = Device::start(&stage, other, NATIVE, "phone");
    for device in [&mut ann, &mut bob] {
        device.log_in().await;
        assert_eq!(device.next("roster").await["items"], json!([]));
        device.tell(json!({"do": "presence"})).await;
    }
    become_contacts(&mut ann, &mut bob, [&ann_bare, &bob_bare]).await;
    bob.tell(json!({"do": "presence", "show": "away"})).await;
    let jid = bob.jid.clone();
    ann.until("presence", |seen| {
        seen["from"] == jid && seen["show"] == "away"
    })
    .await;

    ask(&mut ann, &bob.jid, &domain).await;

    let mut tablet = Device::start(&stage, second, PAGE, "tablet");
    tablet.log_in().await;
    let contact = json!([{"jid": bob_bare, "subscription": "both"}]);
    assert_eq!(tablet.next("roster").await["items"], contact);
    tablet.tell(json!({"do": "presence"})).await;
    let there = tablet.sees(&bob.jid, None).await;
    assert_eq!(there["show"], "away");
    copies(&mut ann, &mut tablet, &mut bob).await;
    let tablet_jid = tablet.jid.clone();
    tablet.leave().await;
    ann.sees(&tablet_jid, Some("unavailable")).await;

    ann.tell(json!({"do": "cut"})).await;
    ann.next("lost").await;
    bob.write(&ann.jid, "are you there?").await;
    bob.fence(&domain).await;
    ann.tell(json!({"do": "come_back"})).await;
    assert_eq!(ann.next("resumed").await["jid"], ann.jid);
    let missed = ann.reads("are you there?").await;
    assert_eq!(missed["from"], bob.jid);
    ann.write(&bob_bare, "I am back").await;
    assert_eq!(bob.reads("I am back").await["from"], ann.jid);

    let bob_jid = bob.jid.clone();
    bob.leave().await;
    ann.sees(&bob_jid, Some("unavailable")).await;
    ann.write(&bob_bare, "read this later").await;
    ann.fence(&domain).await;
    let mut later = Device::start(&stage, other, NATIVE, "laptop");
    later.log_in().await;
    later.tell(json!({"do": "presence"})).await;
    let kept = later.reads("read this later").await;
    assert_eq!(
        (&kept["from"], &kept["delayed"]),
        (&json!(ann.jid), &json!(true))
    );
    ann.leave().await;
    later.leave().await;
    stage.cast.dismiss().await;
}

/// Each asks for the other's presence, and grants it.
async fn become_contacts(ann: &mut Device, bob: &mut Device, [ann_bare, bob_bare]: [&str; 2]) {
    let subscription = |to: &str, kind: &str| json!({"do": "presence", "to": to, "type": kind});
    ann.tell(subscription(bob_bare, "subscribe")).await;
    bob.sees(ann_bare, Some("subscribe")).await;
    bob.tell(subscription(ann_bare, "subscribed")).await;
    bob.tell(subscription(ann_bare, "subscribe")).await;
    ann.sees(bob_bare, Some("subscribe")).await;
    ann.tell(subscription(bob_bare, "subscribed")).await;
    for (device, contact) in [(&mut *ann, bob_bare), (&mut *bob, ann_bare)] {
        device
            .until("roster_push", |push| {
                push["jid"] == contact && push["subscription"] == "both"
            })
            .await;
    }
    ann.sees(&bob.jid, None).await;
    bob.sees(&ann.jid, None).await;
}

/// Requests to the server, to somebody's device, and to nobody.
async fn ask(ann: &mut Device, bob: &str, domain: &str) {
    let server = ann.ask(domain, "disco").await;
    for feature in ["urn:xmpp:carbons:2", "urn:xmpp:ping", "msgoffline"] {
        let features = server["features"].as_array().unwrap();
        assert!(features.contains(&json!(feature)), "{server}");
    }
    assert_eq!(ann.ask(bob, "ping").await["type"], "result");
    let device = ann.ask(bob, "disco").await;
    let features = device["features"].as_array().unwrap();
    assert!(features.contains(&json!("urn:example:driven")), "{device}");
    let nowhere = bob.replace("/phone", "/nowhere");
    let nobody = ann.ask(&nowhere, "ping").await;
    assert_eq!(
        (&nobody["type"], &nobody["error"]),
        (&json!("error"), &json!("service-unavailable"))
    );
}

/// What the second device of a user gets of what the first one sends and gets.
async fn copies(ann: &mut Device, tablet: &mut Device, bob: &mut Device) {
    let (ann_bare, bob_bare) = (bare(&ann.jid), bare(&bob.jid));
    ann.write(&bob_bare, "hello").await;
    assert_eq!(bob.reads("hello").await["from"], ann.jid);
    let copy = tablet.next("copy").await;
    assert_eq!(
        (&copy["direction"], &copy["body"]),
        (&json!("sent"), &json!("hello"))
    );
    assert_eq!(copy["from"], ann.jid);

    bob.write(&ann_bare, "hi").await;
    for device in [&mut *ann, &mut *tablet] {
        assert_eq!(device.reads("hi").await["from"], bob.jid);
    }
    bob.write(&ann.jid, "only there?").await;
    ann.reads("only there?").await;
    let copy = tablet.next("copy").await;
    assert_eq!(
        (&copy["direction"], &copy["body"], &copy["from"]),
        (&json!("received"), &json!("only there?"), &json!(bob.jid))
    );

    for kind in ["call", "accept"] {
        ann.tell(json!({"do": "signal", "to": bob_bare, "kind": kind}))
            .await;
        let signal = bob
            .until("message", |message| message["kind"] == kind)
            .await;
        assert_eq!(
            (&signal["type"], &signal["from"]),
            (&json!("headline"), &json!(ann.jid))
        );
    }
    // The first copy since: there was none of the `call`.
    let copy = tablet.next("copy").await;
    assert_eq!(
        (&copy["direction"], &copy["kind"], &copy["type"]),
        (&json!("sent"), &json!("accept"), &json!("headline"))
    );
}

fn bare(jid: &str) -> String {
    jid.split('/').next().unwrap().to_owned()
}

#[tokio::test]
async fn slixmpp_over_starttls_and_direct_tls() {
    let [starttls, direct] = ["xmpp", "xmpps"].map(|way| (Library::Slixmpp, way));
    converse("slixmpp", starttls, direct, direct).await;
    converse("slixmpp-direct", direct, starttls, starttls).await;
}

#[tokio::test]
async fn xmpp_client_over_starttls_and_direct_tls() {
    let [starttls, direct] = ["xmpp", "xmpps"].map(|way| (Library::XmppClient, way));
    converse("xmppjs", starttls, direct, direct).await;
    converse("xmppjs-direct", direct, starttls, starttls).await;
}

#[tokio::test]
async fn xmpp_client_over_websockets() {
    let [plain, encrypted] = ["ws", "wss"].map(|way| (Library::XmppClient, way));
    converse("xmppjs-ws", plain, encrypted, encrypted).await;
    converse("xmppjs-wss", encrypted, plain, plain).await;
}

#[tokio::test]
async fn strophe_over_websockets() {
    let [plain, encrypted] = ["ws", "wss"].map(|way| (Library::Strophe, way));
    converse("strophe-ws", plain, encrypted, encrypted).await;
    converse("strophe-wss", encrypted, plain, plain).await;
}

#[tokio::test]
async fn each_with_another() {
    let slixmpp = (Library::Slixmpp, "xmpp");
    let xmpp_client = (Library::XmppClient, "xmpps");
    let strophe = (Library::Strophe, "wss");
    converse("slixmpp-strophe", slixmpp, strophe, xmpp_client).await;
    converse("strophe-xmppjs", strophe, xmpp_client, slixmpp).await;
}
