//! Calls through a relay that last longer than the right to use it.

use std::time::Duration;

use libtest_mimic::Trial;
use tokio::time::{Instant, timeout_at};
use visavis_interop_tests::distant::{CALLEE, CALLER, DistantCall, Setting};
use visavis_interop_tests::program::Program;

use crate::lasting_trial;
use crate::losses::hang_up;

/// How long the call takes, in seconds; `VISAVIS_LONG_CALL` says another time.
const LENGTH: u64 = 40;
/// Credentials hold, and allocations live, for a fraction of it.
const SHARE: u64 = 5;

pub(crate) fn trials() -> Vec<Trial> {
    let length = std::env::var("VISAVIS_LONG_CALL").ok();
    let length = length.map_or(LENGTH, |text| text.parse().expect("a number of seconds"));
    vec![lasting_trial(
        "long: a relayed call outlives credentials and allocations",
        Duration::from_secs(length),
        move || outlives(length),
    )]
}

/// The relay that both started with is theirs at the end, and every second brings pictures.
async fn outlives(length: u64) {
    let share = (length / SHARE).to_string();
    let setting = Setting {
        server: &[
            "--relay-credentials",
            &share,
            "--relay-default-lifetime",
            &share,
            "--relay-max-lifetime",
            &share,
        ],
        people: &["--ice", "relay"],
        ..Setting::default()
    };
    let mut call = DistantCall::begin_with("long", setting).await;
    let end = Instant::now() + Duration::from_secs(length);
    let (caller, callee) = tokio::join!(
        watch(&mut call.caller, CALLEE.1, end),
        watch(&mut call.callee, CALLER.1, end)
    );
    println!(
        "| {length} s of call | credentials and allocations of {share} s | seconds with pictures: \
         {caller} and {callee} |"
    );
    hang_up(call).await;
}

/// Until the end every second brings pictures through relays, and nothing is lost or looked for
/// anew; how many seconds these were.
async fn watch(side: &mut Program, other: u32, end: Instant) -> u32 {
    side.pass_over();
    let (mut seconds, mut pictures) = (0, None);
    while let Ok(line) = timeout_at(end, side.next()).await {
        let line = line.expect("the call goes on");
        let name = line["event"].as_str().unwrap_or_default();
        let lost = ["disconnected", "reconnecting", "frames_resumed", "closed"];
        assert!(!lost.contains(&name), "{line}");
        if name != "stats" || line["user"] != other {
            continue;
        }
        for candidate in ["local_candidate", "remote_candidate"] {
            assert_eq!(line[candidate], "relay", "{line}");
        }
        let received = line["frames_received"].as_u64().unwrap_or_default();
        assert!(pictures.is_none_or(|former| received > former), "{line}");
        pictures = Some(received);
        seconds += 1;
    }
    seconds
}
