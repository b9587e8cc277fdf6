//! Groups: everybody is connected with everybody, and sees and hears each of the others.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use futures_util::future::join_all;
use serde_json::json;
use visavis_interop_tests::picture::share_at;
use visavis_interop_tests::program::Program;
use visavis_media::measure::PatternReading;

use crate::scene::{ALICE, BOB, CAROL, DAVE, Scene, in_time};

const SIZE: (u32, u32) = (320, 240);
/// The least luma PSNR that counts as the sent picture, in dB, on average: as in the demo.
const LEAST_PSNR: f64 = 30.0;

/// Somebody who is told from the others by what he sends.
#[derive(Clone, Copy)]
struct Person {
    user: u32,
    /// Pictures a second.
    pace: u32,
    /// The tone, in Hz.
    tone: u32,
}

const fn person(user: u32, pace: u32, tone: u32) -> Person {
    Person { user, pace, tone }
}

const PEOPLE: [Person; 4] = [
    person(ALICE, 15, 440),
    person(BOB, 12, 660),
    person(CAROL, 10, 880),
    person(DAVE, 8, 1100),
];

impl Person {
    fn folder(self) -> String {
        format!("user{}", self.user)
    }

    /// Answers, or calls the others.
    async fn join(self, scene: &Scene, called: &[u32]) -> Program {
        let (width, height) = SIZE;
        let video = format!("pattern:{width}x{height}@{}", self.pace);
        let audio = format!("tone:{}", self.tone);
        let save = scene.path(&self.folder());
        let options = ["--video", &video, "--audio", &audio, "--save", &save];
        if called.is_empty() {
            let once = [&options[..], &["--once"]].concat();
            scene.answer(self.user, &once).await
        } else {
            scene.call(self.user, &options, called)
        }
    }
}

/// What one kept of another is what that other sent.
fn judge(folder: &Path, by: Person, of: Person) {
    let who = format!("user {} as user {} saw him", of.user, by.user);
    let kept = folder.join(by.folder());
    let file = File::open(kept.join(format!("user-{}.y4m", of.user))).unwrap();
    let pictures = PatternReading::of_y4m(BufReader::new(file), SIZE.0, SIZE.1).unwrap();
    let quality = pictures.quality().expect("pictures that can be read");
    assert!(quality.mean >= LEAST_PSNR, "{who}: {pictures:?}");
    // One may come again: as a key frame for somebody who comes in.
    assert_eq!(
        (pictures.unreadable(), pictures.out_of_order()),
        (0, 0),
        "{who}: {pictures:?}"
    );
    let counters = pictures.counters();
    let (first, last) = (counters.first().unwrap(), counters.last().unwrap());
    assert!(
        pictures.missing() <= u64::from(last - first) / 2,
        "{who}: {pictures:?}"
    );
    // Counters and clocks tell at which pace he painted, however much of it arrived.
    let (from, to) = pictures.clock_span_ms().unwrap();
    let pace = f64::from(last - first) * 1000.0 / (to - from) as f64;
    assert!(
        (pace - f64::from(of.pace)).abs() < 1.0,
        "{who}: {pace} {pictures:?}"
    );

    let mut sound = hound::WavReader::open(kept.join(format!("user-{}.wav", of.user))).unwrap();
    let samples: Vec<i16> = sound.samples().collect::<Result<_, _>>().unwrap();
    let middle = &samples[samples.len() / 3..samples.len() * 2 / 3];
    let share = share_at(middle, f64::from(of.tone));
    assert!(share > 0.8, "{who}: {share} of the sound is his");
}

/// The first one calls the others; all leave one after the other.
async fn everybody_sees_and_hears_everybody(name: &str, people: &[Person]) {
    let scene = Scene::set(name).await;
    let (caller, called) = people.split_first().unwrap();
    let mut callees = Vec::new();
    for person in called {
        callees.push(person.join(&scene, &[]).await);
    }
    let users: Vec<u32> = called.iter().map(|person| person.user).collect();
    let mut programs = vec![caller.join(&scene, &users).await];
    programs.append(&mut callees);

    let watching = programs.iter_mut().zip(people).map(async |(program, own)| {
        for other in people.iter().filter(|other| other.user != own.user) {
            program.pictures_come_from(other.user).await;
        }
    });
    join_all(watching).await;

    for (at, mut program) in programs.into_iter().enumerate() {
        // The last one is alone by then.
        if at + 1 < people.len() {
            program.tell(&json!({ "do": "hang_up" })).await;
        }
        let ended = program.ended().await;
        assert_eq!(ended.code, 0, "{}: {:?}", ended.complaint, ended.events());
        let connected = ended
            .seen
            .iter()
            .filter(|line| line["event"] == "connected");
        assert_eq!(connected.count(), people.len() - 1, "{:?}", ended.events());
    }
    for by in people {
        for of in people.iter().filter(|of| of.user != by.user) {
            judge(scene.folder(), *by, *of);
        }
    }
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_see_and_hear_each_other() {
    in_time(everybody_sees_and_hears_everybody("three", &PEOPLE[..3])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn four_see_and_hear_each_other() {
    in_time(everybody_sees_and_hears_everybody("four", &PEOPLE)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_who_rejects_leaves_the_others_to_each_other() {
    in_time(async {
        let scene = Scene::set("one-rejects").await;
        let bob = scene.answer(BOB, &["--once", "--reject"]).await;
        let mut carol = scene.answer(CAROL, &["--once"]).await;
        let mut alice = scene.call(ALICE, &[], &[BOB, CAROL]);
        assert_eq!(alice.until("rejected").await["user"], BOB);
        assert_eq!(bob.end().await, 0);
        tokio::join!(
            alice.pictures_come_from(CAROL),
            carol.pictures_come_from(ALICE)
        );
        alice.tell(&json!({ "do": "hang_up" })).await;
        let (alice, carol) = tokio::join!(alice.ended(), carol.ended());
        assert_eq!((alice.code, carol.code), (0, 0));
        let of_bob =
            |line: &&serde_json::Value| line["event"] == "connected" && line["user"] == BOB;
        assert_eq!(carol.seen.iter().find(of_bob), None);
        scene.end().await;
    })
    .await;
}
