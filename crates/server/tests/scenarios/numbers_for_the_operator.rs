//! `/metrics` says what has happened, and `docs/operation.md` what it says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use tokio::net::{TcpStream, UdpSocket};

use crate::common::certificate::certified;
use crate::common::chat::bare;
use crate::common::rest::Rest;
use crate::common::{APP, Running, loopback, soon, start_with};
use crate::streams_are_resumed::{come_back, managed};
use crate::stun_binding;

/// A sample's name with its labels, and its value.
type Samples = BTreeMap<String, f64>;

async fn start() -> Running {
    let (files, _) = certified();
    start_with(|config| {
        config.admin = Some(loopback());
        config.xmpps = Some(loopback());
        config.certificate = Some(files);
        config.limits.login_failures = 2;
    })
    .await
}

async fn page(running: &Running) -> String {
    let admin = running.server.ready().admin.as_ref().unwrap();
    let answer = Rest::new(admin, APP).get("/metrics").await;
    assert_eq!(answer.status, 200);
    let kind = answer.headers["content-type"].to_str().unwrap();
    assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    answer.text
}

async fn samples(running: &Running) -> Samples {
    let page = page(running).await;
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    let samples = lines.map(|line| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        (name.to_owned(), value.parse().unwrap())
    });
    samples.collect()
}

/// How much each sample has grown; one that is new has grown from 0.
fn growth(before: &Samples, after: &Samples, name: &str) -> f64 {
    let value = |samples: &Samples| samples.get(name).copied().unwrap_or_default();
    value(after) - value(before)
}

#[tokio::test]
async fn every_number_is_documented_and_nothing_else() {
    let running = start().await;
    running.rest(APP).get("/healthz").await;
    let _warmed = page(&running).await;
    let page = page(&running).await;
    let mut told = BTreeSet::new();
    let mut helped = BTreeSet::new();
    for line in page.lines() {
        if let Some(line) = line.strip_prefix("# TYPE ") {
            let (name, kind) = line.split_once(' ').unwrap();
            told.insert((name.to_owned(), kind.to_owned()));
        } else if let Some(line) = line.strip_prefix("# HELP ") {
            let (name, help) = line.split_once(' ').unwrap();
            assert!(help.ends_with('.'), "{line}");
            helped.insert(name.to_owned());
        }
    }
    let names: BTreeSet<_> = told.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(names, helped);

    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operation.md");
    let document = std::fs::read_to_string(document).unwrap();
    let rows = document.lines().filter_map(|line| {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let name = cells.get(1)?.strip_prefix('`')?.strip_suffix('`')?;
        let own = name.starts_with("visavis_") || name.starts_with("process_");
        own.then(|| (name.to_owned(), cells[2].to_owned()))
    });
    assert_eq!(rows.collect::<BTreeSet<_>>(), told);
}

#[tokio::test]
async fn names_follow_the_rules() {
    let running = start().await;
    running.chat(101).await;
    let page = page(&running).await;
    for line in page.lines() {
        if let Some(line) = line.strip_prefix("# TYPE ") {
            let (name, kind) = line.split_once(' ').unwrap();
            assert_eq!(name.ends_with("_total"), kind == "counter", "{line}");
        }
    }
    // Nobody who may read numbers learns who is there.
    for private in ["101", "user101", "4242", "127.0.0.1", "chat.test"] {
        let labels = page.lines().filter_map(|line| line.rsplit_once(' '));
        let mut labels = labels.filter(|(name, _)| !name.starts_with('#'));
        assert!(!labels.any(|(name, _)| name.contains(private)), "{private}");
    }
}

