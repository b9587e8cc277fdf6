//! Copies of the database while the server runs, and the way back.

use std::path::Path;
use std::process::{Command, Output};

use visavis_interop_tests::cast::{APP, Cast};
use visavis_interop_tests::program::binary;
use visavis_interop_tests::scratch::Scratch;

use crate::scene::in_time;

fn visavis(data: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(binary());
    command.args(words).arg("--data").arg(data);
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_made_beside_the_server_and_restored_without_it() {
    in_time(async {
        let scratch = Scratch::new("copies").unwrap();
        let (data, copy) = (scratch.path().join("data"), scratch.path().join("copy"));
        let (data, copy) = (data.as_path(), copy.to_str().unwrap());
        let cast = Cast::gather(data).await;
        let app = APP.to_string();
        assert!(visavis(data, &["backup", copy]).status.success());
        let again = visavis(data, &["backup", copy]);
        assert_eq!(again.status.code(), Some(9));
        assert_eq!(text(&again.stderr), format!("{copy} exists already\n"));
        assert!(visavis(data, &["app", "remove", &app]).status.success());

        let beside = visavis(data, &["restore", copy, "--replace"]);
        assert_eq!(beside.status.code(), Some(9));
        assert!(text(&beside.stderr).contains("in use"), "{beside:?}");
        cast.dismiss().await;
        let kept = visavis(data, &["restore", copy]);
        assert!(
            text(&kept.stderr).ends_with("--replace gives it up\n"),
            "{kept:?}"
        );
        assert!(text(&visavis(data, &["app", "list"]).stdout).is_empty());
        assert!(
            visavis(data, &["restore", copy, "--replace"])
                .status
                .success()
        );
        assert!(text(&visavis(data, &["app", "list"]).stdout).starts_with(&app));
        let users = visavis(data, &["user", "list", "--app", &app]);
        assert_eq!(text(&users.stdout).lines().count(), 4);
    })
    .await;
}
