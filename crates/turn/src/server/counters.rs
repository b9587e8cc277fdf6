//! What the relay has done so far.

/// Counts since the start. They only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Binding requests answered.
    pub bindings: u64,
    /// Requests whose sender was asked to prove who he is, or failed to.
    pub challenges: u64,
    /// Requests without credentials that were not answered, because too many came at once.
    pub throttled: u64,
    /// Requests granted.
    pub granted: u64,
    /// Requests of known users refused.
    pub refused: u64,
    /// Allocations made.
    pub allocations: u64,
    /// Messages that are none, or that nobody may send.
    pub ignored: u64,
    /// Messages with data from clients to peers.
    pub packets_to_peers: u64,
    /// Bytes of data in them.
    pub bytes_to_peers: u64,
    /// Messages with data from peers to clients.
    pub packets_to_clients: u64,
    /// Bytes of data in them.
    pub bytes_to_clients: u64,
    /// Messages that went from one allocation to another inside; counted in the four above as
    /// well.
    pub handed_over: u64,
    /// Data dropped for lack of a permission, a channel or a reachable peer.
    pub unwanted: u64,
    /// Data dropped because a user, or all together, had used up the bandwidth.
    pub over_bandwidth: u64,
}
