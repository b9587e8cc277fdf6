//! The states of a call, and the one table of the ways between them.

use core::fmt;

use SessionState::{Closed, Connected, Connecting, GoingToClose, New, Pending};

/// Where a call stands.
///
/// ```text
///  create         incoming `call`
///    │                  │
///    ▼      start       ▼     accept           a peer connects
///  ┌─────┐        ┌─────────┐        ┌────────────┐        ┌───────────┐
///  │ New ├───────►│ Pending ├───────►│ Connecting ├───────►│ Connected │
///  └──┬──┘        └────┬────┘        └──────┬─────┘        └─────┬─────┘
///     │                │                    │                    │
///     └────────────────┴──────────┬─────────┴────────────────────┘
///                                 │ the last peer leaves
///                                 ▼
///                         ┌──────────────┐ its transports   ┌────────┐
///                         │ GoingToClose ├─────────────────►│ Closed │
///                         └──────────────┘ are released     └────────┘
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum SessionState {
    /// Created here; nothing has been sent.
    New,
    /// Offers are out, or one came in; somebody has to decide.
    Pending,
    /// Accepted; the first peer is being connected.
    Connecting,
    /// At least one peer has been connected.
    Connected,
    /// The last peer has left; connections are being released.
    GoingToClose,
    /// Over. Nothing follows.
    Closed,
}

/// From each state, the states that may follow.
const TABLE: [(SessionState, &[SessionState]); 6] = [
    (New, &[Pending, GoingToClose]),
    (Pending, &[Connecting, GoingToClose]),
    (Connecting, &[Connected, GoingToClose]),
    (Connected, &[GoingToClose]),
    (GoingToClose, &[Closed]),
    (Closed, &[]),
];

impl SessionState {
    /// Every state, in the order of a call's life.
    pub const ALL: [Self; 6] = [New, Pending, Connecting, Connected, GoingToClose, Closed];

    /// The states that may follow this one.
    pub const fn successors(self) -> &'static [Self] {
        TABLE[self as usize].1
    }

    /// Whether `next` may follow this state.
    pub fn may_become(self, next: Self) -> bool {
        self.successors().contains(&next)
    }

    /// Whether the call goes on, or may still begin.
    pub const fn is_open(self) -> bool {
        !matches!(self, GoingToClose | Closed)
    }
}

impl fmt::Display for SessionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_its_rows_in_the_order_of_the_states() {
        for (row, state) in TABLE.iter().zip(SessionState::ALL) {
            assert_eq!(row.0, state);
        }
    }

    #[test]
    fn every_open_state_can_end_and_closed_is_final() {
        for state in SessionState::ALL {
            assert_eq!(state.may_become(GoingToClose), state.is_open(), "{state}");
            assert_eq!(state.may_become(Closed), state == GoingToClose, "{state}");
        }
        assert!(Closed.successors().is_empty());
    }
}
