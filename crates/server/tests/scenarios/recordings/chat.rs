//! The lines about chat.

use std::collections::{BTreeMap, VecDeque};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use visavis_xmpp::xml::Element;

use super::{HOST, read};
use crate::common::chat::{CLOSE, Chat, parse};
use crate::common::{APP, password};

const FRAMING: &str = "urn:ietf:params:xml:ns:xmpp-framing";
const MANAGEMENT: &str = "urn:xmpp:sm:3";

/// The attributes that mean something where a server writes them.
const ATTRIBUTES: [&str; 6] = ["id", "type", "from", "to", "version", "h"];

/// The connections of a recording by their names: a user, and a letter if it
/// is not the first.
pub(super) struct Talk {
    url: String,
    devices: BTreeMap<String, Device>,
    jids: BTreeMap<String, String>,
    said: BTreeMap<String, Element>,
}

struct Device {
    chat: Chat,
    /// What was not yet asked for, in order.
    heard: VecDeque<Element>,
    closed: bool,
}

impl Talk {
    pub(super) fn new(url: String) -> Self {
        Self {
            url,
            devices: BTreeMap::new(),
            jids: BTreeMap::new(),
            said: BTreeMap::new(),
        }
    }

    pub(super) async fn step(&mut self, who: &str, what: &str) {
        match what.split_once(' ') {
            None if what == "opens" => self.open(who).await,
            None if what == "drops" => drop(self.devices.remove(who).unwrap()),
            None if what == "pings" => self.shared("ping", who).await,
            Some(("logs", "in")) => {
                self.open(who).await;
                self.shared("log-in", who).await;
            }
            Some(("is", "gone")) => self.gone(who).await,
            Some(("says", stanza)) => self.say(who, stanza).await,
            Some(("hears", stanza)) => self.hear(who, stanza).await,
            _ => panic!("not a step: {what}"),
        }
    }

    async fn shared(&mut self, steps: &str, who: &str) {
        for line in read(&format!("steps/{steps}.txt")) {
            match line.split_once(' ').unwrap() {
                ("says", stanza) => self.say(who, stanza).await,
                ("hears", stanza) => self.hear(who, stanza).await,
                _ => panic!("not a shared step: {line}"),
            }
        }
    }

    async fn open(&mut self, who: &str) {
        let device = Device {
            chat: Chat::connect(&self.url).await,
            heard: VecDeque::new(),
            closed: false,
        };
        let old = self.devices.insert(who.to_owned(), device);
        assert!(old.is_none(), "{who} is connected");
        self.jids.remove(who);
    }

    async fn say(&mut self, who: &str, stanza: &str) {
        let stanza = self.filled(who, stanza);
        if stanza.starts_with("<message ") {
            let message = parse(&stanza);
            let id = message.attribute("id").unwrap().to_owned();
            self.said.insert(id, message);
        }
        let device = self.devices.get_mut(who).unwrap();
        device.chat.send(&stanza).await;
    }

    async fn hear(&mut self, who: &str, stanza: &str) {
        let bound = stanza.contains("<jid>");
        let expected = match stanza.split_once(" of ") {
            Some((id, sender)) if !stanza.starts_with('<') => {
                let sender = self.filled(who, sender);
                self.said[id].clone().with_attribute("from", &sender)
            }
            _ if bound => {
                let heard = self.devices.get_mut(who).unwrap().next("").await;
                let jid = heard.child("bind").unwrap().child("jid").unwrap().text();
                let (account, resource) = jid.split_once('/').unwrap();
                assert_eq!(account, format!("{}-{APP}@{HOST}", user(who)));
                assert!(!resource.is_empty());
                self.jids.insert(who.to_owned(), jid);
                self.devices.get_mut(who).unwrap().heard.push_front(heard);
                parse(&self.filled(who, stanza))
            }
            _ => parse(&self.filled(who, stanza)),
        };
        let heard = self
            .devices
            .get_mut(who)
            .unwrap()
            .next(origin(&expected))
            .await;
        let me = self.jids.get(who).map_or("", String::as_str);
        if let Err(difference) = same(&expected, &heard, me) {
            panic!(
                "{difference}\nexpected {}\nheard    {}",
                expected.to_xml(),
                heard.to_xml()
            );
        }
    }

    async fn gone(&mut self, who: &str) {
        let mut device = self.devices.remove(who).unwrap();
        while let Ok(frame) = device.chat.frame().await {
            device.take(&frame);
        }
        assert!(device.closed, "the stream ended without its end");
        self.nothing_else(who, &device);
    }

