//! Defaults of clients from a file: whatever flag has a variable has a key in the table `[client]` of the file that
//! `HOTSPAN_CONFIG` names. Flags win over variables over the file.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use clap::{Arg, Command};
use hotspan_api::closest;
use toml::Table;

/// The table.
const CLIENT: &str = "client";
/// How the variables begin.
const PREFIX: &str = "HOTSPAN_";
/// The variable that names the file, which no file can name.
const CONFIG: &str = "HOTSPAN_CONFIG";

/// The command line with the defaults of the file that the environment names, if it names one.
pub(crate) fn with_file(command: Command) -> Result<Command> {
    let Some(path) = std::env::var_os(CONFIG).filter(|path| !path.is_empty()) else {
        return Ok(command);
    };
    let path = Path::new(&path);
    let text = std::fs::read_to_string(path).with_context(|| format!("config file {}", path.display()))?;
    // What is wrong elsewhere in it is `serve`'s to tell.
    match text.parse::<Table>() {
        Ok(file) => with(command, &file).with_context(|| format!("config file {}", path.display())),
        Err(_) => Ok(command),
    }
}

fn with(command: Command, file: &Table) -> Result<Command> {
    let Some(client) = file.get(CLIENT) else {
        return Ok(command);
    };
    let Some(client) = client.as_table() else {
        bail!("{CLIENT} is no table; write [{CLIENT}] and its keys below it");
    };
    let known = keys(&command);
    if let Some(key) = client.keys().find(|key| !known.contains(key)) {
        let nearest = closest(key, known.iter().map(String::as_str));
        bail!("{CLIENT}.{key}: no such key; did you mean {nearest}?");
    }
    Ok(defaulted(command, client))
}

/// Every key that any flag has.
fn keys(command: &Command) -> Vec<String> {
    let own = command.get_arguments().filter_map(key);
    own.chain(command.get_subcommands().flat_map(keys)).collect()
}

/// The key of a flag that has a variable.
fn key(flag: &Arg) -> Option<String> {
    let variable = flag.get_env()?.to_str().filter(|name| *name != CONFIG)?;
    Some(variable.strip_prefix(PREFIX)?.to_ascii_lowercase())
}

fn defaulted(command: Command, client: &Table) -> Command {
    let of_flag = |flag: Arg| match key(&flag).and_then(|key| client.get(&key)) {
        Some(value) => {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), ToOwned::to_owned);
            flag.default_value(text)
        }
        None => flag,
    };
    command
        .mut_args(of_flag)
        .mut_subcommands(|of| defaulted(of, client))
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, FromArgMatches as _};

    use super::*;
    use crate::arguments::{Arguments, Command as Verb};

    fn audit_url(file: &str, flags: &[&str]) -> Result<String> {
        let command = with(Arguments::command(), &file.parse().unwrap())?;
        let words = [&["hotspan", "audit"], flags].concat();
        let matches = command.try_get_matches_from(words)?;
        let Verb::Audit(of) = Arguments::from_arg_matches(&matches)?.command else {
            panic!("it is another command")
        };
        Ok(of.address.url)
    }

    #[test]
    fn a_file_has_defaults_that_flags_win_over() {
        let file = "memory = \"1GiB\"\n[client]\nurl = \"http://10.0.0.7:4319\"\ntimeout = \"5s\"\ncheck_max_db_calls = 20";
        assert_eq!(audit_url(file, &[]).unwrap(), "http://10.0.0.7:4319");
        assert_eq!(audit_url(file, &["--url", "b:1"]).unwrap(), "b:1");
        assert_eq!(audit_url("", &[]).unwrap(), "http://127.0.0.1:4319");
    }

    #[test]
    fn a_key_or_value_that_is_wrong_is_told() {
        let why = |file| audit_url(file, &[]).unwrap_err().to_string();
        assert_eq!(
            why("[client]\nulr = \"x\""),
            "client.ulr: no such key; did you mean url?"
        );
        assert!(why("client = 1").contains("is no table"));
        assert!(why("[client]\ntimeout = \"soon\"").contains("soon"));
    }

    #[test]
    fn every_key_stands_for_one_meaning() {
        let keys = keys(&Arguments::command());
        for key in ["url", "timeout", "output", "color", "check_baseline"] {
            assert!(keys.iter().any(|known| known == key), "{key}");
        }
        assert!(!keys.iter().any(|key| key == "config"));
    }
}
