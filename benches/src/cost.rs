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

use self::process_tree::ProcessTree;
use crate::camera::PictureFormat;
use crate::error::BenchError;
use crate::machine;
use crate::pair::{Pages, Pair, Persons, Sent, Side};
use crate::scratch::Scratch;

/// How long a call goes on before it is looked at: encoders and congestion
/// control have settled by then.
const SETTLING: Duration = Duration::from_secs(3);

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
        let folder = Scratch::new()?;
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
            "| side | processor, share of one core | memory (PSS) | largest so far | received |"
        );
        println!("|---|---|---|---|---|");
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
    pair.begin().await?;
    tokio::time::sleep(SETTLING).await;
    let before = Reading::take(pair).await?;
    tokio::time::sleep(time).await;
    let after = Reading::take(pair).await?;
    for (at, side) in Side::BOTH.into_iter().enumerate() {
        let seconds = after.at.duration_since(before.at).as_secs_f64();
        let (before, after) = (&before.sides[at], &after.sides[at]);
        let frames = count(&after.stats, "frames") - count(&before.stats, "frames");
        println!(
            "| {who}, {} | {:.1} % | {:.0} MB | {:.0} MB | {}x{}, {:.1} frames/s, {:.0} kbit/s |",
            side.name(),
            (after.tree.processor_seconds - before.tree.processor_seconds) / seconds * 100.0,
            megabytes(after.tree.proportional_bytes),
            megabytes(after.tree.peak_bytes),
            count(&after.stats, "width"),
            count(&after.stats, "height"),
            frames / seconds,
            count(&after.stats, "bitrate") / 1000.0,
        );
    }
    pair.end().await?;
    Ok(())
}

/// Both sides at one moment.
struct Reading {
    at: Instant,
    sides: Vec<SideReading>,
}

struct SideReading {
    stats: Value,
    tree: ProcessTree,
}

impl Reading {
    async fn take(pair: &mut impl Pair) -> Result<Self, BenchError> {
        let mut sides = Vec::new();
        for side in Side::BOTH {
            pair.order(side, "stats").await?;
            let stats = pair.hear(side, "stats").await?;
            let root = pair
                .process(side)
                .ok_or(BenchError::Ended { who: side.name() })?;
            sides.push(SideReading {
                stats,
                tree: ProcessTree::read(root)?,
            });
        }
        Ok(Self {
            at: Instant::now(),
            sides,
        })
    }
}

fn count(stats: &Value, field: &str) -> f64 {
    stats[field].as_f64().unwrap_or_default()
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
