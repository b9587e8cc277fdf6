//! A server of ours with users, and plans for it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;
use visavis_load::{LoadError, People, Person, Plan, Report, Roots, StartTls, Target, Work};
use visavis_server::store::{ApplicationId, NewApplication, NewUser, PasswordHash, Profile, Store};
use visavis_server::{CertificateFiles, Server, ServerConfig, UnixTime};

pub(crate) const DOMAIN: &str = "localhost";

pub(crate) fn certificate(file: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../server/tests/certificates");
    folder.join(file)
}

/// A server with its folder, and those who may log in.
pub(crate) struct Stage {
    pub(crate) server: Server,
    pub(crate) people: Vec<Person>,
    _folder: TempDir,
}

impl Stage {
    pub(crate) async fn new(users: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let config = ServerConfig {
            data_dir: folder.path().to_owned(),
            domain: DOMAIN.to_owned(),
            http: Some(any),
            https: Some(any),
            xmpp: Some(any),
            xmpps: Some(any),
            relay: None,
            certificate: Some(CertificateFiles {
                certificate: certificate("localhost.pem"),
                key: certificate("localhost.key"),
            }),
            ..ServerConfig::default()
        };
        let people = people(&config, users);
        Self {
            server: Server::start(config).await.unwrap(),
            people,
            _folder: folder,
        }
    }

    /// A plan for one of the server's addresses.
    pub(crate) fn plan(&self, url: &str, start_tls: StartTls, work: Work) -> Plan {
        plan(url, start_tls, self.people.clone(), work)
    }
}

/// Users with sessions, so that nobody's password has to be hashed.
fn people(config: &ServerConfig, users: u32) -> Vec<Person> {
    let mut store = Store::open(&config.data_dir).unwrap();
    let now = UnixTime::now();
    let application = ApplicationId(1);
    let new = NewApplication {
        id: Some(application),
        key: None,
        secret: None,
        sign_up: false,
    };
    store.add_application(&new, now).unwrap();
    let password = PasswordHash::new("a password").unwrap();
    let person = |number: u32| {
        let new = NewUser {
            id: None,
            login: format!("user{number}"),
            password: password.clone(),
            profile: Profile::new(),
        };
        let user = store.add_user(application, &new, now).unwrap();
        let session = store.create_session(application, Some(user.id), number.into(), 0, now);
        Person {
            login: format!("{}-1", user.id),
            password: session.unwrap().0.reveal().to_owned(),
        }
    };
    (0..users).map(person).collect()
}

pub(crate) fn plan(url: &str, start_tls: StartTls, people: Vec<Person>, work: Work) -> Plan {
    let roots = certificate("localhost.pem");
    let target = Target::new(
        url,
        Some(DOMAIN),
        start_tls,
        Roots::File(&roots),
        Vec::new(),
    );
    Plan {
        target: target.unwrap(),
        people: People::Listed(people),
        work,
        patience: Duration::from_secs(20),
        pid: Some(std::process::id()),
    }
}

/// Runs it as the command does, on a thread without a runtime.
pub(crate) async fn run(plan: Plan) -> Result<Report, LoadError> {
    let run = tokio::task::spawn_blocking(|| visavis_load::run(plan));
    run.await.unwrap()
}

pub(crate) fn traffic(idle: usize, pairs: usize, rate: Option<f64>) -> Work {
    Work::Traffic {
        idle,
        pairs,
        body: 300,
        rate,
        time: Duration::from_millis(200),
        logins: 3,
    }
}
