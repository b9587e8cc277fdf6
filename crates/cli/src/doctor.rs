//! `visavis doctor`: whether calls will work, and why not.

mod operator;

use std::path::PathBuf;

use clap::{Args, Command};
use serde_json::{Value, json};
use visavis::ChatConfig;
use visavis::doctor::{Carried, Examination, Nat, RelayWay, Severity, Verdict, examine};

use crate::exit::{Failure, Outcome, Reason};
use crate::login::LoginOptions;

/// Say whether calls will work from here, and why not; nobody is called
#[derive(Debug, Args)]
#[command(
    override_usage = "\n  visavis doctor --server URL --login LOGIN [--json]\n  visavis \
                            doctor --operator [--config FILE] [--data DIR] [--json]"
)]
pub(crate) struct DoctorCommand {
    #[command(flatten)]
    client: Option<LoginOptions>,
    /// Check the server of this machine instead: its configuration, whether it runs and can be
    /// reached, and which ports have to be open
    #[arg(long, conflicts_with = "LoginOptions")]
    operator: bool,
    /// The server's configuration file
    #[arg(long, value_name = "FILE", requires = "operator")]
    config: Option<PathBuf>,
    /// The server's data folder, if the configuration does not name it
    #[arg(long, value_name = "DIR", requires = "operator")]
    data: Option<PathBuf>,
    /// PEM file with further certificates to trust
    #[arg(long, value_name = "FILE", requires = "operator")]
    trust: Option<PathBuf>,
    /// One JSON object on standard output
    #[arg(long)]
    json: bool,
}

impl DoctorCommand {
    pub(crate) async fn run(self, serve: &Command) -> Outcome {
        if self.operator {
            let place = operator::Place {
                config: self.config,
                data: self.data,
                trust: self.trust,
            };
            return operator::run(place, serve, self.json).await;
        }
        let Some(client) = self.client else {
            return Err(Failure::new(
                Reason::Usage,
                "give --server and --login, or --operator on the server's machine",
            ));
        };
        let login = client.read()?;
        let examination = examine(ChatConfig {
            server: login.server,
            app: login.app,
            login: login.login,
            password: login.password,
            extra_roots_pem: login.extra_roots,
        })
        .await;
        if self.json {
            println!("{}", object(&examination));
        } else {
            tell(&examination);
        }
        outcome(&examination)
    }
}

/// Everything as JSON, findings with their words.
fn object(examination: &Examination) -> Value {
    let mut object = json!(examination);
    object["works"] = examination.verdict.works().into();
    object["verdict_text"] = examination.verdict.to_string().into();
    let findings = examination.findings.iter().map(|finding| {
        json!({
            "finding": finding,
            "severity": finding.severity(),
            "text": finding.text(),
        })
    });
    object["findings"] = findings.collect();
    object
}

fn tell(examination: &Examination) {
    if let Some(seconds) = examination.clock_ahead_s {
        println!("clock      {seconds:+} s against the server's");
    }
    if let Some(time) = examination.chat_round_trip_ms {
        println!("chat       answers in {time:.1} ms");
    }
    if let Some(nat) = &examination.nat {
        println!("address    {}", outside(nat));
    }
    for way in &examination.relays {
        println!("relay      {}", reached(way));
    }
    if let Some(carried) = &examination.relayed {
        println!("relayed    {}", quality(carried));
    }
    for finding in &examination.findings {
        let mark = match finding.severity() {
            Severity::Fatal => "wrong",
            Severity::Warning => "note",
        };
        println!("{mark:<11}{finding}");
    }
    println!("{}", examination.verdict);
}

fn outside(nat: &Nat) -> String {
    let Nat { mapped, .. } = nat;
    if !nat.translated {
        return format!("{mapped}, this computer's own");
    }
    let same = match nat.same_for_all {
        Some(true) => "the same for everybody",
        Some(false) => "another for everybody",
        None => "seen by the server alone",
    };
    let open = match nat.open {
        Some(true) => ", open to others",
        Some(false) => ", closed to strangers",
        None => "",
    };
    format!("{mapped} outside, {same}{open}")
}

fn reached(way: &RelayWay) -> String {
    match (&way.milliseconds, &way.problem) {
        (Some(time), _) => format!("{} in {time} ms", way.url),
        (None, problem) => format!("{} fails: {}", way.url, problem.as_deref().unwrap_or("")),
    }
}

fn quality(carried: &Carried) -> String {
    format!(
        "{:.1} of {:.1} Mbit/s come back, {:.1} % lost, {:.1} ms there and back",
        carried.bits_per_second / 1e6,
        carried.offered_bits_per_second / 1e6,
        carried.loss * 100.0,
        carried.round_trip_ms
    )
}

/// The exit code is the verdict.
fn outcome(examination: &Examination) -> Outcome {
    let reason = match examination.verdict {
        verdict if verdict.works() => return Ok(()),
        Verdict::Unreachable => Reason::Unreachable,
        Verdict::Refused => Reason::Refused,
        _ => Reason::Connection,
    };
    let why = examination
        .findings
        .last()
        .map_or("", |finding| finding.text());
    Err(Failure::new(
        reason,
        format_args!("{} {why}", examination.verdict),
    ))
}
