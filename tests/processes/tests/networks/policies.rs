//! What a machine in two networks tells of itself.

use std::collections::BTreeSet;

use libtest_mimic::Trial;
use tokio::runtime::Handle;
use tokio::sync::mpsc::UnboundedReceiver;
use visavis_interop_tests::network::join;
use visavis_peer::{IcePolicy, PeerConfig, PeerConnection, PeerEvent};

use crate::trial;

/// One network leads to everybody, the other only to those who are in it.
const ROUTED: &str = "10.91.0.1";
const SECOND: &str = "10.92.0.1";

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial(
        "the policy default-route tells nothing of a second network",
        default_route,
    )]
}

struct Side {
    connection: PeerConnection,
    events: UnboundedReceiver<PeerEvent>,
    /// Every address that was told to the other side.
    told: BTreeSet<String>,
    is_connected: bool,
    is_done: bool,
}

impl Side {
    fn open(policy: IcePolicy) -> Self {
        let config = PeerConfig {
            policy,
            ..PeerConfig::default()
        };
        let (connection, events) = PeerConnection::open(config, &Handle::current());
        Self {
            connection,
            events,
            told: BTreeSet::new(),
            is_connected: false,
            is_done: false,
        }
    }

    fn tells(&mut self, text: &str) {
        let candidates = text.split("candidate:").skip(1);
        let addresses = candidates.filter_map(|candidate| candidate.split(' ').nth(4));
        self.told.extend(addresses.map(ToOwned::to_owned));
    }

    fn hear(&mut self, event: PeerEvent, other: &PeerConnection) {
        match event {
            PeerEvent::LocalOffer(sdp) => {
                self.tells(&sdp);
                other.apply_offer(sdp);
                other.create_answer();
            }
            PeerEvent::LocalAnswer(sdp) => {
                self.tells(&sdp);
                other.apply_answer(sdp);
            }
            PeerEvent::LocalCandidates(candidates) => {
                for candidate in &candidates {
                    self.tells(&candidate.candidate);
                }
                other.add_candidates(candidates);
            }
            PeerEvent::GatheringDone => self.is_done = true,
            PeerEvent::Connected => self.is_connected = true,
            PeerEvent::Failed(cause) => panic!("{cause:?}"),
            _ => {}
        }
    }
}

/// What a caller with this policy tells a callee with the same networks; the two are connected.
async fn told(policy: IcePolicy) -> BTreeSet<String> {
    let (mut caller, mut callee) = (Side::open(policy), Side::open(IcePolicy::All));
    caller.connection.create_offer();
    while ![&caller, &callee]
        .iter()
        .all(|side| side.is_connected && side.is_done)
    {
        tokio::select! {
            event = caller.events.recv() => caller.hear(event.unwrap(), &callee.connection),
            event = callee.events.recv() => callee.hear(event.unwrap(), &caller.connection),
        }
    }
    caller.told
}

async fn default_route() {
    join("routed", &format!("{ROUTED}/24"), true);
    join("second", &format!("{SECOND}/24"), false);
    let both = BTreeSet::from([ROUTED, SECOND].map(ToOwned::to_owned));
    assert_eq!(told(IcePolicy::All).await, both);
    let routed = BTreeSet::from([ROUTED.to_owned()]);
    assert_eq!(told(IcePolicy::DefaultRoute).await, routed);
}
