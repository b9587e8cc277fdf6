//! `visavis user`: the users of an application.

use std::path::PathBuf;

use clap::Subcommand;
use visavis_server::UnixTime;
use visavis_server::store::{
    AddUserError, ApplicationId, NewUser, PasswordHash, Profile, UserField,
};

use crate::app::open;
use crate::call::options::first_line;
use crate::exit::{Failure, Outcome, Reason};

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
    pub(crate) fn run(self) -> Outcome {
        match self {
            Self::Add {
                app,
                login,
                id,
                name,
                password_stdin,
                data,
            } => {
                let password = if password_stdin {
                    first_line()?
                } else {
                    std::env::var("VISAVIS_PASSWORD").map_err(|_| {
                        Failure::new(
                            Reason::Usage,
                            "the password is missing: set VISAVIS_PASSWORD or use --password-stdin",
                        )
                    })?
                };
                let password = PasswordHash::new(&password)
                    .map_err(|error| Failure::of(Reason::Usage, &error))?;
                let profile: Profile = name
                    .into_iter()
                    .map(|name| (UserField::FullName, Some(name)))
                    .collect();
                let new = NewUser {
                    id: id.map(visavis_signal::UserId),
                    login,
                    password,
                    profile,
                };
                let user = open(&data)?
                    .add_user(ApplicationId(app), &new, UnixTime::now())
                    .map_err(|error| match error {
                        AddUserError::Store(_) => Failure::of(Reason::Source, &error),
                        _ => Failure::of(Reason::Usage, &error),
                    })?;
                println!("{}", user.id);
            }
            Self::Import { app, file, data } => {
                let text = std::fs::read_to_string(&file).map_err(|error| {
                    Failure::new(
                        Reason::Source,
                        format_args!("{} cannot be read: {error}", file.display()),
                    )
                })?;
                let count = open(&data)?
                    .import_users(ApplicationId(app), &text, UnixTime::now())
                    .map_err(|error| Failure::of(Reason::Usage, &error))?;
                println!("{count} users added");
            }
            Self::List { app, data } => {
                let users = open(&data)?
                    .users(ApplicationId(app))
                    .map_err(|error| Failure::of(Reason::Source, &error))?;
                for user in users {
                    println!(
                        "{}\t{}\t{}",
                        user.id,
                        user.login,
                        user.full_name.unwrap_or_default()
                    );
                }
            }
            Self::Remove { app, id, data } => {
                let removed = open(&data)?
                    .remove_user(ApplicationId(app), visavis_signal::UserId(id))
                    .map_err(|error| Failure::of(Reason::Source, &error))?;
                if !removed {
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
