//! What the doctor finds when exactly one thing is wrong.

pub(crate) mod proxy;
mod strict_nat;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinSet;
use visavis::ChatConfig;
use visavis::doctor::{Examination, Finding, Verdict, examine};
use visavis_stage::{CertificateFiles, ServerConfig, Stage};

use self::proxy::{Deed, Proxy};
use self::strict_nat::{INSIDE, StrictNat};

/// Everything that is served, with what is broken.
struct Scene {
    stage: Stage,
    account: ChatConfig,
    /// What has to be there until the end.
    _props: Vec<Box<dyn std::any::Any + Send>>,
}

fn certificate() -> (CertificateFiles, Vec<u8>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/tests/certificates");
    let files = CertificateFiles {
        certificate: folder.join("localhost.pem"),
        key: folder.join("localhost.key"),
    };
    let roots = std::fs::read(&files.certificate).unwrap();
    (files, roots)
}

async fn scene_with(change: impl FnOnce(&mut ServerConfig)) -> Scene {
    let (files, roots) = certificate();
    let stage = Stage::open_with(|config| {
        config.https = Some("127.0.0.1:0".parse().unwrap());
        config.certificate = Some(files);
        config.public = Some("localhost".to_owned());
        change(config);
    })
    .await
    .unwrap();
    let mut account = stage.account("alice");
    account.extra_roots_pem = roots;
    Scene {
        stage,
        account,
        _props: Vec::new(),
    }
}

async fn scene() -> Scene {
    scene_with(|_| ()).await
}

impl Scene {
    async fn behind(mut self, proxy: Proxy) -> Self {
        self.account.server = proxy.before(&self.account.server).await;
        self
    }

    fn keep(mut self, prop: impl std::any::Any + Send) -> Self {
        self._props.push(Box::new(prop));
        self
    }

    fn relay(&self) -> SocketAddr {
        self.stage.ready().relay.as_ref().unwrap().parse().unwrap()
    }

    /// Has the server name other addresses for its relay.
    async fn naming(self, changes: Vec<(String, String)>) -> Self {
        let body = move |mut body: String| {
            for (from, to) in &changes {
                body = body.replace(from, to);
            }
            body
        };
        self.behind(Proxy {
            body: Box::new(body),
            ..Proxy::default()
        })
        .await
    }

    async fn examined(self) -> Examination {
        examine(self.account).await
    }
}

/// A port where datagrams get lost.
async fn hole() -> (UdpSocket, u16) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let port = socket.local_addr().unwrap().port();
    (socket, port)
}

/// A port where nobody listens.
async fn closed() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}

/// Passes datagrams on to the relay, but for every eighth in either direction.
async fn lossy(relay: SocketAddr) -> u16 {
    let near = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
    let port = near.local_addr().unwrap().port();
    tokio::spawn(async move {
        let far = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        far.connect(relay).await.unwrap();
        let (mut there, mut back) = ([0; 2000], [0; 2000]);
        let (mut client, mut count) = (None, 0u32);
        loop {
            tokio::select! {
                Ok((length, from)) = near.recv_from(&mut there) => {
                    client = Some(from);
                    count += 1;
                    if length < 900 || count % 8 != 0 {
                        let _ = far.send(&there[..length]).await;
                    }
                }
                Ok(length) = far.recv(&mut back) => if let Some(client) = client {
                    let _ = near.send_to(&back[..length], client).await;
                },
            }
        }
    });
    port
}

