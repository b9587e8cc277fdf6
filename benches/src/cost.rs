//! What a call costs the two machines that make it.
//!
//! The same call, made by two processes of ours and by two pages of headless
//! Chromium, in turns: processor time and memory of each side with all its
//! processes, over the middle of the call, cameras included.

mod process_tree;

use std::time::{Duration, Instant};

use clap::Args;
use serde_json::Value;
use visavis_interop_tests::cast::Cast;
use visavis_interop_tests::scratch::Scratch;

use self::process_tree::ProcessTree;
use crate::camera::PictureFormat;
use crate::error::BenchError;
use crate::machine;
use crate::pair::{Pages, Pair, Persons, Sent, Side};

/// How long a call goes on before it is looked at: encoders and congestion
/// control have settled by then.
const SETTLING: Duration = Duration::from_secs(3);
/// How long the cameras are looked at without a call.
const CAMERAS_ALONE: Duration = Duration::from_secs(4);

/// Processor time and memory of a call, beside headless Chromium
#[derive(Debug, Args)]
pub(crate) struct CostCommand {
    /// Calls of each pair
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    runs: u32,
    /// How long each call is looked at
    #[arg(long = "for", default_value_t = 20, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(5..=3600))]
    seconds: u32,
    /// Size and pace of the pictures
    #[arg(long, default_value = PictureFormat::HD, value_name = "WxH@FPS")]
    pictures: PictureFormat,
    /// The most that the pictures of one side may take, in kbit/s
    #[arg(long, default_value_t = 1500, value_name = "KBIT")]
    max_bitrate: u32,
}

impl CostCommand {
    pub(crate) async fn run(self) -> Result<(), BenchError> {
        let folder = Scratch::new("bench")?;
        let sent = Sent {
            pictures: self.pictures,
            max_kbits: self.max_bitrate,
        };
        let cast = Cast::gather(&folder.path().join("server")).await;
        let mut ours = Persons::start(&cast, sent).await?;
        let mut theirs = Pages::open(&cast, folder.path(), sent).await?;
        println!(
            "Cost of a call, {} at {} kbit/s, {} s of it, sound and cameras included",
            self.pictures, self.max_bitrate, self.seconds
        );
        println!("{}", machine::describe());
        println!("Beside: {}\n", theirs.version());
        println!(
            "| side | processor, share of one core | of it the camera | memory (PSS) | largest so far | received |"
        );
        println!("|---|---|---|---|---|---|");
        let time = Duration::from_secs(self.seconds.into());
        for _ in 0..self.runs {
            measure("ours", &mut ours, time).await?;
            measure("Chromium", &mut theirs, time).await?;
        }
        println!(
            "\nLoad of the machine over the last minute: {}",
            machine::load()
        );
        drop((ours, theirs));
        cast.dismiss().await;
        Ok(())
    }
}

/// Makes a call and prints what it cost.
async fn measure(who: &str, pair: &mut impl Pair, time: Duration) -> Result<(), BenchError> {
    pair.open_cameras().await?;
    let cameras = Used::over(pair, CAMERAS_ALONE).await?;
    pair.begin().await?;
    tokio::time::sleep(SETTLING).await;
    let before = stats(pair).await?;
    let used = Used::over(pair, time).await?;
    let after = stats(pair).await?;
    for (at, side) in Side::BOTH.into_iter().enumerate() {
        let frames = count(&after[at], "frames") - count(&before[at], "frames");
        println!(
            "| {who}, {} | {:.1} % | {:.1} % | {:.0} MB | {:.0} MB | {}x{}, {:.1} frames/s, {:.0} kbit/s |",
            side.name(),
            used[at].processor * 100.0,
            cameras[at].processor * 100.0,
            megabytes(used[at].tree.proportional_bytes),
            megabytes(used[at].tree.peak_bytes),
            count(&after[at], "width"),
            count(&after[at], "height"),
            frames / time.as_secs_f64(),
            count(&after[at], "bitrate") / 1000.0,
        );
    }
    pair.end().await?;
    Ok(())
}

/// What one side used over some time.
struct Used {
    /// Share of one core.
    processor: f64,
    /// At the end of that time.
    tree: ProcessTree,
}

impl Used {
    /// By both sides, the caller first.
    async fn over(pair: &impl Pair, time: Duration) -> Result<[Self; 2], BenchError> {
        let begin = Instant::now();
        let before = [tree(pair, Side::Caller)?, tree(pair, Side::Callee)?];
        tokio::time::sleep(time).await;
        let after = [tree(pair, Side::Caller)?, tree(pair, Side::Callee)?];
        let seconds = begin.elapsed().as_secs_f64();
        let used = |at: usize| Self {
            processor: (after[at].processor_seconds - before[at].processor_seconds) / seconds,
            tree: after[at],
        };
        Ok([used(0), used(1)])
    }
}

fn tree(pair: &impl Pair, side: Side) -> Result<ProcessTree, BenchError> {
    let ended = BenchError::Ended { who: side.name() };
    Ok(ProcessTree::read(pair.process(side).ok_or(ended)?)?)
}

/// What both say they have received, the caller first.
async fn stats(pair: &mut impl Pair) -> Result<[Value; 2], BenchError> {
    for side in Side::BOTH {
        pair.order(side, "stats").await?;
    }
    Ok([
        pair.hear(Side::Caller, "stats").await?,
        pair.hear(Side::Callee, "stats").await?,
    ])
}

fn count(stats: &Value, field: &str) -> f64 {
    stats[field].as_f64().unwrap_or_default()
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
