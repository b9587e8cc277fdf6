//! Call signals.

use visavis_signal::{Signal, SignalKind, UserId};
use visavis_xmpp::Jid;
use visavis_xmpp::xml::{Element, Limits};

use crate::ROOMY;

/// A message whose signal can be decoded can be written by anybody, and is then
/// decoded to the same signal.
pub(crate) fn signal(bytes: &[u8]) {
    let Some(message) = std::str::from_utf8(bytes)
        .ok()
        .and_then(|text| Element::parse(text, &Limits::default()).ok())
    else {
        return;
    };
    let peeked = SignalKind::peek(&message);
    match Signal::decode(&message) {
        Ok(Some(signal)) => {
            assert_eq!(peeked, Some(signal.kind()));
            let caller = signal.caller.unwrap_or(UserId(0));
            survives_writing(&signal, caller);
            survives_writing(&signal, UserId(!caller.0));
        }
        Ok(None) => assert_eq!(peeked, None),
        Err(_) => {}
    }
}

fn survives_writing(signal: &Signal, sender: UserId) {
    const ID: &str = "6b02d8a57d0a0b28b3000000";
    let to = Jid::user("102-4242", "chat.example").expect("an address");
    let written = signal.to_message(ID, sender, &to);
    let read = Element::parse(&written, &ROOMY).map(|message| Signal::decode(&message));
    let Ok(Ok(Some(read))) = &read else {
        panic!("written as {written}, read as {read:?}");
    };
    assert_eq!(read, signal, "{written}");
    assert_eq!(read.session.as_str(), signal.session.as_str());
    assert_eq!(read.to_message(ID, sender, &to), written);
}
