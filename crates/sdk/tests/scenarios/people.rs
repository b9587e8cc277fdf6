//! Two people with a client each.

use std::time::Duration;

use tokio::time::timeout;
use visavis::{
    CallClient, CallConfig, CallEvent, CallSession, CallType, LocalMedia, SettingsError,
    Subscription, UserId, UserInfo,
};

use crate::exchange::{Desk, Exchange};

pub(crate) const ALICE: UserId = UserId(101);
pub(crate) const BOB: UserId = UserId(102);
pub(crate) const CAROL: UserId = UserId(103);

/// A test that hangs fails; nothing is measured by it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Somebody at a client.
pub(crate) struct Person {
    pub(crate) client: CallClient,
    pub(crate) desk: Desk,
    pub(crate) events: Subscription<CallEvent>,
}

impl Person {
    /// Attached, and processing calls.
    pub(crate) fn at(exchange: &Exchange, user: UserId) -> Self {
        Self::attached(exchange, user, CallClient::attach)
    }

    /// Attached in this way, and processing calls.
    pub(crate) fn attached(
        exchange: &Exchange,
        user: UserId,
        attach: impl FnOnce(&CallClient, Desk) -> Result<(), SettingsError>,
    ) -> Self {
        let config = CallConfig {
            loopback_candidates: true,
            ..CallConfig::default()
        };
        let client = CallClient::new(config).unwrap();
        let desk = exchange.desk(user);
        attach(&client, desk.clone()).unwrap();
        let events = client.subscribe();
        client.start_processing().unwrap();
        Self {
            client,
            desk,
            events,
        }
    }

    /// The next event that is wanted; others are passed over.
    pub(crate) async fn until<T>(&mut self, wanted: impl FnMut(CallEvent) -> Option<T>) -> T {
        until(&mut self.events, wanted).await
    }

    pub(crate) async fn incoming(&mut self) -> CallSession {
        self.until(|event| match event {
            CallEvent::NewSession { session } => Some(session),
            _ => None,
        })
        .await
    }

    pub(crate) async fn connected(&mut self) {
        self.until(|event| matches!(event, CallEvent::Connected { .. }).then_some(()))
            .await;
    }

    pub(crate) async fn closed(&mut self) {
        self.until(|event| matches!(event, CallEvent::Closed { .. }).then_some(()))
            .await;
    }
}

pub(crate) async fn until<T>(
    events: &mut Subscription<CallEvent>,
    mut wanted: impl FnMut(CallEvent) -> Option<T>,
) -> T {
    let found = async {
        loop {
            let event = events.recv().await.expect("the client goes on");
            if let Some(found) = wanted(event) {
                return found;
            }
        }
    };
    timeout(PATIENCE, found).await.expect("the event comes")
}

/// Alice and Bob.
pub(crate) fn two() -> (Person, Person) {
    let exchange = Exchange::default();
    (Person::at(&exchange, ALICE), Person::at(&exchange, BOB))
}

/// Alice calls Bob, who has not decided yet.
pub(crate) async fn ringing(alice: &Person, bob: &mut Person) -> (CallSession, CallSession) {
    let ours = alice
        .client
        .create_session(&[BOB], CallType::Video)
        .unwrap();
    ours.start(UserInfo::new()).unwrap();
    let theirs = bob.incoming().await;
    (ours, theirs)
}

/// Alice calls Bob, and they are connected.
pub(crate) async fn connected(alice: &mut Person, bob: &mut Person) -> (CallSession, CallSession) {
    let (ours, theirs) = ringing(alice, bob).await;
    theirs.accept(UserInfo::new()).unwrap();
    tokio::join!(alice.connected(), bob.connected());
    (ours, theirs)
}

/// Media that cannot be opened.
pub(crate) fn broken_media() -> LocalMedia {
    type Sound = Box<dyn visavis::media::source::AudioSource>;
    LocalMedia::none().with_audio(|| Err::<Sound, _>("no microphone"))
}
