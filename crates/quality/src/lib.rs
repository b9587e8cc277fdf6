//! What the statistics of a call mean: a score from 0 to 5 for each direction, and when it is
//! below 5, the cause that a person can act on.
//!
//! A table of rules turns measures of one second into scores; the lowest counts. The first rule
//! of the table that costs a point names the cause, so rules that explain others stand before
//! them. `docs/quality.md` has the tables and what to do about each cause, and
//! `tests/quality/vectors.json` has examples that every implementation has to agree with.
//!
//! Pure: no clock, no sockets, and arithmetic that gives the same result everywhere.
#![no_std]
#![forbid(unsafe_code)]

mod cause;
mod measures;
mod rules;
mod steady;

pub use cause::Cause;
pub use measures::{Incoming, Outgoing};
pub use rules::{INCOMING, LOST_ALIKE, OUTGOING, Rule};
pub use steady::Steady;

/// The best score.
pub const BEST: u8 = 5;

/// How good one direction of a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Quality {
    /// From 0, nothing comes through, to 5, nothing to complain about.
    pub score: u8,
    /// What keeps it from being 5.
    pub cause: Option<Cause>,
}

/// Both directions, from where we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct CallQuality {
    /// What we see and hear of the other side.
    pub incoming: Quality,
    /// What the other side gets of us.
    pub outgoing: Quality,
}

impl Default for Quality {
    fn default() -> Self {
        Self {
            score: BEST,
            cause: None,
        }
    }
}
