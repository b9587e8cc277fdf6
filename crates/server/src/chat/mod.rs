//! Chat: XMPP over WebSocket and TCP, which carries the signals of the calls.
//!
//! The protocol itself is `visavis_xmpp`'s; here are the sockets, who is
//! online, and who gets what (wire format section 2.7). Payloads are passed
//! on as they are; only contact lists and messages for those who are offline
//! are stored, and nothing ever crosses from one application to another.

mod account;
mod carbon;
mod connection;
mod contacts;
mod delivery;
mod directory;
mod discovery;
mod entry;
mod external_services;
mod glance;
mod kept;
mod listener;
mod login;
mod membership;
mod outbox;
mod presence;
mod requests;
mod resumption;
mod silence;
mod tcp;
mod throttle;
mod upgrade;
mod websocket;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::routing::any;
use visavis_xmpp::Jid;

pub(crate) use directory::Directory;
pub(crate) use listener::{Security, serve};

use crate::account::Gate;
use crate::config::Limits;
use crate::relay::RelayAccess;
use crate::store::StoreThread;
use crate::tasks::Tasks;
use resumption::Resumptions;

/// What all chat connections share.
#[derive(Debug)]
pub(crate) struct Chat {
    pub(crate) domain: Jid,
    pub(crate) gate: Arc<Gate>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) store: StoreThread,
    pub(crate) limits: Limits,
    pub(crate) relay: Option<RelayAccess>,
    pub(crate) tasks: Tasks,
    resumptions: Arc<Resumptions>,
}

impl Chat {
    pub(crate) fn new(
        domain: Jid,
        gate: Arc<Gate>,
        directory: Arc<Directory>,
        store: StoreThread,
        limits: Limits,
        relay: Option<RelayAccess>,
        tasks: Tasks,
    ) -> Self {
        Self {
            domain,
            gate,
            directory,
            store,
            limits,
            relay,
            tasks,
            resumptions: Arc::default(),
        }
    }
}

/// The WebSocket's route.
pub(crate) fn routes(chat: Arc<Chat>) -> Router {
    Router::new()
        .route("/ws", any(upgrade::upgrade))
        .with_state(chat)
}
