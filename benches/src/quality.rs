//! What arrives of a call: pictures and sound, judged by what was saved.
//!
//! `visavis call` calls `visavis answer` and both keep what they receive. Each
//! received picture names the frame that was sent, which is painted again and
//! compared; the sound carries marks. What the two processes used is what they
//! say themselves, saving included.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use clap::Args;
use serde_json::Value;
use visavis::media::measure::{PatternReading, SweepReading};
use visavis_interop_tests::cast::{Cast, NATIVE, SECOND_NATIVE};
use visavis_interop_tests::program::Program;
use visavis_interop_tests::scratch::Scratch;

use crate::camera::PictureFormat;
use crate::error::BenchError;
use crate::{machine, saved};

/// Picture and sound of a call, against what was sent
#[derive(Debug, Args)]
pub(crate) struct QualityCommand {
    /// Length of the call
    #[arg(long = "for", default_value_t = 20, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(2..=600))]
    seconds: u32,
    /// Size and pace of the pictures
    #[arg(long, default_value = PictureFormat::HD, value_name = "WxH@FPS")]
    pictures: PictureFormat,
    /// The most that the pictures of one side may take, in kbit/s
    #[arg(long, default_value_t = 1500, value_name = "KBIT")]
    max_bitrate: u32,
}

impl QualityCommand {
    pub(crate) async fn run(self) -> Result<(), BenchError> {
        let folder = Scratch::new("bench")?;
        let cast = Cast::gather(&folder.path().join("server")).await;
        println!(
            "What arrives of a call, {} at {} kbit/s, {} s",
            self.pictures, self.max_bitrate, self.seconds
        );
        println!("{}\n", machine::describe());
        let (caller, callee) = (folder.path().join("caller"), folder.path().join("callee"));
        let summaries = self.call(&cast, &caller, &callee).await?;
        cast.dismiss().await;
        let received = [
            ("caller", Reception::read(&caller, self.pictures)?),
            ("callee", Reception::read(&callee, self.pictures)?),
        ];
        print_received(&received);
        print_used(&summaries);
        println!(
            "\nLoad of the machine over the last minute: {}",
            machine::load()
        );
        Ok(())
    }

    /// Makes the call; what the two say about it.
    async fn call(
        &self,
        cast: &Cast,
        caller: &Path,
        callee: &Path,
    ) -> Result<[(&'static str, Value); 2], BenchError> {
        let video = format!("pattern:{}", self.pictures);
        let (kbit, seconds) = (self.max_bitrate.to_string(), self.seconds.to_string());
        let sending = ["--video", &video, "--max-bitrate", &kbit, "--save"];

        let (folder, mut arguments) = (callee.to_string_lossy(), vec!["answer", "--once"]);
        arguments.extend(sending);
        arguments.push(&folder);
        let mut answering = Program::start(cast, SECOND_NATIVE, &arguments);
        answering.until("chat_connected").await;

        let (folder, mut arguments) = (caller.to_string_lossy(), vec!["call", "--for", &seconds]);
        arguments.extend(sending);
        let peer = SECOND_NATIVE.to_string();
        arguments.extend([&*folder, &peer]);
        let mut calling = Program::start(cast, NATIVE, &arguments);

        let summaries = [
            ("caller", calling.until("summary").await),
            ("callee", answering.until("summary").await),
        ];
        for (program, who) in [(calling, "the caller"), (answering, "the callee")] {
            if program.end().await != 0 {
                return Err(BenchError::Ended { who });
            }
        }
        Ok(summaries)
    }
}

/// What one side kept.
struct Reception {
    pictures: PatternReading,
    sound: SweepReading,
}

impl Reception {
    fn read(folder: &Path, sent: PictureFormat) -> Result<Self, BenchError> {
        let movie =
            BufReader::with_capacity(1 << 20, File::open(saved::only_file(folder, "y4m")?)?);
        let pictures = PatternReading::of_y4m(movie, sent.width, sent.height)
            .map_err(|error| BenchError::Unreadable(error.into()))?;
        let sound = saved::sound(folder)?;
        Ok(Self { pictures, sound })
    }
}

fn print_received(received: &[(&str, Reception)]) {
    println!(
        "| received by | frames | frames/s | missing | repeated | luma PSNR: mean, median, worst | sound | missing | repeated | late |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for (who, reception) in received {
        let (pictures, sound) = (&reception.pictures, &reception.sound);
        let decibels = pictures.quality().map_or("unreadable".into(), |quality| {
            format!(
                "{:.1}, {:.1}, {:.1} dB",
                quality.mean, quality.median, quality.worst
            )
        });
        println!(
            "| {who} | {} | {:.2} | {} | {} | {decibels} | {:.1} s | {} ms | {} ms | {} ms |",
            pictures.pictures(),
            pictures.fps().unwrap_or_default(),
            pictures.missing(),
            pictures.repeated(),
            sound.heard_ms as f64 / 1000.0,
            sound.missing_ms,
            sound.repeated_ms,
            sound.late_ms,
        );
    }
}

fn print_used(summaries: &[(&str, Value)]) {
    println!("\n| process | bitrate in | processor, share of one core | peak memory |");
    println!("|---|---|---|---|");
    for (who, summary) in summaries {
        let number = |value: &Value| value.as_f64().unwrap_or_default();
        println!(
            "| {who} | {:.0} kbit/s | {:.1} % | {:.0} MB |",
            number(&summary["peers"][0]["bitrate_in"]) / 1000.0,
            number(&summary["cpu"]) * 100.0,
            number(&summary["peak_memory_bytes"]) / 1e6,
        );
    }
}
