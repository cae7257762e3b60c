//! `hotspan doctor`: is data arriving, from whom, what is missing, and which settings to change.

mod arriving;
mod checks;
mod eyes;
mod languages;
mod ports;
mod seen;
mod senders;
mod settings;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use serde::Serialize;

use super::asking::Address;
use crate::arguments::Format;
use crate::exit::Failure;
use crate::output::{Paint, Style, print};
use seen::Seen;
pub(crate) use senders::sdk;

/// Services and rules that are named in one line.
const NAMED: usize = 8;

/// Flags of `doctor`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hotspan doctor                              look twice, two seconds apart
  hotspan doctor --watch 30 -o json           the same over half a minute, for programs
  hotspan doctor --url http://10.0.0.7:4319

`mend` is something to repair, `note` something to know: a rule that cannot see, and the setting
that would let it. When no daemon answers it says which ports are taken. Exit codes: 0 well,
1 something to mend, 2 usage, 4 no daemon answers.")]
pub(crate) struct DoctorArguments {
    #[command(flatten)]
    address: Address,
    /// How the answer is written
    #[arg(short, long, value_enum, default_value = "table")]
    output: Format,
    /// Seconds between the two looks at what arrives, at most 600
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=600))]
    watch: u64,
    /// When no daemon answers, look at the addresses of this TOML file
    #[arg(long, value_name = "FILE", env = "HOTSPAN_CONFIG")]
    config: Option<PathBuf>,
}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    /// As it should be.
    Well,
    /// Something to know; nothing is wrong.
    Note,
    /// Something to repair.
    Mend,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Check {
    check: &'static str,
    verdict: Verdict,
    says: String,
    /// What to do, a line each.
    fix: Vec<String>,
}

impl Check {
    fn new(check: &'static str, verdict: Verdict, says: impl Into<String>) -> Check {
        Check {
            check,
            verdict,
            says: says.into(),
            fix: Vec::new(),
        }
    }

    fn fix(mut self, line: impl Into<String>) -> Check {
        self.fix.push(line.into());
        self
    }

    fn fixes(self, lines: impl IntoIterator<Item = String>) -> Check {
        lines.into_iter().fold(self, Check::fix)
    }
}

/// Everything that was looked at.
#[derive(Debug, Serialize)]
struct Report<'a> {
    address: &'a str,
    well: bool,
    checks: &'a [Check],
}

pub(crate) fn run(arguments: &DoctorArguments, paint: Paint) -> Result<(), Failure> {
    let client = arguments.address.client()?;
    let between = Duration::from_secs(arguments.watch);
    match Seen::look(&client, between) {
        Ok(seen) => {
            let checks = checks::all(&seen);
            report(client.base(), &checks, arguments.output, paint)?;
            match checks.iter().any(|check| check.verdict == Verdict::Mend) {
                true => Err(Failure::Matched),
                false => Ok(()),
            }
        }
        Err(Failure::Unreachable(why)) => {
            let checks = ports::all(arguments.config.as_deref())?;
            report(client.base(), &checks, arguments.output, paint)?;
            Err(Failure::Unreachable(why))
        }
        Err(failure) => Err(failure),
    }
}

fn report(address: &str, checks: &[Check], format: Format, paint: Paint) -> Result<(), Failure> {
    let well = checks.iter().all(|check| check.verdict != Verdict::Mend);
    let text = match format {
        Format::Json => {
            let report = Report {
                address,
                well,
                checks,
            };
            serde_json::to_string_pretty(&report).context("the answer has a JSON form")? + "\n"
        }
        Format::Table => checks.iter().map(|check| lines(check, paint)).collect(),
    };
    Ok(print(&text)?)
}

fn lines(check: &Check, paint: Paint) -> String {
    let (word, style) = match check.verdict {
        Verdict::Well => ("well", Style::Green),
        Verdict::Note => ("note", Style::Yellow),
        Verdict::Mend => ("mend", Style::Red),
    };
    let mut text = format!(
        "{}  {:<10}  {}\n",
        paint.text(style, word),
        check.check,
        check.says
    );
    for line in &check.fix {
        text.push_str(&format!("                  {line}\n"));
    }
    text
}

/// The first names of many.
fn listed(names: &BTreeSet<String>) -> String {
    let named: Vec<&str> = names.iter().take(NAMED).map(String::as_str).collect();
    match names.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
