//! Starting and ending everything.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use axum::{Router, middleware};
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;
use visavis_turn::server::Secret;
use visavis_xmpp::Jid;

use crate::accept::Entrance;
use crate::account::{self, Accounts, Gate};
use crate::admin::{self, Admin, AdminToken, Notice};
use crate::chat::{self, Chat, Departures, Directory, Security};
use crate::clock::UnixTime;
use crate::config::ServerConfig;
use crate::health::{self, Health};
use crate::http::Front;
use crate::listen::{Bound, Listeners};
use crate::metrics::{self, Metrics};
use crate::ready::Ready;
use crate::relay::{RelayAccess, RelayStatus, StatusBoard};
use crate::start_error::{MIN_FRAME_BYTES, StartError};
use crate::store::{FolderLock, Store, StoreThread};
use crate::tasks::{TaskEnd, Tasks};
use crate::throttle::Throttles;
use crate::tls::Tls;
use crate::{relay, renewal, revocation, web};

/// What is spoken inside TLS (RFC 7301, XEP-0368 section 2).
const HTTP: &str = "http/1.1";
const XMPP: &str = "xmpp-client";

/// Connections of the operator at a time. They have places of their own: he
/// gets in when all others are taken.
const ADMIN_CONNECTIONS: usize = 64;

/// A running server. Dropping it ends everything at once; [`Server::shutdown`]
/// ends it in good order.
#[derive(Debug)]
pub struct Server {
    ready: Ready,
    tasks: TaskEnd,
    store: JoinHandle<()>,
    _folder: FolderLock,
    relay: Option<StatusBoard>,
    renewal: Arc<Notify>,
    /// Tells the command line where this server is, as long as it lives.
    _notice: Option<Notice>,
    directory: Arc<Directory>,
    departures: Arc<Departures>,
    shutdown_spread: Duration,
    shutdown_time: Duration,
}

/// What all listeners need.
struct Serving {
    entrance: Entrance,
    tasks: Tasks,
    metrics: Arc<Metrics>,
    tls: Option<Tls>,
}

