//! The server and the people on it.

use std::path::Path;

use serde_json::{Value, json};
use visavis_server::store::{ApplicationId, NewApplication, NewUser, PasswordHash, Profile, Store};
use visavis_server::{Server, ServerConfig, UnixTime};
use visavis_signal::UserId;

/// The application's number.
pub const APP: u32 = 4242;
/// The page's user.
pub const PAGE: u32 = 101;
/// Our binary's user.
pub const NATIVE: u32 = 102;
/// The user of a second page.
pub const SECOND_PAGE: u32 = 103;
/// The user of a second program of ours.
pub const SECOND_NATIVE: u32 = 104;

/// A running server with one application and its users.
pub struct Cast {
    server: Server,
    /// The server's `http://` address.
    pub url: String,
    /// The application as `ID:KEY:SECRET`.
    pub app: String,
}

impl Cast {
    /// Starts a server on free ports, its data in `folder`.
    ///
    /// # Panics
    /// When the server does not start: there is no test without it.
    pub async fn gather(folder: &Path) -> Self {
        let config = ServerConfig {
            data_dir: folder.to_owned(),
            http: Some(([127, 0, 0, 1], 0).into()),
            relay: Some(([127, 0, 0, 1], 0).into()),
            ..ServerConfig::default()
        };
        let mut store = Store::open(folder).expect("a store");
        let new = NewApplication {
            id: Some(ApplicationId(APP)),
            ..NewApplication::default()
        };
        let app = store
            .add_application(&new, UnixTime::now())
            .expect("an application");
        for user in [PAGE, NATIVE, SECOND_PAGE, SECOND_NATIVE] {
            let new = NewUser {
                id: Some(UserId(user)),
                login: login(user),
                password: PasswordHash::new(&password(user)).expect("a password"),
                profile: Profile::new(),
            };
            store
                .add_user(ApplicationId(APP), &new, UnixTime::now())
                .expect("a user");
        }
        drop(store);
        let server = Server::start(config).await.expect("a server");
        let url = server.ready().http.clone().expect("an address");
        let app = format!("{}:{}:{}", app.id, app.key, app.secret.reveal());
        Self { server, url, app }
    }

    /// The server's STUN address, `stun:host:port`.
    pub fn stun(&self) -> Option<String> {
        let relay = self.server.ready().relay.as_ref()?;
        Some(format!("stun:{relay}"))
    }

    /// What a page needs to know to play `user` towards `peer`.
    pub fn task(&self, name: &str, role: &str, user: u32, peer: u32) -> Value {
        json!({
            "name": name,
            "role": role,
            "ws": self.server.ready().ws,
            "domain": self.server.ready().domain,
            "app": APP,
            "user": user,
            "peer": peer,
            "password": password(user),
        })
    }

    /// Ends the server.
    pub async fn dismiss(self) {
        self.server.shutdown().await;
    }
}

/// A user's login.
pub fn login(user: u32) -> String {
    format!("user{user}")
}

/// A user's password.
pub fn password(user: u32) -> String {
    format!("password of {user}")
}
