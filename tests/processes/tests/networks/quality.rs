//! What keeps a call from being good is named, on the side and in the direction where it is so,
//! and nothing else is.

use std::collections::BTreeMap;
use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use visavis_interop_tests::distant::{CALLER, DistantCall, Setting, Ways};
use visavis_interop_tests::nat::{Line, Nat};
use visavis_interop_tests::program::Program;

use crate::trial;

/// Seconds until trouble shows in what is told, and until it is read.
const SETTLING: usize = 7;
const READ: usize = 5;
/// More calls than these keep each other from their pictures, which is trouble of its own.
const AT_ONCE: usize = 2;

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("every_cause_is_told_from_the_others", matrix)]
}

/// What is wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    Nothing,
    Held,
    NoData,
    RelayTcp,
    Loss,
    LowBandwidth,
    CameraOff,
    OtherSide,
}

use Trouble::*;

/// The trouble is always the caller's: whether it shows at his side, in which direction, and how
/// it is named.
const SCENES: &[(Trouble, bool, &str, &str)] = &[
    (Nothing, true, "in", "none"),
    (Nothing, true, "out", "none"),
    (Held, true, "out", "held"),
    (Held, false, "in", "held"),
    (NoData, false, "in", "no_data"),
    (RelayTcp, true, "in", "relay_tcp"),
    (RelayTcp, true, "out", "relay_tcp"),
    (RelayTcp, false, "in", "none"),
    (Loss, true, "out", "loss"),
    (Loss, true, "in", "none"),
    (Loss, false, "in", "loss"),
    (Loss, false, "out", "none"),
    (LowBandwidth, true, "out", "low_bandwidth"),
    (CameraOff, true, "out", "camera_off"),
    (CameraOff, true, "in", "none"),
    (CameraOff, false, "in", "camera_off"),
    (OtherSide, false, "in", "other_side"),
];

impl Trouble {
    async fn begin(self) -> DistantCall {
        // Names of networks are short.
        let name = format!("q{}", self as u8);
        let setting = match self {
            RelayTcp => Setting {
                ways: Some(Ways(Line::v4(Nat::NoUdp), Line::v4(Nat::FullCone))),
                ..Setting::default()
            },
            OtherSide => Setting {
                pictures: Some("pattern:320x240@3"),
                ..Setting::default()
            },
            _ => Setting::default(),
        };
        let mut call = DistantCall::begin_with(&name, setting).await;
        let (host, _) = CALLER;
        match self {
            Held => call.caller.tell(&json!({ "do": "hold" })).await,
            CameraOff => call.caller.tell(&json!({ "do": "camera_off" })).await,
            NoData => call.network.cut(host),
            Loss => call.network.lose(host, 12),
            LowBandwidth => call.network.narrow(host, 180),
            Nothing | RelayTcp | OtherSide => {}
        }
        call
    }

    /// What both sides were told in each direction: `(caller, callee)`.
    async fn play(self) -> [BTreeMap<&'static str, String>; 2] {
        let mut call = self.begin().await;
        let (caller, callee) = match self {
            // It lasts four seconds and a half before the connection counts as lost.
            NoData => tokio::join!(told(&mut call.caller, 0), until_no_data(&mut call.callee)),
            _ => tokio::join!(
                told(&mut call.caller, SETTLING),
                told(&mut call.callee, SETTLING)
            ),
        };
        [caller, callee]
    }
}

fn causes(quality: &Value) -> BTreeMap<&'static str, String> {
    ["in", "out"]
        .into_iter()
        .map(|direction| {
            let cause = quality[direction]["cause"].as_str().unwrap_or("none");
            (direction, cause.to_owned())
        })
        .collect()
}

/// What is told most often in the seconds after the first ones.
async fn told(side: &mut Program, settling: usize) -> BTreeMap<&'static str, String> {
    for _ in 0..settling {
        side.until("stats").await;
    }
    let mut counts: BTreeMap<&str, BTreeMap<String, usize>> = BTreeMap::new();
    for _ in 0..READ {
        let stats = side.until("stats").await;
        for (direction, cause) in causes(&stats["quality"]) {
            *counts
                .entry(direction)
                .or_default()
                .entry(cause)
                .or_default() += 1;
        }
    }
    let most = |causes: BTreeMap<String, usize>| causes.into_iter().max_by_key(|(_, n)| *n);
    counts
        .into_iter()
        .filter_map(|(direction, causes)| Some((direction, most(causes)?.0)))
        .collect()
}

/// The first news after the link was cut.
async fn until_no_data(side: &mut Program) -> BTreeMap<&'static str, String> {
    let bad = |event: &Value| event["quality"]["in"]["score"] == 0;
    causes(&side.until_one("quality_changed", bad).await["quality"])
}

async fn matrix() {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut scenes = JoinSet::new();
    let troubles = [
        Nothing,
        Held,
        NoData,
        RelayTcp,
        Loss,
        LowBandwidth,
        CameraOff,
        OtherSide,
    ];
    for trouble in troubles {
        let places = Arc::clone(&places);
        scenes.spawn(async move {
            let _place = places.acquire_owned().await;
            (trouble, trouble.play().await)
        });
    }
    let played = scenes.join_all().await;

    let mut table = String::new();
    let mut wrong = Vec::new();
    for (trouble, at_caller, direction, expected) in SCENES {
        let (_, sides) = played.iter().find(|(of, _)| of == trouble).expect("played");
        let found = &sides[usize::from(!at_caller)][direction];
        let side = if *at_caller { "caller" } else { "callee" };
        let row = format!("{trouble:?} at the {side}, {direction}: {expected}, found {found}");
        table += &format!("{row}\n");
        if found != expected {
            wrong.push(row);
        }
    }
    println!("{table}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
