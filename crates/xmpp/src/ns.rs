//! The XML namespaces of chat.

/// Stanzas between client and server (RFC 6120).
pub const CLIENT: &str = "jabber:client";
/// Streams (RFC 6120 section 4).
pub const STREAMS: &str = "http://etherx.jabber.org/streams";
/// Stream errors (RFC 6120 section 4.9).
pub const STREAM_ERRORS: &str = "urn:ietf:params:xml:ns:xmpp-streams";
/// Stanza errors (RFC 6120 section 8.3).
pub const STANZA_ERRORS: &str = "urn:ietf:params:xml:ns:xmpp-stanzas";
/// Streams over WebSocket (RFC 7395).
pub const FRAMING: &str = "urn:ietf:params:xml:ns:xmpp-framing";
/// Authentication (RFC 6120 section 6).
pub const SASL: &str = "urn:ietf:params:xml:ns:xmpp-sasl";
/// Resource binding (RFC 6120 section 7).
pub const BIND: &str = "urn:ietf:params:xml:ns:xmpp-bind";
/// Session establishment (RFC 3921 section 3), needed by older clients.
pub const SESSION: &str = "urn:ietf:params:xml:ns:xmpp-session";
/// The contact list (RFC 6121 section 2).
pub const ROSTER: &str = "jabber:iq:roster";
/// Encryption of a stream that began without (RFC 6120 section 5).
pub const TLS: &str = "urn:ietf:params:xml:ns:xmpp-tls";
/// Stream management (XEP-0198).
pub const STREAM_MANAGEMENT: &str = "urn:xmpp:sm:3";
/// Ping (XEP-0199).
pub const PING: &str = "urn:xmpp:ping";
/// What an entity can do (XEP-0030 section 3).
pub const DISCO_INFO: &str = "http://jabber.org/protocol/disco#info";
/// What belongs to an entity (XEP-0030 section 4).
pub const DISCO_ITEMS: &str = "http://jabber.org/protocol/disco#items";
/// Services beside chat, such as STUN and TURN (XEP-0215).
pub const EXTERNAL_SERVICES: &str = "urn:xmpp:extdisco:2";
/// What is to be done with a message (XEP-0334).
pub const HINTS: &str = "urn:xmpp:hints";
/// Copies for a user's other devices (XEP-0280).
pub const CARBONS: &str = "urn:xmpp:carbons:2";
/// Forwarded stanzas (XEP-0297).
pub const FORWARD: &str = "urn:xmpp:forward:0";
/// Delayed delivery (XEP-0203).
pub const DELAY: &str = "urn:xmpp:delay";
/// The prefix `xml` (XML Namespaces section 3).
pub const XML: &str = "http://www.w3.org/XML/1998/namespace";
