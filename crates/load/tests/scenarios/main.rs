//! Load on a server of ours, and on one that makes mistakes.
#![allow(clippy::unwrap_used, missing_docs)]

mod clumsy;
mod faults_are_caught;
mod ours;
mod relays;
mod stage;
mod unable;
