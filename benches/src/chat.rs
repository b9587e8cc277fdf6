//! What chat costs a server: ours, ejabberd and Prosody, in turns, under the
//! same load from `visavis-load`.

mod servers;
mod soak;

use std::path::Path;
use std::time::Duration;

use clap::Args;
use visavis_interop_tests::scratch::Scratch;
use visavis_load::{Plan, Report, Work};

use self::servers::{Kind, Server, Way};
pub(crate) use self::soak::SoakCommand;
use crate::error::BenchError;
use crate::machine;
use crate::statistics::Sample;

/// How long a login or a message is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Users of each server.
const USERS: usize = 1000;

/// Pairs of users, where nothing else is compared.
const PAIRS: usize = 100;
/// And where few are compared with many.
const FEW: usize = 4;
const MANY: usize = 400;

const SMALL: usize = 300;
const LARGE: usize = 4096;

/// Sessions that are held while memory is looked at.
const HELD: usize = 1000;

/// Logins whose processor time is looked at, so many at a time.
const LOGINS: usize = 200;
const LOGINS_AT_ONCE: usize = 8;

/// What chat costs a server, beside ejabberd and Prosody
#[derive(Debug, Args)]
pub(crate) struct ChatCommand {
    /// The servers, in turns
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "ours,ejabberd,prosody"
    )]
    servers: Vec<Kind>,
    /// How often each is measured; the median counts
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=100))]
    runs: u32,
    /// How long messages are sent each time
    #[arg(long = "for", default_value_t = 3, value_name = "SECONDS")]
    seconds: u64,
}

/// One line of the table.
#[derive(Debug, Clone, Copy)]
struct Measure {
    what: &'static str,
    way: Way,
    of: Of,
}

#[derive(Debug, Clone, Copy)]
enum Of {
    /// Processor time per message.
    Messages { pairs: usize, body: usize },
    /// Memory per idle session.
    Idle,
    /// Processor time per login.
    Logins,
    /// Time until everybody is in.
    Storm,
}

impl ChatCommand {
    pub(crate) async fn run(self) -> Result<(), BenchError> {
        let folder = Scratch::new("bench-chat")?;
        println!("What chat costs a server");
        println!("{}", machine::describe());
        let versions: Vec<String> = self.servers.iter().map(|kind| kind.version()).collect();
        println!("{}\n", versions.join(", "));
        let names: Vec<&str> = self.servers.iter().map(|kind| kind.name()).collect();
        println!(
            "| | {} | {} |",
            names.join(" | "),
            self.ratios().join(" | ")
        );
        println!("|---|{}", "---|".repeat(2 * names.len() - 1));
        let messages = self.messages(folder.path()).await?;
        if let Some((what, values)) = growth(&messages) {
            self.print(&what, &values, 2);
        }
        for way in [Way::Tcp, Way::WebSocket, Way::Tls] {
            let idle = Measure {
                what: "bytes of memory an idle session",
                way,
                of: Of::Idle,
            };
            self.fresh(folder.path(), idle, 0).await?;
        }
        for (what, of, digits) in [
            ("µs a login", Of::Logins, 0),
            ("s until 1000 logins at once are in", Of::Storm, 2),
        ] {
            let measure = Measure {
                what,
                way: Way::Tls,
                of,
            };
            self.fresh(folder.path(), measure, digits).await?;
        }
        println!("\nLoad over the last minute: {}", machine::load());
        Ok(())
    }

    /// The heads of the columns that compare the first server with the others.
    fn ratios(&self) -> Vec<String> {
        let others = self.servers.iter().skip(1);
        others
            .map(|other| format!("{} / {}", self.servers[0].name(), other.name()))
            .collect()
    }

    /// Messages, all servers running and measured in turns. Gives back what
    /// each line has measured.
    async fn messages(&self, folder: &Path) -> Result<Vec<(Measure, Vec<f64>)>, BenchError> {
        let mut servers = Vec::new();
        for kind in &self.servers {
            servers.push(kind.start(folder, USERS).await?);
        }
        let ways = [Way::Tcp, Way::Tls, Way::WebSocket, Way::SecureWebSocket];
        let mut measures: Vec<Measure> = [SMALL, LARGE]
            .into_iter()
            .flat_map(|body| ways.map(|way| Measure::messages(way, PAIRS, body)))
            .collect();
        measures.extend([FEW, MANY].map(|pairs| Measure::messages(Way::Tcp, pairs, SMALL)));
        let mut lines = Vec::new();
        for measure in measures {
            let mut samples = vec![Vec::new(); servers.len()];
            for _ in 0..self.runs {
                for (server, sample) in servers.iter().zip(&mut samples) {
                    sample.extend(self.attempt(server, measure).await);
                }
            }
            let medians: Vec<f64> = samples.into_iter().map(median).collect();
            self.print(&measure.describe(), &medians, 1);
            lines.push((measure, medians));
        }
        for server in servers {
            server.stop().await?;
        }
        Ok(lines)
    }

