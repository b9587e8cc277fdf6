//! Ordinary XMPP clients talk through our server: over STARTTLS and direct TLS
//! they log in, become contacts, write, copy, ping, lose a connection and come
//! back to it, and find what was written while they were away.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use serde_json::json;
use tokio::process::Command;
use visavis_interop_tests::cast::{APP, Cast, NATIVE, PAGE, password};
use visavis_interop_tests::place::Place;
use visavis_interop_tests::scratch::Scratch;

#[tokio::test]
async fn two_people_with_slixmpp() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = |name: &str| {
        let certificates = here.join("../../crates/server/tests/certificates");
        certificates.join(name).to_string_lossy().into_owned()
    };
    let (certificate, key) = (file("localhost.pem"), file("localhost.key"));
    let folder = Scratch::new("slixmpp").unwrap();
    let any = "127.0.0.1:0";
    let listeners = [
        "--http",
        any,
        "--relay",
        "off",
        "--xmpp",
        any,
        "--xmpps",
        any,
        "--cert",
        &certificate,
        "--key",
        &key,
    ];
    let cast = Cast::gather_at(Place::Here, folder.path(), &listeners).await;
    let people = [PAGE, NATIVE].map(|user| json!({"user": user, "password": password(user)}));
    let task = json!({
        "xmpp": cast.ready("xmpp"),
        "xmpps": cast.ready("xmpps"),
        "domain": cast.ready("domain"),
        "app": APP,
        "ca": certificate,
        "people": people,
    });
    // That of the system, which has the system's package.
    let output = Command::new("/usr/bin/python3")
        .arg(here.join("clients/slixmpp_conversation.py"))
        .arg(task.to_string())
        .kill_on_drop(true)
        .output()
        .await
        .expect("python3 runs: tools/setup.sh browser installs it");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    cast.dismiss().await;
}
