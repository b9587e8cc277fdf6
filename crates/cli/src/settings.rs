//! The options of `visavis serve`, wherever they stand: on the command line, in the
//! environment, in a file.
//!
//! There is one schema, that of the command line. What a file says becomes the default of
//! the option of the same name, and every option has a variable: `--relay-ports` is
//! `relay-ports` in the file and `VISAVIS_SERVE_RELAY_PORTS` in the environment. The
//! command line outranks the environment, which outranks the file.

use std::ffi::OsString;
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

/// The values of a configuration file.
#[derive(Debug, Default)]
pub(crate) struct Settings(Vec<(String, Vec<String>)>);

impl Settings {
    /// Those of the file that the command line or the environment names, if one does.
    ///
    /// # Errors
    /// The file cannot be read, or is no configuration: with its name and the line or key.
    pub(crate) fn find(arguments: &[OsString], serve: &Command) -> Result<Self, Failure> {
        file(arguments).map_or_else(|| Ok(Self::default()), |path| Self::read(&path, serve))
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
        Ok(Self(settings))
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
            match self.0.iter().find(|(setting, _)| *setting == name) {
                Some((_, values)) => option.default_values(values.iter().map(OsStr::from)),
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
                _ if self.0.iter().any(|(setting, _)| *setting == name) => Origin::File,
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

/// The file, found before the command line is understood: what it says is part of that.
fn file(arguments: &[OsString]) -> Option<PathBuf> {
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let argument = argument.to_string_lossy();
        if argument == "--config" {
            return rest.next().map(PathBuf::from);
        }
        if let Some(path) = argument.strip_prefix("--config=") {
            return Some(path.into());
        }
    }
    std::env::var_os(variable(FILE)).map(PathBuf::from)
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
