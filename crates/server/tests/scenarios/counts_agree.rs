//! Stream management counts the same on both ends (XEP-0198 section 4):
//! stanzas and nothing else, from the moment that it is enabled, over every
//! loss of the connection.

use visavis_xmpp::xml::Element;

use crate::common::DOMAIN;
use crate::common::chat::{Chat, bare, headline};
use crate::common::ways::{Everywhere, Line, WAYS, Way, auth, plain, start_everywhere};

const SM: &str = "urn:xmpp:sm:3";

/// A client that counts.
struct Counting {
    line: Line,
    jid: String,
    /// The name of the stream.
    id: String,
    sent: u32,
    received: u32,
    /// What the server said last.
    told: u32,
}

impl Counting {
    /// Logs in and enables management, with something in the same breath on
    /// either side of it.
    async fn new(server: &Everywhere, way: Way, token: &str) -> Self {
        let mut line = server.line(way).await;
        line.open().await;
        line.send(&auth("PLAIN", &plain(101, token))).await;
        line.next("success").await;
        line.open().await;
        line.send("<iq id='b' type='set' xmlns='jabber:client'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>")
            .await;
        let bound = line.next("iq").await;
        let jid = bound.child("bind").unwrap().child("jid").unwrap().text();
        // Answers, its own presence and what was kept come before or behind
        // `<enabled/>`; only what is behind it counts.
        line.send(
            "<iq id='1' type='get' xmlns='jabber:client'><query xmlns='jabber:iq:roster'/></iq>",
        )
        .await;
        line.send("<presence xmlns='jabber:client'/>").await;
        line.send(&format!("<enable xmlns='{SM}' resume='true'/>"))
            .await;
        line.send("<presence xmlns='jabber:client'><show>away</show></presence>")
            .await;
        let enabled = line.next("enabled").await;
        Self {
            line,
            jid,
            id: enabled.attribute("id").unwrap().to_owned(),
            sent: 1,
            received: 0,
            told: 0,
        }
    }

    async fn send(&mut self, stanza: &str) {
        self.line.send(stanza).await;
        self.sent += 1;
    }

    async fn element(&mut self) -> Element {
        let element = self.line.element().await.unwrap();
        self.received += u32::from(element.namespace() == "jabber:client");
        element
    }

    /// The server has counted what was sent, exactly.
    async fn is_counted_right(&mut self, what: &str) {
        self.line.send(&format!("<r xmlns='{SM}'/>")).await;
        let told = loop {
            let element = self.element().await;
            if element.is(SM, "a") {
                break element.attribute("h").unwrap().parse().unwrap();
            }
        };
        assert!(told >= self.told, "{what}: {told} after {}", self.told);
        assert_eq!(told, self.sent, "{what}");
        self.told = told;
    }

    /// Everything that is under way to the client has come.
    async fn settle(&mut self) {
        let id = format!("fence-{}", self.sent);
        let fence = headline(&id, &self.jid.clone(), "update");
        self.send(&fence).await;
        while self.element().await.attribute("id") != Some(&id) {}
    }

    /// Loses the connection and comes back, in another way. Nothing is sent
    /// again, for all has come.
    async fn come_back(&mut self, server: &Everywhere, way: Way, token: &str) {
        self.settle().await;
        let mut line = server.line(way).await;
        line.open().await;
        line.send(&auth("PLAIN", &plain(101, token))).await;
        line.next("success").await;
        line.open().await;
        line.send(&format!(
            "<resume xmlns='{SM}' previd='{}' h='{}'/>",
            self.id, self.received
        ))
        .await;
        let resumed = line.element().await.unwrap();
        assert!(resumed.is(SM, "resumed"), "{}", resumed.to_xml());
        assert_eq!(resumed.attribute("h"), Some(&*self.sent.to_string()));
        self.line = line;
        self.told = self.sent;
        let before = self.received;
        self.settle().await;
        assert_eq!(self.received, before + 1, "something came again");
    }
}

