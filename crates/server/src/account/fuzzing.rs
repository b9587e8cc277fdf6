//! Any request body.

use axum::http::{HeaderMap, HeaderValue, header};
use form_urlencoded::Serializer;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use super::fields::{Fields, MAX_FIELDS};
use super::login::Credentials;
use super::{find, signature, users};
use crate::store::Secret;

/// A content type up to the first line end, then a body. What can be read is
/// bounded, means the same as a form, and can be signed.
///
/// # Panics
/// When that does not hold.
pub fn rest(input: &[u8]) {
    let cut = input.iter().position(|byte| *byte == b'\n');
    let (content_type, body) = cut.map_or((&b""[..], input), |at| (&input[..at], &input[at + 1..]));
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_bytes(content_type) {
        headers.insert(header::CONTENT_TYPE, value);
    }
    for fields in [Fields::of_body(&headers, body), Fields::of_form(body)]
        .into_iter()
        .flatten()
    {
        check(&fields);
    }
}

fn check(fields: &Fields) {
    let pairs: Vec<_> = fields.pairs().collect();
    assert!(pairs.len() <= MAX_FIELDS);
    assert!(form(&pairs).pairs().eq(pairs.iter().copied()));
    check_signature(&pairs);
    let _ = Credentials::nested(fields);
    let _ = Credentials::flat(fields);
    let _ = find::search(fields);
    let _ = users::profile(fields);
}

/// The fields are signed in whatever order they come.
fn check_signature(pairs: &[(&str, &str)]) {
    let (secret, other) = (Secret::new("secret"), Secret::new("other"));
    let mut signed: Vec<_> = pairs
        .iter()
        .copied()
        .filter(|(name, _)| *name != "signature")
        .collect();
    let mut mac = Hmac::<Sha1>::new_from_slice(b"secret").expect("any length will do");
    mac.update(signature::string_to_sign(&form(&signed)).as_bytes());
    let bytes = mac.finalize().into_bytes();
    let signature: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    signed.insert(0, ("signature", &signature));
    for _ in 0..2 {
        signed.reverse();
        // One more field than a request may have is refused before.
        if signed.len() <= MAX_FIELDS {
            assert!(signature::fits(&form(&signed), &secret));
            assert!(!signature::fits(&form(&signed), &other));
        }
    }
}

fn form(pairs: &[(&str, &str)]) -> Fields {
    let form = Serializer::new(String::new()).extend_pairs(pairs).finish();
    Fields::of_form(form.as_bytes()).expect("no more fields than there were")
}
