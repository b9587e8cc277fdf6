//! A client that stays asks for newer relay credentials before its own end.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;
use visavis::{ChatClient, ChatConfig, IceServer, Signaling, SignalingEvent};
use visavis_stage::Stage;

use crate::doctor::proxy::{Deed, Proxy};

/// A test that hangs fails; nothing is measured by it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Until when they can be used, and by whom: the two parts of the user name.
fn of_relay(servers: &[IceServer]) -> (u64, String) {
    let mut names = servers.iter().filter_map(|server| server.username.clone());
    let name = names.next().expect("a relay");
    let (end, user) = name.split_once(':').expect("an end");
    (end.parse().unwrap(), user.to_owned())
}

async fn renewed(events: &mut UnboundedReceiver<SignalingEvent>) {
    let news = async {
        loop {
            match events.recv().await.expect("the client goes on") {
                SignalingEvent::IceServers => return,
                event => assert!(!matches!(event, SignalingEvent::Lost), "{event:?}"),
            }
        }
    };
    timeout(PATIENCE, news).await.expect("newer credentials");
}

#[tokio::test]
async fn credentials_are_renewed_again_and_again_by_a_server_that_fails_once() {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let stage = Stage::open().await.unwrap();
    let account = stage.account("alice");
    let proxy = Proxy {
        // One question is not answered.
        deed: |path| match path {
            "/ice_servers.json" if ASKED.fetch_add(1, Ordering::Relaxed) == 2 => Deed::Cut,
            _ => Deed::Pass,
        },
        // The server gives them for an hour.
        body: Box::new(|body| {
            assert!(
                !body.contains(r#""ttl""#) || body.contains(r#""ttl":3600"#),
                "{body}"
            );
            body.replace(r#""ttl":3600"#, r#""ttl":2"#)
        }),
        ..Proxy::default()
    };
    let server = proxy.before(&account.server).await;
    let chat = ChatClient::connect(ChatConfig { server, ..account })
        .await
        .unwrap();
    let mut events = chat.subscribe();
    let (mut end, user) = of_relay(&chat.ice_servers());
    for _ in 0..3 {
        renewed(&mut events).await;
        let (newer, same) = of_relay(&chat.ice_servers());
        assert!(newer > end, "{newer} after {end}");
        assert_eq!(same, user);
        end = newer;
    }
    // The first ones, three newer ones, and a question in vain.
    assert_eq!(ASKED.load(Ordering::Relaxed), 5);
}
