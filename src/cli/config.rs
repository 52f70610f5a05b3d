//! `headfit.toml`: defaults for flags. A given flag wins; an unknown key is an error.
//!
//! Top-level keys are flags of every command, a table holds those of the command of its name:
//!
//! ```toml
//! threads = 4
//! [fit]
//! bootstrap = 500
//! rule = "min"
//! [head.import]
//! alignment = "vqa"
//! ```

use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, Command};
use toml::{Table, Value};

use crate::problems::visible;
use crate::{Error, Result};

/// Name of the file in the current folder.
pub const NAME: &str = "headfit.toml";
/// Flags that a file must not set: what they do must be asked for each time.
const TYPED_ONLY: [&str; 4] = ["force", "config", "help", "version"];

/// The file to read: the one after `--config` (anywhere on the command line), else [`NAME`] in the current folder.
pub fn find(args: &[std::ffi::OsString]) -> Option<PathBuf> {
    let mut given = None;
    for (n, arg) in args.iter().enumerate() {
        let text = arg.to_string_lossy();
        if text == "--" {
            break;
        }
        if text == "--config" {
            given = args.get(n + 1).map(PathBuf::from);
        } else if let Some(path) = text.strip_prefix("--config=") {
            given = Some(PathBuf::from(path));
        }
    }
    given.or_else(|| Path::new(NAME).is_file().then(|| PathBuf::from(NAME)))
}

/// Gives `command` the defaults of the file.
///
/// # Errors
/// [`Error::Io`] where it cannot be read, [`Error::Usage`] where it is no TOML or has a key that is no flag.
pub fn apply(command: Command, path: &Path) -> Result<Command> {
    let text = std::fs::read_to_string(path).map_err(Error::io(path))?;
    let table: Table = text.parse().map_err(|e| Error::Usage(format!("{} is not TOML: {e}", path.display())))?;
    let mut wrong = Vec::new();
    let command = level(command, &table, "", &mut wrong);
    if wrong.is_empty() { Ok(command) } else { Err(Error::Usage(format!("{}: {}", path.display(), wrong.join("; ")))) }
}

fn level(mut command: Command, table: &Table, prefix: &str, wrong: &mut Vec<String>) -> Command {
    let commands: Vec<String> = command.get_subcommands().map(|c| c.get_name().to_owned()).collect();
    let flags: Vec<(String, String)> = (command.get_arguments())
        .filter_map(|arg| Some((arg.get_long()?.to_owned(), arg.get_id().to_string())))
        .filter(|(long, _)| !TYPED_ONLY.contains(&long.as_str()))
        .collect();
    for (key, value) in table {
        let name = visible(&format!("{prefix}{key}"));
        match value {
            Value::Table(inner) if commands.contains(key) => {
                let prefix = format!("{prefix}{key}.");
                command = command.mut_subcommand(key, |sub| level(sub, inner, &prefix, wrong));
            }
            _ if TYPED_ONLY.contains(&key.as_str()) => wrong.push(format!("`{name}` must be given as a flag")),
            _ => {
                let Some((_, id)) = flags.iter().find(|(long, _)| long == key) else {
                    let known: Vec<&str> = flags.iter().map(|(long, _)| long.as_str()).collect();
                    let known = known.into_iter().chain(commands.iter().map(String::as_str)).collect::<Vec<_>>();
                    wrong.push(format!("unknown key `{name}`; there are {}", known.join(", ")));
                    continue;
                };
                match texts(value) {
                    Some(values) => command = command.mut_arg(id, |arg| with_default(arg, values, &name, wrong)),
                    None => wrong.push(format!("`{name}` must be a text, a number, true or false, or a list of these")),
                }
            }
        }
    }
    command
}

fn with_default(arg: Arg, values: Vec<String>, name: &str, wrong: &mut Vec<String>) -> Arg {
    let several = matches!(arg.get_action(), ArgAction::Append);
    if values.len() != 1 && !several {
        wrong.push(format!("`{name}` takes one value"));
        return arg;
    }
    if matches!(arg.get_action(), ArgAction::SetTrue) && !matches!(values[0].as_str(), "true" | "false") {
        wrong.push(format!("`{name}` is true or false"));
        return arg;
    }
    arg.required(false).default_values(values)
}

/// The value as it could be typed.
fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Integer(n) => Some(vec![n.to_string()]),
        Value::Float(x) => Some(vec![x.to_string()]),
        Value::Boolean(yes) => Some(vec![yes.to_string()]),
        Value::Array(list) => {
            list.iter().map(|value| texts(value).filter(|t| t.len() == 1).and_then(|mut t| t.pop())).collect()
        }
        Value::Datetime(_) | Value::Table(_) => None,
    }
}
