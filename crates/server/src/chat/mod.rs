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
mod departure;
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
mod upgrade;
mod websocket;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::routing::any;
use visavis_xmpp::Jid;

pub(crate) use departure::Departures;
pub(crate) use directory::{Census, Directory};
pub(crate) use listener::serve;
pub(crate) use resumption::Resumptions;

use crate::account::Gate;
use crate::config::Limits;
use crate::metrics::Metrics;
use crate::relay::RelayAccess;
use crate::store::StoreThread;
use crate::tasks::Tasks;
use crate::throttle::Throttles;
use account::Account;
use outbox::End;

/// What all chat connections share.
#[derive(Debug)]
pub(crate) struct Chat {
    pub(crate) domain: Jid,
    pub(crate) gate: Arc<Gate>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) store: StoreThread,
    pub(crate) limits: Limits,
    /// How much each user sends, if that is bounded.
    pub(crate) rates: Option<Throttles<Account>>,
    pub(crate) relay: Option<RelayAccess>,
    pub(crate) tasks: Tasks,
    pub(crate) metrics: Arc<Metrics>,
    /// When streams end while the server closes.
    pub(crate) departures: Arc<Departures>,
    /// Streams that can be claimed; none at first.
    pub(crate) resumptions: Arc<Resumptions>,
}

impl Chat {
    /// Counts a stream that has to end.
    fn note_end(&self, end: End) {
        if end == End::TooSlow {
            self.metrics.chat.overflows.inc();
        }
    }
}

/// The WebSocket's route.
pub(crate) fn routes(chat: Arc<Chat>) -> Router {
    Router::new()
        .route("/ws", any(upgrade::upgrade))
        .with_state(chat)
}
