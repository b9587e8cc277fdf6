//! What both ends of a stream know of each other's reading (XEP-0198).
//!
//! Counts stanzas in both directions and, where a stream may be resumed, keeps
//! those that the other side has not acknowledged. Tolerant: some clients
//! count wrongly, so a number that cannot be is not believed and harms
//! nobody, and what outgrows its bounds costs the resumption, not the stream.

use alloc::collections::VecDeque;
use alloc::string::{String, ToString};

use crate::ns;
use crate::xml::Element;

/// How much may wait for an acknowledgment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnackedLimits {
    /// Stanzas: 4096 by default.
    pub max_stanzas: usize,
    /// Their bytes: 4 MiB by default.
    pub max_bytes: usize,
}

impl Default for UnackedLimits {
    fn default() -> Self {
        Self {
            max_stanzas: 4096,
            max_bytes: 4 * 1024 * 1024,
        }
    }
}

/// The counts of one stream, from the moment management is enabled. They wrap
/// around (XEP-0198 section 4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ledger {
    handled: u32,
    sent: u32,
    /// What was sent when the other side was last asked.
    asked_at: u32,
    kept: Option<Kept>,
}

/// What would be sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Kept {
    limits: UnackedLimits,
    stanzas: VecDeque<String>,
    bytes: usize,
}

impl Ledger {
    /// A ledger that keeps what is sent within `limits`, or nothing.
    pub(crate) fn new(limits: Option<UnackedLimits>) -> Self {
        Self {
            handled: 0,
            sent: 0,
            asked_at: 0,
            kept: limits.map(|limits| Kept {
                limits,
                stanzas: VecDeque::new(),
                bytes: 0,
            }),
        }
    }

    /// A stanza came and is taken care of.
    pub(crate) const fn handle(&mut self) {
        self.handled = self.handled.wrapping_add(1);
    }

    /// A stanza goes out. Keeping nothing more is for good: the other side
    /// could not be brought up to date.
    pub(crate) fn send(&mut self, stanza: &str) {
        self.sent = self.sent.wrapping_add(1);
        if let Some(kept) = &mut self.kept {
            kept.bytes += stanza.len();
            kept.stanzas.push_back(stanza.to_string());
            if kept.stanzas.len() > kept.limits.max_stanzas || kept.bytes > kept.limits.max_bytes {
                self.kept = None;
            }
        }
    }

    /// The other side says how many it has handled.
    pub(crate) fn acknowledge(&mut self, handled: u32) {
        let Some(kept) = &mut self.kept else {
            return;
        };
        let waiting = self.sent.wrapping_sub(handled) as usize;
        while kept.stanzas.len() > waiting
            && let Some(stanza) = kept.stanzas.pop_front()
        {
            kept.bytes -= stanza.len();
        }
    }

    /// Whether everything not acknowledged could be sent again.
    pub(crate) const fn is_complete(&self) -> bool {
        self.kept.is_some()
    }

    /// What would be sent again, oldest first.
    pub(crate) fn unacked(&self) -> impl Iterator<Item = &str> {
        let kept = self.kept.iter();
        kept.flat_map(|kept| kept.stanzas.iter().map(String::as_str))
    }

    /// Asks how far the other side is, unless it has been asked since the last
    /// stanza and not answered, or nothing depends on it.
    pub(crate) fn question(&mut self) -> Option<String> {
        let kept = self.kept.as_ref()?;
        let since = self.sent.wrapping_sub(self.asked_at) as usize;
        let answered = kept.stanzas.len() <= since;
        if kept.stanzas.is_empty() || !answered {
            return None;
        }
        self.asked_at = self.sent;
        Some(Element::new(ns::STREAM_MANAGEMENT, "r").to_xml())
    }

    /// Asks anew, whatever was asked before: the stream was resumed.
    pub(crate) fn question_again(&mut self) -> Option<String> {
        let waiting = self.unacked().next().is_some();
        self.asked_at = self.sent;
        waiting.then(|| Element::new(ns::STREAM_MANAGEMENT, "r").to_xml())
    }

    /// How many stanzas have been handled.
    pub(crate) const fn handled(&self) -> u32 {
        self.handled
    }

    /// The answer to the other side's question.
    pub(crate) fn answer(&self) -> String {
        Element::new(ns::STREAM_MANAGEMENT, "a")
            .with_attribute("h", &self.handled.to_string())
            .to_xml()
    }
}

/// The number in an `<a/>`, `<resume/>`, `<resumed/>` or `<failed/>`.
pub(crate) fn handled_of(element: &Element) -> Option<u32> {
    element.attribute("h")?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use alloc::vec::Vec;

    use super::{Ledger, UnackedLimits};

    fn waiting(ledger: &Ledger) -> Vec<&str> {
        ledger.unacked().collect()
    }

    #[test]
    fn what_is_acknowledged_is_not_sent_again() {
        let mut ledger = Ledger::new(Some(UnackedLimits::default()));
        for stanza in ["a", "b", "c"] {
            ledger.send(stanza);
        }
        ledger.acknowledge(2);
        assert_eq!(waiting(&ledger), ["c"]);
        ledger.acknowledge(2);
        assert_eq!(waiting(&ledger), ["c"]);
        ledger.acknowledge(3);
        assert!(waiting(&ledger).is_empty());
    }

    #[test]
    fn a_count_that_cannot_be_is_not_believed() {
        let mut ledger = Ledger::new(Some(UnackedLimits::default()));
        for stanza in ["a", "b", "c"] {
            ledger.send(stanza);
        }
        ledger.acknowledge(4);
        ledger.acknowledge(u32::MAX);
        assert_eq!(waiting(&ledger), ["a", "b", "c"]);
        ledger.acknowledge(1);
        ledger.acknowledge(0);
        assert_eq!(waiting(&ledger), ["b", "c"]);
    }

    #[test]
    fn counts_wrap_around() {
        let mut ledger = Ledger::new(Some(UnackedLimits::default()));
        ledger.sent = u32::MAX;
        ledger.asked_at = u32::MAX;
        ledger.handled = u32::MAX;
        ledger.handle();
        assert!(ledger.answer().contains("h=\"0\""));
        ledger.send("a");
        ledger.send("b");
        assert!(ledger.question().is_some());
        ledger.acknowledge(0);
        assert_eq!(waiting(&ledger), ["b"]);
        ledger.acknowledge(1);
        assert!(waiting(&ledger).is_empty());
    }

    #[test]
    fn one_question_at_a_time() {
        let mut ledger = Ledger::new(Some(UnackedLimits::default()));
        assert_eq!(ledger.question(), None);
        ledger.send("a");
        assert!(ledger.question().is_some());
        ledger.send("b");
        assert_eq!(ledger.question(), None);
        ledger.acknowledge(1);
        assert!(ledger.question().is_some());
        // Somebody who never acknowledges is not asked forever.
        ledger.acknowledge(1);
        assert_eq!(ledger.question(), None);
        ledger.acknowledge(2);
        assert_eq!(ledger.question(), None);
    }

    #[test]
    fn what_outgrows_its_bounds_ends_the_keeping() {
        for limits in [
            UnackedLimits {
                max_stanzas: 2,
                max_bytes: 100,
            },
            UnackedLimits {
                max_stanzas: 100,
                max_bytes: 5,
            },
        ] {
            let mut ledger = Ledger::new(Some(limits));
            ledger.send("ab");
            ledger.send("cd");
            assert!(ledger.is_complete());
            ledger.send("ef");
            assert!(!ledger.is_complete());
            assert!(waiting(&ledger).is_empty());
        }
    }
}
