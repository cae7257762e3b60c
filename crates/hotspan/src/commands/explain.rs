//! `hotspan explain`: asks a running daemon why it says no more about an operation.

use serde_json::Value;

use super::asking::{known_operation, known_services};
use crate::arguments::{ExplainArguments, Format};
use crate::client::Client;
use crate::exit::Failure;
use crate::output::{Table, print, rows, text};

pub(crate) fn run(arguments: &ExplainArguments) -> Result<(), Failure> {
    let client = Client::new(&arguments.url);
    let mut asked = vec![("limit", arguments.limit.to_string())];
    for (name, value) in [("entry", &arguments.entry), ("service", &arguments.service)] {
        asked.extend(value.iter().map(|value| (name, value.clone())));
    }
    let reply = client.get("/api/v1/near-misses", &asked, "application/json")?;
    let answer: Value = client.parse(&reply.text)?;
    let lists = ["near_misses", "silent", "spoke"];
    let nothing = lists.iter().all(|list| rows(&answer[list]).is_empty());
    match arguments.output {
        Format::Json => print(&(reply.text + "\n"))?,
        Format::Table => tables(&answer)?,
    }
    match (&arguments.entry, &arguments.service) {
        (Some(entry), _) if nothing => {
            let said = format!("no traces of an operation {entry}");
            // What was meant is a help beside the answer, which does not fail with it.
            match known_operation(&client, entry) {
                Err(Failure::NoData(meant)) => Err(Failure::NoData(meant)),
                _ => Err(Failure::NoData(said)),
            }
        }
        (None, Some(service)) if nothing => known_services(&client, std::slice::from_ref(service)),
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