/// Everything that a client may send, each a stanza or none.
fn conversation() -> Vec<(String, bool)> {
    let stanzas = [
        headline("s1", &bare(102), "call"),
        headline("s2", &bare(101), "update"),
        headline("s3", "999-4242@chat.test", "call"),
        headline("s4", "elsewhere.test", "call"),
        headline("s5", "@", "call"),
        format!(
            "<message to='{}' type='chat' id='t'><body>x</body></message>",
            bare(103)
        ),
        format!(
            "<message to='{}' type='chat' id='t'><body>x</body></message>",
            bare(102)
        ),
        "<message type='error'/>".to_owned(),
        "<presence><show>dnd</show></presence>".to_owned(),
        format!("<presence to='{}'/>", bare(102)),
        format!("<presence to='{}' type='subscribe'/>", bare(102)),
        "<presence type='unavailable'/>".to_owned(),
        "<presence/>".to_owned(),
        "<presence type='nonsense'/>".to_owned(),
        "<iq id='1' type='get'><ping xmlns='urn:xmpp:ping'/></iq>".to_owned(),
        "<iq id='2' type='get'><query xmlns='jabber:iq:roster'/></iq>".to_owned(),
        format!(
            "<iq id='3' type='set'><query xmlns='jabber:iq:roster'><item jid='{}'/></query></iq>",
            bare(103)
        ),
        "<iq id='4' type='set'><enable xmlns='urn:xmpp:carbons:2'/></iq>".to_owned(),
        format!(
            "<iq id='5' type='get' to='{DOMAIN}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>"
        ),
        "<iq id='6' type='get'><nothing xmlns='urn:x'/></iq>".to_owned(),
        "<iq id='7' type='get'/>".to_owned(),
        "<iq type='get'><ping xmlns='urn:xmpp:ping'/></iq>".to_owned(),
        "<iq id='8' type='odd'/>".to_owned(),
        "<iq id='9' type='result'/>".to_owned(),
        format!(
            "<iq id='10' type='get' to='{}'><ping xmlns='urn:xmpp:ping'/></iq>",
            bare(102)
        ),
    ];
    let others = [
        format!("<r xmlns='{SM}'/>"),
        format!("<a xmlns='{SM}' h='0'/>"),
        format!("<enable xmlns='{SM}'/>"),
        format!("<resume xmlns='{SM}' previd='x' h='0'/>"),
        " ".to_owned(),
    ];
    let client = |stanza: String| {
        let (name, rest) = stanza.split_at(stanza.find([' ', '/', '>']).unwrap());
        match stanza.contains("xmlns='jabber:client'") || stanza.contains("xmlns=\"jabber:client\"")
        {
            true => stanza,
            false => format!("{name} xmlns='jabber:client'{rest}"),
        }
    };
    let stanzas = stanzas.into_iter().map(|stanza| (client(stanza), true));
    stanzas.chain(others.map(|other| (other, false))).collect()
}

#[tokio::test]
async fn stanzas_count_and_nothing_else() {
    let server = start_everywhere(|_| ()).await;
    let token = server.token(101).await;
    let mut bob = server.running.chat(102).await;
    for (number, way) in WAYS.into_iter().enumerate() {
        // Kept for whoever logs in.
        bob.send(&format!(
            "<message to='{}' type='chat' xmlns='jabber:client'><body>kept</body></message>",
            bare(101)
        ))
        .await;
        bob.fence().await;
        let mut client = Counting::new(&server, way, &token).await;
        client.is_counted_right("what is in the same breath").await;
        for (text, counts) in conversation() {
            client.line.send(&text).await;
            client.sent += u32::from(counts);
            client.is_counted_right(&text).await;
        }
        // What comes from others, and what the server sends of its own accord.
        say(&mut bob, number).await;
        client.come_back(&server, way, &token).await;
        for (text, counts) in conversation() {
            client.line.send(&text).await;
            client.sent += u32::from(counts);
        }
        client.is_counted_right("all in one breath").await;
        let other = WAYS[(number + 1) % WAYS.len()];
        client.come_back(&server, other, &token).await;
        client.is_counted_right("after coming back").await;
        client
            .line
            .send("<presence type='unavailable' xmlns='jabber:client'/>")
            .await;
        match &mut client.line {
            Line::Frames(chat) => {
                chat.send("<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>")
                    .await;
            }
            Line::Stream(stream) => stream.send("</stream:stream>").await,
        }
        while client.line.element().await.is_some() {}
    }
}

async fn say(bob: &mut Chat, number: usize) {
    for id in 0..5 {
        bob.signal(&format!("b{number}-{id}"), &bare(101), "update")
            .await;
    }
    bob.send("<presence xmlns='jabber:client'><show>away</show></presence>")
        .await;
    bob.send(&format!(
        "<presence to='{}' type='subscribed' xmlns='jabber:client'/>",
        bare(101)
    ))
    .await;
    bob.fence().await;
}

/// A client that says too little or too much of what it has read is believed
/// no further than can be, and the server's own count is not touched by it.
#[tokio::test]
async fn the_count_of_one_way_does_not_touch_the_other() {
    let server = start_everywhere(|_| ()).await;
    let token = server.token(101).await;
    let mut client = Counting::new(&server, Way::Tcp, &token).await;
    for h in ["0", "1", "4294967295", "99", "-1", "x", ""] {
        client
            .line
            .send(&format!("<a xmlns='{SM}' h='{h}'/>"))
            .await;
        client.settle().await;
        client.is_counted_right(h).await;
    }
}