async fn broken(finding: Finding) -> Scene {
    match finding {
        Finding::ServerUnreachable => {
            let mut scene = scene().await;
            scene.account.server = format!("http://127.0.0.1:{}", closed().await);
            scene
        }
        Finding::CertificateRefused => {
            let mut scene = scene().await;
            let https = scene.stage.ready().https.clone().unwrap();
            scene.account.server = https.replace("127.0.0.1", "localhost");
            scene.account.extra_roots_pem = Vec::new();
            scene
        }
        Finding::NotAServer => {
            let deed = |_: &str| Deed::Answer("404 Not Found");
            let proxy = Proxy {
                deed,
                ..Proxy::default()
            };
            scene().await.behind(proxy).await
        }
        Finding::ClockWrong => {
            let deed = |path: &str| match path.starts_with("/session") {
                true => Deed::Answer("422 Unprocessable Entity"),
                false => Deed::Pass,
            };
            let head = |head: String| {
                let date = |line: &str| line.to_lowercase().starts_with("date:");
                let lines = head.lines().map(|line| match date(line) {
                    true => "Date: Sun, 06 Nov 1994 08:49:37 GMT",
                    false => line,
                });
                lines.collect::<Vec<_>>().join("\r\n")
            };
            let proxy = Proxy {
                deed,
                head: Box::new(head),
                ..Proxy::default()
            };
            scene().await.behind(proxy).await
        }
        Finding::ApplicationRefused => {
            let mut scene = scene().await;
            scene.account.app = "1:key:another".parse().unwrap();
            scene
        }
        Finding::LoginRefused => {
            let mut scene = scene().await;
            scene.account.password = "wrong".to_owned();
            scene
        }
        Finding::TooManyAttempts => {
            let scene = scene_with(|config| config.limits.login_failures = 1).await;
            for _ in 0..2 {
                let mut wrong = scene.account.clone();
                wrong.password = "wrong".to_owned();
                examine(wrong).await;
            }
            scene
        }
        Finding::ChatBlocked => {
            let deed = |path: &str| match path.starts_with("/ws") {
                true => Deed::Cut,
                false => Deed::Pass,
            };
            let proxy = Proxy {
                deed,
                ..Proxy::default()
            };
            scene().await.behind(proxy).await
        }
        Finding::ChatSlow => {
            let deed = |path: &str| match path.starts_with("/ws") {
                true => Deed::Delay(Duration::from_millis(600)),
                false => Deed::Pass,
            };
            let proxy = Proxy {
                deed,
                ..Proxy::default()
            };
            scene().await.behind(proxy).await
        }
        Finding::NoRelay => scene_with(|config| config.relay = None).await,
        Finding::UdpBlocked => {
            let scene = scene().await;
            let (hole, dead) = hole().await;
            let port = scene.relay().port();
            let changes = vec![
                (
                    format!("stun:localhost:{port}"),
                    format!("stun:127.0.0.1:{dead}"),
                ),
                (
                    format!("localhost:{port}?transport=udp"),
                    format!("127.0.0.1:{dead}?transport=udp"),
                ),
            ];
            scene.naming(changes).await.keep(hole)
        }
        Finding::RelayRefused => {
            let changes = vec![(
                r#""credential":""#.to_owned(),
                r#""credential":"x"#.to_owned(),
            )];
            scene().await.naming(changes).await
        }
        Finding::RelayUdpFails => {
            let scene = scene().await;
            let (hole, dead) = hole().await;
            let from = format!("localhost:{}?transport=udp", scene.relay().port());
            let changes = vec![(from, format!("127.0.0.1:{dead}?transport=udp"))];
            scene.naming(changes).await.keep(hole)
        }
        Finding::RelayTcpFails => {
            let scene = scene().await;
            let from = format!("turn:localhost:{}?transport=tcp", scene.relay().port());
            let to = format!("turn:127.0.0.1:{}?transport=tcp", closed().await);
            scene.naming(vec![(from, to)]).await
        }
        Finding::RelayTlsFails => {
            // The name is another than the certificate's.
            let changes = vec![("turns:localhost".to_owned(), "turns:127.0.0.1".to_owned())];
            scene().await.naming(changes).await
        }
        Finding::NatStrict => {
            let ports = 42_000..=42_015;
            let range = ports.clone();
            let scene = scene_with(move |config| {
                config.relaying.ports = range;
                config.relaying.public_addresses = vec![INSIDE.into()];
            })
            .await;
            let port = scene.relay().port();
            let nat = StrictNat::on(port, ports).await;
            let changes = vec![(
                format!("stun:localhost:{port}"),
                format!("stun:{INSIDE}:{port}"),
            )];
            scene.naming(changes).await.keep(nat)
        }
        Finding::RelayedPortsClosed => {
            // What is announced is nobody's address.
            scene_with(|config| config.relaying.public_addresses = vec![INSIDE.into()]).await
        }
        Finding::RelayLossy => {
            let scene = scene().await;
            let from = format!("localhost:{}?transport=udp", scene.relay().port());
            let to = format!("127.0.0.1:{}?transport=udp", lossy(scene.relay()).await);
            scene.naming(vec![(from, to)]).await
        }
        _ => unreachable!("{finding:?} is not broken by any test"),
    }
}

#[tokio::test]
async fn nothing_is_found_where_nothing_is_wrong() {
    let examination = scene().await.examined().await;
    assert_eq!(examination.findings, []);
    assert_eq!(examination.verdict, Verdict::Works);
    assert_eq!(examination.relays.len(), 3);
    assert!(
        examination
            .relays
            .iter()
            .all(|way| way.milliseconds.is_some())
    );
    let nat = examination.nat.unwrap();
    assert_eq!(
        (nat.translated, nat.same_for_all, nat.open),
        (false, Some(true), Some(true))
    );
    let carried = examination.relayed.unwrap();
    assert!(carried.loss < 0.05 && carried.bits_per_second > 0.0);
    assert!(examination.chat_round_trip_ms.is_some() && examination.clock_ahead_s.is_some());
}

/// Exactly what is broken is found, whatever it is; prints the confusion matrix.
#[tokio::test(flavor = "multi_thread")]
async fn exactly_what_is_broken_is_found() {
    let mut examinations = JoinSet::new();
    for finding in Finding::ALL {
        examinations.spawn(async move { (finding, broken(finding).await.examined().await) });
    }
    let mut results = examinations.join_all().await;
    results.sort_by_key(|(finding, _)| *finding);
    let mut wrong = 0;
    println!("{:<20}  what was found", "what is broken");
    for (finding, examination) in &results {
        let marks = Finding::ALL.map(|column| match examination.findings.contains(&column) {
            true => "X",
            false => ".",
        });
        println!(
            "{:<20}  {}  {:?}",
            format!("{finding:?}"),
            marks.join(" "),
            examination.verdict
        );
        if examination.findings != [*finding] {
            println!("{:<20}  {examination:?}", "");
            wrong += 1;
        }
    }
    assert_eq!(wrong, 0);
}

#[tokio::test]
async fn the_verdict_says_whether_calls_work() {
    for (finding, verdict) in [
        (Finding::ServerUnreachable, Verdict::Unreachable),
        (Finding::LoginRefused, Verdict::Refused),
        (Finding::ChatBlocked, Verdict::Unreachable),
        (Finding::NoRelay, Verdict::DirectOnly),
        (Finding::UdpBlocked, Verdict::RelayedOverTcp),
        (Finding::RelayRefused, Verdict::DirectOnly),
    ] {
        let examination = broken(finding).await.examined().await;
        assert_eq!(examination.verdict, verdict, "{finding:?}");
        assert_eq!(
            verdict.works(),
            matches!(
                finding,
                Finding::NoRelay | Finding::UdpBlocked | Finding::RelayRefused
            )
        );
    }
}
