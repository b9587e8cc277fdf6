//! Everything that is logged at the most verbose level, while people log in
//! rightly and wrongly, searched for what nobody may learn from it.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use axum::http::Method;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use visavis_server::store::Store;

use crate::common::certificate::certified;
use crate::common::chat::Chat;
use crate::common::operator::Operator;
use crate::common::{APP, Running, loopback, password, start_with};
use crate::relay::{Access, Client, access};

/// What is logged, by this test and by those beside it, until it is taken.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Option<Vec<u8>>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(log) = &mut *self.0.lock().unwrap() {
            log.extend(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// As `visavis serve --log trace --log-format json` does it.
fn listen() -> Log {
    let log = Log::default();
    *log.0.lock().unwrap() = Some(Vec::new());
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_writer(log.clone())
        .with_max_level(LevelFilter::TRACE)
        .init();
    log
}

/// Uses the relay as it is meant, with a credential that is not right, and with
/// one where a request should be; gives back the credentials.
async fn relay(running: &Running) -> Vec<String> {
    use tokio::io::AsyncWriteExt;
    let right = access(running).await;
    let mut client = Client::new(&right).await;
    assert_eq!(client.allocate().await, 401);
    assert_eq!(client.allocate().await, 0);
    assert_eq!(client.permit("127.0.0.1:9").await, 0);
    assert_eq!(client.permit("10.0.0.1:9").await, 403);
    let wrong = Access {
        credential: "a-wrong-credential".to_owned(),
        urls: Vec::new(),
        username: right.username.clone(),
        ..right
    };
    let mut client = Client::new(&wrong).await;
    assert_eq!(client.allocate().await, 401);
    assert_eq!(client.allocate().await, 401);
    let credential = access(running).await.credential;
    let mut socket = tokio::net::TcpStream::connect(wrong.address).await.unwrap();
    socket.write_all(credential.as_bytes()).await.unwrap();

    let mut chat = running.chat(101).await;
    let services = "<services xmlns='urn:xmpp:extdisco:2'/>";
    let services = chat.ask("get", "", services).await;
    let services = services.children().next().unwrap().children();
    let passwords = services.filter_map(|service| service.attribute("password"));
    let mut told: Vec<_> = passwords.map(str::to_owned).collect();
    assert!(told.len() >= 2, "{told:?}");
    told.extend([right.credential, wrong.credential, credential]);
    told
}

/// Bytes as they are shown: in base64, in hexadecimal, one by one.
fn shown(bytes: &[u8]) -> [String; 3] {
    let hex = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let list = format!("{bytes:?}");
    [STANDARD.encode(bytes), hex, list]
}

/// Everything that people and the operator do; gives back the secrets.
async fn live(running: &Running) -> Vec<String> {
    let operator = Operator::of(running);
    let mut secrets = vec![operator.token.clone(), format!("secret{APP}")];

    let rest = running.rest(APP).logged_in(101).await;
    let token = rest.token.clone().unwrap();
    for credential in relay(running).await {
        if let Ok(bytes) = STANDARD.decode(&credential) {
            secrets.extend(shown(&bytes));
        }
        secrets.push(credential);
    }
    let wrong = "wrong-password-over-rest";
    let fields = [("user[login]", "user101"), ("user[password]", wrong)];
    assert_eq!(running.rest(APP).create_session(&fields).await.status, 401);
    let signed = rest.signed(1_700_000_000, &fields);
    let signature = &signed.last().unwrap().1;
    rest.send(Method::POST, "/session.json", &signed).await;
    secrets.push(signature.clone());
    let query = format!("/users.json?token={token}");
    rest.get(&query).await;
    let changes = [
        ("user[password]", "a-new-password"),
        ("user[old_password]", "pass101"),
    ];
    assert_eq!(rest.put("/users/101.json", &changes).await.status, 200);

    let mut by_token = Chat::connect(&running.ws()).await;
    by_token.log_in(101, APP, &token).await;
    let mut by_password = running.chat(102).await;
    by_password.fence().await;
    let mut refused = Chat::connect(&running.ws()).await;
    let failure = refused.authenticate(103, APP, "wrong-password-in-chat");
    assert_eq!(failure.await.name(), "failure");
    let mut over_tcp = running.stream().await;
    over_tcp.log_in(103, "desk").await;
    let mut broken = running.stream().await;
    broken.open().await;
    broken
        .send("<auth mechanism='PLAIN' xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>bm90LWEtbG9naW4<")
        .await;

    let app = operator.post("/applications", json!({})).await.body;
    secrets.push(app["secret"].as_str().unwrap().to_owned());
    let users = format!("/applications/{APP}/users");
    let new = json!({"login": "new", "password": "password-by-the-operator"});
    assert_eq!(operator.post(&users, new).await.status, 201);
    let import = format!("/applications/{APP}/import");
    let csv = "login,password\nimported,password-in-a-file\n";
    let imported = operator.ask(Method::POST, &import, csv).await;
    assert_eq!(imported.status, 200);
    let mut stranger = Operator::of(running);
    stranger.token = "a-wrong-admin-token".repeat(3);
    assert_eq!(stranger.get("/status").await.status, 401);

    let plain = |user: u32, password: &str| STANDARD.encode(format!("\0{user}-{APP}\0{password}"));
    secrets.extend([plain(101, &token), plain(102, &password(102)), token]);
    secrets.extend(
        [
            wrong,
            "a-new-password",
            "wrong-password-in-chat",
            "bm90LWEtbG9naW4",
            "password-by-the-operator",
            "password-in-a-file",
            "a-wrong-admin-token",
            "$argon2",
        ]
        .map(str::to_owned),
    );
    secrets.extend((101..=103).map(password));
    secrets
}

#[tokio::test]
async fn no_password_token_or_secret() {
    let log = listen();
    let (files, _) = certified();
    let running = start_with(|config| {
        config.admin = Some(loopback());
        config.certificate = Some(files);
    })
    .await;
    let mut secrets = live(&running).await;
    running.server.renew_certificate();
    running.server.shutdown().await;
    let mut store = Store::open(&running.config.data_dir).unwrap();
    secrets.extend(shown(&store.relay_secret().unwrap()));
    let text = log.0.lock().unwrap().take().unwrap();
    let text = String::from_utf8(text).unwrap();

    for secret in &secrets {
        assert!(secret.len() > 6);
        let found = text.lines().find(|line| line.contains(secret.as_str()));
        assert_eq!(found, None, "{secret}");
    }

    // It is the log of what has happened, though, for programs to read.
    let lines = text.lines();
    let lines: Vec<Value> = lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for line in &lines {
        for part in ["timestamp", "level", "target"] {
            assert!(line[part].is_string(), "{line}");
        }
    }
    let said = |message: &str| {
        let mut found = lines.iter().filter(|line| line["message"] == message);
        found
            .find(|line| line["application"] == APP && line["user"] == 102)
            .unwrap_or_else(|| panic!("{message} was not logged"))
    };
    let login = said("logged in");
    assert_eq!(login["address"], "127.0.0.1");
    let spans = login["spans"].as_array().unwrap();
    let connection = spans.iter().find(|span| span["name"] == "connection");
    let connection = connection.unwrap();
    assert!(connection["id"].is_u64(), "{login}");
    let address = connection["address"].as_str().unwrap();
    assert!(address.starts_with("127.0.0.1:"), "{login}");
    let answered = lines
        .iter()
        .find(|line| line["message"] == "answered" && line["route"] == "/ice_servers");
    let spans = answered.unwrap()["spans"].as_array().unwrap();
    assert!(spans.iter().any(|span| span["name"] == "request"));
}
