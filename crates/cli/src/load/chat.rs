//! `visavis load chat`.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use visavis_load::{MIN_BODY, People, Plan, Roots, StartTls, Target, TargetError, Work};

use crate::exit::{Failure, Outcome, Reason};
use crate::load::{failure, judge, print, rate};
use crate::login::password;

/// Sessions, messages and logins for any XMPP server
///
/// Holds sessions that do nothing (--idle) and lets pairs of users send each other messages
/// (--pairs), both at once if both are given; or logs in many users at the same moment (--storm).
/// Every message has a number and a checksum: what is lost, duplicated, out of order, changed or
/// brought to somebody else is counted, and makes the exit code 8.
///
/// Users log in by SASL PLAIN. Of a visavis server, the login is USER-APPLICATION, for example
/// `{}-1`, and the password may be a session token.
#[derive(Debug, Args)]
pub(crate) struct ChatCommand {
    /// Where the server is: tcp://HOST:PORT, tls://HOST:PORT, ws://HOST:PORT/PATH or
    /// wss://HOST:PORT/PATH
    #[arg(long, value_name = "URL")]
    server: String,
    /// The domain of chat addresses, which the certificate has to name; the host if not given
    #[arg(long, value_name = "NAME")]
    domain: Option<String>,
    /// Whether TLS is asked for over tcp://
    #[arg(long, value_enum, default_value = "optional", value_name = "WHETHER")]
    start_tls: AskForTls,
    /// The certificates that are trusted, PEM; those of the system if not given
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Addresses of this machine that connections come from, in turns; each has room for some
    /// 28,000
    #[arg(long, value_name = "ADDR", value_delimiter = ',')]
    from: Vec<IpAddr>,

    /// The users' logins: the part before the domain, with `{}` where the number goes
    #[arg(
        long,
        value_name = "PATTERN",
        required_unless_present = "users",
        conflicts_with = "users"
    )]
    login: Option<String>,
    /// The number of the first user
    #[arg(long, value_name = "N", default_value_t = 1)]
    first: u64,
    /// Read everybody's password from standard input, not from VISAVIS_PASSWORD
    #[arg(long, conflicts_with = "users")]
    password_stdin: bool,
    /// A CSV file of users, its first line naming the columns `login` and `password`
    #[arg(long, value_name = "FILE")]
    users: Option<PathBuf>,

    /// Sessions that do nothing
    #[arg(long, value_name = "N", default_value_t = 0)]
    idle: usize,
    /// Pairs of users that send each other messages
    #[arg(long, value_name = "N", default_value_t = 0)]
    pairs: usize,
    /// Bytes of a message's body, 48 at least
    #[arg(long, value_name = "BYTES", default_value_t = 300, value_parser = body)]
    body: usize,
    /// Messages a second of all pairs together, sent at their moment whatever became of the
    /// others; if not given, users send when they were answered
    #[arg(long, value_name = "N", value_parser = rate, requires = "pairs")]
    rate: Option<f64>,
    /// How long messages are sent and sessions held
    #[arg(long = "for", value_name = "SECONDS", default_value_t = 10)]
    seconds: u64,
    /// Logins at the same time, before anything is measured
    #[arg(long, value_name = "N", default_value_t = 64)]
    logins: usize,
    /// So many logins at the same moment, and nothing else
    #[arg(long, value_name = "N", conflicts_with_all = ["idle", "pairs", "rate", "body", "seconds", "logins"])]
    storm: Option<usize>,

    /// How long a login, or a message that does not come, is waited for
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    patience: u64,
    /// The process of the server, to tell its processor time and memory
    #[arg(long, value_name = "N")]
    pid: Option<u32>,
    /// By how much the memory of --pid may grow from a fifth of the time to its end
    #[arg(long, value_name = "PERCENT", requires = "pid")]
    max_growth: Option<f64>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Whether TLS is asked for within a stream.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum AskForTls {
    Off,
    Optional,
    Required,
}

fn body(text: &str) -> Result<usize, String> {
    let size = text.parse::<usize>().map_err(|error| error.to_string())?;
    let fits = (MIN_BODY..=1024 * 1024).contains(&size);
    fits.then_some(size)
        .ok_or_else(|| format!("from {MIN_BODY} to 1048576 bytes"))
}

