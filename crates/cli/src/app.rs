//! `visavis app`: the applications of a server.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use visavis_server::UnixTime;
use visavis_server::store::{AddApplicationError, ApplicationId, NewApplication, Secret, Store};

use crate::call::options::first_line;
use crate::exit::{Failure, Outcome, Reason};

/// Add, list and remove applications
#[derive(Debug, Subcommand)]
pub(crate) enum AppCommand {
    /// Add an application; prints it once as ID:KEY:SECRET
    Add {
        /// Its number
        #[arg(long, value_name = "N")]
        id: Option<u32>,
        /// Its authorization key
        #[arg(long, value_name = "K")]
        key: Option<String>,
        /// Read the secret from the first line of standard input
        #[arg(long)]
        secret_stdin: bool,
        /// Let everybody who has the application create users
        #[arg(long)]
        sign_up: bool,
        /// The server's data folder
        #[arg(long, value_name = "DIR", default_value = "visavis-data")]
        data: PathBuf,
    },
    /// List the applications, without secrets
    List {
        /// The server's data folder
        #[arg(long, value_name = "DIR", default_value = "visavis-data")]
        data: PathBuf,
    },
    /// Remove an application with its users
    Remove {
        /// Its number
        id: u32,
        /// The server's data folder
        #[arg(long, value_name = "DIR", default_value = "visavis-data")]
        data: PathBuf,
    },
}

impl AppCommand {
    pub(crate) fn run(self) -> Outcome {
        match self {
            Self::Add {
                id,
                key,
                secret_stdin,
                sign_up,
                data,
            } => {
                let secret = if secret_stdin {
                    Some(Secret::new(first_line()?))
                } else {
                    None
                };
                let new = NewApplication {
                    id: id.map(ApplicationId),
                    key,
                    secret,
                    sign_up,
                };
                let app = open(&data)?
                    .add_application(&new, UnixTime::now())
                    .map_err(|error| match error {
                        AddApplicationError::Store(_) => Failure::of(Reason::Source, &error),
                        _ => Failure::of(Reason::Usage, &error),
                    })?;
                println!("{}:{}:{}", app.id, app.key, app.secret.reveal());
            }
            Self::List { data } => {
                for app in open(&data)?
                    .applications()
                    .map_err(|error| Failure::of(Reason::Source, &error))?
                {
                    println!(
                        "{}:{}{}",
                        app.id,
                        app.key,
                        if app.sign_up {
                            "  (open to sign-up)"
                        } else {
                            ""
                        }
                    );
                }
            }
            Self::Remove { id, data } => {
                let removed = open(&data)?
                    .remove_application(ApplicationId(id))
                    .map_err(|error| Failure::of(Reason::Source, &error))?;
                if !removed {
                    return Err(Failure::new(
                        Reason::Usage,
                        format_args!("there is no application {id}"),
                    ));
                }
            }
        }
        Ok(())
    }
}

/// The database in a data folder.
pub(crate) fn open(data: &Path) -> Result<Store, Failure> {
    Store::open(data).map_err(|error| Failure::of(Reason::Source, &error))
}
