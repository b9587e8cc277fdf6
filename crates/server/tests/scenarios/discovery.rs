//! What clients ask of the server, of their accounts and of each other:
//! service discovery (XEP-0030), external services (XEP-0215), any iq.

use visavis_xmpp::xml::Element;

use crate::common::certificate::certified;
use crate::common::chat::{Chat, bare};
use crate::common::{APP, DOMAIN, OTHER_APP, loopback, start, start_with};

const INFO: &str = "http://jabber.org/protocol/disco#info";
const ITEMS: &str = "http://jabber.org/protocol/disco#items";
const SERVICES: &str = "urn:xmpp:extdisco:2";

/// The error that an answer tells.
fn error(answer: &Element) -> String {
    assert_eq!(
        answer.attribute("type"),
        Some("error"),
        "{}",
        answer.to_xml()
    );
    let error = answer.child("error").unwrap();
    error.children().next().unwrap().name().to_owned()
}

#[tokio::test]
async fn what_the_server_and_an_account_can_do() {
    let running = start().await;
    let mut chat = running.chat(101).await;
    for (to, category, feature) in [
        (DOMAIN.to_owned(), "server", "urn:xmpp:carbons:2"),
        (DOMAIN.to_owned(), "server", "urn:xmpp:ping"),
        (DOMAIN.to_owned(), "server", "msgoffline"),
        (DOMAIN.to_owned(), "server", SERVICES),
        (bare(101), "account", INFO),
    ] {
        let answer = chat
            .ask("get", &to, &format!("<query xmlns='{INFO}'/>"))
            .await;
        assert_eq!(answer.attribute("from"), Some(&*to));
        let query = answer.child_ns(INFO, "query").unwrap();
        let identity = query.child("identity").unwrap();
        assert_eq!(identity.attribute("category"), Some(category));
        let mut features = query.children().filter(|child| child.name() == "feature");
        assert!(
            features.any(|found| found.attribute("var") == Some(feature)),
            "{to}: {feature}"
        );
        let items = chat
            .ask("get", &to, &format!("<query xmlns='{ITEMS}'/>"))
            .await;
        assert!(items.child_ns(ITEMS, "query").is_some());
        let node = format!("<query node='x' xmlns='{INFO}'/>");
        assert_eq!(error(&chat.ask("get", &to, &node).await), "item-not-found");
    }
    for to in [DOMAIN.to_owned(), bare(101), String::new()] {
        let unknown = chat.ask("get", &to, "<query xmlns='urn:unknown'/>").await;
        assert_eq!(error(&unknown), "service-unavailable");
    }
}

/// The services of the relay, asked for over chat.
async fn services(chat: &mut Chat, payload: &str) -> Vec<Element> {
    let answer = chat.ask("get", DOMAIN, payload).await;
    assert_eq!(
        answer.attribute("type"),
        Some("result"),
        "{}",
        answer.to_xml()
    );
    let payload = answer.children().next().unwrap();
    payload.children().cloned().collect()
}

#[tokio::test]
async fn stun_and_turn_with_the_credentials_that_rest_gives() {
    let (files, _) = certified();
    let running = start_with(|config| {
        config.https = Some(loopback());
        config.certificate = Some(files);
    })
    .await;
    let mut chat = running.chat(101).await;
    let all = services(&mut chat, &format!("<services xmlns='{SERVICES}'/>")).await;
    let ways: Vec<_> = all
        .iter()
        .map(|service| {
            let value = |name| service.attribute(name).unwrap();
            (value("type"), value("transport"))
        })
        .collect();
    assert_eq!(
        ways,
        [
            ("stun", "udp"),
            ("turn", "udp"),
            ("turn", "tcp"),
            ("turns", "tcp")
        ]
    );
    let ready = running.server.ready();
    let relay = ready.relay.clone().unwrap();
    let one_port = ready
        .https
        .as_ref()
        .unwrap()
        .strip_prefix("https://")
        .unwrap();
    for service in &all {
        let value = |name| service.attribute(name).unwrap_or_default();
        let place = if value("type") == "turns" {
            one_port
        } else {
            &relay
        };
        assert_eq!(format!("{}:{}", value("host"), value("port")), place);
        let restricted = value("type") != "stun";
        assert_eq!(service.attribute("password").is_some(), restricted);
        assert_eq!(value("expires").ends_with('Z'), restricted);
    }

    let turn = services(
        &mut chat,
        &format!("<services type='turn' xmlns='{SERVICES}'/>"),
    )
    .await;
    assert_eq!(turn.len(), 2);
    let (host, port) = one_port.rsplit_once(':').unwrap();
    let one = format!(
        "<credentials xmlns='{SERVICES}'><service type='turns' host='{host}' port='{port}'/></credentials>"
    );
    let one = services(&mut chat, &one).await;
    assert_eq!(one.len(), 1);
    assert!(one[0].attribute("username").unwrap().ends_with(":101-4242"));
    let elsewhere = format!(
        "<credentials xmlns='{SERVICES}'><service type='turn' host='elsewhere'/></credentials>"
    );
    assert_eq!(
        error(&chat.ask("get", DOMAIN, &elsewhere).await),
        "item-not-found"
    );

    // Both name the user in the same way, and the end a second apart at most.
    let rest = running.rest(APP).logged_in(101).await;
    let list = rest.get("/ice_servers.json").await.body;
    let username = list["ice_servers"][1]["username"].as_str().unwrap();
    assert!(username.ends_with(":101-4242"));
}

#[tokio::test]
async fn without_a_relay_there_are_no_services() {
    let running = start_with(|config| config.relay = None).await;
    let mut chat = running.chat(101).await;
    let all = services(&mut chat, &format!("<services xmlns='{SERVICES}'/>")).await;
    assert!(all.is_empty());
}

#[tokio::test]
async fn devices_ask_each_other() {
    let running = start().await;
    let mut asking = running.chat(101).await;
    let mut asked = running.chat(102).await;
    let there = running.chat_of(102, OTHER_APP).await;
    asking
        .send(&format!(
            "<iq id='q' type='get' to='{}' xmlns='jabber:client'><query xmlns='urn:x' node='&lt;'/></iq>",
            asked.jid
        ))
        .await;
    let question = asked.stanza().await;
    assert_eq!(question.attribute("from"), Some(&*asking.jid));
    assert_eq!(
        question
            .child_ns("urn:x", "query")
            .unwrap()
            .attribute("node"),
        Some("<")
    );
    asked
        .send(&format!(
            "<iq id='q' type='result' to='{}' xmlns='jabber:client'><answer xmlns='urn:x'/></iq>",
            asking.jid
        ))
        .await;
    let answer = asking.stanza().await;
    assert_eq!(answer.attribute("from"), Some(&*asked.jid));
    assert!(answer.child_ns("urn:x", "answer").is_some());

    for to in [format!("{}/gone", bare(102)), there.jid.clone(), bare(103)] {
        let ping = asking
            .ask("get", &to, "<ping xmlns='urn:xmpp:ping'/>")
            .await;
        assert_eq!(error(&ping), "service-unavailable", "{to}");
        assert_eq!(ping.attribute("from"), Some(&*to));
    }
    // Asked of a user as such, a ping means: are you online?
    let ping = asking
        .ask("get", &bare(102), "<ping xmlns='urn:xmpp:ping'/>")
        .await;
    assert_eq!(ping.attribute("type"), Some("result"));
}
