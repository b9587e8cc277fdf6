//! What the core wants done.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use visavis_signal::{CallType, Candidate, Description, SessionId, Signal, UserId};

use crate::{Address, Event};

/// Something for the shell to do. Exhaustive, so that a shell that misses one does not compile.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Output {
    /// Send this signal. The order between two users has to be kept.
    Send {
        /// To one device, once it is known, before that to all of them.
        to: Address,
        /// What to say.
        signal: Signal,
    },
    /// Do something with the connection to a peer.
    Transport {
        /// The call.
        session: SessionId,
        /// The peer.
        peer: UserId,
        /// What to do.
        command: TransportCommand,
    },
    /// Tell the app.
    Event(Event),
}

/// What to do with the connection to one peer.
///
/// One side goes `Open`, `CreateOffer`, `ApplyAnswer`; the other `Open`, `ApplyOffer`,
/// `CreateAnswer`. Later either side may begin again with `Renegotiate`, or with `Reopen` and
/// `CreateOffer`. `AddCandidates` never comes before the other side's description, and nothing
/// comes after `Close`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum TransportCommand {
    /// Make it, and begin to gather candidates.
    Open {
        /// With or without video.
        call_type: CallType,
    },
    /// Answer with [`LocalOffer`](crate::TransportEvent::LocalOffer), and with another one whenever
    /// it contains more candidates.
    CreateOffer,
    /// The other side's offer: check it and prepare, but do not connect yet. While the call rings a
    /// newer one may follow: most often it brings more candidates, and sometimes takes the place of
    /// one that is of no use any longer.
    ApplyOffer(Description),
    /// The call was accepted: answer with [`LocalAnswer`](crate::TransportEvent::LocalAnswer).
    CreateAnswer,
    /// The other side's answer: connect.
    ApplyAnswer(Description),
    /// More ways to reach the other side. Some may be known already.
    AddCandidates(Vec<Candidate>),
    /// Make an offer that changes the connection while it lasts, and answer with one
    /// [`LocalOffer`](crate::TransportEvent::LocalOffer). An `ApplyOffer` that comes before the
    /// answer takes it back.
    Renegotiate {
        /// With or without video.
        call_type: CallType,
        /// Whether to look for new paths (RFC 8839 section 4.4), on new addresses too.
        restart_ice: bool,
    },
    /// Replace the connection by a new one. Of the old one nothing is reported any longer, its
    /// release neither.
    Reopen {
        /// With or without video.
        call_type: CallType,
    },
    /// Whether to send our media and to play his.
    SetHeld(bool),
    /// Release everything, then report [`Closed`](crate::TransportEvent::Closed).
    Close,
}

/// The outputs that wait to be taken, oldest first.
///
/// Take them all before the next input. Dropping this without taking them loses nothing: they come
/// first the next time.
#[derive(Debug)]
#[must_use = "the outputs have to be carried out"]
pub struct Outputs<'a> {
    waiting: &'a mut VecDeque<Output>,
}

impl<'a> Outputs<'a> {
    pub(crate) const fn new(waiting: &'a mut VecDeque<Output>) -> Self {
        Self { waiting }
    }
}

impl Iterator for Outputs<'_> {
    type Item = Output;

    fn next(&mut self) -> Option<Output> {
        self.waiting.pop_front()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.waiting.len(), Some(self.waiting.len()))
    }
}

impl ExactSizeIterator for Outputs<'_> {}
