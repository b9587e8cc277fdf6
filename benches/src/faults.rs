//! `visavis-bench faults`: how soon the other side is seen again when a lost link is back.

use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;
use tokio::time::sleep;
use visavis_interop_tests::distant::{ANOTHER_ADDRESS, CALLEE, DistantCall};
use visavis_interop_tests::network::isolate;
use visavis_interop_tests::program::Program;

use crate::error::BenchError;
use crate::machine;
use crate::statistics::Sample;

/// What happens to the callee's link.
struct Fault {
    name: &'static str,
    /// Part of the names of networks.
    short: &'static str,
    cut: Duration,
    address: Option<&'static str>,
}

const FAULTS: [Fault; 4] = [
    Fault {
        name: "cut for 8 s",
        short: "f8",
        cut: Duration::from_secs(8),
        address: None,
    },
    Fault {
        name: "cut for 25 s",
        short: "f25",
        cut: Duration::from_secs(25),
        address: None,
    },
    Fault {
        name: "cut for 2 s, then another address",
        short: "m2",
        cut: Duration::from_secs(2),
        address: Some(ANOTHER_ADDRESS),
    },
    Fault {
        name: "cut for 8 s, then another address",
        short: "m8",
        cut: Duration::from_secs(8),
        address: Some(ANOTHER_ADDRESS),
    },
];

/// From the return of a lost link to the next picture, in networks of this machine
#[derive(Debug, Args)]
pub(crate) struct FaultsCommand {
    /// Calls with each fault
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    runs: u32,
    /// Only faults whose name begins so
    #[arg(long, default_value = "")]
    only: String,
}

impl FaultsCommand {
    pub(crate) async fn run(self) -> Result<(), BenchError> {
        isolate();
        println!(
            "From the return of the callee's link to the next picture, {} calls with each fault",
            self.runs
        );
        println!("{}\n", machine::describe());
        println!("| s | seen by | best | median | worst |\n|---|---|---|---|---|");
        let wanted = |fault: &&Fault| fault.name.starts_with(&self.only);
        for fault in FAULTS.iter().filter(wanted) {
            let (mut caller, mut callee) = (Vec::new(), Vec::new());
            for _ in 0..self.runs {
                let [by_caller, by_callee] = fault.happen().await;
                caller.push(by_caller);
                callee.push(by_callee);
            }
            for (who, times) in [("caller", caller), ("callee", callee)] {
                let Some(times) = Sample::new(times) else {
                    continue;
                };
                println!(
                    "| {} | {who} | {:.2} | {:.2} | {:.2} |",
                    fault.name,
                    times.quantile(0.0),
                    times.median(),
                    times.quantile(1.0)
                );
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
    /// Makes a call to which it happens; seconds until caller and callee see a new picture.
    async fn happen(&self) -> [f64; 2] {
        let mut call = DistantCall::begin(self.short).await;
        let (host, _) = CALLEE;
        for side in [&mut call.caller, &mut call.callee] {
            side.pass_over();
        }
        call.network.cut(host);
        sleep(self.cut).await;
        if let Some(address) = self.address {
            call.network.readdress(host, address);
        }
        let back = Instant::now();
        call.network.mend(host);
        let seen = async |side: &mut Program| {
            side.until("frames_resumed").await;
            back.elapsed().as_secs_f64()
        };
        let (caller, callee) = tokio::join!(seen(&mut call.caller), seen(&mut call.callee));
        call.caller.until_heard_by(&mut call.callee).await;
        call.caller.tell(&json!({ "do": "hang_up" })).await;
        tokio::join!(call.caller.end(), call.callee.end());
        call.cast.dismiss().await;
        [caller, callee]
    }
}
