//! What ends on the REST side or on the command line ends in chat too.

use crate::common::chat::Chat;
use crate::common::{APP, start};
use visavis_server::store::{ApplicationId, Store};
use visavis_signal::UserId;

#[tokio::test]
async fn a_destroyed_session_ends_its_streams_only() {
    let running = start().await;
    let rest = running.rest(APP).logged_in(101).await;
    let mut by_token = Chat::connect(&running.ws()).await;
    by_token
        .log_in(101, APP, rest.token.as_ref().unwrap())
        .await;
    let mut by_password = Chat::connect(&running.ws()).await;
    by_password.bind(101, APP, "pass101", "").await;
    rest.delete("/session.json").await;
    let last = by_token.rest_of_the_stream().await.concat();
    assert!(last.contains("not-authorized"), "{last}");
    by_password.fence().await;
}

#[tokio::test]
async fn logging_out_ends_them_too() {
    let running = start().await;
    let rest = running.rest(APP).logged_in(101).await;
    let mut chat = Chat::connect(&running.ws()).await;
    chat.log_in(101, APP, rest.token.as_ref().unwrap()).await;
    rest.delete("/login.json").await;
    chat.rest_of_the_stream().await;
}

#[tokio::test]
async fn a_deleted_user_is_gone_everywhere() {
    let running = start().await;
    let rest = running.rest(APP).logged_in(101).await;
    let mut chat = running.chat(101).await;
    let mut other = running.chat(102).await;
    rest.delete("/users/101.json").await;
    chat.rest_of_the_stream().await;
    other.fence().await;
}

#[tokio::test]
async fn removal_by_the_command_line_is_noticed() {
    let running = start().await;
    let mut chat = running.chat(101).await;
    let mut other = running.chat(102).await;
    let mut store = Store::open(&running.config.data_dir).unwrap();
    assert!(store.remove_user(ApplicationId(APP), UserId(101)).unwrap());
    chat.rest_of_the_stream().await;
    other.fence().await;
    assert!(store.remove_application(ApplicationId(APP)).unwrap());
    other.rest_of_the_stream().await;
}
