//! `attach_recorded`: a call between two clients goes the same way again, and what is private in
//! it is not in the traces.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use tokio::sync::mpsc::UnboundedReceiver;
use visavis::{
    Address, NotConnected, Recorder, Signal, Signaling, SignalingEvent, UserId, UserInfo,
};
use visavis_signal::{Body, Candidate, Description};
use visavis_trace::{Ending, Trace, draw, replay};

use crate::exchange::{Desk, Exchange};
use crate::people::{ALICE, BOB, Person, connected};

/// A desk that remembers what it said.
struct Overheard {
    desk: Desk,
    said: Arc<Mutex<Vec<Signal>>>,
}

impl Signaling for Overheard {
    fn user(&self) -> UserId {
        self.desk.user()
    }

    fn is_connected(&self) -> bool {
        self.desk.is_connected()
    }

    fn send(&self, to: &Address, signal: &Signal) -> Result<(), NotConnected> {
        self.said.lock().unwrap().push(signal.clone());
        self.desk.send(to, signal)
    }

    fn subscribe(&self) -> UnboundedReceiver<SignalingEvent> {
        self.desk.subscribe()
    }
}

/// What strangers must not learn of a signal.
fn private(signal: &Signal, found: &mut BTreeSet<String>) {
    match &signal.body {
        Body::Call { offer: description }
        | Body::Accept {
            answer: description,
        } => {
            secrets(description, found);
        }
        Body::IceCandidates(candidates) => addresses(candidates, found),
        _ => {}
    }
    found.extend(signal.user_info.iter().map(|(_, value)| value.to_owned()));
}

fn secrets(description: &Description, found: &mut BTreeSet<String>) {
    for line in description.as_str().lines() {
        let kept = ["a=fingerprint:", "a=ice-pwd:", "a=candidate:"];
        let secret = kept.iter().find_map(|start| line.strip_prefix(start));
        found.extend(secret.map(ToOwned::to_owned));
    }
}

fn addresses(candidates: &[Candidate], found: &mut BTreeSet<String>) {
    for candidate in candidates {
        // RFC 8839 §5.1: the address is the fifth word.
        let address = candidate.candidate.split(' ').nth(4);
        found.insert(address.expect("an address").to_owned());
        found.insert(candidate.candidate.to_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_call_can_be_replayed_and_gives_nothing_away() {
    let (exchange, said) = (Exchange::default(), Arc::default());
    let folder = tempfile::tempdir().unwrap();
    let files = ["alice", "bob"].map(|name| folder.path().join(name));
    let person = |user, file| {
        let recorder = Recorder::create(file).unwrap();
        let said = Arc::clone(&said);
        Person::attached(&exchange, user, |client, desk| {
            client.attach_recorded(Overheard { desk, said }, recorder)
        })
    };
    let (mut alice, mut bob) = (person(ALICE, &files[0]), person(BOB, &files[1]));
    let (ours, _theirs) = connected(&mut alice, &mut bob).await;
    let password = UserInfo::from_entries([("password", "correct horse")]).unwrap();
    ours.update(None, password).unwrap();
    ours.hang_up(UserInfo::from_entries([("why", "battery staple")]).unwrap())
        .unwrap();
    alice.closed().await;
    bob.closed().await;
    alice.client.destroy().await;
    bob.client.destroy().await;

    let mut secrets = BTreeSet::from(["desk".to_owned()]);
    for signal in said.lock().unwrap().iter() {
        private(signal, &mut secrets);
    }
    for expected in ["correct horse", "battery staple", "127.0.0.1"] {
        assert!(secrets.contains(expected), "{secrets:?}");
    }
    assert!(secrets.iter().any(|secret| secret.starts_with("sha-256 ")));
    for file in files {
        let text = std::fs::read_to_string(file).unwrap();
        for secret in &secrets {
            assert!(!text.contains(secret), "`{secret}` is in {text}");
        }
        let trace = Trace::read(text.as_bytes()).unwrap();
        assert_eq!(trace.ending, Some(Ending::Closed));
        let summary = replay(&trace).unwrap();
        assert!(summary.outputs > 20, "a whole call: {summary}");
        let picture = draw(&trace);
        for secret in &secrets {
            assert!(!picture.contains(secret), "`{secret}` is in the picture");
        }
    }
}
