//! Two people call each other: what is sent is what arrives.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use visavis_interop_tests::picture::share_at;
use visavis_media::render::{VideoRenderer, Y4mWriter};
use visavis_media::source::TestPattern;
use visavis_media::y4m::Y4mReader;
use visavis_media::{FrameRate, VideoFrame};

use crate::scene::{ALICE, BOB, Scene, in_time, they_see_each_other};

const SIZE: (u32, u32) = (320, 240);
/// The brightness of the left and the right half of the movie.
const HALVES: (u8, u8) = (200, 50);
/// The tone of the recording, in Hz.
const RECORDED: f64 = 1000.0;

/// Two seconds of a picture with a bright and a dark half.
fn write_movie(path: &Path) {
    let (width, height) = SIZE;
    let mut data = vec![128; VideoFrame::byte_len(width, height).unwrap()];
    for row in data[..(width * height) as usize].chunks_mut(width as usize) {
        let (left, right) = row.split_at_mut(width as usize / 2);
        left.fill(HALVES.0);
        right.fill(HALVES.1);
    }
    let mut movie = Y4mWriter::create(path, FrameRate::whole(15)).unwrap();
    for number in 0..30 {
        let time = Duration::from_secs(1) * number / 15;
        movie.render(&VideoFrame::new(width, height, data.clone(), time).unwrap());
    }
    movie.finish().unwrap();
}

/// Two seconds of a tone.
fn write_recording(path: &Path) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 48_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut file = hound::WavWriter::create(path, spec).unwrap();
    for n in 0..96_000 {
        let angle = std::f64::consts::TAU * RECORDED * f64::from(n) / 48_000.0;
        file.write_sample((angle.sin() * 12_000.0) as i16).unwrap();
    }
    file.finalize().unwrap();
}

fn frames(path: &Path) -> Vec<VideoFrame> {
    let file = File::open(path).unwrap();
    let mut movie = Y4mReader::new(BufReader::new(file)).unwrap();
    let mut frames = Vec::new();
    while let Some(frame) = movie.read_frame().unwrap() {
        frames.push(frame);
    }
    frames
}

fn samples(path: &Path) -> Vec<i16> {
    let mut file = hound::WavReader::open(path).unwrap();
    file.samples().collect::<Result<_, _>>().unwrap()
}

/// How much of the middle of a recording is a tone of this frequency.
fn share_of_tone(path: &Path, hz: f64) -> f64 {
    let samples = samples(path);
    share_at(&samples[samples.len() / 3..samples.len() * 2 / 3], hz)
}

fn shows_the_movie(frame: &VideoFrame) -> bool {
    let (width, height) = (frame.width() as usize, frame.height() as usize);
    let near = |x: usize, wanted: u8| {
        let luma = frame.y()[height / 2 * width + x];
        luma.abs_diff(wanted) < 12
    };
    (frame.width(), frame.height()) == SIZE
        && near(width / 4, HALVES.0)
        && near(width * 3 / 4, HALVES.1)
}

