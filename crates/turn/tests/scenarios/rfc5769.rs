//! The test vectors of RFC 5769.
#![allow(clippy::unwrap_used)]

use stun_types::attribute::AttributeStaticType;
use stun_types::attribute::{Fingerprint, Username, XorMappedAddress};
use stun_types::message::{
    IntegrityAlgorithm, LongTermKeyCredentials, Message, MessageIntegrityCredentials,
    ShortTermCredentials,
};

use crate::common::{Answer, player, world};

const REQUEST: &str = "
    0001 0058 2112a442 b7e7a701bc34d686fa87dfae
    8022 0010 5354554e207465737420636c69656e74
    0024 0004 6e0001ff 8029 0008 932ff9b151263b36
    0006 0009 6576746a3a68367659202020
    0008 0014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2
    8028 0004 e57a3bcf";

const RESPONSE_V4: &str = "
    0101 003c 2112a442 b7e7a701bc34d686fa87dfae
    8022 000b 7465737420766563746f7220
    0020 0008 0001a147e112a643
    0008 0014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7
    8028 0004 c07d4c96";

const RESPONSE_V6: &str = "
    0101 0048 2112a442 b7e7a701bc34d686fa87dfae
    8022 000b 7465737420766563746f7220
    0020 0014 0002a1470113a9faa5d3f179bc25f4b5bed2b9d9
    0008 0014 a382954e4be67bf11784c97c8292c275bfe3ed41
    8028 0004 c8fb0b4c";

const LONG_TERM: &str = "
    0001 0060 2112a442 78ad3433c6ad72c029da412e
    0006 0012 e3839ee38388e383aae38383e382af e382b9 0000
    0015 001c 662f2f3439396b39353464364f4c33346f4c39465354767936347341
    0014 000b 6578616d706c652e6f726700
    0008 0014 f67024656dd64a3e02b8e0712e85c9a28ca89666";

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex
        .chars()
        .filter_map(|digit| u8::try_from(digit.to_digit(16)?).ok())
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

fn short_term() -> MessageIntegrityCredentials {
    ShortTermCredentials::new("VOkJxbRl1RmTxUk/WvJxBt".to_owned()).into()
}

#[test]
fn the_short_term_vectors_are_read() {
    let request = bytes(REQUEST);
    let request = Message::from_bytes(&request).unwrap();
    request.validate_integrity(&short_term()).unwrap();
    assert!(request.has_attribute(Fingerprint::TYPE));
    for (response, address) in [
        (RESPONSE_V4, "192.0.2.1:32853"),
        (RESPONSE_V6, "[2001:db8:1234:5678:11:2233:4455:6677]:32853"),
    ] {
        let response = bytes(response);
        let response = Message::from_bytes(&response).unwrap();
        response.validate_integrity(&short_term()).unwrap();
        let mapped = response.attribute::<XorMappedAddress>().unwrap();
        let mapped = mapped.addr(response.transaction_id());
        assert_eq!(mapped.to_string(), address);
    }
}

#[test]
fn the_relay_maps_addresses_as_the_vectors_do() {
    for (response, from) in [
        (RESPONSE_V4, "192.0.2.1:32853"),
        (RESPONSE_V6, "[2001:db8:1234:5678:11:2233:4455:6677]:32853"),
    ] {
        // The bare request, with the transaction id of the vectors.
        let mut request = bytes(REQUEST)[..20].to_vec();
        request[2..4].fill(0);
        let mut world = world();
        let client = player("anybody", from).client;
        let answer = Answer(world.packet(client, &request).unwrap());
        let vector = bytes(response);
        // Type and transaction, then the attribute, which comes after SOFTWARE in the vector.
        assert_eq!(answer.0[..2], vector[..2]);
        assert_eq!(answer.0[4..20], vector[4..20]);
        assert_eq!(answer.0[20..], vector[36..16 + answer.0.len()]);
    }
}

#[test]
fn the_ice_request_has_an_attribute_that_only_a_peer_understands() {
    let mut world = world();
    let client = player("anybody", "192.0.2.1:1").client;
    let answer = Answer(world.packet(client, &bytes(REQUEST)).unwrap());
    assert_eq!(answer.code(), 420);
    assert!(answer.has::<Fingerprint>());
}

#[test]
fn the_long_term_vector_is_authentic() {
    let request = bytes(LONG_TERM);
    let request = Message::from_bytes(&request).unwrap();
    let username = request.attribute::<Username>().unwrap();
    assert_eq!(username.username(), "マトリックス");
    let key = LongTermKeyCredentials::new(
        username.username().to_owned(),
        "TheMatrIX".to_owned(),
        "example.org".to_owned(),
    )
    .make_key(IntegrityAlgorithm::Sha1);
    request.validate_integrity_with_key(&key).unwrap();
}
