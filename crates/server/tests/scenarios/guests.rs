//! People who come by a link: whom they reach, and how they end.

use serde_json::Value;

use super::common::chat::{Chat, bare};
use super::common::rest::{Answer, Rest};
use super::common::{APP, OTHER_APP, Running, soon, start, start_with};

const HOST: u32 = 101;
const OTHER: u32 = 102;

/// A guest who has come in.
struct Guest {
    id: u32,
    rest: Rest,
    token: String,
}

async fn link(host: &Rest, fields: &[(&str, &str)]) -> (String, String) {
    let made = host.post("/guest_links.json", fields).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let link = &made.body["guest_link"];
    let token = link["token"].as_str().unwrap().to_owned();
    (link["id"].to_string(), token)
}

async fn open(running: &Running, token: &str) -> Answer {
    let rest = running.rest(APP);
    rest.post("/session/link.json", &[("token", token), ("name", "Gast")])
        .await
}

fn guest(running: &Running, opened: &Answer) -> Guest {
    assert_eq!(opened.status, 201, "{}", opened.text);
    let token = opened.token();
    let mut rest = running.rest(APP);
    rest.token = Some(token.clone());
    let id = opened.body["user"]["id"].as_u64().unwrap();
    Guest {
        id: id.try_into().unwrap(),
        rest,
        token,
    }
}

impl Guest {
    async fn chat(&self, running: &Running) -> Chat {
        let mut chat = Chat::connect(&running.ws()).await;
        chat.log_in(self.id, APP, &self.token).await;
        chat
    }
}

/// Whether a signal of one gets to the other.
async fn reaches(from: &mut Chat, to: &mut Chat, whom: &str, id: &str) -> bool {
    from.signal(id, whom, "call").await;
    from.fence().await;
    let seen = to.fence().await;
    seen.iter().any(|stanza| {
        stanza.attribute("id") == Some(id) && stanza.attribute("from") == Some(&*from.jid)
    })
}

/// A text gets to nobody, now and later.
async fn tell(from: &mut Chat, whom: &str, id: &str) {
    from.send(&format!(
        "<message id='{id}' to='{whom}' type='chat' xmlns='jabber:client'><body>x</body></message>"
    ))
    .await;
    from.fence().await;
}

#[tokio::test]
async fn a_guest_talks_with_his_host_and_with_nobody_else() {
    let running = start().await;
    let rest = running.rest(APP).logged_in(HOST).await;
    let (_, token) = link(&rest, &[("uses", "2")]).await;
    let opened = open(&running, &token).await;
    assert_eq!(opened.body["host"]["id"], HOST);
    assert_eq!(opened.body["user"]["full_name"], "Gast");
    let first = guest(&running, &opened);
    // A link is not for more than one a moment.
    let mut opened = open(&running, &token).await;
    while opened.status == 429 {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        opened = open(&running, &token).await;
    }
    let second = guest(&running, &opened);

    let mut host = running.chat(HOST).await;
    let mut other = running.chat(OTHER).await;
    let mut here = first.chat(&running).await;
    let mut there = second.chat(&running).await;
    let own = here.jid.clone();
    assert!(reaches(&mut here, &mut host, &bare(HOST), "1").await);
    assert!(reaches(&mut host, &mut here, &bare(first.id), "2").await);
    assert!(reaches(&mut host, &mut here, &own, "3").await);
    for (number, name) in [bare(OTHER), other.jid.clone()].iter().enumerate() {
        let id = format!("out-{number}");
        assert!(!reaches(&mut here, &mut other, name, &id).await, "{name}");
    }
    for (number, name) in [bare(first.id), own].iter().enumerate() {
        let id = format!("in-{number}");
        assert!(!reaches(&mut other, &mut here, name, &id).await, "{name}");
        let id = format!("guest-{number}");
        assert!(!reaches(&mut there, &mut here, name, &id).await, "{name}");
    }
    // Presence and texts find no way around it.
    let directed = format!("<presence to='{}' xmlns='jabber:client'/>", bare(OTHER));
    here.send(&directed).await;
    let asked = format!(
        "<presence type='subscribe' to='{}' xmlns='jabber:client'/>",
        bare(OTHER)
    );
    here.send(&asked).await;
    tell(&mut here, &bare(OTHER), "text").await;
    tell(&mut other, &bare(first.id), "text").await;
    let from_guest = |stanza: &visavis_xmpp::xml::Element| {
        stanza
            .attribute("from")
            .is_some_and(|from| from.starts_with(&bare(first.id)))
    };
    assert!(!other.fence().await.iter().any(from_guest));
    drop(here);
    drop(other);
    tell(&mut running.chat(OTHER).await, &bare(first.id), "later").await;
    let mut back = first.chat(&running).await;
    let texts = back.fence().await;
    assert!(texts.iter().all(|stanza| stanza.name() != "message"));
    let mut other = running.chat(OTHER).await;
    assert!(!other.fence().await.iter().any(from_guest));
}

