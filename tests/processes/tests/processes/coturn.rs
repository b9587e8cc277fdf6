//! Our client at coturn, over UDP, TCP and TLS, with both kinds of credentials.

use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};
use visavis_interop_tests::scratch::Scratch;
use visavis_peer::relay::{
    Credentials, Failure, Families, RelayAccess, RelayError, RelayPath, RelayTransport,
};
use visavis_turn::server::Secret;

const CERTIFICATE: &str = "../interop/certificates/server.test.pem";
const KEY: &str = "../interop/certificates/server.test.key";
/// What the certificate is for.
const HOST: &str = "server.test";
const SECRET: &str = "north";
const PATIENCE: Duration = Duration::from_secs(30);
/// The first bits are those of media, not of STUN.
const MEDIA: &[u8] = &[128, 1, 2, 3, 4];
const CHECK: &[u8] = &[0, 1, 2, 3, 4, 5];

pub(crate) struct Coturn {
    _process: Child,
    _scratch: Scratch,
    /// Where it is spoken to over UDP and TCP.
    pub(crate) plain: SocketAddr,
    secure: SocketAddr,
}

/// A port that is free for UDP and TCP.
fn free() -> SocketAddr {
    loop {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = tcp.local_addr().unwrap();
        if UdpSocket::bind(address).is_ok() {
            return address;
        }
    }
}

impl Coturn {
    /// Beside what all have in common, with these options.
    pub(crate) async fn start(name: &str, access: &[&str]) -> Self {
        let scratch = Scratch::new(name).unwrap();
        let (plain, secure) = (free(), free());
        let file = |name: &str| scratch.path().join(name).to_string_lossy().into_owned();
        let process = Command::new("turnserver")
            .args([
                "-n",
                "-L",
                "127.0.0.1",
                "-E",
                "127.0.0.1",
                "-r",
                "example.org",
            ])
            .args([
                "--allow-loopback-peers",
                "--no-cli",
                "--no-dtls",
                "--log-file",
                "stdout",
            ])
            .args(["--listening-port", &plain.port().to_string()])
            .args(["--tls-listening-port", &secure.port().to_string()])
            .args(["--cert", CERTIFICATE, "--pkey", KEY])
            .args(["--userdb", &file("users"), "--pidfile", &file("pid")])
            .args(access)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("turnserver: tools/setup.sh browser installs it");
        for address in [plain, secure] {
            let up = async {
                while tokio::net::TcpStream::connect(address).await.is_err() {
                    sleep(Duration::from_millis(50)).await;
                }
            };
            timeout(PATIENCE, up).await.expect("coturn listens");
        }
        Self {
            _process: process,
            _scratch: scratch,
            plain,
            secure,
        }
    }

    fn access(&self, transport: RelayTransport, credentials: &Credentials) -> RelayAccess {
        let mut roots = RootCertStore::empty();
        let certificate = CertificateDer::from_pem_file(CERTIFICATE).unwrap();
        roots.add(certificate).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        RelayAccess {
            address: if transport == RelayTransport::Tls {
                self.secure
            } else {
                self.plain
            },
            host: HOST.into(),
            transport,
            credentials: credentials.clone(),
            families: Families::Both,
            tls: Some(Arc::new(tls)),
        }
    }
}

/// What a peer sent reaches the other, again and again until it does.
async fn passes(from: &mut RelayPath, to: &mut RelayPath, data: &[u8]) {
    let (source, destination) = (from.relayed()[0], to.relayed()[0]);
    let passing = async {
        loop {
            // Lets the other one in.
            to.send(source, CHECK);
            from.send(destination, data);
            tokio::select! {
                received = to.receive() => {
                    let (peer, received) = received.unwrap();
                    assert_eq!(peer, source);
                    if received == data {
                        return;
                    }
                }
                ended = from.receive() => assert!(ended.is_ok()),
                () = sleep(Duration::from_millis(200)) => {}
            }
        }
    };
    timeout(PATIENCE, passing).await.expect("it arrives");
}

