//! Requests that wait for their answers (RFC 8489 sections 6.2.1 and 6.2.2).

use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use stun_types::message::{IntegrityKey, TransactionId};

/// The first retransmission timeout; it doubles each time.
const FIRST_TIMEOUT: Duration = Duration::from_millis(250);
/// The longest time between two transmissions.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(4);
/// How often a request is sent before the server counts as silent.
const MOST_SENT: u32 = 6;
/// How long an answer is waited for where nothing gets lost.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a request is made anew because of its nonce.
pub(super) const MOST_CHALLENGES: u32 = 4;

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Allocate,
    /// Keeps the allocation; with newer credentials, tries them.
    Refresh {
        newer: bool,
    },
    /// Gives the allocation back.
    Close,
    Permission(SocketAddr),
    Channel(SocketAddr, u16),
}

/// One request.
pub(super) struct Transaction {
    pub(super) id: TransactionId,
    pub(super) purpose: Purpose,
    pub(super) packet: Vec<u8>,
    /// With what its answer is sealed, and the nonce that it went with.
    pub(super) key: Option<IntegrityKey>,
    pub(super) challenges: u32,
    sent: u32,
    due: Duration,
}

/// What to do about the time.
pub(super) enum Due {
    Send(Vec<u8>),
    GiveUp(Purpose),
}

/// All that are open.
pub(super) struct Transactions {
    open: Vec<Transaction>,
    stream: bool,
}

impl Transactions {
    pub(super) const fn new(stream: bool) -> Self {
        Self {
            open: Vec::new(),
            stream,
        }
    }

    /// Opens one; it is due at once.
    pub(super) fn open(
        &mut self,
        now: Duration,
        id: TransactionId,
        purpose: Purpose,
        packet: Vec<u8>,
        key: Option<IntegrityKey>,
        challenges: u32,
    ) {
        self.open.push(Transaction {
            id,
            purpose,
            packet,
            key,
            challenges,
            sent: 0,
            due: now,
        });
    }

    pub(super) fn find(&self, id: TransactionId) -> Option<&Transaction> {
        self.open.iter().find(|open| open.id == id)
    }

    pub(super) fn close(&mut self, id: TransactionId) -> Option<Transaction> {
        let at = self.open.iter().position(|open| open.id == id)?;
        // In order: a permission has to go before what it permits.
        Some(self.open.remove(at))
    }

    pub(super) fn clear(&mut self) {
        self.open.clear();
    }

    pub(super) fn next_timeout(&self) -> Option<Duration> {
        self.open.iter().map(|open| open.due).min()
    }

    /// The next thing that is due.
    pub(super) fn due(&mut self, now: Duration) -> Option<Due> {
        let at = self.open.iter().position(|open| open.due <= now)?;
        let open = &mut self.open[at];
        let most = if self.stream { 1 } else { MOST_SENT };
        if open.sent == most {
            return Some(Due::GiveUp(self.open.remove(at).purpose));
        }
        open.due = now
            + if self.stream {
                PATIENCE
            } else {
                (FIRST_TIMEOUT * 2u32.pow(open.sent)).min(LONGEST_TIMEOUT)
            };
        open.sent += 1;
        Some(Due::Send(open.packet.clone()))
    }
}
