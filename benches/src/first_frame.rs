//! How long it takes from `start` to the first picture of the other side.
//!
//! Two warm processes of ours and two warm pages of headless Chromium call one
//! another in turns, over the same server, each with its camera on before the
//! call and a callee that accepts at once.

mod course;
mod pages;
mod persons;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use visavis_interop_tests::cast::Cast;

use self::course::{Course, MILESTONES, Pair};
use self::pages::Pages;
use self::persons::Persons;
use crate::camera::PictureFormat;
use crate::error::BenchError;
use crate::machine;
use crate::statistics::Sample;

/// How long a pair rests before it is its turn, so that what the pair before
/// it left to do is done.
const REST: Duration = Duration::from_millis(500);

/// Time from `start` to the first remote picture, beside headless Chromium
#[derive(Debug, Args)]
pub(crate) struct FirstFrameCommand {
    /// Calls of each pair
    #[arg(long, default_value_t = 31, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    runs: u32,
    /// Size and pace of the pictures
    #[arg(long, default_value = "1280x720@30", value_name = "WxH@FPS")]
    pictures: PictureFormat,
}

impl FirstFrameCommand {
    pub(crate) async fn run(self) -> Result<(), BenchError> {
        let folder = Scratch::new()?;
        let cast = Cast::gather(&folder.0.join("server")).await;
        let mut ours = Persons::start(&cast, self.pictures).await?;
        let mut theirs = Pages::open(&cast, &folder.0, self.pictures).await?;

        println!(
            "First picture, {} pictures, {} calls of each pair in turns",
            self.pictures, self.runs
        );
        println!("{}; load before: {}", machine::describe(), machine::load());
        println!("Beside: {}\n", theirs.version());

        // What only a first call of a process waits for is told apart.
        let first = (call(&mut ours).await?, call(&mut theirs).await?);
        let mut runs = (Vec::new(), Vec::new());
        for run in 1..=self.runs {
            runs.0.push(call(&mut ours).await?);
            runs.1.push(call(&mut theirs).await?);
            progress(run, &runs.0, &runs.1);
        }
        print(&runs.0, &runs.1);
        println!(
            "\nFirst call of the processes, not among these: {:.1} ms and {:.1} ms until both see each other.",
            first.0.both_see(),
            first.1.both_see(),
        );
        drop((ours, theirs));
        cast.dismiss().await;
        Ok(())
    }
}

async fn call(pair: &mut impl Pair) -> Result<Course, BenchError> {
    tokio::time::sleep(REST).await;
    Course::of_call(pair).await
}

fn progress(run: u32, ours: &[Course], theirs: &[Course]) {
    if let (Some(ours), Some(theirs)) = (ours.last(), theirs.last()) {
        eprintln!(
            "run {run}: ours {:.1} ms, Chromium {:.1} ms",
            ours.both_see(),
            theirs.both_see()
        );
    }
}

/// A table in Markdown, so that it can be kept as it is.
fn print(ours: &[Course], theirs: &[Course]) {
    println!(
        "| ms after `start` | ours: median (95 %) | min | quartiles | max | Chromium: median (95 %) | min | quartiles | max | ours / Chromium (95 %) |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    let steps = MILESTONES.iter().map(|milestone| {
        let at = |courses: &[Course]| courses.iter().map(|course| course.at(milestone)).collect();
        (milestone.label, at(ours), at(theirs))
    });
    let both = |courses: &[Course]| courses.iter().map(Course::both_see).collect::<Vec<_>>();
    for (label, ours, theirs) in
        steps.chain([("**both see each other**", both(ours), both(theirs))])
    {
        let (Some(ours), Some(theirs)) = (Sample::new(ours), Sample::new(theirs)) else {
            continue;
        };
        let ratio = ours.ratio_interval(&theirs);
        println!(
            "| {label} | {} | {} | {:.2} ({:.2}–{:.2}) |",
            columns(&ours),
            columns(&theirs),
            ours.median() / theirs.median(),
            ratio.low,
            ratio.high,
        );
    }
}

fn columns(sample: &Sample) -> String {
    let sure = sample.median_interval();
    format!(
        "{:.1} ({:.1}–{:.1}) | {:.1} | {:.1}–{:.1} | {:.1}",
        sample.median(),
        sure.low,
        sure.high,
        sample.quantile(0.0),
        sample.quantile(0.25),
        sample.quantile(0.75),
        sample.quantile(1.0),
    )
}

/// A folder that goes away at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self, BenchError> {
        let folder = std::env::temp_dir().join(format!("visavis-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays behind is in the system's temporary folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
