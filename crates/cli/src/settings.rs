//! The options of `visavis serve`, wherever they stand: on the command line, in the
//! environment, in a file.
//!
//! There is one schema, that of the command line. What a file says becomes the default of
//! the option of the same name, and every option has a variable: `--relay-ports` is
//! `relay-ports` in the file and `VISAVIS_SERVE_RELAY_PORTS` in the environment. The
//! command line outranks the environment, which outranks the file. `--public` changes the
//! defaults of a few others.

use std::ffi::OsString;
use std::net::{Ipv6Addr, UdpSocket};
use std::path::{Path, PathBuf};

use clap::builder::OsStr;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};
use toml::{Table, Value};

use crate::exit::{Failure, Reason};

/// The file itself is not named in the file.
const FILE: &str = "config";
/// What every variable begins with.
const VARIABLE: &str = "VISAVIS_SERVE_";
/// The option that changes what others are when nothing is said of them.
const PUBLIC: &str = "public";

/// One option with its value.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) name: String,
    /// Several for options that may be given several times.
    pub(crate) values: Vec<String>,
    pub(crate) origin: Origin,
}

/// Where a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    CommandLine,
    Environment,
    File,
    Default,
}

/// The values of a configuration file, and what they and the command line make
/// of defaults.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    file: Vec<(String, Vec<String>)>,
    implied: Vec<(&'static str, String)>,
}

impl Settings {
    /// Those of the file that the command line or the environment names, if one does.
    ///
    /// # Errors
    /// The file cannot be read, or is no configuration: with its name and the line or key.
    pub(crate) fn find(arguments: &[OsString], serve: &Command) -> Result<Self, Failure> {
        let file = value_of(FILE, arguments).map(PathBuf::from);
        let mut settings =
            file.map_or_else(|| Ok(Self::default()), |path| Self::read(&path, serve))?;
        settings.implied = match value_of(PUBLIC, arguments) {
            Some(name) => implied(&name.to_string_lossy()),
            None => settings
                .said(PUBLIC)
                .first()
                .map_or_else(Vec::new, |name| implied(name)),
        };
        Ok(settings)
    }

    /// What the file says of an option.
    fn said(&self, name: &str) -> &[String] {
        let said = self.file.iter().find(|(setting, _)| setting == name);
        said.map_or(&[], |(_, values)| values)
    }

    fn read(path: &Path, serve: &Command) -> Result<Self, Failure> {
        let failure = |reason, problem: &dyn std::fmt::Display| {
            Failure::new(reason, format_args!("{}: {problem}", path.display()))
        };
        let text =
            std::fs::read_to_string(path).map_err(|error| failure(Reason::Source, &error))?;
        let table: Table = toml::from_str(&text)
            .map_err(|error| failure(Reason::Usage, &error.to_string().trim_end()))?;
        let known = |name: &str| options(serve).any(|option| option.get_long() == Some(name));
        let mut settings = Vec::new();
        for (name, value) in table {
            if !known(&name) {
                return Err(failure(
                    Reason::Usage,
                    &format_args!("`{name}` is no option"),
                ));
            }
            let values = values(value).ok_or_else(|| {
                failure(
                    Reason::Usage,
                    &format_args!("`{name}` has to be a text, a number, true or false, or a list"),
                )
            })?;
            settings.push((name, values));
        }
        Ok(Self {
            file: settings,
            implied: Vec::new(),
        })
    }

    /// The command with these values as defaults, and the environment before them.
    pub(crate) fn behind(&self, serve: Command) -> Command {
        serve.mut_args(|option| {
            let Some(name) = option.get_long().map(str::to_owned) else {
                return option;
            };
            let variable = OsStr::from(variable(&name));
            let option = if takes_several(&option) {
                option.value_delimiter(',')
            } else {
                option
            };
            let option = option.env(variable).hide_env(true);
            let said = self.said(&name);
            if !said.is_empty() {
                return option.default_values(said.iter().map(OsStr::from));
            }
            match self.implied.iter().find(|(implied, _)| *implied == name) {
                Some((_, value)) => option.default_value(OsStr::from(value)),
                None => option,
            }
        })
    }

    /// Every option of a parsed command with where its value stands.
    pub(crate) fn list(&self, serve: &Command, matches: &ArgMatches) -> Vec<Setting> {
        let given = options(serve).filter_map(|option| {
            let name = option.get_long()?.to_owned();
            let id = option.get_id().as_str();
            let origin = match matches.value_source(id)? {
                ValueSource::CommandLine => Origin::CommandLine,
                ValueSource::EnvVariable => Origin::Environment,
                _ if !self.said(&name).is_empty() => Origin::File,
                _ => Origin::Default,
            };
            let values = match option.get_action() {
                ArgAction::SetTrue => vec![matches.get_flag(id).to_string()],
                _ => matches
                    .get_raw(id)?
                    .map(|value| value.to_string_lossy().into_owned())
                    .collect(),
            };
            Some(Setting {
                name,
                values,
                origin,
            })
        });
        given.collect()
    }
}

/// The options that a file may set.
pub(crate) fn options(serve: &Command) -> impl Iterator<Item = &Arg> {
    let own = |option: &&Arg| {
        !option.is_global_set()
            && !["help", "version", FILE].contains(&option.get_id().as_str())
            && option.get_long().is_some()
    };
    serve.get_arguments().filter(own)
}

pub(crate) fn takes_several(option: &Arg) -> bool {
    matches!(option.get_action(), ArgAction::Append)
}

fn variable(name: &str) -> String {
    format!("{VARIABLE}{}", name.to_uppercase().replace('-', "_"))
}

/// The value of an option that has to be known before the command line is
/// understood.
fn value_of(name: &str, arguments: &[OsString]) -> Option<OsString> {
    let option = format!("--{name}");
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let Some(argument) = argument.to_str() else {
            continue;
        };
        if argument == option {
            return rest.next().cloned();
        }
        let value = argument.strip_prefix(&option);
        if let Some(value) = value.and_then(|rest| rest.strip_prefix('=')) {
            return Some(value.into());
        }
    }
    std::env::var_os(variable(name))
}

/// The defaults of a server that the outside finds by this name.
fn implied(name: &str) -> Vec<(&'static str, String)> {
    // A machine without IPv6 has no address that stands for both.
    let any = match UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)) {
        Ok(_) => "[::]",
        Err(_) => "0.0.0.0",
    };
    vec![
        ("domain", name.to_owned()),
        ("https", format!("{any}:443")),
        ("relay", format!("{any}:3478")),
    ]
}

/// The texts of a value as they would stand on a command line.
fn values(value: Value) -> Option<Vec<String>> {
    match value {
        Value::Array(elements) => {
            let texts = elements.into_iter().map(scalar);
            texts.collect()
        }
        value => scalar(value).map(|text| vec![text]),
    }
}

fn scalar(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Integer(number) => Some(number.to_string()),
        Value::Boolean(flag) => Some(flag.to_string()),
        _ => None,
    }
}
