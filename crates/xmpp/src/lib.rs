//! visavis-xmpp
