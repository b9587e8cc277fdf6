//! `/readyz` says whether to send clients here, on every HTTP listener.

use crate::common::rest::Rest;
use crate::common::{APP, Running, loopback, start_with};
use serde_json::json;

async fn start() -> Running {
    start_with(|config| config.admin = Some(loopback())).await
}

fn listeners(running: &Running) -> [Rest; 2] {
    let ready = running.server.ready();
    [&ready.http, &ready.admin].map(|base| Rest::new(base.as_ref().unwrap(), APP))
}

#[tokio::test]
async fn a_server_that_works_is_ready() {
    let running = start().await;
    for listener in listeners(&running) {
        let answer = listener.get("/readyz").await;
        assert_eq!(answer.parts(), (200, json!({"status": "ready"})));
        assert_eq!(listener.get("/healthz").await.status, 200);
    }
}

#[tokio::test]
async fn a_server_without_its_database_is_not() {
    let running = start().await;
    let file = running.config.data_dir.join("visavis.sqlite");
    let database = rusqlite::Connection::open(file).unwrap();
    database.execute_batch("DROP TABLE identifiers").unwrap();
    for listener in listeners(&running) {
        let answer = listener.get("/readyz").await;
        let status = "the database does not answer";
        assert_eq!(answer.parts(), (503, json!({"status": status})));
        assert_eq!(listener.get("/healthz").await.status, 500);
    }
}
