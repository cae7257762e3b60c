//! `hotspan detectors`: what is looked for, what it takes to fix, and which thresholds hold.

use std::sync::Arc;

use anyhow::Context as _;
use hotspan_api::{Detectors, shape};
use serde_json::Value;

use crate::arguments::{DetectorsArguments, Format, tuning};
use crate::client::Client;
use crate::exit::Failure;
use crate::output::{Table, print, rows};

pub(crate) fn run(arguments: &DetectorsArguments) -> Result<(), Failure> {
    let answer = match &arguments.url {
        Some(url) => {
            let answer = Client::new(url).get("/api/v1/detectors", &[], "application/json")?;
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
    match arguments.output {
        Format::Json => print(&answer)?,
        Format::Table => table(&serde_json::from_str(&answer).context("the answer is JSON")?)?,
    }
    Ok(())
}

fn table(answer: &Value) -> Result<(), Failure> {
    let mut table = Table::new(&[
        "DETECTOR", "BREAK", "SCOPE", "WEEKS", "KNOB", "DEFAULT", "VALUE", "WHAT",
    ]);
    for detector in rows(&answer["detectors"]) {
        let name = ["detector", "break", "scope", "effort_weeks"].map(|key| text(&detector[key]));
        match rows(&detector["knobs"]) {
            [] => table.row(name.into()),
            knobs => add(&mut table, &name, knobs),
        }
    }
    let all = ["(all of them)", "", "", ""].map(ToOwned::to_owned);
    add(&mut table, &all, rows(&answer["shared_knobs"]));
    table.print()?;
    let (knobs, efforts) = (rows(&answer["knob_rules"]), rows(&answer["effort_rules"]));
    if knobs.is_empty() && efforts.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(&["SET", "VALUE", "SERVICE", "OPERATION", "KIND"]);
    for rule in knobs {
        table.row(
            ["knob", "value", "service", "operation", "kind"]
                .map(|key| text(&rule[key]))
                .into(),
        );
    }
    for rule in efforts {
        let keys = ["of", "effort_weeks", "service", "operation", "kind"];
        let [of, weeks, places @ ..] = keys.map(|key| text(&rule[key]));
        table.row([vec![of, format!("{weeks} weeks")], places.into()].concat());
    }
    print("\n")?;
    table.print()?;
    Ok(())
}

/// A row for each knob; what they belong to is said once.
fn add(table: &mut Table, name: &[String; 4], knobs: &[Value]) {
    for (at, knob) in knobs.iter().enumerate() {
        let values = ["knob", "default", "value", "what"].map(|key| text(&knob[key]));
        let name = match at {
            0 => name.clone(),
            _ => Default::default(),
        };
        table.row([name, values].concat());
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "*".to_owned(),
        Value::String(text) => shape::clean(text),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}
