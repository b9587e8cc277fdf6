//! The client's end against the server's.

use crate::common::{self, DOMAIN, Pair, client, server};
use visavis_xmpp::client::{self, ClientConfig, ClientStream, ConnectError};
use visavis_xmpp::server::{self, ServerStream};
use visavis_xmpp::stanza::{StanzaKind, stamp};
use visavis_xmpp::xml::Element;
use visavis_xmpp::{Jid, StreamError, ns};

fn jid(text: &str) -> Jid {
    text.parse().unwrap()
}

#[test]
fn a_client_logs_in() {
    let mut pair = Pair::new(client(), server());
    pair.client(client::Input::Opened);
    let own = jid("101-4242@chat.qb.test/tab");
    assert_eq!(
        pair.client_events,
        [client::Output::Connected { jid: own.clone() }]
    );
    assert_eq!(pair.server.jid(), Some(&own));
    let [ready, carbons, server::Output::Stanza { header, raw }] = pair.server_events.as_slice()
    else {
        panic!("{:?}", pair.server_events);
    };
    assert_eq!(ready, &server::Output::Ready { jid: own });
    assert_eq!(carbons, &server::Output::Carbons(true));
    assert_eq!(
        (header.kind, raw.as_str()),
        (StanzaKind::Presence, r#"<presence xmlns="jabber:client"/>"#)
    );
}

#[test]
fn the_server_chooses_a_resource_if_asked_to() {
    let user = jid("101-4242@chat.qb.test");
    let config = ClientConfig::new(user, common::PASSWORD.into());
    let mut pair = Pair::new(ClientStream::new(config), server());
    pair.client(client::Input::Opened);
    assert_eq!(pair.client.jid(), Some(&jid("101-4242@chat.qb.test/given")));
}

#[test]
fn stanzas_go_both_ways() {
    let mut pair = Pair::connected();
    let sent = r#"<message id="1" to="102-4242@chat.qb.test" type="headline" xmlns="jabber:client"><x/></message>"#;
    pair.client(client::Input::Send(sent.to_owned()));
    let [server::Output::Stanza { header, raw }] = pair.server_events.as_slice() else {
        panic!("{:?}", pair.server_events);
    };
    assert_eq!(header.to, Some(jid("102-4242@chat.qb.test")));
    assert_eq!(raw, sent);

    let stamped = stamp(raw, &jid("101-4242@chat.qb.test/tab"), None);
    pair.server(server::Input::Deliver(stamped));
    let [client::Output::Stanza(got)] = pair.client_events.as_slice() else {
        panic!("{:?}", pair.client_events);
    };
    assert_eq!(got.attribute("from"), Some("101-4242@chat.qb.test/tab"));
    assert!(got.child("x").is_some());
}

#[test]
fn pings_are_answered_by_either_end() {
    let mut pair = Pair::connected();
    pair.client(client::Input::Ping {
        id: "p1".to_owned(),
    });
    assert_eq!(
        pair.client_events,
        [client::Output::Pong {
            id: "p1".to_owned()
        }]
    );
    assert_eq!(pair.server_events, []);

    let ping = "<iq id='s1' type='get' from='chat.qb.test' xmlns='jabber:client'><ping xmlns='urn:xmpp:ping'/></iq>";
    let sent: Vec<_> = pair
        .client
        .handle(client::Input::Frame(ping.to_owned()))
        .collect();
    let [client::Output::Send(pong), ..] = sent.as_slice() else {
        panic!("{sent:?}")
    };
    let pong = common::element(pong);
    assert_eq!(
        (pong.attribute("id"), pong.attribute("type")),
        (Some("s1"), Some("result"))
    );
    assert_eq!(pong.attribute("to"), Some(DOMAIN));
}

#[test]
fn a_pong_counts_once_and_even_as_an_error() {
    let mut client = Pair::connected().client;
    let _sent = client
        .handle(client::Input::Ping { id: "p".to_owned() })
        .count();
    let error = r#"<iq id="p" type="error" xmlns="jabber:client"/>"#;
    let mut answer = || -> Vec<_> {
        client
            .handle(client::Input::Frame(error.to_owned()))
            .collect()
    };
    assert_eq!(answer(), [client::Output::Pong { id: "p".to_owned() }]);
    assert!(matches!(answer().as_slice(), [client::Output::Stanza(_)]));
}

#[test]
fn what_others_ask_of_a_client_is_refused() {
    let mut pair = Pair::connected();
    let mut ask = |question: &str| {
        let input = client::Input::Frame(question.to_owned());
        let sent: Vec<_> = pair.client.handle(input).collect();
        let [client::Output::Send(answer), ..] = sent.as_slice() else {
            panic!("{sent:?}")
        };
        common::element(answer)
    };
    let answer = ask("<iq id='1' type='get' from='a@b/c'><query xmlns='jabber:iq:version'/></iq>");
    assert_eq!(
        (answer.attribute("to"), answer.attribute("type")),
        (Some("a@b/c"), Some("error"))
    );
    let push = "type='set'><query xmlns='jabber:iq:roster'/></iq>";
    let own = ask(&format!("<iq id='2' from='101-4242@chat.qb.test' {push}"));
    assert_eq!(own.attribute("type"), Some("result"));
    let foreign = ask(&format!("<iq id='2' from='102-4242@chat.qb.test' {push}"));
    assert_eq!(foreign.attribute("type"), Some("error"));
}

#[test]
fn leaving_is_a_handshake() {
    let mut pair = Pair::connected();
    pair.client(client::Input::Disconnect);
    assert_eq!(pair.client_events, [client::Output::Closed]);
    let [server::Output::Stanza { header, .. }, server::Output::Close] =
        pair.server_events.as_slice()
    else {
        panic!("{:?}", pair.server_events);
    };
    assert_eq!(header.type_.as_deref(), Some("unavailable"));
    assert!(pair.client.is_closed() && pair.server.is_closed());
    pair.client(client::Input::SocketClosed);
    assert_eq!(pair.client_events.len(), 1);
}

#[test]
fn a_wrong_password_fails_with_the_servers_words() {
    let config = ClientConfig::new(jid("101-4242@chat.qb.test"), "wrong".into());
    let mut pair = Pair::new(ClientStream::new(config), server());
    pair.client(client::Input::Opened);
    let text = Some("Password not verified".to_owned());
    assert_eq!(
        pair.client_events,
        [client::Output::Failed(ConnectError::NotAuthorized { text })]
    );
    assert_eq!(pair.server_events, [server::Output::Close]);
}

#[test]
fn a_server_that_stops_says_so() {
    let mut pair = Pair::connected();
    pair.server(server::Input::Shutdown);
    let reason = ConnectError::Stream(StreamError::SystemShutdown);
    assert_eq!(pair.client_events, [client::Output::Failed(reason)]);
    assert_eq!(pair.server_events, [server::Output::Close]);
}

#[test]
fn any_name_of_the_server_may_do() {
    let config = |domain: &str| {
        let user = Jid::user("101-4242", domain).unwrap();
        ClientConfig::new(user, common::PASSWORD.into())
    };
    let mut pair = Pair::new(ClientStream::new(config("localhost")), server());
    pair.client(client::Input::Opened);
    let reason = ConnectError::Stream(StreamError::HostUnknown);
    assert_eq!(pair.client_events, [client::Output::Failed(reason)]);

    let mut any = common::server_config();
    any.accept_any_domain = true;
    let mut pair = Pair::new(
        ClientStream::new(config("localhost")),
        ServerStream::new(any),
    );
    pair.client(client::Input::Opened);
    assert_eq!(pair.client.jid(), Some(&jid("101-4242@chat.qb.test/given")));
    pair.server_events.clear();
    pair.client(client::Input::Send(
        "<message to='102-4242@localhost/x'/>".to_owned(),
    ));
    let [server::Output::Stanza { header, .. }] = pair.server_events.as_slice() else {
        panic!("{:?}", pair.server_events);
    };
    assert_eq!(header.to, Some(jid("102-4242@chat.qb.test/x")));
}

#[test]
fn what_comes_before_the_login_is_complete_waits_for_it() {
    let mut pair = Pair::new(client(), server());
    let outputs: Vec<_> = pair.client.handle(client::Input::Opened).collect();
    assert_eq!(outputs.len(), 1);
    let mut frame = |text: &str| -> Vec<_> {
        pair.client
            .handle(client::Input::Frame(text.to_owned()))
            .collect()
    };
    let open = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='h' version='1.0'/>";
    let features = |inner: &str| {
        format!("<s:features xmlns:s='http://etherx.jabber.org/streams'>{inner}</s:features>")
    };
    frame(open);
    frame(&features(
        "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms>",
    ));
    frame("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
    frame(open);
    frame(&features(
        "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/>",
    ));
    let asked = frame(
        "<iq id='_bind_auth_2' type='result'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>a@h/r</jid></bind></iq>",
    );
    let [client::Output::Send(session)] = asked.as_slice() else {
        panic!("{asked:?}")
    };
    assert!(
        common::element(session)
            .child_ns(ns::SESSION, "session")
            .is_some()
    );
    assert_eq!(frame("<iq id='_session_auth_2' type='result'/>").len(), 2);
    assert_eq!(frame("<message from='b@h'/>"), []);
    let login = frame("<iq id='getRoster' type='error'/>");
    let early = Element::new(ns::CLIENT, "message").with_attribute("from", "b@h");
    assert_eq!(
        login,
        [
            client::Output::Send(r#"<presence xmlns="jabber:client"/>"#.to_owned()),
            client::Output::Connected { jid: jid("a@h/r") },
            client::Output::Stanza(early),
        ]
    );
}
