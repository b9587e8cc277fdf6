//! What chat has done.

use prometheus::{IntCounter, Registry};

use super::{counter, counters};

const KINDS: [&str; 3] = ["message", "presence", "iq"];

/// Counts since the start.
#[derive(Debug)]
pub(crate) struct ChatCounts {
    received: [IntCounter; 3],
    sent: [IntCounter; 3],
    resumptions: [IntCounter; 2],
    /// Messages kept for users who were offline.
    pub(crate) kept: IntCounter,
    /// Kept messages that a device got later.
    pub(crate) handed_out: IntCounter,
    /// Stanzas refused because their user sent too many.
    pub(crate) refused: IntCounter,
    /// Streams ended because their client read too slowly.
    pub(crate) overflows: IntCounter,
}

impl ChatCounts {
    pub(super) fn new(registry: &Registry) -> Self {
        Self {
            received: counters(
                registry,
                "visavis_chat_stanzas_received_total",
                "Stanzas from clients.",
                "kind",
                KINDS,
            ),
            sent: counters(
                registry,
                "visavis_chat_stanzas_sent_total",
                "Stanzas to clients.",
                "kind",
                KINDS,
            ),
            resumptions: counters(
                registry,
                "visavis_chat_resumptions_total",
                "Clients that asked for the stream they had before.",
                "outcome",
                ["resumed", "refused"],
            ),
            kept: counter(
                registry,
                "visavis_chat_messages_kept_total",
                "Messages kept for users who were offline.",
            ),
            handed_out: counter(
                registry,
                "visavis_chat_messages_delivered_late_total",
                "Kept messages that were sent to a device later.",
            ),
            refused: counter(
                registry,
                "visavis_chat_stanzas_refused_total",
                "Stanzas refused because their user sent too many.",
            ),
            overflows: counter(
                registry,
                "visavis_chat_outbox_overflows_total",
                "Streams ended because their client read too slowly.",
            ),
        }
    }

    /// Counts what a client sends, if it is a stanza.
    pub(crate) fn received(&self, text: &str) {
        count(&self.received, text);
    }

    /// Counts what is sent to a client, if it is a stanza.
    pub(crate) fn sent(&self, text: &str) {
        count(&self.sent, text);
    }

    /// Counts a client that asked for the stream it had before.
    pub(crate) fn resumption(&self, granted: bool) {
        self.resumptions[usize::from(!granted)].inc();
    }
}

/// Stanzas are told by their names, as they are written without a prefix.
fn count(kinds: &[IntCounter; 3], text: &str) {
    let name = text.strip_prefix('<').unwrap_or_default();
    if let Some(at) = KINDS.iter().position(|kind| name.starts_with(kind)) {
        kinds[at].inc();
    }
}
