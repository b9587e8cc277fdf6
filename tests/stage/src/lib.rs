//! A server in this process, with people who can log in to it.
//!
//! The snippets of the documentation and the tests of the SDK play on it, over real
//! sockets on loopback. Everything is gone when the [`Stage`] is dropped.

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tempfile::TempDir;
use visavis::media::source::{TestPattern, Tone};
use visavis::media::{FrameRate, VideoFormat};
use visavis::{
    App, CallClient, CallConfig, CallEvent, CallSession, CallType, ChatClient, ChatConfig,
    LocalMedia, SourceError, Subscription, UserId, UserInfo,
};
use visavis_server::store::{
    ApplicationId, NewApplication, NewUser, PasswordHash, Profile, Secret, Store,
};
pub use visavis_server::{CertificateFiles, Ready, ServerConfig};
use visavis_server::{Server, UnixTime};

/// The user who logs in as `alice`.
pub const ALICE: UserId = UserId(101);
/// The user who logs in as `bob`.
pub const BOB: UserId = UserId(102);
/// The user who logs in as `carol`.
pub const CAROL: UserId = UserId(103);

const APPLICATION: u32 = 1;
const KEY: &str = "key";
const SECRET: &str = "secret";

/// Whatever went wrong.
pub type Failure = Box<dyn Error + Send + Sync>;

/// A scene that hangs fails; nothing is measured by it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server with the users [`ALICE`], [`BOB`] and [`CAROL`].
#[derive(Debug)]
pub struct Stage {
    address: String,
    app: App,
    server: Server,
    _folder: TempDir,
}

/// Plays a scene on a stage of its own.
///
/// # Panics
/// When the scene fails or does not end.
#[allow(clippy::unwrap_used)]
pub fn play(scene: impl AsyncFnOnce(&Stage) -> Result<(), Failure>) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let stage = Stage::open().await.unwrap();
        let played = tokio::time::timeout(PATIENCE, scene(&stage)).await;
        played.expect("the scene ends").unwrap();
    });
    // Sources and decoders that still work are not waited for.
    runtime.shutdown_background();
}

impl Stage {
    /// Starts a server on free ports, with a new database.
    ///
    /// # Errors
    /// Whatever keeps the server from starting.
    pub async fn open() -> Result<Self, Failure> {
        Self::open_with(|_| ()).await
    }

    /// The same with a change to how the server is set up.
    ///
    /// # Errors
    /// Whatever keeps the server from starting.
    pub async fn open_with(change: impl FnOnce(&mut ServerConfig)) -> Result<Self, Failure> {
        let folder = tempfile::tempdir()?;
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut config = ServerConfig {
            data_dir: folder.path().to_owned(),
            http: Some(any),
            relay: Some(any),
            ..ServerConfig::default()
        };
        change(&mut config);
        let mut store = Store::open(&config.data_dir)?;
        let application = NewApplication {
            id: Some(ApplicationId(APPLICATION)),
            key: Some(KEY.to_owned()),
            secret: Some(Secret::new(SECRET.to_owned())),
            sign_up: false,
        };
        store.add_application(&application, UnixTime::now())?;
        for (id, login) in [(ALICE, "alice"), (BOB, "bob"), (CAROL, "carol")] {
            let user = NewUser {
                id: Some(id),
                login: login.to_owned(),
                password: PasswordHash::new(&password(login))?,
                profile: Profile::new(),
            };
            store.add_user(ApplicationId(APPLICATION), &user, UnixTime::now())?;
        }
        let server = Server::start(config).await?;
        let address = server.ready().http.clone();
        Ok(Self {
            address: address.ok_or("the server serves no HTTP")?,
            app: format!("{APPLICATION}:{KEY}:{SECRET}").parse()?,
            server,
            _folder: folder,
        })
    }

    /// Where the server can be reached.
    pub fn ready(&self) -> &Ready {
        self.server.ready()
    }

    /// How somebody logs in.
    pub fn account(&self, login: &str) -> ChatConfig {
        ChatConfig {
            server: self.address.clone(),
            app: self.app.clone(),
            login: login.to_owned(),
            password: password(login),
            extra_roots_pem: Vec::new(),
        }
    }

    /// Somebody who is logged in and processes calls, with a moving picture and a tone.
    ///
    /// # Errors
    /// Whatever keeps him from it.
    pub async fn client(&self, login: &str) -> Result<CallClient, Failure> {
        let client = CallClient::new(CallConfig {
            // The least that is allowed: nobody waits for longer than he has to.
            answer_interval: Duration::from_secs(10),
            loopback_candidates: true,
            ..CallConfig::default()
        })?;
        client.set_local_media(picture_and_tone());
        client.attach(ChatClient::connect(self.account(login)).await?)?;
        client.start_processing()?;
        Ok(client)
    }

    /// A call of Alice that Bob has taken: her end of it, what happens there, and his.
    ///
    /// # Errors
    /// Whatever keeps it from coming about.
    pub async fn call(&self) -> Result<(CallSession, Subscription<CallEvent>, Called), Failure> {
        let (alice, bob) = (self.client("alice").await?, self.client("bob").await?);
        let (mut events, mut his) = (alice.subscribe(), bob.subscribe());
        let session = alice.create_session(&[BOB], CallType::Video)?;
        session.start(UserInfo::new())?;
        let theirs = incoming(&mut his).await?;
        theirs.accept(UserInfo::new())?;
        until(&mut events, |event| {
            matches!(event, CallEvent::Connected { .. })
        })
        .await?;
        let called = Called {
            session: theirs,
            events: his,
            _clients: [alice, bob],
        };
        Ok((session, events, called))
    }
}

/// The side of the one who was called.
#[derive(Debug)]
pub struct Called {
    /// His call.
    pub session: CallSession,
    /// What happens at his side.
    pub events: Subscription<CallEvent>,
    _clients: [CallClient; 2],
}

/// A small moving picture and a tone.
pub fn picture_and_tone() -> LocalMedia {
    let format = VideoFormat {
        width: 320,
        height: 180,
        fps: FrameRate::whole(15),
    };
    LocalMedia::none()
        .with_video(move || TestPattern::new(format))
        .with_audio(|| Ok::<_, SourceError>(Tone::new(440.0, 0.5)))
}

/// The next event that is wanted; others are passed over.
///
/// # Errors
/// When the client is gone before.
pub async fn until(
    events: &mut Subscription<CallEvent>,
    mut wanted: impl FnMut(&CallEvent) -> bool,
) -> Result<CallEvent, Failure> {
    while let Some(event) = events.recv().await {
        if wanted(&event) {
            return Ok(event);
        }
    }
    Err("the client is gone".into())
}

/// The next call that comes in.
///
/// # Errors
/// As [`until`].
pub async fn incoming(events: &mut Subscription<CallEvent>) -> Result<CallSession, Failure> {
    let event = until(events, |event| {
        matches!(event, CallEvent::NewSession { .. })
    })
    .await?;
    Ok(event.session().clone())
}

fn password(login: &str) -> String {
    format!("password of {login}")
}
