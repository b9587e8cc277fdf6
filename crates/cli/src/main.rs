//! `visavis`: server, calls and tools in one binary.

mod app;
mod call;
mod demo;
mod exit;
mod serve;
mod source;
mod trace;
mod user;
mod verdict;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::filter::LevelFilter;

use crate::exit::{Failure, Outcome, Reason};

/// Peer-to-peer audio and video calls without anybody's cloud
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
struct Arguments {
    /// How much is logged on standard error: off, error, warn, info, debug or trace
    #[arg(long, global = true, env = "VISAVIS_LOG", default_value = "warn")]
    log: LevelFilter,
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
    App(app::AppCommand),
    #[command(subcommand)]
    User(user::UserCommand),
    Call(Box<call::CallCommand>),
    Answer(Box<call::AnswerCommand>),
    Demo(demo::DemoCommand),
    Verdict(verdict::VerdictCommand),
    Replay(trace::ReplayCommand),
    Trace(trace::TraceCommand),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(arguments.log)
        .init();
    exit::report(&run(arguments.command))
}

fn run(command: Command) -> Outcome {
    match command {
        Command::App(command) => command.run(),
        Command::User(command) => command.run(),
        Command::Verdict(command) => command.run(),
        Command::Replay(command) => command.run(),
        Command::Trace(command) => command.run(),
        Command::Serve(command) => block_on(command.run()),
        Command::Call(command) => block_on(command.run()),
        Command::Answer(command) => block_on(command.run()),
        Command::Demo(command) => block_on(command.run()),
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