impl Server {
    /// Opens the database, binds every address and starts serving.
    ///
    /// # Errors
    /// [`StartError`] says what the operator has to put right. Nothing keeps
    /// running then.
    pub async fn start(config: ServerConfig) -> Result<Self, StartError> {
        let (domain, tls) = prepare(&config)?;
        let listeners = Listeners::bind(&config).await?;
        let ready = Ready::new(&listeners, config.domain.clone());
        let folder = FolderLock::take(&config.data_dir)?;
        let mut store = Store::open(&config.data_dir)?;
        let relay_secret = Secret::new(store.relay_secret()?);
        let (store, store_thread) = StoreThread::start(store).map_err(StartError::Thread)?;

        let limits = config.limits;
        let metrics = Arc::new(Metrics::new());
        let tasks_end = TaskEnd::new();
        let tasks = tasks_end.tasks();
        let access = listeners.relay.as_ref().map(|relay| RelayAccess {
            address: relay.address,
            tls: tls.is_some(),
            secret: relay_secret.clone(),
            public_addresses: config.relaying.public_addresses.clone(),
        });
        let gate = Gate::new(store.clone(), &limits, metrics.logins.clone())?;
        let gate = Arc::new(gate);
        let directory = Arc::new(Directory::new(limits.connections_per_user));
        let accounts = Accounts::new(
            store.clone(),
            Arc::clone(&gate),
            Arc::clone(&directory),
            limits.clone(),
            access.clone(),
            config.domain.clone(),
            [&listeners.xmpp, &listeners.xmpps]
                .map(|bound| bound.as_ref().map(|bound| bound.address)),
        );
        let departures = Arc::new(Departures::default());
        metrics.watch_chat(&directory);
        metrics.watch_store(&store);
        metrics.watch_gate(&gate);
        let chat = Arc::new(Chat {
            domain,
            gate: Arc::clone(&gate),
            directory: Arc::clone(&directory),
            store: store.clone(),
            limits: limits.clone(),
            rates: limits.stanzas_per_second_per_user.map(Throttles::new),
            relay: access,
            tasks: tasks.clone(),
            metrics: Arc::clone(&metrics),
            departures: Arc::clone(&departures),
            resumptions: Arc::default(),
        });
        let health = Health {
            store: store.clone(),
            tasks: tasks.clone(),
        };
        let serving = Serving {
            entrance: Entrance::new(
                limits.connections,
                limits.connections_per_address,
                tasks.clone(),
            ),
            tasks: tasks.clone(),
            metrics: Arc::clone(&metrics),
            tls,
        };
        let mut board = None;
        if let Some(listening) = listeners.relay {
            let setting = relay::Setting {
                realm: &config.domain,
                secret: relay_secret,
                config: &config.relaying,
                tls: serving.tls.as_ref().map(|tls| tls.acceptor(&[])),
                entrance: serving.entrance.clone(),
                counts: metrics.listener("relay"),
                patience: limits.request_time,
            };
            let status = relay::serve(listening, setting, &tasks).map_err(StartError::Thread)?;
            metrics.watch_relay(&status);
            board = Some(status);
        }
        let front = serving.front(
            public_routes(accounts, &chat, &health),
            limits.request_time,
            false,
        );
        serving.http(listeners.http, "http", &front, None);
        serving.http(listeners.https, "https", &front, serving.acceptor(HTTP));
        let mut notice = None;
        if let Some(desk) = listeners.desk {
            let token = AdminToken::load(config.admin_token, &config.data_dir)?;
            let left = Notice::leave(&config.data_dir, desk.address, &token);
            notice = Some(left.map_err(StartError::Notice)?);
            let admin = Admin {
                token,
                store: store.clone(),
                directory: Arc::clone(&directory),
                gate,
                metrics: Arc::clone(&metrics),
                ready: ready.clone(),
                started_at: UnixTime::now(),
                relay: board.clone(),
                certificate: serving.tls.as_ref().map(Tls::certificate),
                request_time: limits.request_time,
            };
            let front = serving.front(admin::routes(admin, &health), limits.request_time, true);
            serving.admin(desk, "desk", &front, None);
            if let Some(outside) = listeners.admin {
                serving.admin(outside, "admin", &front, serving.acceptor(HTTP));
            }
        }
        let on_request = Security::OnRequest(serving.acceptor(XMPP));
        serving.xmpp(listeners.xmpp, "xmpp", &chat, on_request);
        if let Some(acceptor) = serving.acceptor(XMPP) {
            let direct = Security::Direct(acceptor);
            serving.xmpp(listeners.xmpps, "xmpps", &chat, direct);
        }
        let renewal = Arc::new(Notify::new());
        if let Some(tls) = &serving.tls {
            metrics.watch_tls(tls);
            let watched = renewal::watch(tls.clone(), Arc::clone(&renewal), tasks.clone());
            tasks.spawn(watched);
        }
        tasks.spawn(revocation::watch(
            store,
            Arc::clone(&directory),
            limits.session_idle,
            tasks.clone(),
        ));
        Ok(Self {
            ready,
            tasks: tasks_end,
            store: store_thread,
            _folder: folder,
            relay: board,
            renewal,
            _notice: notice,
            directory,
            departures,
            shutdown_spread: limits.shutdown_spread,
            shutdown_time: limits.shutdown_time,
        })
    }

    /// Where the server can be reached, free ports filled in.
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// What the relay is doing, a moment ago at most; `None` when there is none.
    pub fn relay_status(&self) -> Option<RelayStatus> {
        self.relay.as_ref().map(StatusBoard::read)
    }

    /// Reads the certificate's files again, if there is a certificate. What is
    /// wrong with them is logged, and the certificate in use stays. The files
    /// are looked at every second anyway.
    pub fn renew_certificate(&self) {
        self.renewal.notify_one();
    }

    /// Ends the server: nobody new is let in, requests under way are answered,
    /// chat streams are closed in good order, one after the other. Takes no
    /// longer than [`Limits::shutdown_spread`], [`Limits::shutdown_time`] and
    /// the database work under way. Dropping it on the way ends everything at
    /// once.
    ///
    /// [`Limits::shutdown_spread`]: crate::Limits::shutdown_spread
    /// [`Limits::shutdown_time`]: crate::Limits::shutdown_time
    pub async fn shutdown(self) {
        let streams = self.directory.census().connected;
        let window = self.departures.plan(self.shutdown_spread, streams);
        tracing::info!(streams, ?window, "shutting down");
        self.tasks.finish(window, self.shutdown_time).await;
        let joined = tokio::task::spawn_blocking(move || self.store.join()).await;
        if !matches!(joined, Ok(Ok(()))) {
            tracing::error!("the database thread has failed");
        }
    }
}

