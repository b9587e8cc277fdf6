//! What cannot be measured says why.

use crate::clumsy::{self, Mistake};
use crate::stage::{plan, run, traffic};
use visavis_load::{LoadError, Person, Plan, StartTls};

fn everybody(password: &str) -> Vec<Person> {
    let person = |number| Person {
        login: format!("{number}-1"),
        password: password.to_owned(),
    };
    (1..=6).map(person).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_there() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("tcp://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let plan = plan(&url, StartTls::Never, everybody("p"), traffic(2, 1, None));
    assert!(matches!(
        run(plan).await,
        Err(LoadError::Unreachable { .. })
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_refused() {
    let stage = crate::stage::Stage::new(2).await;
    let url = format!("tcp://{}", stage.server.ready().xmpp.as_ref().unwrap());
    let wrong = everybody(&"0".repeat(40));
    let plan = plan(&url, StartTls::Never, wrong, traffic(2, 0, None));
    let error = run(plan).await.unwrap_err();
    assert!(matches!(error, LoadError::Refused { .. }), "{error}");
    stage.server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_no_tls_where_it_is_required() {
    let url = clumsy::start(Mistake::Lose).await;
    let plan = plan(
        &url,
        StartTls::Required,
        everybody("p"),
        traffic(2, 1, None),
    );
    let error = run(plan).await.unwrap_err();
    assert!(matches!(error, LoadError::Refused { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn there_are_too_few_users() {
    let url = clumsy::start(Mistake::Lose).await;
    let few = plan(&url, StartTls::Never, everybody("p"), traffic(2, 3, None));
    let error = run(few).await.unwrap_err();
    assert_eq!(error.to_string(), "8 users are needed and there are 6");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_process_is_not_there() {
    let url = clumsy::start(Mistake::Lose).await;
    let plan = Plan {
        pid: Some(u32::MAX),
        ..plan(&url, StartTls::Never, everybody("p"), traffic(2, 1, None))
    };
    assert!(matches!(run(plan).await, Err(LoadError::Process { .. })));
}
