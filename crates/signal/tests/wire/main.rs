//! The wire format: recorded, foreign, refused and random signals.
#![allow(clippy::unwrap_used)]

mod common;
mod extensions;
mod foreign_platforms;
mod properties;
mod recorded_signals;
mod refused_signals;
