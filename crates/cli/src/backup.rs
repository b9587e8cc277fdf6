//! `visavis backup` and `visavis restore`: copies of a server's database.

use std::path::PathBuf;

use clap::Args;
use visavis_server::store::{DATABASE_FILE, RestoreError, Store};

use crate::exit::{Failure, Outcome, Reason};

/// Copy the database to a new file, whether or not the server runs
#[derive(Debug, Args)]
pub(crate) struct BackupCommand {
    /// The new file; keep it as safe as the database: it has the secrets of the applications
    file: PathBuf,
    /// The server's data folder
    #[arg(long, value_name = "DIR", default_value = "visavis-data")]
    data: PathBuf,
}

/// Put a copy in the place of the database; the server must not run
#[derive(Debug, Args)]
pub(crate) struct RestoreCommand {
    /// The copy
    file: PathBuf,
    /// The server's data folder; made when it is missing
    #[arg(long, value_name = "DIR", default_value = "visavis-data")]
    data: PathBuf,
    /// Give up the database that is there
    #[arg(long)]
    replace: bool,
}

impl BackupCommand {
    pub(crate) fn run(self) -> Outcome {
        if !self.data.join(DATABASE_FILE).is_file() {
            return Err(Failure::new(
                Reason::Source,
                format_args!("there is no database in {}", self.data.display()),
            ));
        }
        let failed = |error: &dyn std::error::Error| Failure::of(Reason::Source, error);
        let store = Store::open(&self.data).map_err(|error| failed(&error))?;
        store.back_up(&self.file).map_err(|error| failed(&error))
    }
}

impl RestoreCommand {
    pub(crate) fn run(self) -> Outcome {
        Store::restore(&self.data, &self.file, self.replace).map_err(|error| {
            let hint = match error {
                RestoreError::Exists(_) => ": --replace gives it up",
                _ => "",
            };
            Failure::new(Reason::Source, format_args!("{error}{hint}"))
        })
    }
}
