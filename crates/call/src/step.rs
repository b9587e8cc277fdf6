//! One step of the core: the time it happens, the circumstances, and where its outputs go.

use alloc::collections::VecDeque;
use alloc::sync::Arc;

use visavis_signal::{Capabilities, SessionId, Signal, UserId};

use crate::ids::Ids;
use crate::{Address, CallConfig, Event, Output, Time, TransportCommand};

pub(crate) struct Step<'a> {
    pub(crate) now: Time,
    pub(crate) me: UserId,
    pub(crate) config: &'a CallConfig,
    pub(crate) chat_is_up: bool,
    /// What we announce.
    pub(crate) capabilities: &'a Capabilities,
    /// What this device calls itself.
    pub(crate) device: &'a Arc<str>,
    pub(crate) ids: &'a mut Ids,
    pub(crate) outputs: &'a mut VecDeque<Output>,
}

impl Step<'_> {
    pub(crate) fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    pub(crate) fn send(&mut self, to: Address, signal: Signal) {
        self.outputs.push_back(Output::Send { to, signal });
    }

    pub(crate) fn transport(
        &mut self,
        session: &SessionId,
        peer: UserId,
        command: TransportCommand,
    ) {
        self.outputs.push_back(Output::Transport {
            session: session.clone(),
            peer,
            command,
        });
    }
}
