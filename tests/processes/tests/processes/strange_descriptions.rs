//! Descriptions that no program of ours would send: the callee says what is wrong with
//! them, and takes the next real call.

use serde_json::json;
use tokio::runtime::Handle;
use visavis_interop_tests::program::Program;
use visavis_peer::{PeerConfig, PeerConnection, PeerEvent};

use crate::scene::{ALICE, BOB, CAROL, Scene, in_time, they_see_each_other};
use crate::stranger::Stranger;

/// A well-made offer; nobody is behind it.
const OFFER: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=rtcp-mux\r\na=mid:0\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\na=fingerprint:sha-256 01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F:20\r\na=setup:actpass\r\na=sendrecv\r\na=rtpmap:111 opus/48000/2\r\n";

fn without(what: &str) -> String {
    let lines = OFFER.lines().filter(|line| !line.contains(what));
    lines.map(|line| format!("{line}\r\n")).collect()
}

/// Alice calls Bob, they see each other, and Bob's part goes on.
async fn a_real_call_works(scene: &Scene, bob: &mut Program) {
    let mut alice = scene.call(ALICE, &[], &[BOB]);
    they_see_each_other(&mut alice, bob).await;
    alice.tell(&json!({ "do": "hang_up" })).await;
    bob.until_one("hung_up", |event| event["user"] == ALICE)
        .await;
    assert_eq!(alice.end().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unusable_description_is_named_and_the_next_call_works() {
    in_time(async {
        let scene = Scene::set("unusable").await;
        let mut bob = scene.answer(BOB, &[]).await;
        let mut stranger = Stranger::enter(&scene.cast, CAROL).await;
        for (sdp, fault) in [
            (without("m="), "it has no usable media section"),
            (without("BUNDLE"), "its media sections are not bundled"),
            (
                without("fingerprint"),
                "its fingerprint is missing or unusable",
            ),
            (without("rtpmap"), "it offers no codec that we have"),
            ("nonsense".to_owned(), "it is not a session description"),
        ] {
            stranger.call(BOB, &sdp).await;
            assert_eq!(bob.until("new_session").await["user"], CAROL);
            let rejected = bob.until("description_rejected").await;
            assert_eq!(
                (&rejected["user"], &rejected["fault"]),
                (&json!(CAROL), &json!(fault))
            );
            let session = rejected["session"].clone();
            bob.until_one("closed", |event| event["session"] == session)
                .await;
        }
        a_real_call_works(&scene, &mut bob).await;
        bob.terminate().await;
        assert_eq!(bob.end().await, 0);
        scene.end().await;
    })
    .await;
}

/// The description with the fingerprint of nobody's certificate.
fn with_other_fingerprint(sdp: &str) -> String {
    let fingerprint = |line: &&str| line.starts_with("a=fingerprint");
    let other = OFFER.lines().find(fingerprint).unwrap();
    let lines = sdp
        .lines()
        .map(|line| if fingerprint(&line) { other } else { line });
    lines.map(|line| format!("{line}\r\n")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_fingerprint_never_connects_and_the_next_call_works() {
    in_time(async {
        let scene = Scene::set("fingerprint").await;
        let mut bob = scene.answer(BOB, &["--disconnect-time", "10"]).await;
        let mut stranger = Stranger::enter(&scene.cast, CAROL).await;
        let config = PeerConfig {
            loopback: true,
            ..PeerConfig::default()
        };
        let (connection, mut events) = PeerConnection::open(config, &Handle::current());
        connection.create_offer();
        let offer = loop {
            match events.recv().await.expect("it goes on") {
                PeerEvent::LocalOffer(sdp) if sdp.contains("a=candidate") => break sdp,
                _ => {}
            }
        };
        stranger.call(BOB, &with_other_fingerprint(&offer)).await;
        connection.apply_answer(stranger.accepted().await);
        let failed = bob.until("connection_failed").await;
        assert_eq!(failed["user"], CAROL);
        // The encryption ends without a word; the signal is what tells the other side.
        assert_eq!(stranger.hung_up().await, "no-connection");
        let session = failed["session"].clone();
        a_real_call_works(&scene, &mut bob).await;
        bob.terminate().await;
        let bob = bob.ended().await;
        assert_eq!(bob.code, 0);
        let connected =
            |line: &&serde_json::Value| line["event"] == "connected" && line["session"] == session;
        assert_eq!(bob.seen.iter().find(connected), None);
        assert!(
            bob.seen
                .iter()
                .any(|line| line["event"] == "closed" && line["session"] == session)
        );
        scene.end().await;
    })
    .await;
}