impl ServerConfig {
    /// Looks at everything that can be looked at without starting: what is
    /// missing or does not go together, and the certificate's files.
    ///
    /// # Errors
    /// Those of [`Server::start`] that need neither sockets nor the database.
    pub fn check(&self) -> Result<(), StartError> {
        prepare(self).map(|_| ())
    }
}

/// The domain and the certificate of a configuration that can be served.
fn prepare(config: &ServerConfig) -> Result<(Jid, Option<Tls>), StartError> {
    let domain = &config.domain;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
    if domain.is_empty() || domain.len() > 253 || !domain.bytes().all(plain) {
        return Err(StartError::Domain);
    }
    if config.http.is_none() && config.https.is_none() {
        return Err(StartError::NothingToServe);
    }
    // Passwords cross no network in clear.
    let exposed = config.xmpp.filter(|address| !address.ip().is_loopback());
    // Nor does what opens the admin interface.
    let outside = config.admin.filter(|address| !address.ip().is_loopback());
    let encrypted = config.https.or(config.xmpps).or(exposed).or(outside);
    if let (Some(address), None) = (encrypted, &config.certificate) {
        return Err(StartError::NoCertificate { address });
    }
    if config.limits.frame_bytes < MIN_FRAME_BYTES {
        return Err(StartError::FrameLimit);
    }
    let domain = Jid::server(domain).map_err(|_| StartError::Domain)?;
    Ok((
        domain,
        config.certificate.as_ref().map(Tls::load).transpose()?,
    ))
}

fn public_routes(accounts: Accounts, chat: &Arc<Chat>, health: &Health) -> Router {
    let routes = account::routes(Arc::new(accounts))
        .merge(chat::routes(Arc::clone(chat)))
        .merge(health::routes(health.clone()))
        .merge(web::routes());
    account::with_cors(routes)
}

impl Serving {
    fn acceptor(&self, protocol: &str) -> Option<TlsAcceptor> {
        self.tls.as_ref().map(|tls| tls.acceptor(&[protocol]))
    }

    fn front(&self, routes: Router, request_time: Duration, until_the_end: bool) -> Front {
        let counts = self.metrics.requests.clone();
        Front {
            routes: routes.layer(middleware::from_fn_with_state(counts, metrics::count)),
            request_time,
            tasks: self.tasks.clone(),
            until_the_end,
        }
    }

    fn http(
        &self,
        bound: Option<Bound>,
        name: &'static str,
        front: &Front,
        tls: Option<TlsAcceptor>,
    ) {
        if let Some(bound) = bound {
            self.requests(&self.entrance, bound, name, front, tls);
        }
    }

    fn admin(&self, bound: Bound, name: &'static str, front: &Front, tls: Option<TlsAcceptor>) {
        let entrance = self.entrance.beside(ADMIN_CONNECTIONS);
        self.requests(&entrance, bound, name, front, tls);
    }

    fn requests(
        &self,
        entrance: &Entrance,
        bound: Bound,
        name: &'static str,
        front: &Front,
        tls: Option<TlsAcceptor>,
    ) {
        let front = front.clone();
        let serve = move |stream, peer, slot| front.clone().serve(stream, peer, slot, tls.clone());
        let counts = self.metrics.listener(name);
        self.tasks
            .spawn(entrance.clone().admit(bound.listener, counts, serve));
    }

    fn xmpp(&self, bound: Option<Bound>, name: &'static str, chat: &Arc<Chat>, security: Security) {
        let Some(bound) = bound else { return };
        let chat = Arc::clone(chat);
        let serve = move |stream, peer, slot| {
            chat::serve(Arc::clone(&chat), stream, peer, slot, security.clone())
        };
        let counts = self.metrics.listener(name);
        let entrance = self.entrance.clone();
        self.tasks
            .spawn(entrance.admit(bound.listener, counts, serve));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn unusable_configurations_are_told() {
        let with = |change: fn(&mut ServerConfig)| {
            let mut config = ServerConfig::default();
            change(&mut config);
            config.check()
        };
        assert!(with(|_| ()).is_ok());
        assert!(matches!(
            with(|config| config.domain = "a b".to_owned()),
            Err(StartError::Domain)
        ));
        assert!(matches!(
            with(|config| config.http = None),
            Err(StartError::NothingToServe)
        ));
        assert!(matches!(
            with(|config| config.limits.frame_bytes = 0),
            Err(StartError::FrameLimit)
        ));
    }
}
