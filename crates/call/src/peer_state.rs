//! The states of one peer of a call, and the one table of the ways between them.

use core::fmt;

use PeerState::{
    Checking, Closed, Connected, Connecting, DisconnectTimeout, Disconnected, Error, Failed,
    HungUp, New, NotAnswered, Pending, Rejected, Unknown, Wait,
};

/// Where we stand with one other user of a call.
///
/// ```text
///  ┌─────┐ offer sent ┌─────────┐ both         ┌────────────┐ ICE starts ┌──────────┐
///  │ New ├───────────►│ Pending ├─────────────►│ Connecting ├───────────►│ Checking │
///  └─────┘ or received└────▲────┘ descriptions └─────┬──────┘            └────┬─────┘
///  ┌──────┐ his offer came │                         └───────────┬───────────┘
///  │ Wait ├────────────────┤                                     │
///          no answer ──────┤                            found a  │ no pair works
///        NotAnswered       │                              pair   │ for now
///          rejected ───────┤                                     ▼
///        Rejected          │     ┌───────────┐        ┌──────────────┐
///                          │     │ Connected │◄──────►│ Disconnected │
///                          │     └─────┬─────┘        └──────┬───────┘
///                          │           │                     │
///                          │           ▼                     ▼
///                          │     ┌────────┐  time is up ┌───────────────────┐
///                          └────►│ Failed ├───────────►│ DisconnectTimeout │
///                                └────────┘            └───────────────────┘
/// ```
///
/// Not drawn: from every state before its end a peer may go to `Closed` (we left) and to `HungUp`
/// (he left), and before a connection to `Error` (his description is unusable). How a peer ended
/// stays readable: `NotAnswered`, `Rejected`, `HungUp`, `DisconnectTimeout`, `Error` and `Closed`
/// are ends, which only a user leaves who is called into the call again, for `New` or `Wait`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum PeerState {
    /// There is no such peer in this call.
    Unknown,
    /// No networking yet.
    New,
    /// A fellow callee whose offer we expect, since his id is the larger one. Calls between two
    /// users never have one.
    Wait,
    /// An offer is out, or in.
    Pending,
    /// Descriptions have been exchanged.
    Connecting,
    /// Pairs of candidates are being tried.
    Checking,
    /// Media flows.
    Connected,
    /// The connection is lost and may come back.
    Disconnected,
    /// The connection did not come back in time.
    DisconnectTimeout,
    /// We left, or the connection was given up.
    Closed,
    /// Nobody answered in time.
    NotAnswered,
    /// He does not want to talk.
    Rejected,
    /// He left.
    HungUp,
    /// No connection could be made, or the one there was broke.
    Failed,
    /// His session description cannot be used.
    Error,
}

/// From each state, the states that may follow.
const TABLE: [(PeerState, &[PeerState]); 15] = [
    (Unknown, AGAIN),
    (
        New,
        &[Pending, NotAnswered, Rejected, HungUp, Failed, Closed],
    ),
    (Wait, &[Pending, NotAnswered, Rejected, HungUp, Closed]),
    (
        Pending,
        &[
            Connecting,
            NotAnswered,
            Rejected,
            HungUp,
            Failed,
            Error,
            Closed,
        ],
    ),
    (
        Connecting,
        &[
            Checking,
            Connected,
            Disconnected,
            HungUp,
            Failed,
            Error,
            Closed,
        ],
    ),
    (
        Checking,
        &[Connected, Disconnected, HungUp, Failed, Error, Closed],
    ),
    (Connected, &[Disconnected, HungUp, Failed, Closed]),
    (
        Disconnected,
        &[Connected, DisconnectTimeout, HungUp, Failed, Closed],
    ),
    (DisconnectTimeout, AGAIN),
    (Closed, AGAIN),
    (NotAnswered, AGAIN),
    (Rejected, AGAIN),
    (HungUp, AGAIN),
    (Failed, &[Connected, DisconnectTimeout, HungUp, Closed]),
    (Error, AGAIN),
];

/// Called into a call that goes on, for the first time or once more.
const AGAIN: &[PeerState] = &[New, Wait];

impl PeerState {
    /// Every state.
    pub const ALL: [Self; 15] = [
        Unknown,
        New,
        Wait,
        Pending,
        Connecting,
        Checking,
        Connected,
        Disconnected,
        DisconnectTimeout,
        Closed,
        NotAnswered,
        Rejected,
        HungUp,
        Failed,
        Error,
    ];

    /// The states that may follow this one.
    pub const fn successors(self) -> &'static [Self] {
        TABLE[self as usize].1
    }

    /// Whether `next` may follow this state.
    pub fn may_become(self, next: Self) -> bool {
        self.successors().contains(&next)
    }

    /// Whether this peer is in the call: it may still connect, or is connected.
    pub const fn is_live(self) -> bool {
        !matches!(
            self,
            Unknown | DisconnectTimeout | Closed | NotAnswered | Rejected | HungUp | Error
        )
    }

    /// Whether there was a connection, or nearly, that is being repaired.
    pub const fn is_lost(self) -> bool {
        matches!(self, Disconnected | Failed)
    }

    /// Whether both descriptions are there, so that it is up to the network.
    pub const fn is_negotiated(self) -> bool {
        matches!(
            self,
            Connecting | Checking | Connected | Disconnected | Failed
        )
    }
}

impl fmt::Display for PeerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_its_rows_in_the_order_of_the_states() {
        for (row, state) in TABLE.iter().zip(PeerState::ALL) {
            assert_eq!(row.0, state);
        }
    }

    #[test]
    fn from_every_live_state_a_peer_can_be_closed() {
        for state in PeerState::ALL {
            assert_eq!(state.may_become(Closed), state.is_live(), "{state}");
        }
    }

    #[test]
    fn only_who_is_out_can_be_called_again() {
        for state in PeerState::ALL {
            let out = !state.is_live();
            assert_eq!(state.may_become(New), out, "{state}");
            assert_eq!(state.may_become(Wait), out, "{state}");
            assert!(!state.may_become(Unknown), "{state}");
        }
    }
}
