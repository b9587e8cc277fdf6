//! `visavis-bench faults`: how soon the other side is seen again when a lost link is back, and how much
//! of its sound was lost.

use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;
use tokio::time::sleep;
use visavis::media::measure::FaultKind;
use visavis_interop_tests::distant::{ANOTHER_ADDRESS, CALLEE, CALLER, DistantCall, Setting};
use visavis_interop_tests::network::isolate;
use visavis_interop_tests::program::Program;
use visavis_interop_tests::scratch::Scratch;

use crate::error::BenchError;
use crate::statistics::Sample;
use crate::{machine, saved};

/// After this time a call that can go on does.
const SETTLED: Duration = Duration::from_secs(4);

/// How often a client looks at its addresses: an instant between two looks is as likely as another.
const LOOKS: Duration = Duration::from_millis(250);

/// What happens to the callee's link.
struct Fault {
    name: &'static str,
    /// Part of the names of networks.
    short: &'static str,
    cut: Duration,
    address: Option<&'static str>,
    relayed: bool,
}

const FAULTS: [Fault; 6] = [
    Fault {
        name: "cut for 8 s",
        short: "f8",
        cut: Duration::from_secs(8),
        address: None,
        relayed: false,
    },
    Fault {
        name: "cut for 25 s",
        short: "f25",
        cut: Duration::from_secs(25),
        address: None,
        relayed: false,
    },
    Fault {
        name: "cut for 2 s, then another address",
        short: "m2",
        cut: Duration::from_secs(2),
        address: Some(ANOTHER_ADDRESS),
        relayed: false,
    },
    Fault {
        name: "cut for 8 s, then another address",
        short: "m8",
        cut: Duration::from_secs(8),
        address: Some(ANOTHER_ADDRESS),
        relayed: false,
    },
    Fault {
        name: "another address at once",
        short: "m0",
        cut: Duration::ZERO,
        address: Some(ANOTHER_ADDRESS),
        relayed: false,
    },
    Fault {
        name: "another address at once, relayed",
        short: "r0",
        cut: Duration::ZERO,
        address: Some(ANOTHER_ADDRESS),
        relayed: true,
    },
];

/// What a lost link costs: time to the next picture and lost sound, in networks of this machine
#[derive(Debug, Args)]
pub(crate) struct FaultsCommand {
    /// Calls with each fault
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    runs: u32,
    /// Only faults whose name begins so
    #[arg(long, default_value = "")]
    only: String,
}

/// What one side noticed, in seconds.
struct Loss {
    /// From the return of the link to the next picture; nothing when pictures hardly stopped.
    unseen: Option<f64>,
    /// Sound in the longest gap.
    unheard: f64,
}

impl FaultsCommand {
    pub(crate) async fn run(self) -> Result<(), BenchError> {
        isolate();
        println!(
            "From the return of the callee's link to the next picture, and the sound that was lost, {} calls with \
             each fault",
            self.runs
        );
        println!("{}\n", machine::describe());
        println!("| s | | at | best | median | worst |\n|---|---|---|---|---|---|");
        let wanted = |fault: &&Fault| fault.name.starts_with(&self.only);
        for fault in FAULTS.iter().filter(wanted) {
            let mut losses = [Vec::new(), Vec::new()];
            for run in 0..self.runs {
                let phase = LOOKS * run / self.runs;
                for (losses, loss) in losses.iter_mut().zip(fault.happen(phase).await?) {
                    losses.push(loss);
                }
            }
            for ((who, _), losses) in [CALLER, CALLEE].iter().zip(losses) {
                let unseen = losses.iter().filter_map(|loss| loss.unseen).collect();
                fault.print("next picture", who, unseen);
                let unheard = losses.iter().map(|loss| loss.unheard).collect();
                fault.print("lost sound", who, unheard);
            }
        }
        println!(
            "\nLoad of the machine over the last minute: {}",
            machine::load()
        );
        Ok(())
    }
}

impl Fault {
    /// Makes a call to which it happens, so much later than it could; what the caller and the callee noticed.
    async fn happen(&self, phase: Duration) -> Result<[Loss; 2], BenchError> {
        let folder = Scratch::new("bench-faults")?;
        let ice = if self.relayed { "relay" } else { "all" };
        let setting = Setting {
            people: &["--ice", ice],
            saving: Some(folder.path()),
            ..Setting::default()
        };
        let mut call = DistantCall::begin_with(self.short, setting).await;
        let (host, _) = CALLEE;
        // Sound that was heard before, too.
        sleep(Duration::from_secs(1) + phase).await;
        for side in [&mut call.caller, &mut call.callee] {
            side.pass_over();
        }
        if !self.cut.is_zero() {
            call.network.cut(host);
            sleep(self.cut).await;
        }
        if let Some(address) = self.address {
            call.network.readdress(host, address);
        }
        let back = Instant::now();
        let unseen = if self.cut.is_zero() {
            sleep(SETTLED).await;
            [None; 2]
        } else {
            call.network.mend(host);
            let seen = async |side: &mut Program| {
                side.until("frames_resumed").await;
                Some(back.elapsed().as_secs_f64())
            };
            let (caller, callee) = tokio::join!(seen(&mut call.caller), seen(&mut call.callee));
            [caller, callee]
        };
        tokio::join!(
            call.caller.pictures_come_from(CALLEE.1),
            call.callee.pictures_come_from(CALLER.1)
        );
        call.caller.until_heard_by(&mut call.callee).await;
        call.caller.tell(&json!({ "do": "hang_up" })).await;
        tokio::join!(call.caller.end(), call.callee.end());
        call.cast.dismiss().await;
        let unheard = |who: &str| {
            let sound = saved::sound(&folder.path().join(who))?;
            let gaps = sound.faults.iter();
            let gaps = gaps.filter(|fault| fault.kind == FaultKind::Missing);
            let longest = gaps.map(|gap| gap.length).max().unwrap_or_default();
            Ok::<f64, BenchError>(longest.as_secs_f64())
        };
        let unheard = [unheard(CALLER.0)?, unheard(CALLEE.0)?];
        Ok([0, 1].map(|at| Loss {
            unseen: unseen[at],
            unheard: unheard[at],
        }))
    }

    fn print(&self, what: &str, who: &str, seconds: Vec<f64>) {
        if let Some(seconds) = Sample::new(seconds) {
            println!(
                "| {} | {what} | {who} | {:.2} | {:.2} | {:.2} |",
                self.name,
                seconds.quantile(0.0),
                seconds.median(),
                seconds.quantile(1.0)
            );
        }
    }
}
