//! What a trace holds, how it is read, replayed and drawn.
#![allow(clippy::unwrap_used)]

mod common;
mod picture;
mod private;
mod reading;
mod replaying;
mod size;
