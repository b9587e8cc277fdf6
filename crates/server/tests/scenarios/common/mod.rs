//! A server on loopback with two applications, and clients for it.
//!
//! Everything goes through real sockets. Waiting has an upper bound only to
//! turn a hanging test into a failing one.

pub(crate) mod certificate;
pub(crate) mod chat;
pub(crate) mod operator;
pub(crate) mod rest;
pub(crate) mod stream;
pub(crate) mod ways;

use std::future::Future;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use tempfile::TempDir;
use visavis_server::store::{
    ApplicationId, NewApplication, NewUser, PasswordHash, Profile, Secret, Store,
};
use visavis_server::{Server, ServerConfig, UnixTime};
use visavis_signal::UserId;
use visavis_xmpp::xml::Element;

pub(crate) const APP: u32 = 4242;
pub(crate) const OTHER_APP: u32 = 77;
pub(crate) const DOMAIN: &str = "chat.test";

/// A server with its folder; both are gone when this is dropped.
pub(crate) struct Running {
    pub(crate) server: Server,
    pub(crate) config: ServerConfig,
    pub(crate) folder: TempDir,
}

pub(crate) fn loopback() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

/// A configuration with free ports in a new folder, where the applications
/// 4242 and 77 each have the users 101, 102 and 103.
pub(crate) fn prepare() -> (ServerConfig, TempDir) {
    prepare_with(DOMAIN, |store| {
        for application in [APP, OTHER_APP] {
            let key = format!("key{application}");
            add_application(
                store,
                application,
                &key,
                application == OTHER_APP,
                101..=103,
            );
        }
    })
}

/// A configuration with free ports and a store that `fill` has filled.
pub(crate) fn prepare_with(domain: &str, fill: impl FnOnce(&mut Store)) -> (ServerConfig, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let config = ServerConfig {
        data_dir: folder.path().join("data"),
        domain: domain.to_owned(),
        http: Some(loopback()),
        relay: Some(loopback()),
        xmpp: Some(loopback()),
        ..ServerConfig::default()
    };
    fill(&mut Store::open(&config.data_dir).unwrap());
    (config, folder)
}

/// An application with users whose passwords are [`password`].
pub(crate) fn add_application(
    store: &mut Store,
    application: u32,
    key: &str,
    sign_up: bool,
    users: RangeInclusive<u32>,
) {
    let new = NewApplication {
        id: Some(ApplicationId(application)),
        key: Some(key.to_owned()),
        secret: Some(Secret::new(format!("secret{application}"))),
        sign_up,
    };
    store.add_application(&new, UnixTime::now()).unwrap();
    for user in users {
        let new = NewUser {
            id: Some(UserId(user)),
            login: format!("user{user}"),
            password: PasswordHash::new(&password(user)).unwrap(),
            profile: Profile::new(),
        };
        store
            .add_user(ApplicationId(application), &new, UnixTime::now())
            .unwrap();
    }
}

pub(crate) fn password(user: u32) -> String {
    format!("pass{user}")
}

pub(crate) async fn start() -> Running {
    start_with(|_| ()).await
}

pub(crate) async fn start_with(change: impl FnOnce(&mut ServerConfig)) -> Running {
    let (mut config, folder) = prepare();
    change(&mut config);
    let server = Server::start(config.clone()).await.unwrap();
    Running {
        server,
        config,
        folder,
    }
}

impl Running {
    pub(crate) fn http(&self) -> String {
        self.server.ready().http.clone().unwrap()
    }

    pub(crate) fn ws(&self) -> String {
        self.server.ready().ws.clone().unwrap()
    }

    /// A connection to chat over TCP, before its stream.
    pub(crate) async fn stream(&self) -> stream::Stream {
        stream::Stream::connect(self.server.ready().xmpp.as_ref().unwrap()).await
    }

    pub(crate) fn rest(&self, application: u32) -> rest::Rest {
        rest::Rest::new(&self.http(), application)
    }

    /// A chat connection of `user`, logged in by password.
    pub(crate) async fn chat(&self, user: u32) -> chat::Chat {
        self.chat_of(user, APP).await
    }

    /// One user's call reaches another.
    pub(crate) async fn still_serves(&self) {
        let mut caller = self.chat(102).await;
        let mut callee = self.chat(103).await;
        caller.signal("still", &chat::bare(103), "call").await;
        caller.fence().await;
        let seen = callee.fence().await;
        let calls = |stanza: &&Element| stanza.attribute("id") == Some("still");
        assert_eq!(seen.iter().filter(calls).count(), 1);
    }

    pub(crate) async fn chat_of(&self, user: u32, application: u32) -> chat::Chat {
        let mut chat = chat::Chat::connect(&self.ws()).await;
        chat.log_in(user, application, &password(user)).await;
        chat
    }
}

/// Awaits what has to happen.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), future)
        .await
        .expect("it did not happen within a minute")
}
