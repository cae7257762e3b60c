//! What `hotspan check` may be told. The flags of the gate are `capture`'s too.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use hotspan_daemon::duration;
use hotspan_model::Millionths;

use crate::arguments::share;
use crate::showing::Showing;

const EXAMPLES: &str = "Examples:
  hotspan check traces.pb                                        any finding fails
  hotspan check --baseline hotspan.json --update-baseline traces.pb
  hotspan check --baseline hotspan.json traces.pb                new and worse ones fail
  hotspan check --fail-on n-plus-one-query --max-db-calls 20 -o md traces.pb
  hotspan check --baseline hotspan.json --report sarif=out.sarif --report junit=out.xml traces.pb
  hotspan check --url http://127.0.0.1:4319 --label 1.4.0 --wait-idle 5s --expect-roots 30

A flag of the gate that has a value is also a variable:
--max-db-calls is HOTSPAN_CHECK_MAX_DB_CALLS.
Every finding of a single trace is judged, however seldom: docs/ci.md says which, and what is
worse. Exit codes: 0 clean; 1 something fails; 2 usage, configuration or an unreadable file; 3 no
data, nothing usable, traces incomplete or too few (never green on silence; 1 wins over 3); 4 the
daemon does not answer.";

/// Flags of `check`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CheckArguments {
    /// Files, folders, or - for standard input
    #[arg(value_name = "PATH", required_unless_present = "url", conflicts_with = "url")]
    pub(crate) paths: Vec<PathBuf>,
    /// Ask the daemon that answers here instead
    #[arg(long, visible_alias = "address", value_name = "URL")]
    pub(crate) url: Option<String>,
    /// Judge only traces in which this version took part (service.version), or this resource attribute has this value
    #[arg(long, value_name = "VERSION|KEY=VALUE")]
    pub(crate) label: Option<String>,
    /// Wait until the daemon got no span for so long and has no trace open
    #[arg(long, value_name = "TIME", value_parser = duration, requires = "url")]
    pub(crate) wait_idle: Option<Duration>,
    /// The gate.
    #[command(flatten)]
    pub(crate) gate: GateArguments,
    #[command(flatten)]
    pub(crate) showing: Showing,
}

/// Flags of the gate.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Gate")]
pub(crate) struct GateArguments {
    /// What is known already, kept in your repository; what is new or worse fails
    #[arg(long, value_name = "FILE", env = "HOTSPAN_CHECK_BASELINE", hide_env = true)]
    pub(crate) baseline: Option<PathBuf>,
    /// Write what is found to the baseline instead of failing for it
    #[arg(long, requires = "baseline")]
    pub(crate) update_baseline: bool,
    /// What fails: new, worse, any, or the findings of a detector [default: new,worse with a baseline, else any]
    #[arg(
        long,
        value_name = "new|worse|any|DETECTOR",
        env = "HOTSPAN_CHECK_FAIL_ON",
        hide_env = true,
        value_delimiter = ',',
        value_parser = fail_on(),
        hide_possible_values = true
    )]
    pub(crate) fail_on: Vec<String>,
    /// Accepted findings, each with a reason and an end, and budgets of single operations, in TOML
    #[arg(long, value_name = "FILE", env = "HOTSPAN_CHECK_ALLOW", hide_env = true)]
    pub(crate) allow: Option<PathBuf>,
    /// Most database calls in one trace of an entry operation
    #[arg(long, env = "HOTSPAN_CHECK_MAX_DB_CALLS", hide_env = true, value_name = "N")]
    pub(crate) max_db_calls: Option<u64>,
    /// Most remote calls in one trace of an entry operation
    #[arg(long, env = "HOTSPAN_CHECK_MAX_CALLS", hide_env = true, value_name = "N")]
    pub(crate) max_calls: Option<u64>,
    /// Longest median duration of an entry operation
    #[arg(long, env = "HOTSPAN_CHECK_MAX_DURATION", hide_env = true, value_name = "TIME", value_parser = duration)]
    pub(crate) max_duration: Option<Duration>,
    /// Fewest traces that must be there
    #[arg(
        long,
        env = "HOTSPAN_CHECK_EXPECT_ROOTS",
        hide_env = true,
        value_name = "N",
        default_value_t = 1
    )]
    pub(crate) expect_roots: u64,
    /// Most traces that may be incomplete
    #[arg(
        long,
        env = "HOTSPAN_CHECK_MAX_INCOMPLETE",
        hide_env = true,
        value_name = "N",
        default_value_t = 0
    )]
    pub(crate) max_incomplete: u64,
    /// Leave out findings below this confidence
    #[arg(long, env = "HOTSPAN_CHECK_MIN_CONFIDENCE", hide_env = true, value_name = "X", default_value = "0.4", value_parser = share)]
    pub(crate) min_confidence: Millionths,
    /// Use the thresholds of a TOML file
    #[arg(long, value_name = "FILE", env = "HOTSPAN_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// How the verdict is written to standard output
    #[arg(short, long, value_enum, default_value = "text")]
    pub(crate) output: ReportFormat,
    /// Write it to a file as well; may be repeated
    #[arg(long, value_name = "FORMAT=FILE")]
    pub(crate) report: Vec<ReportFile>,
    /// The day on which the allow-list is read
    #[arg(long, value_name = "YYYY-MM-DD", hide = true)]
    pub(crate) today: Option<String>,
}

/// How a verdict is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// For people
    Text,
    /// For programs
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// JUnit XML, one test case an operation
    Junit,
    /// Markdown that fits a comment on a pull request
    Md,
}

/// A report that goes to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReportFile {
    /// How it is written.
    pub(crate) format: ReportFormat,
    /// Where.
    pub(crate) path: PathBuf,
}

impl FromStr for ReportFile {
    type Err = String;

    fn from_str(text: &str) -> Result<ReportFile, String> {
        let (format, path) = text
            .split_once('=')
            .filter(|(_, path)| !path.is_empty())
            .ok_or("not FORMAT=FILE, say sarif=hotspan.sarif")?;
        let format = ReportFormat::from_str(format, false)
            .map_err(|_| format!("{format} is no format; it is one of text, json, sarif, junit, md"))?;
        Ok(ReportFile {
            format,
            path: path.into(),
        })
    }
}

/// What `--fail-on` may name.
fn fail_on() -> PossibleValuesParser {
    let detectors = hotspan_pipeline::catalogue().into_iter().map(|meta| meta.id);
    PossibleValuesParser::new(["new", "worse", "any"].into_iter().chain(detectors))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_names_its_format_and_file() {
        let report: ReportFile = "sarif=a=b.sarif".parse().unwrap();
        assert_eq!(report.format, ReportFormat::Sarif);
        assert_eq!(report.path, PathBuf::from("a=b.sarif"));
        for wrong in ["sarif", "sarif=", "pdf=x"] {
            assert!(wrong.parse::<ReportFile>().is_err(), "{wrong}");
        }
    }
}
