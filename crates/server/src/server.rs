//! Starting and ending everything.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use axum::{Router, middleware};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_rustls::server::TlsStream;
use visavis_turn::server::Secret;
use visavis_xmpp::Jid;

use crate::accept::{Entrance, Peer, Slot};
use crate::account::{self, Accounts, Gate};
use crate::admin::{self, Admin, AdminToken, Notice};
use crate::chat::{self, Chat, Departures, Directory};
use crate::clock::UnixTime;
use crate::config::{ServerConfig, WebPage};
use crate::health::{self, Health};
use crate::http::Front;
use crate::listen::{Bound, Listeners};
use crate::metrics::{self, Metrics};
use crate::one_port::{self, OnePort};
use crate::ready::Ready;
use crate::relay::{RelayAccess, RelayStatus, StatusBoard};
use crate::start_error::{MIN_FRAME_BYTES, StartError};
use crate::store::{FolderLock, Store, StoreThread};
use crate::tasks::{TaskEnd, Tasks};
use crate::throttle::Throttles;
use crate::tls::Tls;
use crate::{relay, renewal, revocation, tls, web};

/// What is spoken inside TLS where nothing else is (RFC 7301, XEP-0368 section
/// 2).
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
    /// Time for a handshake.
    patience: Duration,
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

        let limits = config.limits.clone();
        let metrics = Arc::new(Metrics::new());
        let tasks_end = TaskEnd::new();
        let tasks = tasks_end.tasks();
        let access = listeners.relay.as_ref().map(|relay| RelayAccess {
            address: relay.address,
            tls: {
                let shared = listeners.https.as_ref().map(|https| https.address);
                tls.as_ref().map(|_| shared.unwrap_or(relay.address))
            },
            name: config.public.clone(),
            secret: relay_secret.clone(),
            lifetime: limits.relay_credentials,
            public_addresses: config.relaying.public_addresses.clone(),
        });
        let gate = Gate::new(store.clone(), &limits, metrics.logins.clone())?;
        let gate = Arc::new(gate);
        let directory = Arc::new(Directory::new(limits.connections_per_user));
        let accounts = Accounts::new(
            store.clone(),
            Arc::clone(&gate),
            Arc::clone(&directory),
            &config,
            access.clone(),
            [
                &listeners.xmpp,
                if listeners.xmpps.is_some() {
                    &listeners.xmpps
                } else {
                    &listeners.https
                },
            ]
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
            patience: limits.request_time,
        };
        let mut board = None;
        let mut relay_streams = None;
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
            let (status, streams) =
                relay::serve(listening, setting, &tasks).map_err(StartError::Thread)?;
            metrics.watch_relay(&status);
            board = Some(status);
            relay_streams = Some(streams);
        }
        let front = serving.front(
            public_routes(accounts, &chat, &health, config.web),
            limits.request_time,
            false,
        );
        if let (Some(https), Some(tls)) = (listeners.https, &serving.tls) {
            let port = OnePort {
                acceptor: tls.acceptor(&one_port::PROTOCOLS),
                patience: serving.patience,
                front: front.clone(),
                chat: Arc::clone(&chat),
                relay: relay_streams,
            };
            let serve = move |stream, peer, slot| port.clone().serve(stream, peer, slot);
            serving.admit(&serving.entrance, https, "https", serve);
        }
        if let Some(http) = listeners.http {
            let serve = move |stream, peer, slot| front.clone().serve(stream, peer, slot);
            serving.admit(&serving.entrance, http, "http", serve);
        }
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
            let entrance = serving.entrance.beside(ADMIN_CONNECTIONS);
            if let Some(outside) = listeners.admin {
                let front = front.clone();
                serving.admit_private(
                    &entrance,
                    outside,
                    "admin",
                    HTTP,
                    move |stream, peer, slot| front.clone().serve(stream, peer, slot),
                );
            }
            let serve = move |stream, peer, slot| front.clone().serve(stream, peer, slot);
            serving.admit(&entrance, desk, "desk", serve);
        }
        if let Some(xmpp) = listeners.xmpp {
            let chat = Arc::clone(&chat);
            let acceptor = serving.tls.as_ref().map(|tls| tls.acceptor(&[XMPP]));
            serving.admit(
                &serving.entrance,
                xmpp,
                "xmpp",
                move |stream, peer, slot| {
                    chat::serve(Arc::clone(&chat), stream, peer, slot, acceptor.clone())
                },
            );
        }
        if let Some(xmpps) = listeners.xmpps {
            let entrance = &serving.entrance;
            serving.admit_private(entrance, xmpps, "xmpps", XMPP, move |stream, peer, slot| {
                chat::serve(Arc::clone(&chat), stream, peer, slot, None)
            });
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

    /// When the certificate ends; `None` if there is none that can be used, or
    /// it does not say so.
    pub fn certificate_end(&self) -> Option<UnixTime> {
        let tls = Tls::load(self.certificate.as_ref()?).ok()?;
        tls.certificate().not_after()
    }
}

/// The domain and the certificate of a configuration that can be served.
fn prepare(config: &ServerConfig) -> Result<(Jid, Option<Tls>), StartError> {
    let domain = &config.domain;
    if !is_host(domain) {
        return Err(StartError::Domain);
    }
    if config.public.as_deref().is_some_and(|name| !is_host(name)) {
        return Err(StartError::PublicName);
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

/// Whether it looks like a host name, or an IPv4 address.
fn is_host(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
    !name.is_empty() && name.len() <= 253 && name.bytes().all(plain)
}

fn public_routes(accounts: Accounts, chat: &Arc<Chat>, health: &Health, page: WebPage) -> Router {
    let routes = account::routes(Arc::new(accounts))
        .merge(chat::routes(Arc::clone(chat)))
        .merge(health::routes(health.clone()))
        .merge(web::routes(page));
    account::with_cors(routes)
}

impl Serving {
    fn front(&self, routes: Router, request_time: Duration, until_the_end: bool) -> Front {
        let counts = self.metrics.requests.clone();
        Front {
            routes: routes.layer(middleware::from_fn_with_state(counts, metrics::count)),
            request_time,
            tasks: self.tasks.clone(),
            until_the_end,
        }
    }

    /// Serves the connections of a listener.
    fn admit<F>(
        &self,
        entrance: &Entrance,
        bound: Bound,
        name: &'static str,
        serve: impl Fn(TcpStream, Peer, Slot) -> F + Send + 'static,
    ) where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let counts = self.metrics.listener(name);
        let admitted = entrance.clone().admit(bound.listener, counts, serve);
        self.tasks.spawn(admitted);
    }

    /// The same where everybody speaks one protocol inside TLS.
    fn admit_private<F>(
        &self,
        entrance: &Entrance,
        bound: Bound,
        name: &'static str,
        protocol: &str,
        serve: impl Fn(TlsStream<TcpStream>, Peer, Slot) -> F + Clone + Send + Sync + 'static,
    ) where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let Some(tls) = &self.tls else { return };
        let (acceptor, patience) = (tls.acceptor(&[protocol]), self.patience);
        let serve = move |stream, mut peer, slot| {
            let (acceptor, serve) = (acceptor.clone(), serve.clone());
            async move {
                let stream = tls::encrypt(&acceptor, stream, &mut peer, patience).await?;
                serve(stream, peer, slot).await
            }
        };
        self.admit(entrance, bound, name, serve);
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
            with(|config| config.public = Some("https://a.example".to_owned())),
            Err(StartError::PublicName)
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
