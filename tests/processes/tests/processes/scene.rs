//! A server, people on it, and a folder that is gone afterwards.

use std::path::Path;
use std::time::Duration;

use tokio::time::timeout;
use visavis_interop_tests::cast::{Cast, NATIVE, PAGE, SECOND_NATIVE, SECOND_PAGE};
use visavis_interop_tests::program::Program;
use visavis_interop_tests::scratch::Scratch;

/// Who calls.
pub(crate) const ALICE: u32 = NATIVE;
/// Who is called.
pub(crate) const BOB: u32 = SECOND_NATIVE;
/// Somebody else.
pub(crate) const CAROL: u32 = PAGE;
/// One more.
pub(crate) const DAVE: u32 = SECOND_PAGE;

/// A test that hangs fails; nothing is measured by it.
const PATIENCE: Duration = Duration::from_secs(120);
/// What is sent where a test does not say. Small pictures: many programs share few cores.
const SMALL: [[&str; 2]; 2] = [["--video", "pattern:320x240@15"], ["--audio", "tone:440"]];

/// See the module's documentation.
pub(crate) struct Scene {
    pub(crate) cast: Cast,
    scratch: Scratch,
}

impl Scene {
    pub(crate) async fn set(name: &str) -> Self {
        let scratch = Scratch::new(name).unwrap();
        let cast = Cast::gather(&scratch.path().join("server")).await;
        Self { cast, scratch }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.scratch.path()
    }

    /// A path in the folder, as an argument.
    pub(crate) fn path(&self, name: &str) -> String {
        self.folder().join(name).to_string_lossy().into_owned()
    }

    /// Somebody who waits for calls and is ready for them.
    pub(crate) async fn answer(&self, user: u32, options: &[&str]) -> Program {
        let mut program = Program::start(&self.cast, user, &command("answer", options));
        program.until("chat_connected").await;
        program
    }

    /// Somebody who calls one or several.
    pub(crate) fn call(&self, user: u32, options: &[&str], whom: &[u32]) -> Program {
        let whom: Vec<String> = whom.iter().map(u32::to_string).collect();
        let mut arguments = command("call", options);
        arguments.extend(whom.iter().map(String::as_str));
        Program::start(&self.cast, user, &arguments)
    }

    /// A call between Alice and Bob that is connected.
    pub(crate) async fn connected(&self, options: &[&str]) -> (Program, Program) {
        let once = [options, &["--once"]].concat();
        let mut bob = self.answer(BOB, &once).await;
        let mut alice = self.call(ALICE, options, &[BOB]);
        tokio::join!(alice.until("connected"), bob.until("connected"));
        (alice, bob)
    }

    /// Ends the server and removes the folder.
    pub(crate) async fn end(self) {
        self.cast.dismiss().await;
    }
}

fn command<'a>(verb: &'a str, options: &[&'a str]) -> Vec<&'a str> {
    let missing = SMALL.iter().filter(|[option, _]| !options.contains(option));
    let mut arguments = vec![verb];
    arguments.extend(missing.flatten());
    arguments.extend(options);
    arguments
}

/// Waits for something that is bound to happen.
pub(crate) async fn in_time<T>(happens: impl Future<Output = T>) -> T {
    timeout(PATIENCE, happens).await.expect("in time")
}

/// Waits until each of Alice and Bob sees the other, from now on.
pub(crate) async fn they_see_each_other(alice: &mut Program, bob: &mut Program) {
    tokio::join!(alice.pictures_come_from(BOB), bob.pictures_come_from(ALICE));
}
