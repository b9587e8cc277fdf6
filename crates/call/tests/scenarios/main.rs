//! Scenarios in virtual time, one behaviour a file.
#![allow(clippy::unwrap_used)]

mod a_call;
mod answering;
mod busy;
mod candidates;
mod chat_loss;
mod commands;
mod common;
mod connection;
mod glare;
mod mesh;
mod nobody_answers;
mod over;
mod participants;
mod recording;
mod repair;
mod several_calls;
mod states_document;
mod trust;
mod what_they_send;
