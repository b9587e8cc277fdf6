//! Every kind of load, over everything that can carry it.

use crate::stage::{Stage, run, traffic};
use visavis_load::{Report, StartTls, Work};

const USERS: u32 = 6;

/// The server's addresses, in clear and encrypted.
fn addresses(stage: &Stage) -> Vec<(String, StartTls)> {
    let ready = stage.server.ready();
    let tcp = format!("tcp://{}", ready.xmpp.as_ref().unwrap());
    let tls = format!("tls://{}", ready.xmpps.as_ref().unwrap());
    vec![
        (tcp.clone(), StartTls::Never),
        (tcp.clone(), StartTls::IfOffered),
        (tcp, StartTls::Required),
        (tls, StartTls::Never),
        (ready.ws.clone().unwrap(), StartTls::Never),
        (ready.wss.clone().unwrap(), StartTls::Never),
    ]
}

async fn over_each(work: Work, verify: impl Fn(&str, &Report)) {
    let stage = Stage::new(USERS).await;
    for (url, start_tls) in addresses(&stage) {
        let report = run(stage.plan(&url, start_tls, work)).await.unwrap();
        assert_eq!(report.failures(), Vec::<String>::new(), "{url}: {report}");
        verify(&url, &report);
    }
    stage.server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_loop_beside_idle_sessions() {
    over_each(traffic(2, 2, None), |url, report| {
        assert_eq!(report.idle.unwrap().sessions, 2);
        assert_eq!(report.logins.unwrap().count, 6);
        let messages = report.messages.unwrap();
        assert!(messages.sent >= 4, "{url}: {report}");
        assert_eq!(messages.received, messages.sent);
        assert!(
            messages.latency.p50_us > 0.0 && messages.latency.max_us >= messages.latency.p999_us
        );
        assert!(messages.server_cpu_us_per_message.is_some());
        let memory = report.server_memory.unwrap();
        assert!(memory.warm_bytes > 0 && memory.end_bytes > 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_loop_sends_all_that_was_meant() {
    over_each(traffic(0, 2, Some(500.0)), |url, report| {
        let messages = report.messages.unwrap();
        assert_eq!((messages.sent, messages.received), (100, 100), "{url}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_lets_everybody_in() {
    over_each(Work::Storm { logins: 6 }, |url, report| {
        let storm = report.storm.as_ref().unwrap();
        assert_eq!((storm.bound, storm.logins), (6, 6), "{url}");
        assert!(!storm.took.is_zero());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_get_in_is_named() {
    let mut stage = Stage::new(2).await;
    stage.people[1].password = "f".repeat(40);
    let ready = stage.server.ready();
    let url = format!("tcp://{}", ready.xmpp.as_ref().unwrap());
    let storm = stage.plan(&url, StartTls::Never, Work::Storm { logins: 2 });
    let report = run(storm).await.unwrap();
    assert_eq!(report.failures(), ["1 logins failed"]);
    let stragglers = report.storm.unwrap().stragglers;
    assert_eq!(stragglers.len(), 1);
    assert_eq!(stragglers[0].login, stage.people[1].login);
    assert!(
        stragglers[0].reason.contains("does not accept"),
        "{stragglers:?}"
    );
    stage.server.shutdown().await;
}
