//! `hotspan explain`: asks a running daemon why it says no more about an operation.

use anyhow::Context as _;
use hotspan_api::shape::clean;
use serde_json::Value;

use super::hotspots::answered;
use crate::arguments::{ExplainArguments, Format};
use crate::exit::Failure;
use crate::output::{Table, print};

pub(crate) fn run(arguments: &ExplainArguments) -> Result<(), Failure> {
    let base = arguments.url.trim_end_matches('/');
    let mut request = ureq::get(format!("{base}/api/v1/near-misses"));
    request = request.query("limit", arguments.limit.to_string());
    for (name, value) in [("entry", &arguments.entry), ("service", &arguments.service)] {
        if let Some(value) = value {
            request = request.query(name, value);
        }
    }
    let text = answered(base, request)?;
    let answer: Value = serde_json::from_str(&text).context("the answer is JSON")?;
    let lists = ["near_misses", "silent", "spoke"];
    let nothing = lists.iter().all(|list| rows(&answer[list]).is_empty());
    match arguments.output {
        Format::Json => print(&text)?,
        Format::Table => tables(&answer)?,
    }
    match (&arguments.entry, nothing) {
        (Some(entry), true) => Err(Failure::NoData(format!("no traces of an operation {entry}"))),
        _ => Ok(()),
    }
}

fn tables(answer: &Value) -> Result<(), Failure> {
    let near = rows(&answer["near_misses"]);
    if near.is_empty() {
        print("no near misses\n")?;
    } else {
        let mut table = Table::new(&[
            "SERVICE",
            "OPERATION",
            "RULE",
            "STOPPED BY",
            "TRACES",
            "LACKS",
            "CONDITIONS",
            "OF",
        ]);
        for row in near {
            let conditions: Vec<String> = rows(&row["conditions"]).iter().map(condition).collect();
            table.row(vec![
                text(&row["service"]),
                text(&row["operation"]),
                text(&row["detector"]),
                text(&row["reason"]),
                format!("{} of {}", row["traces"], row["evaluated"]),
                text(&row["distance"]),
                conditions.join(", "),
                subject(row),
            ]);
        }
        table.print()?;
    }
    let lists = [(&answer["spoke"], "a hotspot"), (&answer["silent"], "")];
    if lists.iter().any(|(list, _)| !rows(list).is_empty()) {
        print("\n")?;
        let mut table = Table::new(&["SERVICE", "OPERATION", "RULE", "EVALUATED", "ON AVERAGE", "FOUND"]);
        for (list, found) in lists {
            for row in rows(list) {
                let best = match row["best"].is_null() {
                    true => String::new(),
                    false => condition(&row["best"]),
                };
                let names = ["service", "operation", "detector", "evaluated"].map(|key| text(&row[key]));
                table.row([names.as_slice(), &[best, found.to_owned()]].concat());
            }
        }
        table.print()?;
    }
    eprintln!("{} of {} near misses shown", near.len(), answer["total"]);
    Ok(())
}

/// `repeat_min 4 of 5`.
fn condition(of: &Value) -> String {
    format!("{} {} of {}", text(&of["name"]), of["value"], of["threshold"])
}

/// What a near miss is about: its template, or what a blind rule needs.
fn subject(row: &Value) -> String {
    let remedy = &row["remedy"];
    if remedy.is_null() {
        return text(&row["template"]);
    }
    match text(&remedy["older"]).as_str() {
        "" => format!("set {}", text(&remedy["attribute"])),
        older => format!("set {} (or {older})", text(&remedy["attribute"])),
    }
}

fn rows(list: &Value) -> &[Value] {
    list.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), clean)
}
