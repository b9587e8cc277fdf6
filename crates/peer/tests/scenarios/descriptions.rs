//! Descriptions that cannot be used are refused with the fault, and the connection can
//! still be used with a good one.

use visavis_peer::DescriptionFault::{
    self, BadFingerprint, Malformed, NoBundle, NoCommonCodec, NoMedia,
};
use visavis_peer::{Connection, PeerEvent};

use crate::stage::{Alice, Bob, SOON, Stage, Who, replaced, without};

const BROWSER_OFFER: &str = include_str!("browser_offer.sdp");

fn faults(stage: &Stage, who: Who) -> Vec<DescriptionFault> {
    let faults = stage[who].events.iter().filter_map(|event| match event {
        PeerEvent::DescriptionRejected(fault) => Some(*fault),
        _ => None,
    });
    faults.collect()
}

/// Bytes without a pattern, as text.
fn random_text(seed: u64, bytes: usize) -> String {
    let mut state = seed;
    let bytes: Vec<u8> = (0..bytes)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 56) as u8
        })
        .collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The first section alone, and what stands before it.
fn session_part(sdp: &str) -> String {
    sdp.split("m=").next().unwrap_or_default().to_owned()
}

/// Every way to spoil a good description, and the fault that names it.
fn spoiled(good: &str) -> Vec<(&'static str, String, DescriptionFault)> {
    let rejected = good
        .replace("m=audio 9", "m=audio 0")
        .replace("m=video 9", "m=video 0");
    let data_only = format!(
        "{}m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n",
        session_part(good)
    );
    let foreign = good.replace("opus", "G722").replace("VP8", "H264");
    let fingerprint = |to: &str| {
        let lines = good
            .lines()
            .map(|line| match line.strip_prefix("a=fingerprint:") {
                Some(_) => format!("a=fingerprint:{to}\r\n"),
                None => format!("{line}\r\n"),
            });
        lines.collect::<String>()
    };
    let many = format!(
        "{good}{}",
        "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n".repeat(100)
    );
    vec![
        ("empty", String::new(), Malformed),
        ("no description", "hello".into(), Malformed),
        ("a line only", "v=0".into(), NoMedia),
        (
            "ten megabytes",
            format!("v=0\r\n{}", "a=x\r\n".repeat(2_000_000)),
            Malformed,
        ),
        (
            "one long line",
            format!("v=0{}", "0".repeat(100_000)),
            Malformed,
        ),
        ("random bytes", random_text(7, 20_000), Malformed),
        (
            "random bytes behind a good start",
            format!("v=0\r\n{}", random_text(8, 20_000)),
            NoMedia,
        ),
        ("zero bytes", "v=0\r\n\0\0\0".into(), NoMedia),
        ("no sections", session_part(good), NoMedia),
        ("rejected sections", rejected, NoMedia),
        ("data only", data_only, NoMedia),
        ("a hundred sections", many, Malformed),
        ("no bundle", without(good, "a=group:BUNDLE"), NoBundle),
        (
            "no fingerprint",
            without(good, "a=fingerprint"),
            BadFingerprint,
        ),
        (
            "a short fingerprint",
            fingerprint("sha-256 01:02:03"),
            BadFingerprint,
        ),
        (
            "an unknown hash",
            fingerprint("md7 01:02:03"),
            BadFingerprint,
        ),
        (
            "a fingerprint of letters",
            fingerprint(&format!("sha-1 {}", ["zz"; 20].join(":"))),
            BadFingerprint,
        ),
        ("other codecs", foreign, NoCommonCodec),
        ("no codecs", without(good, "a=rtpmap"), NoCommonCodec),
        (
            "no user name fragment",
            without(good, "a=ice-ufrag"),
            Malformed,
        ),
        ("no ICE password", without(good, "a=ice-pwd"), Malformed),
    ]
}

#[test]
fn every_spoiled_offer_is_refused_with_its_fault_and_a_good_one_still_connects() {
    let mut stage = Stage::new();
    let good = stage.offer(Alice);
    let cases = spoiled(&good);
    for (name, sdp, fault) in &cases {
        stage.act(Bob, |connection, _| connection.apply_offer(sdp));
        assert_eq!(faults(&stage, Bob), [*fault], "{name}");
        stage.act(Bob, Connection::create_answer);
        assert_eq!(stage[Bob].local_answer(), None, "{name}");
        stage[Bob].events.clear();
    }
    let answer = stage.answer(Bob, &good);
    stage.apply_answer(Alice, &answer);
    stage.run_until_connected();
}

