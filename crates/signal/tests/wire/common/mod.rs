//! Stanzas for the tests.

use visavis_signal::{DecodeError, Signal};
use visavis_xmpp::xml::{Element, Limits};

/// A session id as most clients write it.
pub(crate) const SESSION: &str = "17bff4c0-9275-4273-a84b-bd247e1ad652";

/// The parts that every signal has.
pub(crate) fn constants(kind: &str) -> String {
    format!(
        "<moduleIdentifier>WebRTCVideoChat</moduleIdentifier><signalType>{kind}</signalType>\
         <sessionID>{SESSION}</sessionID>"
    )
}

/// The parts that a `call` has besides.
pub(crate) const CALL_PARTS: [&str; 4] = [
    "<callType>1</callType>",
    "<callerID>101</callerID>",
    "<opponentsIDs><opponentID>102</opponentID></opponentsIDs>",
    "<sdp>v=0\n</sdp>",
];

/// A headline with these children of `extraParams`.
pub(crate) fn headline(children: &str) -> Element {
    parse(&format!(
        "<message xmlns='jabber:client' from='101-1@chat.example/r' to='102-1@chat.example' \
         type='headline'><extraParams>{children}</extraParams></message>"
    ))
}

/// One stanza.
pub(crate) fn parse(stanza: &str) -> Element {
    let limits = Limits {
        max_bytes: 1 << 20,
        max_depth: 64,
        max_nodes: 1 << 16,
    };
    Element::parse(stanza, &limits).unwrap()
}

/// The signal in a headline with these children.
pub(crate) fn decoded(children: &str) -> Signal {
    Signal::decode(&headline(children)).unwrap().unwrap()
}

/// Why there is none.
pub(crate) fn refused(children: &str) -> DecodeError {
    Signal::decode(&headline(children)).unwrap_err()
}
