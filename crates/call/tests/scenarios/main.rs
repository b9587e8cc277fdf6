//! Scenarios in virtual time, one behaviour a file.
#![allow(clippy::unwrap_used)]

mod answering;
mod busy;
mod candidates;
mod chat_loss;
mod commands;
mod common;
mod connection;
mod nobody_answers;
mod over;
mod recording;
mod repair;
mod states_document;
mod trust;
