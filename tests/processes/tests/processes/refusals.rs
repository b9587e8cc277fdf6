//! What cannot be done is refused with its exit code and one sentence that says why.

use std::net::TcpListener;
use std::process::{Command, Output, Stdio};

use visavis_interop_tests::cast::{login, password};
use visavis_interop_tests::program::binary;

use crate::scene::{ALICE, BOB, Scene, in_time};

/// An application that is well-formed; whether there is one is for a server to say.
const APP: &str = "4242:key:secret";

/// Runs the binary to its end, with this application and this password.
fn run(app: &str, password: &str, arguments: &[&str]) -> Output {
    Command::new(binary())
        .args(arguments)
        .env("VISAVIS_APP", app)
        .env("VISAVIS_PASSWORD", password)
        .stdin(Stdio::null())
        .output()
        .expect("the binary runs")
}

/// Refused with this code; the last line on standard error is the sentence.
fn refused(output: &Output, code: i32) -> String {
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{complaint}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let sentence = complaint.lines().last().unwrap_or_default().to_owned();
    assert!(sentence.len() > 10, "{complaint}");
    sentence
}

/// `call` or `answer` with everything that they need, and something else.
fn with<'a>(command: &'a str, server: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec![command, "--json", "--server", server, "--login", "user102"];
    arguments.extend(rest);
    if command == "call" {
        arguments.push("104");
    }
    arguments
}

#[test]
fn a_server_that_is_not_there_is_3() {
    // A port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let server = format!("http://{port}");
    for command in ["call", "answer"] {
        let sentence = refused(&run(APP, "x", &with(command, &server, &[])), 3);
        assert!(!sentence.contains("secret"), "{sentence}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_user_or_application_is_4() {
    in_time(async {
        let scene = Scene::set("refused").await;
        let (url, app) = (scene.cast.url.clone(), scene.cast.app.clone());
        let checked = tokio::task::spawn_blocking(move || {
            let wrong_secret = format!("{app}x");
            for (app, password, login) in [
                (&*app, "mistaken", login(ALICE)),
                (&app, &password(ALICE), "nobody".into()),
                (&app, &password(BOB), login(ALICE)),
                (&wrong_secret, &password(ALICE), login(ALICE)),
                (APP, &password(ALICE), login(ALICE)),
            ] {
                for command in ["call", "answer"] {
                    let mut arguments =
                        vec![command, "--json", "--server", &url, "--login", &login];
                    if command == "call" {
                        arguments.push("104");
                    }
                    let sentence = refused(&run(app, password, &arguments), 4);
                    assert!(!sentence.contains(password), "{sentence}");
                }
            }
        });
        checked.await.unwrap();
        scene.end().await;
    })
    .await;
}

#[test]
fn a_wrong_command_line_is_2() {
    let server = "http://127.0.0.1:9";
    let mut wrong = vec![
        vec!["dance"],
        vec!["call"],
        vec!["answer"],
        vec!["serve", "--relay", "x"],
    ];
    for command in ["call", "answer"] {
        for rest in [
            &["--video", "pattern:8x8@30"][..],
            &["--video", "pattern:320x240@0"],
            &["--video", "cinema"],
            &["--audio", "tone:1"],
            &["--audio", "radio"],
            &["--for", "-1"],
            &["--for", "soon"],
            &["--user-info", "k"],
            &["--user-info", "not a name=v"],
            &["--ice", "some"],
            &["--answer-interval", "1"],
            &["--disconnect-time", "9"],
            &["--max-opponents", "0"],
            &["--unknown"],
        ] {
            wrong.push(with(command, server, rest));
        }
    }
    wrong.push(with("answer", server, &["--accept", "--reject"]));
    wrong.push(vec![
        "call", "--server", server, "--login", "user102", "bob",
    ]);
    wrong.push(vec!["call", "--server", server, "--login", "user102"]);
    wrong.push(with("answer", "no address", &[]));
    for arguments in wrong {
        let output = run(APP, "x", &arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?} {output:?}");
        assert!(
            output.stdout.is_empty() && !output.stderr.is_empty(),
            "{arguments:?}"
        );
    }
    for app in ["", "1", "1:2", "x:key:secret"] {
        refused(&run(app, "x", &with("answer", server, &[])), 2);
    }
}

#[test]
fn what_this_build_does_not_have_is_2_and_says_so() {
    let server = "http://127.0.0.1:9";
    let mut absent = vec![vec!["serve", "--try"]];
    for command in ["call", "answer"] {
        for rest in [
            ["--codec", "h264"],
            ["--video", "device"],
            ["--video", "device:front"],
            ["--video", "screen"],
            ["--audio", "device"],
        ] {
            absent.push(with(command, server, &rest));
        }
    }
    for arguments in absent {
        let sentence = refused(&run(APP, "x", &arguments), 2);
        assert!(
            sentence.ends_with("is not available in this build"),
            "{arguments:?}: {sentence}"
        );
    }
}

#[test]
fn a_file_that_cannot_be_used_is_9() {
    let server = "http://127.0.0.1:9";
    let here = std::env::current_exe().unwrap();
    let here = here.to_string_lossy();
    for rest in [
        ["--video", "y4m:/nowhere/movie.y4m"],
        ["--video", &format!("y4m:{here}")],
        ["--audio", "wav:/nowhere/sound.wav"],
        ["--audio", &format!("wav:{here}")],
        ["--save", &here],
        ["--app-file", "/nowhere/app"],
        ["--ca-file", "/nowhere/roots"],
    ] {
        for command in ["call", "answer"] {
            refused(&run(APP, "x", &with(command, server, &rest)), 9);
        }
    }
}