#[tokio::test]
async fn a_guest_and_others_learn_nothing_of_each_other() {
    let running = start().await;
    let host = running.rest(APP).logged_in(HOST).await;
    let (_, token) = link(&host, &[]).await;
    let guest = guest(&running, &open(&running, &token).await);
    let path = |user: u32| format!("/users/{user}.json");
    let status = async |rest: &Rest, path: String| rest.get(&path).await.status;
    assert_eq!(status(&guest.rest, path(guest.id)).await, 200);
    assert_eq!(status(&guest.rest, path(HOST)).await, 200);
    assert_eq!(status(&host, path(guest.id)).await, 200);
    assert_eq!(status(&guest.rest, path(OTHER)).await, 404);
    let by_login = "/users/by_login.json?login=user102".to_owned();
    assert_eq!(status(&guest.rest, by_login).await, 404);
    assert_eq!(status(&guest.rest, "/users.json".to_owned()).await, 403);
    let other = running.rest(APP).logged_in(OTHER).await;
    assert_eq!(status(&other, path(guest.id)).await, 404);
    let listed = other.get("/users.json").await;
    let id = |item: &Value| item["user"]["id"].as_u64();
    let items = listed.body["items"].as_array().unwrap();
    assert!(items.iter().all(|item| id(item) != Some(guest.id.into())));
    assert_eq!(listed.body["total_entries"], 3);
    // Nor does he become anything else, or bring in others.
    let renamed = [("user[login]", "user104"), ("user[password]", "password")];
    assert_eq!(guest.rest.put(&path(guest.id), &renamed).await.status, 403);
    let more = guest.rest.post("/guest_links.json", &[]).await;
    assert_eq!(more.status, 403);
    // He may leave.
    assert_eq!(guest.rest.delete(&path(guest.id)).await.status, 200);
    assert_eq!(status(&host, path(guest.id)).await, 404);
}

#[tokio::test]
async fn nobody_comes_by_a_link_that_is_over() {
    let running = start().await;
    let host = running.rest(APP).logged_in(HOST).await;
    let (id, token) = link(&host, &[]).await;
    let first = guest(&running, &open(&running, &token).await);
    let refused = open(&running, &token).await;
    assert_eq!(refused.status, 404, "it was for one");
    for wrong in ["", "x", &"0".repeat(40)] {
        let answer = open(&running, wrong).await;
        assert!(
            wrong.is_empty() || answer.parts() == refused.parts(),
            "{wrong}"
        );
    }
    let listed = host.get("/guest_links.json").await;
    assert!(!listed.text.contains(&token), "it is told once");
    assert_eq!(listed.body["items"][0]["guest_link"]["uses_left"], 0);

    let mut chat = first.chat(&running).await;
    let stranger = running.rest(APP).logged_in(OTHER).await;
    let elsewhere = running.rest(OTHER_APP).logged_in(HOST).await;
    let path = format!("/guest_links/{id}.json");
    for rest in [&stranger, &elsewhere, &first.rest] {
        assert_eq!(rest.delete(&path).await.status, 404);
    }
    assert_eq!(host.delete(&path).await.status, 200);
    assert_eq!(host.delete(&path).await.status, 404);
    chat.rest_of_the_stream().await;
    assert_eq!(first.rest.get("/session.json").await.status, 401);
    let mut again = Chat::connect(&running.ws()).await;
    let failure = again.authenticate(first.id, APP, &first.token).await;
    assert_eq!(failure.name(), "failure");
}

#[tokio::test]
async fn guests_end_with_the_time_of_their_link_and_with_their_host() {
    let running = start().await;
    let host = running.rest(APP).logged_in(HOST).await;
    let (_, token) = link(&host, &[]).await;
    let first = guest(&running, &open(&running, &token).await);
    let mut chat = first.chat(&running).await;
    assert_eq!(host.delete("/users/101.json").await.status, 200);
    chat.rest_of_the_stream().await;
    assert_eq!(first.rest.get("/session.json").await.status, 401);

    // A link that has ended while the server was away.
    let other = running.rest(APP).logged_in(OTHER).await;
    let (_, token) = link(&other, &[("seconds", "60"), ("uses", "2")]).await;
    let second = guest(&running, &open(&running, &token).await);
    let mut chat = second.chat(&running).await;
    let mut store = visavis_server::store::Store::open(&running.config.data_dir).unwrap();
    let late = visavis_server::UnixTime(visavis_server::UnixTime::now().0 + 61);
    store.purge_guest_links(late).unwrap();
    chat.rest_of_the_stream().await;
    assert_eq!(second.rest.get("/session.json").await.status, 401);
    assert_eq!(open(&running, &token).await.status, 404);
}

#[tokio::test]
async fn links_and_guests_are_bounded() {
    let running = start_with(|config| config.limits.guest_links_per_user = 1).await;
    let host = running.rest(APP).logged_in(HOST).await;
    for (name, value) in [
        ("seconds", "59"),
        ("seconds", "2592001"),
        ("uses", "0"),
        ("uses", "51"),
        ("uses", "x"),
    ] {
        let answer = host.post("/guest_links.json", &[(name, value)]).await;
        assert_eq!(answer.status, 422, "{name}={value}");
        assert!(answer.body["errors"][name].is_array());
    }
    let (_, token) = link(&host, &[("uses", "50")]).await;
    let full = host.post("/guest_links.json", &[]).await;
    assert_eq!(full.status, 403, "{}", full.text);
    // A flood comes in slowly, whoever sends it, and others come in all the same.
    let mut answers = Vec::new();
    for _ in 0..20 {
        answers.push(soon(open(&running, &token)).await.status);
    }
    assert!(answers.contains(&429), "{answers:?}");
    let other = running.rest(APP).logged_in(OTHER).await;
    let (_, token) = link(&other, &[]).await;
    assert_eq!(open(&running, &token).await.status, 201);
    assert_eq!(
        running
            .rest(APP)
            .post("/guest_links.json", &[])
            .await
            .status,
        401
    );

    let closed = start_with(|config| config.limits.guest_links_per_user = 0).await;
    let host = closed.rest(APP).logged_in(HOST).await;
    assert_eq!(host.post("/guest_links.json", &[]).await.status, 403);
}
