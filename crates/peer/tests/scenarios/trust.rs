//! Only the one whom the description names can connect.

use std::time::Duration;

use visavis_peer::{FailCause, PeerEvent};

use crate::stage::{Alice, Bob, Packet, SOON, Stage, Who};

/// Longer than an attempt to connect may take.
const ATTEMPT: Duration = Duration::from_secs(40);

fn with_other_fingerprint(sdp: &str) -> String {
    let lines = sdp
        .lines()
        .map(|line| match line.strip_prefix("a=fingerprint:sha-256 ") {
            Some(bytes) => {
                let first = if bytes.starts_with("00") { "01" } else { "00" };
                format!("a=fingerprint:sha-256 {first}{}\r\n", &bytes[2..])
            }
            None => format!("{line}\r\n"),
        });
    lines.collect()
}

fn ends_because_of_encryption(stage: &Stage, who: Who) {
    assert_eq!(stage[who].failure(), Some(FailCause::Dtls), "{who:?}");
    assert!(!stage[who].is_connected(), "{who:?}");
}

#[test]
fn a_wrong_fingerprint_in_the_offer_never_connects() {
    let mut stage = Stage::new();
    let offer = with_other_fingerprint(&stage.offer(Alice));
    let answer = stage.answer(Bob, &offer);
    stage.apply_answer(Alice, &answer);
    stage.run_for(ATTEMPT);
    ends_because_of_encryption(&stage, Bob);
}

#[test]
fn a_wrong_fingerprint_in_the_answer_never_connects() {
    let mut stage = Stage::new();
    let offer = stage.offer(Alice);
    let answer = with_other_fingerprint(&stage.answer(Bob, &offer));
    stage.apply_answer(Alice, &answer);
    stage.run_for(ATTEMPT);
    ends_because_of_encryption(&stage, Alice);
}

#[test]
fn wrong_fingerprints_on_both_sides_never_connect() {
    let mut stage = Stage::new();
    let offer = with_other_fingerprint(&stage.offer(Alice));
    let answer = with_other_fingerprint(&stage.answer(Bob, &offer));
    stage.apply_answer(Alice, &answer);
    stage.run_for(ATTEMPT);
    ends_because_of_encryption(&stage, Alice);
    ends_because_of_encryption(&stage, Bob);
}

#[test]
fn a_failed_connection_says_so_once_and_closes() {
    let mut stage = Stage::new();
    let offer = with_other_fingerprint(&stage.offer(Alice));
    let answer = stage.answer(Bob, &offer);
    stage.apply_answer(Alice, &answer);
    stage.run_for(ATTEMPT);
    stage.act(Bob, |connection, _| connection.close());
    let ends = |event: &PeerEvent| matches!(event, PeerEvent::Failed(_) | PeerEvent::Closed);
    let kinds: Vec<_> = stage[Bob]
        .events
        .iter()
        .filter(|event| ends(event))
        .collect();
    assert!(
        matches!(
            kinds[..],
            [PeerEvent::Failed(FailCause::Dtls), PeerEvent::Closed]
        ),
        "{kinds:?}"
    );
    assert!(matches!(stage[Bob].events.last(), Some(PeerEvent::Closed)));
    assert!(stage[Bob].is_over());
}

#[test]
fn without_a_path_the_attempt_ends() {
    let mut stage = Stage::new();
    stage.cut_both_ways();
    stage.negotiate(Alice);
    stage.run_for(ATTEMPT);
    for who in [Alice, Bob] {
        assert_eq!(stage[who].failure(), Some(FailCause::NoPath));
        assert!(stage[who].is_over());
    }
}

#[test]
fn an_attempt_that_stops_after_the_path_was_found_is_one_of_the_encryption() {
    let mut stage = Stage::new();
    stage.negotiate(Alice);
    stage.run_until(SOON, |stage| {
        [Alice, Bob]
            .iter()
            .all(|who| stage[*who].has(|event| matches!(event, PeerEvent::IceConnected)))
    });
    assert!(!stage[Alice].is_connected() && !stage[Bob].is_connected());
    stage.cut_both_ways();
    stage.run_for(ATTEMPT);
    for who in [Alice, Bob] {
        assert_eq!(stage[who].failure(), Some(FailCause::Dtls), "{who:?}");
    }
}

/// Packets that anybody could send: each kind that is told by its first byte (RFC 7983),
/// empty, short and long.
fn strange_packets() -> Vec<Vec<u8>> {
    let mut packets = Vec::new();
    for first in [
        0, 1, 3, 20, 21, 22, 23, 25, 26, 30, 44, 60, 64, 79, 127, 128, 144, 191, 255,
    ] {
        for length in [1, 2, 12, 13, 20, 28, 64, 200, 1200, 2000] {
            let mut packet: Vec<u8> = (0..length).map(|n| (n * 31 % 251) as u8).collect();
            packet[0] = first;
            packets.push(packet.clone());
            if length >= 13 {
                // A DTLS 1.2 record of the first epoch whose length is right.
                packet[1..11].copy_from_slice(&[254, 253, 0, 0, 0, 0, 0, 0, 0, 200]);
                packet[11..13].copy_from_slice(&((length - 13) as u16).to_be_bytes());
                packets.push(packet.clone());
                // The same of the encrypted epoch.
                packet[4] = 1;
                packets.push(packet.clone());
            }
            if length >= 20 {
                // A STUN request with the cookie.
                packet[..4].copy_from_slice(&[0, 1, 0, (length - 20) as u8]);
                packet[4..8].copy_from_slice(&[0x21, 0x12, 0xA4, 0x42]);
                packets.push(packet);
            }
        }
    }
    // DTLS alerts in the clear: fatal, and the end.
    packets.push(vec![21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 250, 0, 2, 2, 40]);
    packets.push(vec![21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 251, 0, 2, 1, 0]);
    packets.push(Vec::new());
    packets
}

#[test]
fn packets_of_strangers_neither_end_nor_hinder_a_connection() {
    for source in ["203.0.113.9:9", "192.0.2.1:1000"] {
        let mut stage = Stage::new();
        stage.negotiate(Alice);
        let inject = |stage: &mut Stage| {
            for contents in strange_packets() {
                let packet = Packet {
                    source: source.parse().unwrap(),
                    destination: "198.51.100.2:2000".parse().unwrap(),
                    contents,
                };
                stage.receive(Bob, &packet);
            }
        };
        inject(&mut stage);
        stage.run_until_connected();
        inject(&mut stage);
        stage.run_for(SOON * 2);
        for who in [Alice, Bob] {
            let harm = |event: &PeerEvent| {
                matches!(
                    event,
                    PeerEvent::Disconnected | PeerEvent::Failed(_) | PeerEvent::Closed
                )
            };
            assert!(!stage[who].has(harm), "{who:?} {source}");
        }
    }
}
