//! Both ends of a stream, one behavior a file.
#![allow(clippy::unwrap_used)]

mod both_ends;
mod common;
mod hostile_input;
mod over_tcp;
mod recorded_login;
mod stream_errors;
mod stream_management;
