//! `visavis app`: the applications of a server.

use std::path::PathBuf;

use clap::Subcommand;
use visavis_server::store::{ApplicationId, NewApplication, Secret};

use crate::accounts::Accounts;
use crate::exit::{Failure, Outcome, Reason};
use crate::login::first_line;

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
    pub(crate) async fn run(self) -> Outcome {
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
                let app = Accounts::open(&data).await?.add_application(new).await?;
                println!("{app}");
            }
            Self::List { data } => {
                for app in Accounts::open(&data).await?.applications().await? {
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
                let mut accounts = Accounts::open(&data).await?;
                if !accounts.remove_application(id).await? {
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
