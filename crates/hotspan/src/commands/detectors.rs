//! `hotspan detectors`: what is looked for, what it takes to fix, and which thresholds hold.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use hotspan_api::{Detectors, csv, shape};
use serde::Serialize;
use serde_json::Value;

use crate::arguments::tuning;
use crate::client::{ANSWER, Client};
use crate::exit::Failure;
use crate::output::{ListFormat, Paint, Table, print, rows, text};
use crate::showing::Showing;

/// Flags of `detectors`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hotspan detectors                           defaults
  hotspan detectors --config hotspan.toml     what this file sets, checked
  hotspan detectors --url http://127.0.0.1:4319 -o json     what a daemon runs with

Exit codes: 0 answered, 2 usage or configuration, 4 no daemon answers.")]
pub(crate) struct DetectorsArguments {
    /// Show the thresholds and efforts of a TOML file
    #[arg(long, value_name = "FILE", env = "HOTSPAN_CONFIG")]
    config: Option<PathBuf>,
    /// Ask the daemon that answers here
    #[arg(long, conflicts_with = "config")]
    url: Option<String>,
    #[command(flatten)]
    showing: Showing,
    /// How the answer is written
    #[arg(short, long, value_enum, env = "HOTSPAN_OUTPUT", default_value = "table")]
    output: ListFormat,
}

/// A detector and one of its thresholds.
#[derive(Debug, Default, Serialize)]
struct Row {
    detector: String,
    #[serde(rename = "break")]
    in_break: String,
    scope: String,
    effort_weeks: String,
    knob: String,
    default: String,
    value: String,
    what: String,
}

pub(crate) fn run(arguments: &DetectorsArguments, paint: Paint) -> Result<(), Failure> {
    let text = match &arguments.url {
        Some(url) => {
            let answer = Client::new(url, ANSWER, &arguments.showing)?.get(
                "/api/v1/detectors",
                &[],
                "application/json",
            )?;
            answer.text + "\n"
        }
        None => {
            let known = Detectors {
                catalogue: hotspan_pipeline::catalogue(),
                shared_knobs: hotspan_pipeline::shared_knobs(),
                tuning: Arc::new(tuning(arguments.config.as_deref())?),
            };
            let list = shape::DetectorList::from(&known);
            serde_json::to_string_pretty(&list).context("the answer has a JSON form")? + "\n"
        }
    };
    let answer: Value = serde_json::from_str(&text).context("the answer is JSON")?;
    Ok(print(&match arguments.output {
        ListFormat::Json => text,
        ListFormat::Jsonl => rows(&answer["detectors"])
            .iter()
            .map(|of| format!("{of}\n"))
            .collect(),
        ListFormat::Csv => csv(&listed(&answer)),
        ListFormat::Table | ListFormat::Wide => joined(&tables(&answer), |table| table.text(paint)),
        ListFormat::Md => joined(&tables(&answer), Table::markdown),
    })?)
}

fn joined(tables: &[Table], text: impl Fn(&Table) -> String) -> String {
    tables.iter().map(text).collect::<Vec<_>>().join("\n")
}

/// The detectors with their thresholds; then what was set for some workloads.
fn tables(answer: &Value) -> Vec<Table> {
    let mut tables = vec![known(answer)];
    tables.extend(rules(answer));
    tables
}

/// What a detector is called is said once, beside its first threshold.
fn known(answer: &Value) -> Table {
    let mut table = Table::new(&[
        "DETECTOR", "BREAK", "SCOPE", "WEEKS", "KNOB", "DEFAULT", "VALUE", "WHAT",
    ]);
    let mut last = None;
    for row in listed(answer) {
        let name = [row.detector, row.in_break, row.scope, row.effort_weeks];
        let shown = match last.as_ref() == Some(&name) {
            true => Default::default(),
            false => name.clone(),
        };
        last = Some(name);
        table.row([shown, [row.knob, row.default, row.value, row.what]].concat());
    }
    table
}

/// A row for each threshold of each detector, and one for a detector that has none.
fn listed(answer: &Value) -> Vec<Row> {
    let mut listed = Vec::new();
    for of in rows(&answer["detectors"]) {
        let knobs = rows(&of["knobs"]);
        listed.extend(knobs.iter().map(|knob| row(of, knob)));
        if knobs.is_empty() {
            listed.push(row(of, &Value::Null));
        }
    }
    let shared = rows(&answer["shared_knobs"]).iter();
    listed.extend(shared.map(|knob| Row {
        detector: "(all of them)".to_owned(),
        ..row(&Value::Null, knob)
    }));
    listed
}

fn row(of: &Value, knob: &Value) -> Row {
    let [detector, in_break, scope, effort_weeks] =
        ["detector", "break", "scope", "effort_weeks"].map(|key| text(&of[key]));
    let [knob, default, value, what] = ["knob", "default", "value", "what"].map(|key| text(&knob[key]));
    Row {
        detector,
        in_break,
        scope,
        effort_weeks,
        knob,
        default,
        value,
        what,
    }
}

/// What was set for some workloads or for all of them; nothing where nothing was.
fn rules(answer: &Value) -> Option<Table> {
    let (knobs, efforts) = (rows(&answer["knob_rules"]), rows(&answer["effort_rules"]));
    if knobs.is_empty() && efforts.is_empty() {
        return None;
    }
    let meant = |value: &Value| match value.is_null() {
        true => "*".to_owned(),
        false => text(value),
    };
    let places = |rule: &Value| ["service", "operation", "kind"].map(|key| meant(&rule[key]));
    let mut table = Table::new(&["SET", "VALUE", "SERVICE", "OPERATION", "KIND"]);
    for rule in knobs {
        let set = ["knob", "value"].map(|key| text(&rule[key]));
        table.row([set.as_slice(), &places(rule)].concat());
    }
    for rule in efforts {
        let set = [
            text(&rule["of"]),
            format!("{} weeks", text(&rule["effort_weeks"])),
        ];
        table.row([set.as_slice(), &places(rule)].concat());
    }
    Some(table)
}
