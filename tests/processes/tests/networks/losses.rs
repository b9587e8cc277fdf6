//! A link that is cut, for shorter and for longer than the disconnect time of 30 seconds.

use std::time::Duration;

use libtest_mimic::Trial;
use serde_json::json;
use tokio::join;
use tokio::time::sleep;
use visavis_interop_tests::distant::{ANOTHER_ADDRESS, CALLEE, CALLER, DistantCall, Setting};
use visavis_interop_tests::program::Program;

use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("a_link_that_is_cut_for_8_seconds_comes_back", || {
            comes_back("cut8", Duration::from_secs(8), None)
        }),
        trial("a_link_that_is_cut_for_25_seconds_comes_back", || {
            comes_back("cut25", Duration::from_secs(25), None)
        }),
        trial("a_link_that_is_cut_for_40_seconds_ends_the_call", || {
            ends("cut40", Duration::from_secs(40))
        }),
        trial("one_who_comes_back_under_another_address_goes_on", || {
            comes_back("moved", Duration::from_secs(8), Some(ANOTHER_ADDRESS))
        }),
        trial("one_who_has_another_address_at_once_goes_on", || {
            moves_at_once("moves", Setting::default())
        }),
        trial(
            "one_who_has_another_address_at_once_goes_on_through_a_relay",
            || {
                let people = &["--ice", "relay"];
                moves_at_once(
                    "relayed",
                    Setting {
                        people,
                        ..Setting::default()
                    },
                )
            },
        ),
    ]
}

async fn lost_and_found(side: &mut Program, other: u32) {
    for event in [
        "disconnected",
        "reconnecting",
        "reconnected",
        "frames_resumed",
    ] {
        assert_eq!(side.until(event).await["user"], other, "{event}");
    }
    side.pictures_come_from(other).await;
}

/// Chat is there too, and ends the call.
pub(crate) async fn hang_up(mut call: DistantCall) {
    call.caller.until_heard_by(&mut call.callee).await;
    call.caller.tell(&json!({ "do": "hang_up" })).await;
    let (caller, callee) = join!(call.caller.ended(), call.callee.ended());
    call.cast.dismiss().await;
    for side in [&caller, &callee] {
        assert_eq!(side.code, 0, "{}: {:?}", side.complaint, side.events());
        assert!(side.event("disconnect_timeout").is_none());
        // It is the same call all the time.
        let sessions = side
            .events()
            .into_iter()
            .filter(|name| *name == "start_close");
        assert_eq!(sessions.count(), 1);
    }
    assert!(callee.event("hung_up").is_some(), "{:?}", callee.events());
}

/// The callee is away for this long, and has another address then if one is given.
async fn comes_back(name: &str, time: Duration, address: Option<&str>) {
    let mut call = DistantCall::begin(name).await;
    let (host, _) = CALLEE;
    call.network.cut(host);
    sleep(time).await;
    if let Some(address) = address {
        call.network.readdress(host, address);
    }
    call.network.mend(host);
    join!(
        lost_and_found(&mut call.caller, CALLEE.1),
        lost_and_found(&mut call.callee, CALLER.1)
    );
    hang_up(call).await;
}

/// Both see the same: the other is lost and does not come back in time.
async fn ends(name: &str, time: Duration) {
    let call = DistantCall::begin(name).await;
    let (host, _) = CALLEE;
    call.network.cut(host);
    sleep(time).await;
    call.network.mend(host);
    let (caller, callee) = join!(call.caller.ended(), call.callee.ended());
    for (side, other) in [(caller, CALLEE.1), (callee, CALLER.1)] {
        assert_eq!(side.code, 7, "{}: {:?}", side.complaint, side.events());
        assert_eq!(side.complaint, "the connection was lost");
        assert_eq!(side.event("disconnect_timeout").unwrap()["user"], other);
        assert!(
            side.has_in_order(&[
                "disconnected",
                "reconnecting",
                "disconnect_timeout",
                "start_close",
                "closed",
                "summary",
            ]),
            "{:?}",
            side.events()
        );
        assert!(side.event("reconnected").is_none());
    }
    call.cast.dismiss().await;
}

/// As when another network is joined before the old one is missed.
async fn moves_at_once(name: &str, setting: Setting<'_>) {
    let mut call = DistantCall::begin_with(name, setting).await;
    call.network.readdress(CALLEE.0, ANOTHER_ADDRESS);
    join!(
        call.caller.pictures_come_from(CALLEE.1),
        call.callee.pictures_come_from(CALLER.1)
    );
    hang_up(call).await;
}
