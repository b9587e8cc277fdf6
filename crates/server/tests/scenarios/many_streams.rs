//! Fifty streams of one user: as many as are allowed work, the others are told.

use crate::common::chat::bare;
use crate::common::ways::{WAYS, auth, plain, start_everywhere};

const STREAMS: usize = 50;

#[tokio::test]
async fn fifty_streams_of_one_user_all_work_where_they_are_allowed() {
    let server = start_everywhere(|config| config.limits.connections_per_user = STREAMS).await;
    let token = server.token(101).await;
    let mut lines = Vec::new();
    for way in WAYS.into_iter().cycle().take(STREAMS) {
        lines.push(server.stream(way, 101, Some(&token)).await);
    }
    let mut caller = server.running.chat(102).await;
    for id in ["m1", "m2", "m3"] {
        caller.signal(id, &bare(101), "call").await;
    }
    for line in &mut lines {
        for id in ["m1", "m2", "m3"] {
            assert_eq!(line.next("message").await.attribute("id"), Some(id));
        }
    }
    // One accepts, and none is lost when all leave at once.
    let (first, others) = lines.split_first_mut().unwrap();
    first
        .send(&format!(
            "<message id='a' to='{}' type='headline' xmlns='jabber:client'/>",
            bare(102)
        ))
        .await;
    assert_eq!(caller.stanza().await.attribute("id"), Some("a"));
    assert_eq!(others.len(), STREAMS - 1);
    drop(lines);
    server.running.still_serves().await;
}

#[tokio::test]
async fn beyond_the_limit_each_is_told_and_the_others_go_on() {
    let server = start_everywhere(|_| ()).await;
    let most = server.running.config.limits.connections_per_user;
    let token = server.token(101).await;
    let mut lines = Vec::new();
    for way in WAYS.into_iter().cycle().take(most) {
        lines.push(server.stream(way, 101, Some(&token)).await);
    }
    let mut refused = Vec::new();
    for way in WAYS.into_iter().cycle().take(STREAMS - most) {
        let mut line = server.line(way).await;
        line.open().await;
        line.send(&auth("PLAIN", &plain(101, &token))).await;
        line.next("success").await;
        line.open().await;
        line.send("<iq id='b' type='set' xmlns='jabber:client'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>")
            .await;
        let error = line.next("iq").await;
        let error = error.child("error").unwrap();
        assert_eq!(error.attribute("type"), Some("wait"));
        assert!(error.child("resource-constraint").is_some());
        refused.push(line);
    }
    let mut caller = server.running.chat(102).await;
    caller.signal("m1", &bare(101), "call").await;
    for line in &mut lines {
        assert_eq!(line.next("message").await.attribute("id"), Some("m1"));
    }
    // A place that becomes free is given to whoever asks again.
    let gone = lines.pop().unwrap();
    let name = gone.jid().to_owned();
    drop(gone);
    let (_, asking) = lines.split_at_mut(most - 2);
    loop {
        let presence = asking[0].next("presence").await;
        if presence.attribute("from") == Some(&*name)
            && presence.attribute("type") == Some("unavailable")
        {
            break;
        }
    }
    let line = &mut refused[0];
    line.send("<iq id='b' type='set' xmlns='jabber:client'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>")
        .await;
    let bound = line.next("iq").await;
    assert_eq!(bound.attribute("type"), Some("result"));
}
