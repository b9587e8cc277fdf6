//! A browser that knows nothing but the wire format calls our binary and is
//! called by it. Picture and sound are judged by what they show and say.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;
use visavis_interop_tests::browser::Browser;
use visavis_interop_tests::cast::{Cast, NATIVE, PAGE};
use visavis_interop_tests::page::{PageHost, Report};
use visavis_interop_tests::picture::{luma_frame, page_counter, share_at};
use visavis_interop_tests::program::Program;
use visavis_interop_tests::scratch::Scratch;
use visavis_media::measure::SweepReading;
use visavis_media::source::TestPattern;
use visavis_media::y4m::Y4mReader;

/// A test that hangs fails; nothing is measured by it.
const PATIENCE: Duration = Duration::from_secs(180);
/// How much sound the page hands in.
const SECONDS: u64 = 4;

fn task(cast: &Cast, role: &str) -> Value {
    let mut task = cast.task("page", role, PAGE, NATIVE);
    task["pictures"] = json!([20, 60, 100]);
    task["seconds"] = json!(SECONDS);
    task
}

/// Waits until the page has handed in its pictures and its sound.
async fn collect(page: &mut PageHost, mut reports: Vec<Report>) -> (Vec<u32>, Vec<i16>) {
    let mut counters = Vec::new();
    let mut heard = None;
    loop {
        for report in reports.drain(..) {
            match report {
                Report::Picture {
                    width,
                    height,
                    rgba,
                } => {
                    let frame = luma_frame(width, height, &rgba);
                    let mark =
                        TestPattern::read(&frame).expect("the pattern is readable in the browser");
                    counters.push(mark.counter);
                }
                Report::Sound(samples) => heard = Some(samples),
                Report::Event(event) => assert_ne!(event["event"], "error", "{event}"),
            }
        }
        match heard.take() {
            Some(samples) if counters.len() == 3 => return (counters, samples),
            unfinished => heard = unfinished,
        }
        reports.push(page.reports.recv().await.expect("the host lives"));
    }
}

/// What the browser saw and heard of us.
fn judge_browser((counters, samples): &(Vec<u32>, Vec<i16>)) {
    assert!(
        counters.is_sorted() && counters[0] < counters[2],
        "frames go forward: {counters:?}"
    );
    let reading = SweepReading::analyse(samples);
    assert!(
        reading.first_heard.is_some(),
        "our sweep is heard in the browser"
    );
    assert!(
        reading.heard_ms >= SECONDS * 900,
        "most of the sound is ours: {reading:?}"
    );
}

/// What we saw and heard of the browser.
fn judge_native(folder: &std::path::Path) {
    let movie = std::fs::File::open(folder.join(format!("user-{PAGE}.y4m"))).expect("a movie");
    let mut movie = Y4mReader::new(std::io::BufReader::new(movie)).expect("a movie");
    let (mut frames, mut read, mut forward, mut last) = (0u32, 0u32, 0u32, None);
    while let Some(frame) = movie.read_frame().expect("a frame") {
        frames += 1;
        if let Some(counter) = page_counter(&frame) {
            read += 1;
            forward += u32::from(last.is_none_or(|last| counter >= last));
            last = Some(counter);
        }
    }
    assert!(frames >= 60, "{frames} frames of the browser were seen");
    assert!(
        read * 10 >= frames * 9,
        "{read} of {frames} frames show a counter"
    );
    assert!(
        forward * 20 >= read * 19,
        "{forward} of {read} counters go forward"
    );

    let mut sound =
        hound::WavReader::open(folder.join(format!("user-{PAGE}.wav"))).expect("a recording");
    let samples: Vec<i16> = sound.samples().collect::<Result<_, _>>().expect("samples");
    let middle = &samples[samples.len() / 4..samples.len() * 3 / 4];
    let share = share_at(middle, 440.0);
    assert!(
        share > 0.8,
        "the browser's tone is {:.0} % of what was heard",
        share * 100.0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_calls_us() {
    timeout(PATIENCE, async {
        let folder = Scratch::new("browser-calls").expect("a folder");
        let cast = Cast::gather(&folder.path().join("server")).await;
        let saved = folder.path().join("saved");
        let mut native = Program::start(
            &cast,
            NATIVE,
            &[
                "answer",
                "--once",
                "--save",
                &saved.to_string_lossy(),
                "--user-info",
                "from=us",
            ],
        );
        native.until("chat_connected").await;

        let mut page = PageHost::open().await;
        let mut reports = Vec::new();
        let browser = Browser::open(
            &folder.path().join("profile"),
            &[page.address(&task(&cast, "caller"))],
        );
        page.until("page", "listening", &mut reports).await;
        page.order("page", "start");

        let call = native.until("new_session").await;
        assert_eq!(
            call["user_info"],
            json!({ "name": "page" }),
            "bandwidth is not shown to the app"
        );
        page.until("page", "first frame", &mut reports).await;
        judge_browser(&collect(&mut page, reports).await);

        page.order("page", "hang up");
        let end = native.until("hung_up").await;
        assert_eq!(
            (&end["user"], &end["user_info"]),
            (&json!(PAGE), &json!({ "reason": "bye" }))
        );
        assert_eq!(native.end().await, 0);
        judge_native(&saved);
        drop(browser);
        cast.dismiss().await;
    })
    .await
    .expect("in time");
}

#[tokio::test(flavor = "multi_thread")]
async fn we_call_a_browser() {
    timeout(PATIENCE, async {
        let folder = Scratch::new("call-browser").expect("a folder");
        let cast = Cast::gather(&folder.path().join("server")).await;
        let mut page = PageHost::open().await;
        let mut reports = Vec::new();
        let browser = Browser::open(
            &folder.path().join("profile"),
            &[page.address(&task(&cast, "callee"))],
        );
        page.until("page", "listening", &mut reports).await;

        let saved = folder.path().join("saved");
        let mut native = Program::start(
            &cast,
            NATIVE,
            &[
                "call",
                "--save",
                &saved.to_string_lossy(),
                "--user-info",
                "k=v",
                &PAGE.to_string(),
            ],
        );
        let call = page.until("page", "call", &mut reports).await;
        assert_eq!(call["info"], "v");
        let accepted = native.until("accepted").await;
        assert_eq!(accepted["user_info"], json!({ "name": "page" }));
        page.until("page", "first frame", &mut reports).await;
        judge_browser(&collect(&mut page, reports).await);

        native
            .tell(&json!({ "do": "hang_up", "user_info": { "why": "done" } }))
            .await;
        let end = page.until("page", "over", &mut Vec::new()).await;
        assert_eq!(end["info"], "done");
        assert_eq!(native.end().await, 0);
        judge_native(&saved);
        drop(browser);
        cast.dismiss().await;
    })
    .await
    .expect("in time");
}
