//! What the relay does.

use prometheus::Registry;

use super::sampled::Sampled;
use crate::relay::{RelayStatus, StatusBoard};

/// Name, meaning, and where it stands in the status.
type Number = (&'static str, &'static str, fn(&RelayStatus) -> u64);

const COUNTERS: [Number; 14] = [
    (
        "visavis_relay_bindings_total",
        "STUN binding requests answered.",
        |status| status.counters.bindings,
    ),
    (
        "visavis_relay_challenges_total",
        "Requests whose sender was asked to prove who he is, or failed to.",
        |status| status.counters.challenges,
    ),
    (
        "visavis_relay_throttled_total",
        "Requests without credentials not answered, because too many came at once.",
        |status| status.counters.throttled,
    ),
    (
        "visavis_relay_requests_granted_total",
        "Requests granted.",
        |status| status.counters.granted,
    ),
    (
        "visavis_relay_requests_refused_total",
        "Requests of known users refused.",
        |status| status.counters.refused,
    ),
    (
        "visavis_relay_allocations_made_total",
        "Allocations made.",
        |status| status.counters.allocations,
    ),
    (
        "visavis_relay_ignored_total",
        "Messages that are none, or that nobody may send.",
        |status| status.counters.ignored,
    ),
    (
        "visavis_relay_packets_to_peers_total",
        "Messages with data from clients to peers.",
        |status| status.counters.packets_to_peers,
    ),
    (
        "visavis_relay_to_peers_bytes_total",
        "Bytes of data from clients to peers.",
        |status| status.counters.bytes_to_peers,
    ),
    (
        "visavis_relay_packets_to_clients_total",
        "Messages with data from peers to clients.",
        |status| status.counters.packets_to_clients,
    ),
    (
        "visavis_relay_to_clients_bytes_total",
        "Bytes of data from peers to clients.",
        |status| status.counters.bytes_to_clients,
    ),
    (
        "visavis_relay_packets_handed_over_total",
        "Messages that went from one allocation to another inside.",
        |status| status.counters.handed_over,
    ),
    (
        "visavis_relay_packets_unwanted_total",
        "Data dropped for lack of a permission, a channel or a reachable peer.",
        |status| status.counters.unwanted,
    ),
    (
        "visavis_relay_packets_over_bandwidth_total",
        "Data dropped because a user had used up his bandwidth.",
        |status| status.counters.over_bandwidth,
    ),
];

pub(super) fn register(registry: &Registry, board: &StatusBoard) {
    let allocations = board.clone();
    Sampled::gauge(
        "visavis_relay_allocations",
        "Allocations that there are.",
        move || Some(allocations.read().allocations as f64),
    )
    .register(registry);
    for (name, help, part) in COUNTERS {
        let board = board.clone();
        Sampled::counter(name, help, move || Some(part(&board.read()) as f64)).register(registry);
    }
}
