//! What call control was told and what it did about it, in a file: to be replayed, and to be drawn.
//!
//! Everything that happens in a call enters the pure core of `visavis-call` and everything that is
//! done comes out of it. A [`Recorder`] writes both down as they happen, one JSON object a line;
//! [`Trace::read`] reads them, [`replay`] feeds a new core with the same and proves that it does
//! the same, and [`draw`] makes a sequence diagram of them.
//!
//! A trace is to be handed to strangers, with a report of what went wrong. So it holds no session
//! description, no candidate, no address, no value of an app's user info and no name of a device:
//! in their places are stand-ins, numbered, the same one for the same text. The core looks into
//! none of these, it only compares some, and so a replay with the stand-ins goes the way that the
//! call went. What it holds is in `docs/trace.md`.
//!
//! This crate opens no file but the one that it is told to write, and reads no clock: time comes
//! with each step.
#![forbid(unsafe_code)]

mod diagram;
mod line;
mod read;
mod record;
mod replay;
mod stand_ins;

pub use diagram::draw;
pub use line::{Ending, Header};
pub use read::{Act, Outcome, Problem, ReadError, Step, Trace};
pub use record::{DEFAULT_LIMIT, Recorded, Recorder};
pub use replay::{Difference, ReplayError, Summary, replay};
