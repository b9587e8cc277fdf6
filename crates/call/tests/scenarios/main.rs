//! Scenarios in virtual time, one behaviour a file.
#![allow(clippy::unwrap_used)]

mod answering;
mod busy;
mod candidates;
mod chat_loss;
mod commands;
mod common;
mod connection;
mod devices;
mod fellows;
mod glare;
mod media;
mod nobody_answers;
mod over;
mod participants;
mod recording;
mod renegotiation;
mod repair;
mod states_document;
mod trust;
