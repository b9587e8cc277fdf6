//! The parsers that strangers can reach, for fuzzers.

/// Reads a request body and checks its signature.
pub fn rest_body(content_type: &[u8], body: &[u8]) {
    crate::account::read_body(content_type, body);
}
