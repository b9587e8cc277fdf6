//! What unmodified clients said to another server, said to this one.
//!
//! The files of `tests/recordings` are conversations as lines:
//!
//! - `101 opens`, `101 says STANZA`, `101 hears STANZA`, `101 is gone` (its
//!   stream has ended), `101 drops` (its connection is cut). `101b` is a second
//!   device, `{101}` the JID that the server gave to it, `*` any value.
//! - `102 hears ID of {101}`: the message of that id, from that device.
//! - `101 logs in`, `101 pings`: the lines of `steps`, where `{me}` is the device
//!   and `{plain}` its password for SASL.
//! - `ask METHOD PATH BODY` and `told STATUS JSON`: an account request.
//!
//! Answers are compared by meaning: names, namespaces, attributes, text,
//! members, statuses. What a connection hears from one sender keeps its order;
//! senders do not wait for each other. Nothing else may be heard. Where this
//! server means to differ, a rule says so.

mod chat;
mod rest;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use crate::common::{APP, Running, add_application, prepare_with};
use visavis_server::store::{ApplicationId, Profile, UserField};
use visavis_server::{Server, UnixTime};
use visavis_signal::UserId;

/// The name of the server in the recordings.
const HOST: &str = "chat.qb.test";

macro_rules! recordings {
    ($($name:ident)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                play(stringify!($name)).await;
            }
        )*

        const PLAYED: &[&str] = &[$(stringify!($name)),*];
    };
}

recordings! {
    busy call cancel chatdrop groupmixed multidevice noanswer reconnect reject rest sasl_plain sm
}

#[test]
fn no_recording_is_forgotten() {
    let files: BTreeSet<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    let played = PLAYED.iter().map(|name| file(name)).collect();
    assert_eq!(files, played);
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/recordings")
}

fn file(name: &str) -> String {
    format!("{}.txt", name.replace('_', "-"))
}

fn read(file: &str) -> Vec<String> {
    let text = fs::read_to_string(folder().join(file)).unwrap();
    text.lines().map(str::to_owned).collect()
}

async fn play(name: &str) {
    let (config, folder) = prepare_with(HOST, |store| {
        add_application(store, APP, "key42", true, 101..=104);
        for user in 101..=104 {
            let name = Profile::from([(UserField::FullName, Some(format!("User {user}")))]);
            store
                .update_user(
                    ApplicationId(APP),
                    UserId(user),
                    &name,
                    None,
                    UnixTime::now(),
                )
                .unwrap();
        }
    });
    let running = Running {
        server: Server::start(config.clone()).await.unwrap(),
        config,
        folder,
    };
    let mut talk = chat::Talk::new(running.ws());
    let mut calls = rest::Calls::new(running.rest(APP));
    for (at, line) in read(&file(name)).iter().enumerate() {
        println!("{name} {}: {line}", at + 1);
        let (who, what) = line.split_once(' ').unwrap();
        match who {
            "ask" => calls.ask(what).await,
            "told" => calls.told(what),
            _ => talk.step(who, what).await,
        }
    }
    talk.end().await;
}
