//! Signaling without a server: what one client sends, the other receives.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use visavis::{Address, NotConnected, Signal, Signaling, SignalingEvent, UserId};

type Lines = Arc<Mutex<BTreeMap<UserId, UnboundedSender<SignalingEvent>>>>;

/// Where everybody's signals meet.
#[derive(Clone, Default)]
pub(crate) struct Exchange {
    lines: Lines,
}

/// One user's end of it.
#[derive(Clone)]
pub(crate) struct Desk {
    user: UserId,
    connected: Arc<AtomicBool>,
    lines: Lines,
}

impl Exchange {
    pub(crate) fn desk(&self, user: UserId) -> Desk {
        Desk {
            user,
            connected: Arc::new(AtomicBool::new(true)),
            lines: Arc::clone(&self.lines),
        }
    }
}

impl Desk {
    /// Nothing can be sent from now on.
    pub(crate) fn disconnect(&self) {
        self.connected.store(false, Ordering::SeqCst);
        if let Some(line) = self.lines.lock().unwrap().get(&self.user) {
            let _ = line.send(SignalingEvent::Lost);
        }
    }
}

impl Signaling for Desk {
    fn user(&self) -> UserId {
        self.user
    }

    fn is_connected(&self) -> bool {
        self.connected.load(Ordering::SeqCst)
    }

    fn send(&self, to: &Address, signal: &Signal) -> Result<(), NotConnected> {
        if !self.is_connected() {
            return Err(NotConnected);
        }
        if let Some(line) = self.lines.lock().unwrap().get(&to.user) {
            let _ = line.send(SignalingEvent::Received {
                from: Address::device(self.user, "desk"),
                signal: Box::new(signal.clone()),
            });
        }
        Ok(())
    }

    fn subscribe(&self) -> UnboundedReceiver<SignalingEvent> {
        let (sender, receiver) = unbounded_channel();
        self.lines.lock().unwrap().insert(self.user, sender);
        receiver
    }
}