impl ChatCommand {
    pub(super) fn run(self) -> Outcome {
        let (json, max_growth) = (self.json, self.max_growth);
        let report = visavis_load::run(self.plan()?).map_err(|error| failure(&error))?;
        print(&report, json)?;
        let mut failures = report.failures();
        let growth = report.server_memory.map(|memory| memory.growth_percent());
        if let (Some(growth), Some(most)) = (growth, max_growth)
            && growth > most
        {
            failures.push(format!("the server's memory grew by {growth:.1} %"));
        }
        judge(&failures)
    }

    fn plan(self) -> Result<Plan, Failure> {
        let work = match self.storm {
            Some(logins) => Work::Storm { logins },
            None if self.idle == 0 && self.pairs == 0 => {
                return Err(Failure::new(
                    Reason::Usage,
                    "nothing to do: give --idle, --pairs or --storm",
                ));
            }
            None => Work::Traffic {
                idle: self.idle,
                pairs: self.pairs,
                body: self.body,
                rate: self.rate,
                time: Duration::from_secs(self.seconds),
                logins: self.logins,
            },
        };
        let start_tls = match self.start_tls {
            AskForTls::Off => StartTls::Never,
            AskForTls::Optional => StartTls::IfOffered,
            AskForTls::Required => StartTls::Required,
        };
        let roots = self.ca.as_deref().map_or(Roots::System, Roots::File);
        let target = Target::new(
            &self.server,
            self.domain.as_deref(),
            start_tls,
            roots,
            self.from,
        )
        .map_err(|error| {
            let option = match error {
                TargetError::Domain { .. } => "--domain",
                TargetError::Roots { .. } => "--ca",
                _ => "--server",
            };
            Failure::of(Reason::Usage, &error).within(option)
        })?;
        let people = match (self.users, self.login) {
            (Some(file), _) => People::read(&file)
                .map_err(|error| Failure::of(Reason::Source, &error).within("--users"))?,
            (None, pattern) => {
                let password = password(self.password_stdin)?;
                People::pattern(pattern.unwrap_or_default(), password, self.first)
                    .map_err(|error| Failure::of(Reason::Usage, &error).within("--login"))?
            }
        };
        Ok(Plan {
            target,
            people,
            work,
            patience: Duration::from_secs(self.patience),
            pid: self.pid,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{ChatCommand, body};
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Arguments {
        #[command(flatten)]
        chat: ChatCommand,
    }

    fn refused(arguments: &str) -> String {
        let words = ["load"].into_iter().chain(arguments.split(' '));
        match Arguments::try_parse_from(words) {
            Ok(parsed) => parsed.chat.plan().unwrap_err().to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn what_is_wrong_names_its_option() {
        for (arguments, told) in [
            ("--login a{} --idle 1", "--server <URL>"),
            ("--server tcp://127.0.0.1:1 --idle 1", "--login <PATTERN>"),
            (
                "--server tcp://127.0.0.1:1 --login {} --idle x",
                "--idle <N>",
            ),
            (
                "--server tcp://127.0.0.1:1 --login {} --pairs 1 --body 3",
                "--body <BYTES>",
            ),
            (
                "--server tcp://127.0.0.1:1 --login {} --pairs 1 --rate 0",
                "--rate <N>",
            ),
            (
                "--server tcp://127.0.0.1:1 --login {} --storm 1 --pairs 1",
                "--pairs <N>",
            ),
            (
                "--server tcp://127.0.0.1:1 --login {}",
                "give --idle, --pairs or --storm",
            ),
            (
                "--server http://h --login {} --idle 1",
                "--server: `http://h` is none of",
            ),
            (
                "--server tls://127.0.0.1:1 --login {} --idle 1 --ca /nonexistent",
                "--ca: no certificates in /nonexistent",
            ),
            (
                "--server tcp://127.0.0.1:1 --start-tls off --users /nonexistent --idle 1",
                "--users: /nonexistent cannot be read",
            ),
        ] {
            let words = refused(arguments);
            assert!(words.contains(told), "{arguments}: {words}");
        }
    }

    #[test]
    fn a_body_has_bounds() {
        assert_eq!(body("4096"), Ok(4096));
        assert_eq!(body("47"), Err("from 48 to 1048576 bytes".to_owned()));
    }
}
