//! What must hold for whatever strangers send: one check for each parser that
//! they reach.
//!
//! A check takes what a fuzzer made up and panics when something does not hold;
//! that the parser itself does not panic is part of it. Checks that need the
//! inside of a crate are in its module `fuzzing`.
#![forbid(unsafe_code)]

mod client_stream;
mod relay;
mod relay_client;
mod server_stream;
mod signal;
mod tcp_stream;
mod text;

use visavis_peer::fuzzing as peer;
use visavis_server::fuzzing as server;
use visavis_xmpp::xml::Limits;

/// Takes what a stranger sent, and panics when something does not hold.
pub type Check = fn(&[u8]);

/// A check by its name, which is that of its fuzz target and its corpus.
pub const CHECKS: [(&str, Check); 11] = [
    ("candidate", peer::candidate),
    ("client_stream", client_stream::client_stream),
    ("description", peer::description),
    ("reflexive", peer::reflexive),
    ("relay_client", relay_client::relay_client),
    ("rest", server::rest),
    ("server_stream", server_stream::server_stream),
    ("signal", signal::signal),
    ("stun", relay::stun),
    ("tcp_stream", tcp_stream::tcp_stream),
    ("text", text::text),
];

/// Runs the check of that name.
///
/// # Panics
/// When something does not hold for `input`, or there is no such check.
pub fn run(name: &str, input: &[u8]) {
    let check = CHECKS.iter().find(|(known, _)| *known == name);
    check.expect("a check of that name").1(input);
}

/// Who the streams are of.
const DOMAIN: &str = "chat.qb.test";
const USER: &str = "101-4242";
const PASSWORD: &str = "pass101";

/// For what was written: escaping makes longer what came as CDATA or with LF.
const ROOMY: Limits = Limits {
    max_bytes: usize::MAX,
    max_depth: 16,
    max_nodes: 4096,
};
