//! `visavis-bench`: what calls, chat and relaying are like, measured.
//!
//! Nothing here passes or fails by what was measured, `soak` excepted; it
//! prints numbers and how sure they are. `make bench` runs everything.

mod camera;
mod chat;
mod clock;
mod cost;
mod error;
mod faults;
mod first_frame;
mod machine;
mod pair;
mod person;
mod quality;
mod relay;
mod saved;
mod statistics;

use clap::{Parser, Subcommand};

use crate::chat::{ChatCommand, SoakCommand};
use crate::cost::CostCommand;
use crate::error::BenchError;
use crate::faults::FaultsCommand;
use crate::first_frame::FirstFrameCommand;
use crate::person::PersonCommand;
use crate::quality::QualityCommand;
use crate::relay::{ForwarderCommand, RelayCommand};

#[derive(Debug, Parser)]
#[command(name = "visavis-bench", about = "Measures calls, chat and relaying")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    FirstFrame(FirstFrameCommand),
    Quality(QualityCommand),
    Cost(CostCommand),
    Faults(FaultsCommand),
    Chat(ChatCommand),
    Soak(SoakCommand),
    Relay(RelayCommand),
    #[command(hide = true)]
    Forwarder(ForwarderCommand),
    #[command(hide = true)]
    Person(PersonCommand),
}

#[tokio::main]
async fn main() -> Result<(), BenchError> {
    match Arguments::parse().command {
        Command::FirstFrame(command) => command.run().await,
        Command::Quality(command) => command.run().await,
        Command::Cost(command) => command.run().await,
        Command::Faults(command) => command.run().await,
        Command::Chat(command) => command.run().await,
        Command::Soak(command) => command.run().await,
        Command::Relay(command) => command.run().await,
        Command::Forwarder(command) => command.run(),
        Command::Person(command) => command.run().await,
    }
}
