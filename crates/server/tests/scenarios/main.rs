//! A server on loopback, seen from outside, one behavior a file.
#![allow(clippy::unwrap_used)]

mod carbons_stop_the_ringing;
mod certificates_are_renewed;
mod chat_login;
mod chat_over_tcp;
mod common;
mod contact_lists;
mod described_for_programs;
mod discovery;
mod encrypted;
mod framing_to_the_letter;
mod headlines_reach_every_device;
mod hostile_frames;
mod hostile_streams;
mod hostile_xml;
mod http_edges;
mod kept_messages;
mod logins_and_back_off;
mod many_streams;
mod nothing_secret_is_logged;
mod numbers_for_the_operator;
mod random_bytes;
mod readiness;
mod recordings;
mod relay;
mod sasl_abuse;
mod session_requests;
mod shutdown_and_restart;
mod slow_clients;
mod start_errors;
mod streams_are_resumed;
mod streams_end_with_their_accounts;
mod stun_binding;
mod the_operator_decides;
mod users_over_rest;
mod what_one_user_may_send;