    /// Ends the recording: nobody has heard anything that was not expected.
    pub(super) async fn end(mut self) {
        for (who, mut device) in std::mem::take(&mut self.devices) {
            let id = format!("end-{who}");
            let to = &self.jids[&who];
            let fence = format!(r#"<message id="{id}" to="{to}" type="headline"/>"#);
            device.chat.send(&fence).await;
            while device.heard.back().and_then(|last| last.attribute("id")) != Some(&id) {
                device.pull().await;
            }
            device.heard.pop_back();
            self.nothing_else(&who, &device);
        }
    }

    fn nothing_else(&self, who: &str, device: &Device) {
        for heard in &device.heard {
            assert!(self.is_meant(who, heard), "{who}: {}", heard.to_xml());
        }
    }

    /// What this server sends and the recorded one did not.
    fn is_meant(&self, who: &str, heard: &Element) -> bool {
        let account = format!("{}-{APP}@{HOST}", user(who));
        let from = heard.attribute("from").unwrap_or_default();
        match heard.name() {
            // Decisions stop the ringing of the user's other devices.
            "message" => {
                let sent = heard.child_ns("urn:xmpp:carbons:2", "sent");
                let copied = sent.and_then(|sent| sent.child("forwarded")?.child("message"));
                let id = copied.and_then(|copied| copied.attribute("id"));
                from == account && id.is_some_and(|id| self.said.contains_key(id))
            }
            // The recorded clients did not all wait for the end.
            "close" => true,
            "presence" => from.starts_with(&format!("{account}/")) && from != self.jids[who],
            _ => false,
        }
    }

    fn filled(&self, who: &str, text: &str) -> String {
        let mut text = text
            .replace("\\r\\n", "\r\n")
            .replace("{me}", &format!("{{{who}}}"));
        let user = user(who);
        if text.contains("{plain}") {
            let number = user.parse().unwrap();
            let plain = STANDARD.encode(format!("\0{user}-{APP}\0{}", password(number)));
            text = text.replace("{plain}", &plain);
        }
        for (name, jid) in &self.jids {
            text = text.replace(&format!("{{{name}}}"), jid);
        }
        assert!(!text.contains("{10"), "not bound yet: {text}");
        text
    }
}

impl Device {
    /// The next element of that origin.
    async fn next(&mut self, from: &str) -> Element {
        loop {
            let at = self.heard.iter().position(|heard| origin(heard) == from);
            if let Some(heard) = at.and_then(|at| self.heard.remove(at)) {
                return heard;
            }
            self.pull().await;
        }
    }

    async fn pull(&mut self) {
        let frame = self.chat.text().await;
        self.take(&frame);
    }

    fn take(&mut self, frame: &str) {
        assert!(!self.closed, "behind the end: {frame}");
        let element = parse(frame);
        if element.is(FRAMING, "open") {
            assert!(frame.starts_with("<open "), "{frame}");
        }
        if element.is(FRAMING, "close") {
            assert_eq!(frame, CLOSE);
            self.closed = true;
        }
        // Servers ask for acknowledgments when they like.
        if !element.is(MANAGEMENT, "r") {
            self.heard.push_back(element);
        }
    }
}

/// The user of a connection.
fn user(who: &str) -> &str {
    who.trim_end_matches(char::is_alphabetic)
}

/// Who keeps the order: the sender, the server, its stream management.
fn origin(element: &Element) -> &str {
    if element.namespace() == MANAGEMENT {
        return MANAGEMENT;
    }
    match element.attribute("from") {
        None | Some(HOST) => "",
        Some(from) => from,
    }
}

fn same(expected: &Element, heard: &Element, me: &str) -> Result<(), String> {
    let name = expected.name();
    if !heard.is(expected.namespace(), name) {
        return Err(format!("<{}> instead of <{name}>", heard.name()));
    }
    for attribute in ATTRIBUTES {
        let wanted = expected.attribute(attribute);
        let given = heard.attribute(attribute);
        let agree = match (attribute, wanted, given) {
            (_, Some("*"), given) => given.is_some_and(|value| !value.is_empty()),
            // Who is written to is the one who hears it, said or not.
            ("to", None, Some(to)) => to == me,
            _ => wanted == given,
        };
        if !agree {
            return Err(format!(
                "{attribute} of <{name}>: {given:?}, not {wanted:?}"
            ));
        }
    }
    if expected.text().trim() != heard.text().trim() {
        return Err(format!("text of <{name}>: {:?}", heard.text()));
    }
    if name == "features" {
        // A server may offer more, and say what is optional (RFC 6120 section 4.3.2).
        return expected.children().try_for_each(|wanted| {
            let given = heard.child_ns(wanted.namespace(), wanted.name());
            match given.ok_or(format!("no <{}>", wanted.name()))? {
                given if wanted.name() == "mechanisms" => same(wanted, given, me),
                _ => Ok(()),
            }
        });
    }
    let (wanted, given) = (expected.children().count(), heard.children().count());
    if wanted != given {
        return Err(format!("children of <{name}>: {given}, not {wanted}"));
    }
    expected
        .children()
        .zip(heard.children())
        .try_for_each(|(wanted, given)| same(wanted, given, me))
}
