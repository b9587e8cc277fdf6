//! `visavis user`: the users of an application.

use std::path::PathBuf;

use clap::Subcommand;

use crate::accounts::{Accounts, WantedUser};
use crate::exit::{Failure, Outcome, Reason};
use crate::login::password;

/// Add, import, list and remove users
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Add a user; prints the number. The password comes from VISAVIS_PASSWORD
    Add {
        /// The application's number
        #[arg(long, value_name = "N")]
        app: u32,
        /// What the user logs in with
        #[arg(long, value_name = "LOGIN")]
        login: String,
        /// The user's number
        #[arg(long, value_name = "N")]
        id: Option<u32>,
        /// A name for people
        #[arg(long, value_name = "TEXT")]
        name: Option<String>,
        /// Read the password from the first line of standard input
        #[arg(long)]
        password_stdin: bool,
        /// The server's data folder
        #[arg(long, value_name = "DIR", default_value = "visavis-data")]
        data: PathBuf,
    },
    /// Add the users of a CSV file: login,password and optionally id,name, named in the first line
    Import {
        /// The application's number
        #[arg(long, value_name = "N")]
        app: u32,
        /// The file
        file: PathBuf,
        /// The server's data folder
        #[arg(long, value_name = "DIR", default_value = "visavis-data")]
        data: PathBuf,
    },
    /// List the users
    List {
        /// The application's number
        #[arg(long, value_name = "N")]
        app: u32,
        /// The server's data folder
        #[arg(long, value_name = "DIR", default_value = "visavis-data")]
        data: PathBuf,
    },
    /// Remove a user
    Remove {
        /// The application's number
        #[arg(long, value_name = "N")]
        app: u32,
        /// The user's number
        id: u32,
        /// The server's data folder
        #[arg(long, value_name = "DIR", default_value = "visavis-data")]
        data: PathBuf,
    },
}

impl UserCommand {
    pub(crate) async fn run(self) -> Outcome {
        match self {
            Self::Add {
                app,
                login,
                id,
                name,
                password_stdin,
                data,
            } => {
                let password = password(password_stdin)?;
                let user = WantedUser {
                    id,
                    login,
                    password,
                    name,
                };
                let id = Accounts::open(&data).await?.add_user(app, user).await?;
                println!("{id}");
            }
            Self::Import { app, file, data } => {
                let text = std::fs::read_to_string(&file).map_err(|error| {
                    Failure::new(
                        Reason::Source,
                        format_args!("{} cannot be read: {error}", file.display()),
                    )
                })?;
                let mut accounts = Accounts::open(&data).await?;
                let count = accounts.import_users(app, text).await?;
                println!("{count} users added");
            }
            Self::List { app, data } => {
                for user in Accounts::open(&data).await?.users(app).await? {
                    println!(
                        "{}\t{}\t{}",
                        user.id,
                        user.login,
                        user.name.unwrap_or_default()
                    );
                }
            }
            Self::Remove { app, id, data } => {
                let mut accounts = Accounts::open(&data).await?;
                if !accounts.remove_user(app, id).await? {
                    return Err(Failure::new(
                        Reason::Usage,
                        format_args!("application {app} has no user {id}"),
                    ));
                }
            }
        }
        Ok(())
    }
}