#[test]
fn every_spoiled_answer_is_refused_with_its_fault_and_a_good_one_still_connects() {
    let mut stage = Stage::new();
    let offer = stage.offer(Alice);
    let good = stage.answer(Bob, &offer);
    for (name, sdp, fault) in &spoiled(&good) {
        stage.apply_answer(Alice, sdp);
        assert_eq!(faults(&stage, Alice), [*fault], "{name}");
        stage[Alice].events.clear();
    }
    stage.apply_answer(Alice, &good);
    stage.run_until_connected();
}

#[test]
fn line_feeds_alone_are_as_good() {
    let mut stage = Stage::new();
    let offer = replaced(&stage.offer(Alice), "\r\n", "\n");
    let answer = replaced(&stage.answer(Bob, &offer), "\r\n", "\n");
    stage.apply_answer(Alice, &answer);
    stage.run_until_connected();
}

#[test]
fn what_a_browser_offers_is_answered() {
    let mut stage = Stage::new();
    let answer = stage.answer(Bob, BROWSER_OFFER);
    assert!(faults(&stage, Bob).is_empty());
    assert!(answer.contains("opus/48000/2") && answer.contains("VP8/90000"));
}

/// What a line of a description may become.
fn mutations(line: &str) -> [String; 4] {
    [
        String::new(),
        format!("{line}\r\n{line}\r\n"),
        format!("{}\r\n", &line[..line.len() / 2]),
        format!("{line} 99999999999999999999 \u{1F600}\r\n"),
    ]
}

/// Whatever is wrong with one line of a browser's offer: it is answered or refused with
/// one fault, and if it was refused, a good offer is answered afterwards.
#[test]
fn one_wrong_line_is_tolerated_or_refused_and_never_ends_the_connection() {
    let lines: Vec<&str> = BROWSER_OFFER.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        for mutation in mutations(line) {
            let offer: String = lines
                .iter()
                .enumerate()
                .map(|(n, line)| match n == at {
                    true => mutation.clone(),
                    false => format!("{line}\r\n"),
                })
                .collect();
            let mut stage = Stage::new();
            stage.act(Bob, |connection, _| connection.apply_offer(&offer));
            stage.act(Bob, Connection::create_answer);
            let answered = stage[Bob].local_answer().is_some();
            let refused = faults(&stage, Bob).len();
            assert_eq!(usize::from(answered) + refused, 1, "{line} -> {mutation}");
            assert!(!stage[Bob].is_over(), "{line} -> {mutation}");
            if refused == 1 {
                stage[Bob].events.clear();
                stage.negotiate(Alice);
                stage.run_until_connected();
            }
        }
    }
}

/// As above, for the answer to our own offer.
#[test]
fn one_wrong_line_of_an_answer_is_tolerated_or_refused() {
    let mut model = Stage::new();
    let offer = model.offer(Alice);
    let good = model.answer(Bob, &offer);
    for at in 0..good.lines().count() {
        let mut stage = Stage::new();
        let offer = stage.offer(Alice);
        let good = stage.answer(Bob, &offer);
        let lines: Vec<&str> = good.lines().collect();
        let answer: String = lines
            .iter()
            .enumerate()
            .filter(|(n, _)| *n != at)
            .map(|(_, line)| format!("{line}\r\n"))
            .collect();
        stage.apply_answer(Alice, &answer);
        let refused = faults(&stage, Alice).len();
        assert!(refused <= 1, "{}", lines[at]);
        assert!(!stage[Alice].is_over(), "{}", lines[at]);
        if refused == 0 {
            assert!(stage[Alice].has(|event| matches!(event, PeerEvent::Checking)));
        }
    }
}

#[test]
fn a_refused_change_leaves_the_connection_as_it_was() {
    let mut stage = Stage::connected();
    stage.act(Alice, |connection, _| connection.renegotiate(true, true));
    let offer = stage[Alice].local_offer().unwrap();
    stage.forget_events();
    for (name, sdp, fault) in &spoiled(&offer) {
        stage.act(Bob, |connection, _| connection.apply_offer(sdp));
        assert_eq!(faults(&stage, Bob), [*fault], "{name}");
        stage[Bob].events.clear();
    }
    stage.run_for(SOON * 2);
    for who in [Alice, Bob] {
        assert!(!stage[who].has(|event| matches!(
            event,
            PeerEvent::Disconnected | PeerEvent::Failed(_) | PeerEvent::Closed
        )));
    }
}
