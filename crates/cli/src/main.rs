//! `visavis`: server, calls and tools in one binary.

mod accounts;
mod admin;
mod app;
mod backup;
mod call;
mod config;
mod demo;
mod doctor;
mod exit;
mod load;
mod login;
mod serve;
mod settings;
mod source;
mod trace;
mod user;
mod verdict;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt};

use crate::exit::{Failure, Outcome, Reason};
use crate::settings::{Setting, Settings};

/// Peer-to-peer audio and video calls without anybody's cloud
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
struct Arguments {
    /// What is logged on standard error: off, error, warn, info, debug or trace, or levels by
    /// target such as `info,visavis_server::chat=debug`
    #[arg(
        long,
        global = true,
        value_name = "LEVEL",
        env = "VISAVIS_LOG",
        default_value = "warn"
    )]
    log: Targets,
    /// How: lines for people, or a JSON object a line
    #[arg(
        long,
        global = true,
        env = "VISAVIS_LOG_FORMAT",
        default_value = "text"
    )]
    log_format: LogFormat,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one of them in a process"
)]
enum Command {
    Serve(serve::ServeCommand),
    #[command(subcommand)]
    Config(config::ConfigCommand),
    #[command(subcommand)]
    App(app::AppCommand),
    #[command(subcommand)]
    User(user::UserCommand),
    Backup(backup::BackupCommand),
    Restore(backup::RestoreCommand),
    Call(Box<call::CallCommand>),
    Answer(Box<call::AnswerCommand>),
    Demo(demo::DemoCommand),
    Doctor(Box<doctor::DoctorCommand>),
    Verdict(verdict::VerdictCommand),
    #[command(subcommand)]
    Load(Box<load::LoadCommand>),
    Replay(trace::ReplayCommand),
    Trace(trace::TraceCommand),
}

fn main() -> ExitCode {
    let (command, parsed) = match parse() {
        Ok(parsed) => parsed,
        Err(failure) => return exit::report(&Err(failure)),
    };
    let arguments = parsed.arguments;
    log(arguments.log, arguments.log_format);
    exit::report(&run(arguments.command, &command, &parsed.settings))
}

/// How events are written.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

fn log(targets: Targets, format: LogFormat) {
    let lines = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry()
        .with(lines.with_filter(targets))
        .init();
}

struct Parsed {
    arguments: Arguments,
    /// Of `serve`, when the command is about the server's configuration.
    settings: Vec<Setting>,
}

/// Reads the command line, with the environment and the configuration file behind it.
/// Also gives the command `serve` as it is without them.
fn parse() -> Result<(clap::Command, Parsed), Failure> {
    let plain = Arguments::command();
    let Some(serve) = plain.find_subcommand("serve").cloned() else {
        unreachable!("`serve` is a command");
    };
    let arguments: Vec<_> = std::env::args_os().collect();
    let about_the_server = arguments
        .iter()
        .skip(1)
        .any(|argument| argument == "serve" || argument == "config");
    let settings = if about_the_server {
        Settings::find(&arguments, &serve)?
    } else {
        Settings::default()
    };
    let command = plain
        .mut_subcommand("serve", |serve| settings.behind(serve))
        .mut_subcommand("config", |config| {
            config.mut_subcommand("check", |check| settings.behind(check))
        });
    let matches = command.get_matches_from(arguments);
    let checked = matches
        .subcommand_matches("config")
        .and_then(|config| config.subcommand_matches("check"));
    let parsed = Parsed {
        arguments: Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit()),
        settings: checked.map_or_else(Vec::new, |matches| settings.list(&serve, matches)),
    };
    Ok((serve, parsed))
}

fn run(command: Command, serve: &clap::Command, settings: &[Setting]) -> Outcome {
    match command {
        Command::App(command) => block_on(command.run()),
        Command::User(command) => block_on(command.run()),
        Command::Backup(command) => command.run(),
        Command::Restore(command) => command.run(),
        Command::Verdict(command) => command.run(),
        Command::Load(command) => command.run(),
        Command::Replay(command) => command.run(),
        Command::Trace(command) => command.run(),
        Command::Config(command) => command.run(serve, settings),
        Command::Serve(command) => block_on(command.run()),
        Command::Call(command) => block_on(command.run()),
        Command::Answer(command) => block_on(command.run()),
        Command::Demo(command) => block_on(command.run()),
        Command::Doctor(command) => block_on(command.run(serve)),
    }
}

fn block_on(command: impl Future<Output = Outcome>) -> Outcome {
    let runtime =
        tokio::runtime::Runtime::new().map_err(|error| Failure::of(Reason::Usage, &error))?;
    let outcome = runtime.block_on(command);
    // Standard input may be waiting for a line that nobody will write.
    runtime.shutdown_background();
    outcome
}
