//! What relaying costs a server: ours, coturn, and a bare forwarder of datagrams, in turns, under
//! the same load from `visavis-load`.

mod forwarder;
mod servers;

use std::path::Path;
use std::time::Duration;

use clap::Args;
use visavis_interop_tests::scratch::Scratch;
use visavis_load::turn::{Method, Pace, Plan, Report, Route, run};

pub(crate) use self::forwarder::ForwarderCommand;
use self::servers::{Kind, Server};
use crate::error::BenchError;
use crate::machine;
use crate::statistics::Sample;

const PATIENCE: Duration = Duration::from_secs(10);

/// Allocations among which packets are sent, and what is under way among them.
const WAYS: usize = 50;
const IN_FLIGHT: usize = 100;
/// Bytes of a packet, about as many as one of video has.
const SIZE: usize = 1000;
/// Echoes a second: each is relayed twice.
const RATE: f64 = 5000.0;
/// Allocations whose processor time and memory is looked at.
const HELD: usize = 2000;

/// What relaying costs a server, beside coturn and a bare forwarder
#[derive(Debug, Args)]
pub(crate) struct RelayCommand {
    /// The servers, in turns
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "ours,coturn,forwarder"
    )]
    servers: Vec<Kind>,
    /// How often each is measured; the median counts
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    runs: u32,
    /// How long packets are sent each time
    #[arg(long = "for", default_value_t = 3, value_name = "SECONDS")]
    seconds: u64,
}

/// One line of the table.
#[derive(Debug, Clone, Copy)]
struct Measure {
    what: &'static str,
    route: Route,
    method: Method,
    pace: Pace,
}

const SATURATION: Pace = Pace::Saturation {
    in_flight: IN_FLIGHT,
};

const MEASURES: [Measure; 5] = [
    Measure {
        what: "µs a packet, echo by channels, at saturation",
        route: Route::Echo,
        method: Method::Channels,
        pace: SATURATION,
    },
    Measure {
        what: "µs a packet, echo by channels, 10,000 packets a second",
        route: Route::Echo,
        method: Method::Channels,
        pace: Pace::Rate(RATE),
    },
    Measure {
        what: "µs a packet, echo by indications, at saturation",
        route: Route::Echo,
        method: Method::Indications,
        pace: SATURATION,
    },
    Measure {
        what: "µs a packet, relay to relay by channels, at saturation",
        route: Route::RelayToRelay,
        method: Method::Channels,
        pace: SATURATION,
    },
    Measure {
        what: "µs a packet, relay to relay by indications, at saturation",
        route: Route::RelayToRelay,
        method: Method::Indications,
        pace: SATURATION,
    },
];

impl RelayCommand {
    pub(crate) async fn run(self) -> Result<(), BenchError> {
        let folder = Scratch::new("bench-relay")?;
        println!("What relaying costs a server");
        println!("{}", machine::describe());
        let versions: Vec<String> = self.servers.iter().map(|kind| kind.version()).collect();
        println!("{}\n", versions.join(", "));
        let names: Vec<&str> = self.servers.iter().map(|kind| kind.name()).collect();
        let others = names.iter().skip(1);
        let ratios: Vec<String> = others
            .map(|other| format!("{} / {other}", names[0]))
            .collect();
        println!("| | {} | {} |", names.join(" | "), ratios.join(" | "));
        println!("|---|{}", "---|".repeat(2 * names.len() - 1));
        let lost = self.packets(folder.path()).await?;
        self.allocations(folder.path()).await?;
        println!(
            "| packets lost, doubled or damaged | {} |",
            lost.join(" | ")
        );
        println!("\nLoad over the last minute: {}", machine::load());
        Ok(())
    }

    /// Packets, all servers running and measured in turns. Gives back what each has lost.
    async fn packets(&self, folder: &Path) -> Result<Vec<String>, BenchError> {
        let mut servers = Vec::new();
        for kind in &self.servers {
            servers.push(kind.start(folder).await?);
        }
        let mut lost = vec![[0_u64; 2]; servers.len()];
        for measure in MEASURES {
            let mut samples = vec![Vec::new(); servers.len()];
            for _ in 0..self.runs {
                for (at, server) in servers.iter().enumerate() {
                    if !server.kind.can(measure.route, measure.method) {
                        continue;
                    }
                    let report = self.load(server, measure).await?;
                    let packets = report
                        .packets
                        .ok_or(BenchError::StepMissing { step: measure.what })?;
                    samples[at].extend(packets.server_cpu_us_per_packet);
                    lost[at][0] +=
                        packets.lost + packets.duplicated + packets.broken + packets.misdelivered;
                    lost[at][1] += packets.sent;
                }
            }
            print(measure.what, samples, 2);
        }
        for server in servers {
            server.stop().await?;
        }
        let told = |[lost, sent]: [u64; 2]| format!("{lost} of {sent}");
        Ok(lost.into_iter().map(told).collect())
    }

    async fn load(&self, server: &Server, measure: Measure) -> Result<Report, BenchError> {
        let method = match server.kind {
            Kind::Forwarder => Method::Bare,
            _ => measure.method,
        };
        load(Plan {
            server: server.address(),
            users: server.users(),
            allocations: WAYS,
            route: measure.route,
            method,
            size: SIZE,
            pace: measure.pace,
            time: Duration::from_secs(self.seconds),
            patience: PATIENCE,
            pid: server.pid(),
        })
        .await
    }

    /// Allocations, with a new server each time.
    async fn allocations(&self, folder: &Path) -> Result<(), BenchError> {
        let mut processor = vec![Vec::new(); self.servers.len()];
        let mut memory = processor.clone();
        for _ in 0..self.runs {
            for (at, kind) in self.servers.iter().enumerate() {
                if !kind.can(Route::RelayToRelay, Method::Channels) {
                    continue;
                }
                let server = kind.start(folder).await?;
                let report = load(Plan {
                    server: server.address(),
                    users: server.users(),
                    allocations: HELD,
                    route: Route::Echo,
                    method: Method::Channels,
                    size: SIZE,
                    pace: SATURATION,
                    time: Duration::ZERO,
                    patience: PATIENCE,
                    pid: server.pid(),
                })
                .await?;
                server.stop().await?;
                let found = report.allocations;
                processor[at].extend(found.server_cpu_us_per_allocation);
                let bytes = found.resident_bytes_per_allocation;
                memory[at].extend(bytes.map(|bytes| bytes as f64));
            }
        }
        print("µs an allocation", processor, 0);
        print("bytes of memory an allocation", memory, 0);
        Ok(())
    }
}

async fn load(plan: Plan) -> Result<Report, BenchError> {
    let report = tokio::task::spawn_blocking(move || run(&plan)).await;
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| BenchError::Client(error);
    report
        .map_err(|error| failed(error.into()))?
        .map_err(|error| failed(error.into()))
}

/// Prints a line: the servers' medians, and the first one's ratio to each of the others.
fn print(what: &str, samples: Vec<Vec<f64>>, digits: usize) {
    let medians: Vec<Option<f64>> = samples
        .into_iter()
        .map(|values| Sample::new(values).map(|sample| sample.median()))
        .collect();
    let told = |value: Option<f64>, digits: usize| {
        value.map_or_else(|| "–".to_owned(), |value| format!("{value:.digits$}"))
    };
    let others = medians.iter().skip(1);
    let ratios = others.map(|other| Some(medians[0]? / (*other)?));
    let cells: Vec<String> = medians
        .iter()
        .map(|value| told(*value, digits))
        .chain(ratios.map(|ratio| told(ratio, 2)))
        .collect();
    println!("| {what} | {} |", cells.join(" | "));
}
