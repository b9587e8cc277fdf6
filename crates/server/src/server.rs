//! Starting and ending everything.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use visavis_turn::Secret;
use visavis_xmpp::Jid;

use crate::accept::Entrance;
use crate::account::{self, Accounts, Gate};
use crate::chat::{self, Chat, Directory, Security};
use crate::config::ServerConfig;
use crate::http::Front;
use crate::relay::{Listening, RelayAccess, RelayStatus, StatusBoard};
use crate::store::{OpenError, PasswordError, Store, StoreError, StoreThread};
use crate::tasks::{TaskEnd, Tasks};
use crate::tls::{Tls, TlsError};
use crate::{relay, revocation, web};

/// What is spoken inside TLS (RFC 7301, XEP-0368 section 2).
const HTTP: &str = "http/1.1";
const XMPP: &str = "xmpp-client";

/// Smallest frame limit that lets a stream be opened at all.
const MIN_FRAME_BYTES: usize = 1024;

/// A running server. Dropping it ends everything at once; [`Server::shutdown`]
/// ends it in good order.
#[derive(Debug)]
pub struct Server {
    ready: Ready,
    tasks: TaskEnd,
    store: JoinHandle<()>,
    relay: Option<StatusBoard>,
    shutdown_time: Duration,
}

/// Where a server can be reached: one line of JSON for scripts. What is off
/// is left out.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Ready {
    /// Always true.
    pub ready: bool,
    /// Address of REST and pages, without encryption.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<String>,
    /// Address of REST and pages, encrypted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub https: Option<String>,
    /// Address of chat, without encryption.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ws: Option<String>,
    /// Address of chat, encrypted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wss: Option<String>,
    /// Address and port of chat over TCP, encrypted on request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub xmpp: Option<String>,
    /// Address and port of chat over TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub xmpps: Option<String>,
    /// Address and port of STUN and TURN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relay: Option<String>,
    /// The domain of chat addresses.
    pub domain: String,
}

