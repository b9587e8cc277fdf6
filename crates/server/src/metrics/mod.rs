//! Numbers for the operator, in the text format of Prometheus (exposition
//! format 0.0.4).
//!
//! What happens often is counted by relaxed atomics that are looked up once.
//! What can be read at any time, such as who is online and how long a queue
//! is, is read when somebody asks. No label has a user, an application or an
//! address in it. `docs/operation.md` explains each number.

mod chat;
mod listener;
mod login;
mod process;
mod relay;
mod request;
mod sampled;

use std::fmt::Display;
use std::sync::Arc;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use prometheus::core::Collector;
use prometheus::{IntCounter, IntCounterVec, Opts, Registry, TEXT_FORMAT, TextEncoder};

pub(crate) use chat::ChatCounts;
pub(crate) use listener::{ListenerCounts, Open};
pub(crate) use login::{LoginCounts, Method, Outcome};
pub(crate) use request::{RequestCounts, count};
use sampled::Sampled;

use crate::account::Gate;
use crate::chat::{Census, Directory};
use crate::relay::StatusBoard;
use crate::store::StoreThread;
use crate::tls::Tls;

/// Name, meaning, and where it stands in the census.
type CensusPart = (&'static str, &'static str, fn(&Census) -> usize);

/// All numbers of one server.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    listeners: listener::Listeners,
    pub(crate) chat: ChatCounts,
    pub(crate) logins: LoginCounts,
    pub(crate) requests: RequestCounts,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let registry = Registry::new();
        process::register(&registry);
        Sampled::labeled(
            "visavis_build_info",
            "The release; the value is always 1.",
            "version",
            || vec![(env!("CARGO_PKG_VERSION"), 1.0)],
        )
        .register(&registry);
        Self {
            listeners: listener::Listeners::new(&registry),
            chat: ChatCounts::new(&registry),
            logins: LoginCounts::new(&registry),
            requests: RequestCounts::new(&registry),
            registry,
        }
    }

    /// The numbers of one listener.
    pub(crate) fn listener(&self, name: &'static str) -> ListenerCounts {
        self.listeners.counts(name)
    }

    /// From here on the answers tell who is online.
    pub(crate) fn watch_chat(&self, directory: &Arc<Directory>) {
        let gauges: [CensusPart; 4] = [
            (
                "visavis_chat_users",
                "Users with a bound stream.",
                |census| census.users,
            ),
            (
                "visavis_chat_streams",
                "Bound streams whose client is connected.",
                |census| census.connected,
            ),
            (
                "visavis_chat_streams_waiting",
                "Bound streams that wait for their client to come back.",
                |census| census.waiting,
            ),
            (
                "visavis_chat_outbox_bytes",
                "Bytes that wait for clients to read them.",
                |census| census.outbox_bytes,
            ),
        ];
        for (name, help, part) in gauges {
            let directory = Arc::clone(directory);
            self.gauge(name, help, move || part(&directory.census()) as f64);
        }
    }

    /// From here on the answers tell how the database keeps up.
    pub(crate) fn watch_store(&self, store: &StoreThread) {
        registered(&self.registry, Ok(store.durations().clone()));
        let store = store.clone();
        self.gauge(
            "visavis_store_queue",
            "Jobs that wait for the database.",
            move || store.waiting() as f64,
        );
    }

    /// From here on the answers tell how many passwords are being checked.
    pub(crate) fn watch_gate(&self, gate: &Arc<Gate>) {
        let busy = Arc::clone(gate);
        self.gauge(
            "visavis_password_workers_busy",
            "Passwords being hashed.",
            move || busy.hashing() as f64,
        );
        let queue = Arc::clone(gate);
        self.gauge(
            "visavis_password_queue",
            "Passwords that wait to be hashed.",
            move || queue.waiting() as f64,
        );
    }

    /// From here on the answers tell when the certificate ends.
    pub(crate) fn watch_tls(&self, tls: &Tls) {
        let certificate = tls.certificate();
        Sampled::gauge(
            "visavis_tls_certificate_expiry_timestamp_seconds",
            "When the certificate in use ends, in Unix time.",
            move || certificate.not_after().map(|end| end.0 as f64),
        )
        .register(&self.registry);
    }

    /// From here on the answers tell what the relay does.
    pub(crate) fn watch_relay(&self, board: &StatusBoard) {
        relay::register(&self.registry, board);
    }

    fn gauge(
        &self,
        name: &'static str,
        help: &'static str,
        read: impl Fn() -> f64 + Send + Sync + 'static,
    ) {
        Sampled::gauge(name, help, move || Some(read())).register(&self.registry);
    }

    /// The answer to `GET /metrics`.
    pub(crate) fn page(&self) -> Response {
        match TextEncoder::new().encode_to_string(&self.registry.gather()) {
            Ok(text) => ([(header::CONTENT_TYPE, TEXT_FORMAT)], text).into_response(),
            Err(error) => {
                tracing::error!(%error, "the numbers cannot be written");
                axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

/// Enters a collector.
fn registered<C: Collector + Clone + 'static>(
    registry: &Registry,
    made: prometheus::Result<C>,
) -> C {
    let entered = made.and_then(|collector| {
        registry.register(Box::new(collector.clone()))?;
        Ok(collector)
    });
    entered.expect("the names are valid, and no two are the same")
}

/// A counter with one label, for each of its values.
fn counters<const N: usize>(
    registry: &Registry,
    name: &str,
    help: &str,
    label: &str,
    values: [&str; N],
) -> [IntCounter; N] {
    let family = IntCounterVec::new(Opts::new(name, help), &[label]);
    let family = registered(registry, family);
    values.map(|value| family.with_label_values(&[value]))
}

fn counter(registry: &Registry, name: impl Display, help: &str) -> IntCounter {
    registered(registry, IntCounter::new(name.to_string(), help))
}