#[tokio::test(flavor = "multi_thread")]
async fn files_and_patterns_are_seen_heard_and_kept() {
    in_time(async {
        let scene = Scene::set("files").await;
        write_movie(&scene.folder().join("movie.y4m"));
        write_recording(&scene.folder().join("tone.wav"));
        let (at_alice, at_bob) = (scene.path("alice"), scene.path("bob"));
        let mut bob = scene.answer(BOB, &["--once", "--save", &at_bob]).await;
        let movie = format!("y4m:{}", scene.path("movie.y4m"));
        let tone = format!("wav:{}", scene.path("tone.wav"));
        let sources = ["--video", &movie, "--audio", &tone, "--save", &at_alice];
        let mut alice = scene.call(ALICE, &sources, &[BOB]);
        for program in [&mut alice, &mut bob] {
            let first = program.until("first_frame").await;
            assert_eq!(
                (&first["width"], &first["height"]),
                (&json!(320), &json!(240))
            );
        }
        they_see_each_other(&mut alice, &mut bob).await;
        alice.tell(&json!({ "do": "hang_up" })).await;
        let (alice, bob) = tokio::join!(alice.ended(), bob.ended());
        assert_eq!((alice.code, bob.code), (0, 0));
        assert!(alice.event("first_sound").is_some() && bob.event("first_sound").is_some());

        let seen_by_bob = frames(&scene.folder().join(format!("bob/user-{ALICE}.y4m")));
        assert!(seen_by_bob.len() >= 15, "{} frames", seen_by_bob.len());
        assert!(seen_by_bob.iter().all(shows_the_movie));
        let seen_by_alice = frames(&scene.folder().join(format!("alice/user-{BOB}.y4m")));
        let marks = seen_by_alice.iter().filter_map(TestPattern::read);
        let counters: Vec<u32> = marks.map(|mark| mark.counter).collect();
        assert!(counters.len() * 10 >= seen_by_alice.len() * 9 && counters.len() >= 15);
        assert!(counters.is_sorted(), "{counters:?}");
        let heard_by_bob = share_of_tone(
            &scene.folder().join(format!("bob/user-{ALICE}.wav")),
            RECORDED,
        );
        let heard_by_alice =
            share_of_tone(&scene.folder().join(format!("alice/user-{BOB}.wav")), 440.0);
        assert!(
            heard_by_bob > 0.8 && heard_by_alice > 0.8,
            "{heard_by_bob} {heard_by_alice}"
        );
        let picture = scene.folder().join(format!("bob/user-{ALICE}.png"));
        assert!(std::fs::read(picture).unwrap().starts_with(b"\x89PNG"));
        scene.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn user_info_travels_with_every_verb() {
    in_time(async {
        let scene = Scene::set("user-info").await;
        let mut bob = scene
            .answer(BOB, &["--once", "--user-info", "room=blue"])
            .await;
        let mut alice = scene.call(
            ALICE,
            &["--user-info", "why=a <good> \"reason\" & more"],
            &[BOB],
        );
        let call = bob.until("new_session").await;
        assert_eq!(call["user"], ALICE);
        assert_eq!(call["opponents"], json!([BOB]));
        assert_eq!(call["call_type"], "video");
        assert_eq!(
            call["user_info"],
            json!({ "why": "a <good> \"reason\" & more" })
        );
        let accepted = alice.until("accepted").await;
        assert_eq!(
            (&accepted["user"], &accepted["user_info"]),
            (&json!(BOB), &json!({ "room": "blue" }))
        );
        tokio::join!(alice.until("connected"), bob.until("connected"));

        alice
            .tell(&json!({ "do": "update", "user_info": { "n": "1" } }))
            .await;
        let update = bob.until("updated").await;
        assert_eq!(
            (&update["user"], &update["user_info"]),
            (&json!(ALICE), &json!({ "n": "1" }))
        );
        bob.tell(&json!({ "do": "update", "user": ALICE, "user_info": { "n": "2" } }))
            .await;
        let update = alice.until("updated").await;
        assert_eq!(
            (&update["user"], &update["user_info"]),
            (&json!(BOB), &json!({ "n": "2" }))
        );

        bob.tell(&json!({ "do": "hang_up", "user_info": { "bye": "now" } }))
            .await;
        let end = alice.until("hung_up").await;
        assert_eq!(
            (&end["user"], &end["user_info"]),
            (&json!(BOB), &json!({ "bye": "now" }))
        );
        assert_eq!((alice.end().await, bob.end().await), (0, 0));
        scene.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audio_call_carries_sound_and_no_pictures() {
    in_time(async {
        let scene = Scene::set("audio").await;
        let mut bob = scene.answer(BOB, &["--once"]).await;
        let mut alice = scene.call(ALICE, &["--audio-only"], &[BOB]);
        assert_eq!(bob.until("new_session").await["call_type"], "audio");
        tokio::join!(alice.until("first_sound"), bob.until("first_sound"));
        tokio::join!(alice.until("stats"), bob.until("stats"));
        alice.tell(&json!({ "do": "hang_up" })).await;
        for ended in [alice.ended().await, bob.ended().await] {
            assert_eq!(ended.code, 0);
            for never in ["remote_video_track", "local_video_track", "first_frame"] {
                assert!(ended.event(never).is_none(), "{never}");
            }
            let stats = ended.event("stats").unwrap();
            assert_eq!(
                (&stats["frames_received"], &stats["frames_sent"]),
                (&json!(0), &json!(0))
            );
        }
        scene.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_has_its_time() {
    in_time(async {
        let scene = Scene::set("time").await;
        let bob = scene.answer(BOB, &["--once"]).await;
        let alice = scene.call(ALICE, &["--for", "1"], &[BOB]);
        let (alice, bob) = tokio::join!(alice.ended(), bob.ended());
        assert_eq!((alice.code, bob.code), (0, 0));
        assert!(bob.has_in_order(&["new_session", "connected", "hung_up", "closed", "summary"]));
        assert!(alice.has_in_order(&["accepted", "connected", "start_close", "closed", "summary"]));
        scene.end().await;
    })
    .await;
}
