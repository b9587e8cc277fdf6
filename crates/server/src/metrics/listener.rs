//! Connections, by listener.

use prometheus::{IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};

use super::registered;

const LABEL: &[&str] = &["listener"];

#[derive(Debug)]
pub(super) struct Listeners {
    open: IntGaugeVec,
    accepted: IntCounterVec,
    turned_away: IntCounterVec,
}

/// The connections of one listener. All clones count together.
#[derive(Clone, Debug)]
pub(crate) struct ListenerCounts {
    name: &'static str,
    open: IntGauge,
    accepted: IntCounter,
    turned_away: IntCounter,
}

/// A connection that is open until this is dropped.
#[derive(Debug)]
pub(crate) struct Open(IntGauge);

impl Listeners {
    pub(super) fn new(registry: &Registry) -> Self {
        let counters =
            |name, help| registered(registry, IntCounterVec::new(Opts::new(name, help), LABEL));
        let open = Opts::new("visavis_connections", "Open TCP connections.");
        Self {
            open: registered(registry, IntGaugeVec::new(open, LABEL)),
            accepted: counters(
                "visavis_connections_accepted_total",
                "TCP connections accepted.",
            ),
            turned_away: counters(
                "visavis_connections_turned_away_total",
                "TCP connections closed at once because there were too many.",
            ),
        }
    }

    pub(super) fn counts(&self, name: &'static str) -> ListenerCounts {
        ListenerCounts {
            name,
            open: self.open.with_label_values(&[name]),
            accepted: self.accepted.with_label_values(&[name]),
            turned_away: self.turned_away.with_label_values(&[name]),
        }
    }
}

impl ListenerCounts {
    /// The listener's name.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn accepted(&self) -> Open {
        self.accepted.inc();
        self.open.inc();
        Open(self.open.clone())
    }

    pub(crate) fn turned_away(&self) {
        self.turned_away.inc();
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}