async fn over_everything(coturn: &Coturn, credentials: &Credentials) {
    use RelayTransport::{Tcp, Tls, Udp};
    for (one, other) in [(Udp, Udp), (Tcp, Udp), (Tls, Tcp), (Tls, Tls)] {
        let mut one = RelayPath::allocate(coturn.access(one, credentials))
            .await
            .unwrap();
        let mut other = RelayPath::allocate(coturn.access(other, credentials))
            .await
            .unwrap();
        assert!(one.mapped().is_some());
        // In indications, then in channels, which come about on the way.
        passes(&mut one, &mut other, CHECK).await;
        for _ in 0..3 {
            passes(&mut one, &mut other, MEDIA).await;
            passes(&mut other, &mut one, MEDIA).await;
        }
        timeout(PATIENCE, one.close())
            .await
            .expect("it is given back");
        timeout(PATIENCE, other.close())
            .await
            .expect("it is given back");
    }
}

fn alice() -> Credentials {
    Credentials {
        username: "alice".into(),
        password: "secret".into(),
    }
}

/// Credentials that hold for so long.
fn temporary(holds: Duration) -> Credentials {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Credentials::issue(&Secret::new(SECRET.as_bytes()), "alice", now + holds)
}

#[tokio::test]
async fn coturn_with_a_static_user_relays_over_udp_tcp_and_tls() {
    let coturn = Coturn::start("coturn-static", &["--lt-cred-mech", "-u", "alice:secret"]).await;
    over_everything(&coturn, &alice()).await;
}

#[tokio::test]
async fn coturn_with_a_shared_secret_relays_and_newer_credentials_do_no_harm() {
    let secret = ["--use-auth-secret", "--static-auth-secret", SECRET];
    let coturn = Coturn::start("coturn-secret", &secret).await;
    let credentials = temporary(Duration::from_secs(600));
    over_everything(&coturn, &credentials).await;
    let access = coturn.access(RelayTransport::Udp, &credentials);
    let mut one = RelayPath::allocate(access.clone()).await.unwrap();
    let mut other = RelayPath::allocate(access).await.unwrap();
    passes(&mut one, &mut other, MEDIA).await;
    one.set_credentials(temporary(Duration::from_secs(1200)));
    passes(&mut one, &mut other, MEDIA).await;
    passes(&mut other, &mut one, MEDIA).await;
}

#[tokio::test]
async fn coturn_refuses_wrong_credentials_and_more_than_the_quota() {
    let options = ["--lt-cred-mech", "-u", "alice:secret", "--user-quota", "1"];
    let coturn = Coturn::start("coturn-refusals", &options).await;
    let failure = |credentials: Credentials| {
        let access = coturn.access(RelayTransport::Tcp, &credentials);
        async { RelayPath::allocate(access).await }
    };
    let wrong = Credentials {
        password: "other".into(),
        ..alice()
    };
    let refused = failure(wrong).await;
    let credentials = Err(Failure::Credentials);
    assert_eq!(reason(refused), credentials);
    let held = failure(alice()).await.unwrap();
    assert_eq!(reason(failure(alice()).await), Err(Failure::Quota));
    drop(held);
}

fn reason(result: Result<RelayPath, RelayError>) -> Result<(), Failure> {
    match result {
        Ok(_) => Ok(()),
        Err(RelayError::Failed(failure)) => Err(failure),
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let coturn = Coturn::start("coturn-name", &["--lt-cred-mech", "-u", "alice:secret"]).await;
    let access = RelayAccess {
        host: "relay.example".into(),
        ..coturn.access(RelayTransport::Tls, &alice())
    };
    let refused = RelayPath::allocate(access).await;
    assert!(matches!(refused, Err(RelayError::Tls(_))), "{refused:?}");
}
