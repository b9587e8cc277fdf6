//! How long it takes from `start` to the first picture of the other side.
//!
//! Two warm processes of ours and two warm pages of headless Chromium call one
//! another in turns, over the same server, each with its camera on before the
//! call and a callee that accepts at once.

mod course;

use std::time::Duration;

use clap::Args;
use visavis_interop_tests::cast::Cast;
use visavis_interop_tests::scratch::Scratch;

use self::course::{Course, MILESTONES};
use crate::camera::PictureFormat;
use crate::error::BenchError;
use crate::machine;
use crate::pair::{Pages, Pair, Persons, Sent};
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
    #[arg(long, default_value = PictureFormat::HD, value_name = "WxH@FPS")]
    pictures: PictureFormat,
    /// The most that the pictures of one side may take, in kbit/s
    #[arg(long, default_value_t = 2000, value_name = "KBIT")]
    max_bitrate: u32,
}

impl FirstFrameCommand {
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
            "First picture, {} pictures, {} calls of each pair in turns",
            self.pictures, self.runs
        );
        println!("{}", machine::describe());
        println!("Beside: {}\n", theirs.version());

        // What only a first call of a process waits for is told apart.
        let first = (call(&mut ours).await?, call(&mut theirs).await?);
        let (mut courses, mut their_courses) = (Vec::new(), Vec::new());
        for run in 1..=self.runs {
            let (our, their) = (call(&mut ours).await?, call(&mut theirs).await?);
            eprintln!(
                "call {run}: ours {:.1} ms, Chromium {:.1} ms",
                our.both_see(),
                their.both_see()
            );
            courses.push(our);
            their_courses.push(their);
        }
        print(&courses, &their_courses);
        println!(
            "\nThe first call of the processes is not among these: {:.1} ms and {:.1} ms until both saw each other.",
            first.0.both_see(),
            first.1.both_see(),
        );
        println!(
            "Load of the machine over the last minute: {}",
            machine::load()
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

/// A table in Markdown, so that it can be kept as it is.
fn print(ours: &[Course], theirs: &[Course]) {
    println!(
        "| ms after `start` | ours: median (95 %) | min | quartiles | max | Chromium: median (95 %) | min | quartiles | max | ours / Chromium (95 %) |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for (index, milestone) in MILESTONES.iter().enumerate() {
        let at = |course: &Course| course.steps().nth(index).map(|(_, at)| at);
        print_row(milestone.label, sample(ours, at), sample(theirs, at));
    }
    let both = |course: &Course| Some(course.both_see());
    print_row(
        "**both see each other**",
        sample(ours, both),
        sample(theirs, both),
    );
}

fn sample(courses: &[Course], at: impl Fn(&Course) -> Option<f64>) -> Option<Sample> {
    Sample::new(courses.iter().filter_map(at).collect())
}

fn print_row(label: &str, ours: Option<Sample>, theirs: Option<Sample>) {
    let (Some(ours), Some(theirs)) = (ours, theirs) else {
        return;
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
