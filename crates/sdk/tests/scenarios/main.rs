//! The SDK as an app uses it: clients in one process, with signals that go from one to
//! the other without a server, and real connections between them; and chat clients with a
//! server in this process.
#![allow(clippy::unwrap_used)]

mod destroying;
mod doctor;
mod exchange;
mod line;
mod people;
mod recorded;
mod refusals;
mod renewed_credentials;
mod signals_survive_a_dead_socket;
mod subscriptions;
mod switched_off;