#[tokio::test]
async fn traffic_is_counted() {
    let running = start().await;
    let before = samples(&running).await;

    let rest = running.rest(APP).logged_in(101).await;
    rest.get("/users/102.json").await;
    rest.get("/users/103.json").await;
    rest.get("/nothing").await;
    for _ in 0..3 {
        let wrong = [("user[login]", "nobody"), ("user[password]", "a guess")];
        running.rest(APP).create_session(&wrong).await;
    }
    let mut alice = running.chat(101).await;
    let mut bob = running.stream().await;
    bob.log_in(103, "desk").await;
    alice.signal("m1", &bare(103), "call").await;
    assert_eq!(bob.stanza().await.attribute("id"), Some("m1"));
    alice
        .send(&format!(
            "<message id='late' to='{}' type='chat' xmlns='jabber:client'><body>hi</body></message>",
            bare(102)
        ))
        .await;
    alice.fence().await;

    let after = samples(&running).await;
    let grown = |name: &str| growth(&before, &after, name);
    assert_eq!(
        grown(r#"visavis_logins_total{method="password",outcome="granted"}"#),
        3.0
    );
    assert_eq!(
        grown(r#"visavis_logins_total{method="password",outcome="wrong"}"#),
        2.0
    );
    assert_eq!(
        grown(r#"visavis_logins_total{method="password",outcome="back_off"}"#),
        1.0
    );
    assert_eq!(
        grown(r#"visavis_http_requests_total{route="/users/{id}",status="2xx"}"#),
        2.0
    );
    assert_eq!(
        grown(r#"visavis_http_request_duration_seconds_count{route="/users/{id}"}"#),
        2.0
    );
    assert_eq!(
        grown(r#"visavis_http_requests_total{route="none",status="4xx"}"#),
        1.0
    );
    assert_eq!(
        grown(r#"visavis_http_requests_total{route="/ws",status="1xx"}"#),
        1.0
    );
    assert_eq!(grown(r#"visavis_connections{listener="xmpp"}"#), 1.0);
    assert_eq!(
        grown(r#"visavis_connections_accepted_total{listener="xmpp"}"#),
        1.0
    );
    assert_eq!(grown("visavis_chat_users"), 2.0);
    assert_eq!(grown("visavis_chat_streams"), 2.0);
    // The call, the text, and the fence to itself; the call and the fence arrived.
    let messages = |way: &str| {
        grown(&format!(
            r#"visavis_chat_stanzas_{way}_total{{kind="message"}}"#
        ))
    };
    assert_eq!((messages("received"), messages("sent")), (3.0, 2.0));
    assert!(grown(r#"visavis_chat_stanzas_received_total{kind="presence"}"#) >= 2.0);
    assert!(grown(r#"visavis_chat_stanzas_sent_total{kind="iq"}"#) >= 2.0);
    assert_eq!(grown("visavis_chat_messages_kept_total"), 1.0);
    assert!(grown("visavis_store_duration_seconds_count") > 10.0);

    let mut late = running.chat(102).await;
    late.fence().await;
    let later = samples(&running).await;
    let delivered = "visavis_chat_messages_delivered_late_total";
    assert_eq!(growth(&after, &later, delivered), 1.0);
}

/// Waits until the samples are as wanted.
async fn until(running: &Running, wanted: impl Fn(&Samples) -> bool) -> Samples {
    soon(async {
        loop {
            let samples = samples(running).await;
            if wanted(&samples) {
                return samples;
            }
        }
    })
    .await
}

#[tokio::test]
async fn losses_returns_and_refusals_are_counted() {
    let running = start_with(|config| {
        config.admin = Some(loopback());
        config.limits.connections = 2;
        config.limits.outbound_stanzas = 20;
    })
    .await;
    let (stream, id) = managed(&running, "phone").await;
    drop(stream);
    let lost = until(&running, |now| now["visavis_chat_streams_waiting"] == 1.0).await;
    assert_eq!(lost["visavis_chat_streams"], 0.0);
    assert_eq!(lost["visavis_chat_users"], 1.0);
    let (back, answer) = come_back(&running, 101, &id, 0).await;
    assert_eq!(answer.name(), "resumed");
    let (mut other, answer) = come_back(&running, 102, &id, 0).await;
    assert_eq!(answer.name(), "failed");
    let now = samples(&running).await;
    for outcome in ["resumed", "refused"] {
        let name = format!(r#"visavis_chat_resumptions_total{{outcome="{outcome}"}}"#);
        assert_eq!(now[&name], 1.0);
    }
    assert_eq!(now["visavis_chat_streams_waiting"], 0.0);

    // Both places are taken.
    let http = running.http();
    let away = TcpStream::connect(http.trim_start_matches("http://")).await;
    let name = r#"visavis_connections_turned_away_total{listener="http"}"#;
    until(&running, |now| now[name] == 1.0).await;
    drop(away);

    // Nobody reads what is for user 101.
    other.bind("desk").await;
    let large = "x".repeat(100_000);
    let before = samples(&running).await;
    let mut sent = 0;
    let overflow = "visavis_chat_outbox_overflows_total";
    while samples(&running).await[overflow] == before[overflow] && sent < 1000 {
        let text = format!(
            "<message to='{}' type='headline'><x>{large}</x></message>",
            bare(101)
        );
        other.send(&text).await;
        sent += 1;
    }
    assert_eq!(samples(&running).await[overflow], 1.0);
    drop(back);

    let socket = UdpSocket::bind(loopback()).await.unwrap();
    let relay = running.server.ready().relay.as_ref().unwrap();
    socket.connect(relay).await.unwrap();
    stun_binding::ask(&socket).await;
    until(&running, |now| now["visavis_relay_bindings_total"] == 1.0).await;
}
