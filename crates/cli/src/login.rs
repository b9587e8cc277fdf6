//! Who logs in, and where.

use std::io::{BufRead, stdin};
use std::path::PathBuf;

use clap::Args;
use visavis::App;

use crate::exit::{Failure, Reason};

/// What commands that log in share.
#[derive(Debug, Args)]
pub(crate) struct LoginOptions {
    /// The server's address, for example http://127.0.0.1:8080
    #[arg(long, value_name = "URL")]
    server: String,
    /// A file with the application as ID:KEY:SECRET (or the environment variable VISAVIS_APP)
    #[arg(long, value_name = "FILE")]
    app_file: Option<PathBuf>,
    /// The user's login; the password comes from VISAVIS_PASSWORD
    #[arg(long, value_name = "LOGIN")]
    login: String,
    /// Read the password from the first line of standard input
    #[arg(long)]
    password_stdin: bool,
    /// PEM file with further certificates to trust
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

/// What is needed to log in.
pub(crate) struct Login {
    pub(crate) server: String,
    pub(crate) app: App,
    pub(crate) login: String,
    pub(crate) password: String,
    pub(crate) extra_roots: Vec<u8>,
}

impl LoginOptions {
    /// Reads application and password from where they were said to be.
    pub(crate) fn read(&self) -> Result<Login, Failure> {
        let app = match (&self.app_file, std::env::var("VISAVIS_APP")) {
            (Some(file), _) => file_text(file)?,
            (None, Ok(text)) => text,
            (None, Err(_)) => {
                return Err(Failure::new(
                    Reason::Usage,
                    "the application is missing: give --app-file FILE or set VISAVIS_APP to ID:KEY:SECRET",
                ));
            }
        };
        let app = app
            .parse()
            .map_err(|error| Failure::of(Reason::Usage, &error))?;
        let extra_roots = self
            .ca_file
            .as_ref()
            .map(file_text)
            .transpose()?
            .unwrap_or_default()
            .into_bytes();
        Ok(Login {
            server: self.server.clone(),
            app,
            login: self.login.clone(),
            password: password(self.password_stdin)?,
            extra_roots,
        })
    }
}

/// The password, from standard input or from the environment.
pub(crate) fn password(from_stdin: bool) -> Result<String, Failure> {
    if from_stdin {
        return first_line();
    }
    std::env::var("VISAVIS_PASSWORD").map_err(|_| {
        Failure::new(
            Reason::Usage,
            "the password is missing: set VISAVIS_PASSWORD or give it on standard input with --password-stdin",
        )
    })
}

/// The first line of standard input, without its end.
pub(crate) fn first_line() -> Result<String, Failure> {
    let mut line = String::new();
    stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| Failure::of(Reason::Source, &error))?;
    let secret = line.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        return Err(Failure::new(
            Reason::Usage,
            "the first line of standard input is empty: a secret was expected there",
        ));
    }
    Ok(secret.to_owned())
}

fn file_text(path: &PathBuf) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        Failure::new(
            Reason::Source,
            format_args!("{} cannot be read: {error}", path.display()),
        )
    })
}
