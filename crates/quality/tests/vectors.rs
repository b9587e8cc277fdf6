//! The examples that every implementation agrees with, and the tables of the documentation.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use serde_json::Value;
use visavis_quality::{Cause, INCOMING, Incoming, LOST_ALIKE, OUTGOING, Outgoing, Quality, Rule};

const VECTORS: &str = include_str!("../../../tests/quality/vectors.json");
const DOCUMENTATION: &str = include_str!("../../../docs/quality.md");

fn vectors() -> Vec<Value> {
    serde_json::from_str(VECTORS).unwrap()
}

fn quality(vector: &Value) -> Quality {
    let measures = vector["measures"].as_object().unwrap();
    let mut taken = BTreeSet::new();
    let mut measure = |name: &'static str| {
        taken.insert(name);
        measures.get(name).map(|value| value.as_f64().unwrap())
    };
    let quality = match vector["direction"].as_str().unwrap() {
        "in" => Incoming {
            held: measure("held"),
            silent: measure("silent"),
            decoder_busy: measure("decoder_busy"),
            tcp: measure("tcp"),
            loss: measure("loss"),
            loss_elsewhere: measure("loss_elsewhere"),
            jitter_ms: measure("jitter_ms"),
            rtt_ms: measure("rtt_ms"),
            camera_off: measure("camera_off"),
            fps: measure("fps"),
            frozen: measure("frozen"),
            concealed: measure("concealed"),
        }
        .quality(),
        _ => Outgoing {
            held: measure("held"),
            encoder_busy: measure("encoder_busy"),
            tcp: measure("tcp"),
            loss: measure("loss"),
            loss_elsewhere: measure("loss_elsewhere"),
            bandwidth_kbit: measure("bandwidth_kbit"),
            rtt_ms: measure("rtt_ms"),
            camera_off: measure("camera_off"),
        }
        .quality(),
    };
    assert!(measures.keys().all(|name| taken.contains(&**name)));
    quality
}

#[test]
fn every_example_has_the_score_and_the_cause_that_it_names() {
    for vector in vectors() {
        let found = quality(&vector);
        let cause = found.cause.map(Cause::name);
        assert_eq!(vector["score"], found.score, "{vector}");
        assert_eq!(vector["cause"].as_str(), cause, "{vector}");
    }
}

#[test]
fn there_is_an_example_of_every_cause() {
    let named: BTreeSet<_> = vectors()
        .iter()
        .filter_map(|vector| vector["cause"].as_str().map(str::to_owned))
        .collect();
    let all: BTreeSet<_> = Cause::ALL.map(|cause| cause.name().to_owned()).into();
    assert_eq!(named, all);
}

#[test]
fn a_score_below_five_has_a_cause_and_five_has_none() {
    let shares = (0_u32..=20).map(|n| f64::from(n) / 20.0);
    for loss in shares {
        for tcp in [None, Some(0.0), Some(1.0)] {
            let measures = Incoming {
                loss: Some(loss),
                tcp,
                ..Incoming::default()
            };
            let quality = measures.quality();
            assert_eq!(quality.score < 5, quality.cause.is_some(), "{measures:?}");
        }
    }
}

fn row<M>(rule: &Rule<M>) -> String {
    format!(
        "| `{}` | `{}` | {} | {} | {} |",
        rule.cause.name(),
        rule.measure,
        rule.good,
        rule.bad,
        rule.least
    )
}

#[test]
fn the_documentation_has_the_tables_as_they_are() {
    for rows in [
        INCOMING.iter().map(row).collect::<Vec<_>>().join("\n"),
        OUTGOING.iter().map(row).collect::<Vec<_>>().join("\n"),
    ] {
        assert!(
            DOCUMENTATION.contains(&rows),
            "docs/quality.md lacks\n{rows}"
        );
    }
    assert!(DOCUMENTATION.contains(&format!("`lost_alike` {LOST_ALIKE}")));
    for cause in Cause::ALL {
        let explained = format!("| `{}` | ", cause.name());
        assert!(DOCUMENTATION.contains(&explained), "{explained}");
    }
}