/// Why a server does not start. The operator has to act.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Another program listens there already.
    #[error("{address} is in use: stop the other program, or choose another port")]
    AddressInUse {
        /// The address.
        address: SocketAddr,
    },
    /// The system does not let this program listen there.
    #[error("cannot listen on {address}: {source}")]
    Address {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Neither HTTP nor HTTPS is to be served.
    #[error("nothing to serve: give an address for http or https")]
    NothingToServe,
    /// An encrypted listener has nothing to prove its identity with.
    #[error("{address} needs a certificate and its key")]
    NoCertificate {
        /// The listener's address.
        address: SocketAddr,
    },
    /// The domain cannot be part of a chat address.
    #[error("the domain has to be a host name such as chat.example.org")]
    Domain,
    /// The frame limit is too small for chat.
    #[error("the frame limit has to be {MIN_FRAME_BYTES} bytes or more")]
    FrameLimit,
    /// The data folder or the database in it cannot be used.
    #[error(transparent)]
    Data(#[from] OpenError),
    /// The certificate or the key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Passwords cannot be hashed: no memory, or no random numbers.
    #[error(transparent)]
    Passwords(#[from] PasswordError),
    /// The database fails already.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system cannot start a thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[source] io::Error),
}

impl Server {
    /// Opens the database, binds every address and starts serving.
    ///
    /// # Errors
    /// [`StartError`] says what the operator has to put right. Nothing keeps
    /// running then.
    pub async fn start(config: ServerConfig) -> Result<Self, StartError> {
        let (domain, tls) = prepare(&config)?;
        let http = listen(config.http).await?;
        let https = listen(config.https).await?;
        let xmpp = listen(config.xmpp).await?;
        let xmpps = listen(config.xmpps).await?;
        let relay = listen_for_relay(config.relay).await?;
        let store = Store::open(&config.data_dir)?;
        let relay_secret = Secret::new(store.relay_secret()?);
        let (store, store_thread) = StoreThread::start(store).map_err(StartError::Thread)?;

        let limits = config.limits;
        let relay_address = relay.as_ref().map(|relay| relay.address);
        let access = relay_address.map(|address| RelayAccess {
            address,
            tls: tls.is_some(),
            secret: relay_secret.clone(),
            public_addresses: config.relaying.public_addresses.clone(),
        });
        let gate = Arc::new(Gate::new(store.clone(), &limits)?);
        let directory = Arc::new(Directory::new(limits.connections_per_user));
        let tasks_end = TaskEnd::new();
        let tasks = tasks_end.tasks();
        let accounts = Accounts::new(
            store.clone(),
            Arc::clone(&gate),
            Arc::clone(&directory),
            limits.clone(),
            access.clone(),
            domain.to_string(),
            [&xmpp, &xmpps].map(bound),
        );
        let chat = Arc::new(Chat::new(
            domain,
            gate,
            Arc::clone(&directory),
            store.clone(),
            limits.clone(),
            access,
            tasks.clone(),
        ));
        let front = Front {
            routes: routes(accounts, Arc::clone(&chat)),
            request_time: limits.request_time,
            tasks: tasks.clone(),
        };
        let ready = Ready::new(
            [&http, &https, &xmpp, &xmpps].map(bound),
            relay_address,
            config.domain.clone(),
        );
        let entrance = Entrance::new(limits.connections, tasks.clone());
        let relay = relay
            .map(|listening| {
                let setting = relay::Setting {
                    realm: &config.domain,
                    secret: relay_secret,
                    config: &config.relaying,
                    tls: tls.as_ref().map(|tls| tls.acceptor(&[])),
                    entrance: entrance.clone(),
                    patience: limits.request_time,
                };
                relay::serve(listening, setting, &tasks)
            })
            .transpose()
            .map_err(StartError::Thread)?;

        if let Some((listener, _)) = http {
            serve_http(&entrance, &tasks, listener, front.clone(), None);
        }
        if let (Some((listener, _)), Some(tls)) = (https, &tls) {
            serve_http(
                &entrance,
                &tasks,
                listener,
                front,
                Some(tls.acceptor(&[HTTP])),
            );
        }
        if let Some((listener, _)) = xmpp {
            let tls = tls.as_ref().map(|tls| tls.acceptor(&[XMPP]));
            serve_xmpp(
                &entrance,
                &tasks,
                listener,
                Arc::clone(&chat),
                Security::OnRequest(tls),
            );
        }
        if let (Some((listener, _)), Some(tls)) = (xmpps, &tls) {
            serve_xmpp(
                &entrance,
                &tasks,
                listener,
                chat,
                Security::Direct(tls.acceptor(&[XMPP])),
            );
        }
        tasks.spawn(revocation::watch(
            store,
            directory,
            limits.session_idle,
            tasks.clone(),
        ));
        Ok(Self {
            ready,
            tasks: tasks_end,
            store: store_thread,
            relay,
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

    /// Ends the server: chat streams are closed in good order, requests under
    /// way are answered. Takes no longer than [`Limits::shutdown_time`] and
    /// the database work under way.
    ///
    /// [`Limits::shutdown_time`]: crate::Limits::shutdown_time
    pub async fn shutdown(self) {
        self.tasks.finish(self.shutdown_time).await;
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
    let encrypted = config.https.or(config.xmpps).or(exposed);
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

fn routes(accounts: Accounts, chat: Arc<Chat>) -> Router {
    let routes = account::routes(Arc::new(accounts))
        .merge(chat::routes(chat))
        .merge(web::routes());
    account::with_cors(routes)
}

fn serve_http(
    entrance: &Entrance,
    tasks: &Tasks,
    listener: TcpListener,
    front: Front,
    tls: Option<TlsAcceptor>,
) {
    let serve = move |stream, peer, slot| front.clone().serve(stream, peer, slot, tls.clone());
    tasks.spawn(entrance.clone().admit(listener, serve));
}

fn serve_xmpp(
    entrance: &Entrance,
    tasks: &Tasks,
    listener: TcpListener,
    chat: Arc<Chat>,
    security: Security,
) {
    let serve = move |stream, peer, slot| {
        chat::serve(Arc::clone(&chat), stream, peer, slot, security.clone())
    };
    tasks.spawn(entrance.clone().admit(listener, serve));
}

fn bound(listener: &Option<(TcpListener, SocketAddr)>) -> Option<SocketAddr> {
    listener.as_ref().map(|(_, address)| *address)
}

async fn listen(
    address: Option<SocketAddr>,
) -> Result<Option<(TcpListener, SocketAddr)>, StartError> {
    let Some(address) = address else {
        return Ok(None);
    };
    let failed = |source| refused(address, source);
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok(Some((listener, bound)))
}

async fn listen_for_relay(address: Option<SocketAddr>) -> Result<Option<Listening>, StartError> {
    let Some(address) = address else {
        return Ok(None);
    };
    let listening = relay::listen(address).await;
    listening
        .map(Some)
        .map_err(|source| refused(address, source))
}

fn refused(address: SocketAddr, source: io::Error) -> StartError {
    if source.kind() == io::ErrorKind::AddrInUse {
        StartError::AddressInUse { address }
    } else {
        StartError::Address { address, source }
    }
}

impl Ready {
    /// From the addresses of HTTP, HTTPS, XMPP over TCP and over TLS.
    fn new(
        [http, https, xmpp, xmpps]: [Option<SocketAddr>; 4],
        relay: Option<SocketAddr>,
        domain: String,
    ) -> Self {
        Self {
            ready: true,
            http: http.map(|address| format!("http://{address}")),
            https: https.map(|address| format!("https://{address}")),
            ws: http.map(|address| format!("ws://{address}/ws")),
            wss: https.map(|address| format!("wss://{address}/ws")),
            xmpp: xmpp.map(|address| address.to_string()),
            xmpps: xmpps.map(|address| address.to_string()),
            relay: relay.map(|address| address.to_string()),
            domain,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_off_is_left_out() {
        let http = Some("127.0.0.1:8080".parse().unwrap());
        let relay = Some("[::1]:3478".parse().unwrap());
        let xmpp = Some("127.0.0.1:5222".parse().unwrap());
        let ready = Ready::new([http, None, xmpp, None], relay, "localhost".to_owned());
        assert_eq!(
            serde_json::to_string(&ready).unwrap(),
            r#"{"ready":true,"http":"http://127.0.0.1:8080","ws":"ws://127.0.0.1:8080/ws","xmpp":"127.0.0.1:5222","relay":"[::1]:3478","domain":"localhost"}"#
        );
    }

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
