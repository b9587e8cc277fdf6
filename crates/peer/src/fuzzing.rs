//! What must hold for any input, for the fuzzers and the tests in `fuzz/`.
//! Each function panics when it does not.

use std::net::SocketAddr;
use std::str;
use std::time::{Duration, Instant};

use str0m::Candidate;
use str0m::change::{SdpAnswer, SdpOffer};
use str0m::net::Protocol;

use crate::candidate::IceCandidate;
use crate::connection::{Connection, Poll};
use crate::description;
use crate::reflexive::Discovery;
use crate::{PeerConfig, PeerEvent};

/// Candidates, one a line. One that can be tried is written as it was read.
///
/// # Panics
/// When that does not hold.
pub fn candidate(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    for line in text.split('\n') {
        let candidate = IceCandidate {
            candidate: line.to_owned(),
            sdp_mid: None,
            sdp_mline_index: None,
        };
        if let Some(usable) = candidate.usable() {
            let written = usable.to_sdp_string();
            let read = Candidate::from_sdp_string(&written);
            assert_eq!(read.ok(), Some(usable), "{written}");
        }
    }
}

/// Descriptions, with a NUL between them. Each is normal once it was checked;
/// either role of a connection takes them all, one after the other.
///
/// # Panics
/// When that does not hold.
pub fn description(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    let descriptions: Vec<_> = text.split('\0').collect();
    let mut parsed = false;
    for sdp in &descriptions {
        if let Ok(checked) = description::check(sdp) {
            let normal = checked.sdp;
            let again = description::check(&normal).map(|again| again.sdp);
            assert_eq!(again.as_ref(), Ok(&normal));
            assert_eq!(normal.matches('\n').count(), normal.matches("\r\n").count());
            parsed |= SdpOffer::from_sdp_string(&normal).is_ok();
        }
    }
    // Opening connections takes longest.
    if parsed {
        answers(&descriptions);
        offers(&descriptions);
    }
}

fn answers(offers: &[&str]) {
    let mut now = Instant::now();
    let mut connection = connection(now);
    for offer in offers {
        connection.apply_offer(offer);
        connection.create_answer(now);
        settle(&mut connection, &mut now);
    }
}

fn offers(answers: &[&str]) {
    let mut now = Instant::now();
    let mut connection = connection(now);
    connection.create_offer();
    for answer in answers {
        connection.apply_answer(now, answer);
        settle(&mut connection, &mut now);
        connection.renegotiate(true, true);
    }
}

fn connection(now: Instant) -> Connection {
    let mut connection = Connection::new(PeerConfig::default(), now);
    connection.add_host(address("192.0.2.1:1000"));
    connection
}

/// A second passes.
fn settle(connection: &mut Connection, now: &mut Instant) {
    let until = *now + Duration::from_secs(1);
    for _ in 0..1000 {
        match connection.poll(*now) {
            Poll::Timeout(Some(next)) if next <= until => {
                *now = next.max(*now);
                connection.handle_timeout(*now);
            }
            Poll::Timeout(_) => return,
            Poll::Event(PeerEvent::LocalAnswer(sdp)) => {
                SdpAnswer::from_sdp_string(&sdp).expect("our answer can be read");
            }
            Poll::Event(_) | Poll::Transmit { .. } => {}
        }
    }
    panic!("it does not come to rest");
}

/// A packet to a socket that asks a server for its address. Only the server can
/// answer, and only once; the answer maps the socket that asked.
///
/// # Panics
/// When that does not hold.
pub fn reflexive(packet: &[u8]) {
    let (from, server) = (address("192.0.2.1:1000"), address("198.51.100.1:3478"));
    let now = Instant::now();
    let mut discovery = Discovery::default();
    discovery.ask(now, from, server);
    let (_, _, request) = discovery.poll(now).expect("a request is due");
    // A fuzzer cannot guess the transaction.
    let mut packet = packet.to_vec();
    if let Some(id) = packet.get_mut(8..20) {
        id.copy_from_slice(&request[8..20]);
    }
    assert_eq!(
        discovery.answer(address("198.51.100.2:3478"), &packet),
        None
    );
    if let Some(answer) = discovery.answer(server, &packet) {
        assert!(discovery.is_done());
        assert_eq!(discovery.answer(server, &packet), None);
        if let Some(mapped) = answer {
            assert_eq!(mapped.base, from);
            let _ = Candidate::server_reflexive(mapped.address, mapped.base, Protocol::Udp);
        }
    } else {
        assert!(!discovery.is_done());
    }
}

fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}
