//! `visavis config`: the server's configuration, looked at without starting it.

use clap::{ArgAction, Command, Subcommand};

use crate::exit::Outcome;
use crate::serve::ServeCommand;
use crate::settings::{Origin, Setting, options, takes_several};

/// Look at the server's configuration
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Say whether `visavis serve` could start with these options, and where each stands
    Check(Box<ServeCommand>),
    /// Print a configuration file with every option, its meaning and its default
    Example,
}

impl ConfigCommand {
    pub(crate) fn run(self, serve: &Command, settings: &[Setting]) -> Outcome {
        match self {
            Self::Check(command) => {
                print(settings);
                command.check()
            }
            Self::Example => {
                print!("{}", example(serve));
                Ok(())
            }
        }
    }
}

fn print(settings: &[Setting]) {
    for setting in settings {
        let origin = match setting.origin {
            Origin::CommandLine => "command line",
            Origin::Environment => "environment",
            Origin::File => "file",
            Origin::Default => "default",
        };
        println!(
            "{} = {}  ({origin})",
            setting.name,
            setting.values.join(", ")
        );
    }
}

/// A file that changes nothing: every option is commented out.
fn example(serve: &Command) -> String {
    let mut text =
        String::from("# Options of `visavis serve --config FILE`, each with its default.\n");
    let mut heading = None;
    for option in options(serve) {
        let Some(name) = option.get_long() else {
            continue;
        };
        if option.get_help_heading() != heading {
            heading = option.get_help_heading();
            text += &format!("\n## {}\n", heading.unwrap_or_default());
        }
        let help = option
            .get_help()
            .map(ToString::to_string)
            .unwrap_or_default();
        let value = option.get_default_values().first();
        let value = value.map(|value| value.to_string_lossy().into_owned());
        let value = match (value, option.get_value_names()) {
            _ if matches!(option.get_action(), ArgAction::SetTrue) => "false".to_owned(),
            (Some(value), _) if value.parse::<i64>().is_ok() => value,
            (Some(value), _) => format!("\"{value}\""),
            (None, Some([shape, ..])) if takes_several(option) => format!("[\"{shape}\"]"),
            (None, shape) => format!("\"{}\"", shape.map_or("", |shape| &shape[0])),
        };
        text += &format!("\n# {help}\n# {name} = {value}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use clap::Args;

    use super::*;

    #[test]
    fn the_example_is_a_file_with_every_option() {
        let serve = ServeCommand::augment_args(Command::new("serve"));
        let example = example(&serve);
        let lines = example.lines().filter_map(|line| line.strip_prefix("# "));
        let lines = lines.filter(|line| line.contains(" = "));
        let file: toml::Table = toml::from_str(&lines.collect::<Vec<_>>().join("\n")).unwrap();
        assert_eq!(file.len(), options(&serve).count());
        assert!(file["frame-bytes"].is_integer() && file["relay-allow"].is_array());
    }
}
