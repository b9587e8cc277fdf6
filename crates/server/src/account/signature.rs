//! The signature of a session request (wire format section 1.2).
//!
//! Every field but the signature, raw, as `name=value`, sorted, joined with
//! `&`; HMAC with the application's secret as key, in hexadecimal. SHA-1 and
//! SHA-256 are told apart by length.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;

use super::fields::Fields;
use crate::store::Secret;

const SHA1_BYTES: usize = 20;
const SHA256_BYTES: usize = 32;

/// Whether the `signature` among the fields fits the others, in constant time.
pub(super) fn fits(fields: &Fields, secret: &Secret) -> bool {
    let Some(signature) = fields.get("signature").and_then(unhex) else {
        return false;
    };
    let signed = string_to_sign(fields);
    let key = secret.reveal().as_bytes();
    match signature.len() {
        SHA1_BYTES => verify::<Hmac<Sha1>>(key, &signed, &signature),
        SHA256_BYTES => verify::<Hmac<Sha256>>(key, &signed, &signature),
        _ => false,
    }
}

pub(super) fn string_to_sign(fields: &Fields) -> String {
    let mut parts: Vec<String> = fields
        .pairs()
        .filter(|(name, _)| *name != "signature")
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    parts.sort_unstable();
    parts.join("&")
}

fn verify<M: Mac + KeyInit>(key: &[u8], signed: &str, signature: &[u8]) -> bool {
    let Ok(mut mac) = <M as KeyInit>::new_from_slice(key) else {
        return false;
    };
    mac.update(signed.as_bytes());
    mac.verify_slice(signature).is_ok()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    text.as_bytes()
        .chunks(2)
        .map(|pair| {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn fields(form: &str) -> Fields {
        Fields::of_form(form.as_bytes()).unwrap()
    }

    #[test]
    fn the_string_to_sign_is_sorted_and_raw() {
        let fields = fields(
            "user[password]=p%26s&nonce=5156&user[login]=user101&signature=00\
             &application_id=4242&timestamp=1795348849&auth_key=key42",
        );
        assert_eq!(
            string_to_sign(&fields),
            "application_id=4242&auth_key=key42&nonce=5156&timestamp=1795348849\
             &user[login]=user101&user[password]=p&s"
        );
    }

    #[test]
    fn both_hashes_are_known_by_their_length() {
        // Made with OpenSSL over "a=1&b=2" and the key "secret".
        let secret = Secret::new("secret");
        let signed =
            |signature: &str| fits(&fields(&format!("b=2&a=1&signature={signature}")), &secret);
        assert!(signed("d0daf3a36c156b0f09b239867ac1dc665e1e0e4e"));
        assert!(signed(
            "604fe97c66c6393ff22e3cae366eee1131e351ebc736bf12f5d62e1755b7a233"
        ));
        assert!(!signed("d0daf3a36c156b0f09b239867ac1dc665e1e0e4e00"));
        assert!(!signed("zz"));
        assert!(!signed(""));
        assert!(!fits(
            &fields("a=1&b=3&signature=d0daf3a36c156b0f09b239867ac1dc665e1e0e4e"),
            &secret
        ));
    }
}
