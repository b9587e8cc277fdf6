//! Whole processes against each other: real servers, callers and callees, with nothing
//! but sockets, signals and files between them.
#![allow(clippy::unwrap_used)]

mod a_call;
mod backups;
mod changes;
mod commands;
mod configuration;
mod coturn;
mod crashes;
mod decisions;
mod deployment;
mod doctor;
mod groups;
mod losses;
mod operation;
mod refusals;
mod scene;
mod several_devices;
mod strange_descriptions;
mod stranger;
mod traces;
mod ways_to_relays;
