//! Calls between people behind boxes of every kind.

use libtest_mimic::Trial;
use serde_json::Value;
use visavis_interop_tests::distant::{CALLEE, DistantCall, Setting, Ways};
use visavis_interop_tests::nat::{FIREWALLS, Firewall, Line, NATS, Nat};

use crate::trial;

/// The pairs that always run; `VISAVIS_NATS=all` runs every one.
const SOME: [(Line, Line); 9] = [
    (Line::v4(Nat::FullCone), Line::v4(Nat::Symmetric)),
    (Line::v4(Nat::PortRestricted), Line::v4(Nat::PortRestricted)),
    (Line::v4(Nat::Restricted), Line::v4(Nat::Symmetric)),
    (Line::v4(Nat::Symmetric), Line::v4(Nat::PortRestricted)),
    (Line::v4(Nat::NoUdp), Line::v4(Nat::NoUdp)),
    (Line::v4(Nat::Only443), Line::v4(Nat::FullCone)),
    (
        Line::v6(Firewall::Closed),
        Line::dual(Nat::PortRestricted, Firewall::Closed),
    ),
    (
        Line::v6(Firewall::Open),
        Line::dual(Nat::Symmetric, Firewall::NoUdp),
    ),
    (
        Line::dual(Nat::Only443, Firewall::NoUdp),
        Line::v6(Firewall::NoUdp),
    ),
];

pub(crate) fn trials() -> Vec<Trial> {
    let all = std::env::var("VISAVIS_NATS").is_ok_and(|which| which == "all");
    let pairs = if all { every_pair() } else { SOME.to_vec() };
    let trials = pairs.into_iter().enumerate().map(|(number, pair)| {
        let name = format!("nat: {} calls {}", pair.0, pair.1);
        trial(&name, move || connects(number, pair))
    });
    trials.collect()
}

/// Each kind of translation with each over IPv4, and IPv6 alone with both families, both ways.
fn every_pair() -> Vec<(Line, Line)> {
    let mut pairs = Vec::new();
    for one in NATS {
        pairs.extend(NATS.map(|other| (Line::v4(one), Line::v4(other))));
    }
    for alone in FIREWALLS.map(Line::v6) {
        for nat in NATS {
            for both in FIREWALLS.map(|firewall| Line::dual(nat, firewall)) {
                pairs.extend([(alone, both), (both, alone)]);
            }
        }
    }
    pairs
}

/// The candidates of both sides and what carries the packets.
fn pair(stats: &Value) -> Option<(String, bool)> {
    let kinds = [
        stats["local_candidate"].as_str()?,
        stats["remote_candidate"].as_str()?,
    ];
    let transport = stats["transport"].as_str()?;
    let relayed = kinds.contains(&"relay");
    Some((format!("{}/{transport} to {}", kinds[0], kinds[1]), relayed))
}

/// The two see each other, straight where that is possible, otherwise through the relay.
async fn connects(number: usize, (caller, callee): (Line, Line)) {
    let straight = caller.goes_straight(callee);
    let setting = Setting {
        ways: Some(Ways(caller, callee)),
        ..Setting::default()
    };
    let mut call = DistantCall::begin_with(&format!("nat{number}"), setting).await;
    let at = |event: &str| {
        let line = call.caller.seen.iter().find(|line| line["event"] == event);
        line.and_then(|line| line["t"].as_f64()).unwrap_or(f64::NAN)
    };
    let took = at("connected") - at("accepted");
    // A straight path may be found after a relayed one.
    let used = |stats: &Value| {
        stats["user"] == CALLEE.1 && pair(stats).is_some_and(|(_, relayed)| relayed != straight)
    };
    let stats = call.caller.until_one("stats", used).await;
    call.caller.pictures_come_from(CALLEE.1).await;
    let (pair, _) = pair(&stats).expect("a pair");
    println!("| {caller} | {callee} | {pair} | {took:.0} ms |");
    call.caller
        .tell(&serde_json::json!({ "do": "hang_up" }))
        .await;
    let (caller, callee) = tokio::join!(call.caller.ended(), call.callee.ended());
    assert_eq!((caller.code, callee.code), (0, 0));
    call.cast.dismiss().await;
}