    /// Something that has to begin with a new server each time.
    async fn fresh(
        &self,
        folder: &Path,
        measure: Measure,
        digits: usize,
    ) -> Result<(), BenchError> {
        let mut samples = vec![Vec::new(); self.servers.len()];
        for _ in 0..self.runs {
            for (kind, sample) in self.servers.iter().zip(&mut samples) {
                let server = kind.start(folder, USERS).await?;
                sample.extend(self.attempt(&server, measure).await);
                server.stop().await?;
            }
        }
        let medians: Vec<f64> = samples.into_iter().map(median).collect();
        self.print(&measure.describe(), &medians, digits);
        Ok(())
    }

    /// A server that leaves somebody without an answer does not end the comparison: it is told, and
    /// not counted.
    async fn attempt(&self, server: &Server, measure: Measure) -> Option<f64> {
        let measured = self.measure(server, measure).await;
        measured
            .inspect_err(|error| eprintln!("{}: {error}", measure.describe()))
            .ok()
    }

    async fn measure(&self, server: &Server, measure: Measure) -> Result<f64, BenchError> {
        let traffic = |idle, pairs, body, logins, seconds| Work::Traffic {
            idle,
            pairs,
            body,
            rate: None,
            time: Duration::from_secs(seconds),
            logins,
        };
        let work = match measure.of {
            Of::Messages { pairs, body } => traffic(0, pairs, body, 64, self.seconds),
            Of::Idle => traffic(HELD, 0, SMALL, 64, 0),
            Of::Logins => traffic(LOGINS, 0, SMALL, LOGINS_AT_ONCE, 0),
            Of::Storm => Work::Storm { logins: USERS },
        };
        let report = load(server, measure.way, work).await?;
        let failures = report.failures();
        if !failures.is_empty() {
            eprintln!("{}: {}", measure.describe(), failures.join(", "));
        }
        let found = match measure.of {
            Of::Messages { .. } => report
                .messages
                .and_then(|seen| seen.server_cpu_us_per_message),
            Of::Idle => report
                .idle
                .and_then(|seen| seen.resident_bytes_per_session)
                .map(|bytes| bytes as f64),
            Of::Logins => report.logins.and_then(|seen| seen.server_cpu_us_per_login),
            Of::Storm => report.storm.map(|seen| seen.took.as_secs_f64()),
        };
        found.ok_or(BenchError::StepMissing { step: measure.what })
    }

    /// Prints a line: the servers' values, and the first one's ratio to each
    /// of the others.
    fn print(&self, what: &str, values: &[f64], digits: usize) {
        let told = |value: f64, digits: usize| {
            if value.is_finite() {
                format!("{value:.digits$}")
            } else {
                "failed".to_owned()
            }
        };
        let others = values.iter().skip(1);
        let ratios = others.map(|other| told(values[0] / other, 2));
        let cells: Vec<String> = values
            .iter()
            .map(|value| told(*value, digits))
            .chain(ratios)
            .collect();
        println!("| {what} | {} |", cells.join(" | "));
    }
}

impl Measure {
    const fn messages(way: Way, pairs: usize, body: usize) -> Self {
        Self {
            what: "µs a message",
            way,
            of: Of::Messages { pairs, body },
        }
    }

    fn describe(&self) -> String {
        let Self { what, way, of } = self;
        match of {
            Of::Messages { pairs, body } => {
                format!("{what} of {body} B, {pairs} pairs, {}", way.name())
            }
            Of::Idle | Of::Logins | Of::Storm => format!("{what}, {}", way.name()),
        }
    }
}

/// What a message costs among many, in terms of what it costs among few.
fn growth(lines: &[(Measure, Vec<f64>)]) -> Option<(String, Vec<f64>)> {
    let of = |wanted: usize| {
        lines.iter().find_map(|(measure, values)| match measure.of {
            Of::Messages { pairs, .. } if pairs == wanted => Some(values),
            _ => None,
        })
    };
    let grown = of(FEW)?.iter().zip(of(MANY)?).map(|(few, many)| many / few);
    let what = format!("µs a message: {MANY} pairs / {FEW} pairs");
    Some((what, grown.collect()))
}

fn median(values: Vec<f64>) -> f64 {
    Sample::new(values).map_or(f64::NAN, |sample| sample.median())
}

async fn load(server: &Server, way: Way, work: Work) -> Result<Report, BenchError> {
    let plan = Plan {
        target: server.target(way)?,
        people: server.people(),
        work,
        patience: PATIENCE,
        pid: server.pid(),
    };
    let run = tokio::task::spawn_blocking(|| visavis_load::run(plan)).await;
    let failed = |error: &dyn std::fmt::Display| {
        BenchError::Client(format!("{} over {}: {error}", server.name(), way.name()).into())
    };
    run.map_err(|error| failed(&error))?
        .map_err(|error| failed(&error))
}
