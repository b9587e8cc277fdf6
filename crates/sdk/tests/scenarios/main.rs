//! The SDK as an app uses it: clients in one process, with signals that go from one to
//! the other without a server, and real connections between them.
#![allow(clippy::unwrap_used)]

mod destroying;
mod exchange;
mod people;
mod refusals;
mod subscriptions;
mod switched_off;
