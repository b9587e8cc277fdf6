//! What a server must not do with messages does not pass unnoticed.

use std::time::Duration;

use crate::clumsy::{self, Mistake};
use crate::stage::{plan, run};
use visavis_load::{Messages, Person, Plan, StartTls, Work};

fn people(count: usize) -> Vec<Person> {
    let person = |number| Person {
        login: format!("user{number}"),
        password: "p".to_owned(),
    };
    (0..count).map(person).collect()
}

/// One pair, and a short patience: what is lost never comes.
fn impatient(url: &str, rate: Option<f64>) -> Plan {
    let work = Work::Traffic {
        idle: 0,
        pairs: 1,
        body: 100,
        rate,
        time: Duration::from_millis(500),
        logins: 2,
    };
    Plan {
        patience: Duration::from_millis(300),
        ..plan(url, StartTls::Never, people(2), work)
    }
}

/// What became of the messages, in an open loop and in a closed one.
async fn messages(mistake: Mistake) -> [Messages; 2] {
    let mut messages = [Messages::default(); 2];
    for (seen, rate) in messages.iter_mut().zip([Some(200.0), None]) {
        let url = clumsy::start(mistake).await;
        let report = run(impatient(&url, rate)).await.unwrap();
        assert_eq!(report.sessions_lost, 0, "{report}");
        *seen = report.messages.unwrap();
        assert!(seen.sent > 5, "{report}");
    }
    messages
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_message() {
    for seen in messages(Mistake::Lose).await {
        assert!(
            seen.lost > 0 && seen.received + seen.lost == seen.sent,
            "{seen}"
        );
        assert_eq!(seen.failures(), [format!("{} messages lost", seen.lost)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_double_message() {
    for seen in messages(Mistake::Duplicate).await {
        assert_eq!(seen.received, seen.sent + seen.duplicated, "{seen}");
        let told = format!("{} messages duplicated", seen.duplicated);
        assert!(seen.duplicated > 0);
        assert_eq!(seen.failures(), [told]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_out_of_order() {
    for seen in messages(Mistake::Reorder).await {
        assert!(seen.reordered > 0, "{seen}");
        assert!(seen.failures().join(" ").contains("messages reordered"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_message() {
    for seen in messages(Mistake::Change).await {
        assert!(seen.broken > 0 && seen.lost == seen.broken, "{seen}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_for_somebody_else() {
    for seen in messages(Mistake::Misdeliver).await {
        assert!(
            seen.misdelivered > 0 && seen.lost == seen.misdelivered,
            "{seen}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_comes_back() {
    for seen in messages(Mistake::Return).await {
        assert!(seen.returned > 0 && seen.lost == seen.returned, "{seen}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends() {
    for rate in [Some(200.0), None] {
        let url = clumsy::start(Mistake::HangUp).await;
        let report = run(impatient(&url, rate)).await.unwrap();
        assert!(report.sessions_lost > 0, "{report}");
        assert!(report.failures().join(" ").contains("sessions lost"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_that_never_end() {
    let url = clumsy::start(Mistake::LetNobodyIn).await;
    let storm = Plan {
        patience: Duration::from_millis(100),
        ..plan(&url, StartTls::Never, people(2), Work::Storm { logins: 2 })
    };
    let storm = run(storm).await.unwrap().storm.unwrap();
    let mut named: Vec<&str> = storm.stragglers.iter().map(|who| &*who.login).collect();
    named.sort_unstable();
    assert_eq!((storm.bound, named), (0, vec!["user0", "user1"]));
}
