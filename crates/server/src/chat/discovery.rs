//! Service discovery (XEP-0030): what this server and its accounts can do.

use visavis_xmpp::ns;
use visavis_xmpp::xml::Element;

/// What the server does for those who are logged in.
const SERVER: [&str; 8] = [
    ns::DISCO_INFO,
    ns::DISCO_ITEMS,
    ns::PING,
    ns::CARBONS,
    ns::ROSTER,
    ns::EXTERNAL_SERVICES,
    "msgoffline",
    ns::DELAY,
];

/// What an account does for its own devices.
const ACCOUNT: [&str; 2] = [ns::DISCO_INFO, ns::DISCO_ITEMS];

/// Who is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// The server.
    Server,
    /// The own account.
    Account,
}

/// The answer to a request for information. Nodes do not exist.
pub(super) fn info(asked: Asked, payload: &Element) -> Option<Element> {
    if payload.attribute("node").is_some() {
        return None;
    }
    let (category, type_, features) = match asked {
        Asked::Server => ("server", "im", &SERVER[..]),
        Asked::Account => ("account", "registered", &ACCOUNT[..]),
    };
    let mut query = payload.sibling("query");
    let identity = query
        .sibling("identity")
        .with_attribute("category", category)
        .with_attribute("type", type_)
        .with_attribute("name", "visavis");
    query.push(identity);
    for feature in features {
        query.push(query.sibling("feature").with_attribute("var", feature));
    }
    Some(query)
}
