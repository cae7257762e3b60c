//! `hotspan explain`: asks a running daemon why it says no more about an operation.

use clap::Args;
use serde_json::Value;

use super::asking::{Asking, known_operation, known_services};
use crate::exit::Failure;
use crate::output::{Column, Form, List, ListFormat, Paint, Table, print, rows, text};

const LIST: List = List {
    path: "/api/v1/near-misses",
    key: "near_misses",
    columns: &[
        Column::new("SERVICE", "service", Form::Text),
        Column::new("OPERATION", "operation", Form::Text),
        Column::new("RULE", "detector", Form::Text),
        Column::new("STOPPED BY", "reason", Form::Text),
        Column::new("TRACES", "shown_by", Form::Text),
        Column::new("LACKS", "distance", Form::Text),
        Column::wide("LAST SEEN", "last_seen", Form::Moment),
        Column::new("CONDITIONS", "compared", Form::Text),
        Column::wide("HOW", "remedy.how", Form::Text),
        Column::new("OF", "subject", Form::Text),
    ],
};

/// Flags of `explain`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hotspan explain \"GET /cart\"
  hotspan explain \"GET /cart\" --service shop -o json
  hotspan explain --service shop                    near misses of all its operations

Exit codes: 0 answered, 2 usage, 3 no such operation or service, 4 no daemon answers.")]
pub(crate) struct ExplainArguments {
    /// An operation: what nearly is a hotspot in it and in what its traces reach, and what each rule saw
    #[arg(value_name = "OPERATION")]
    entry: Option<String>,
    #[command(flatten)]
    asking: Asking,
    /// Only of this service
    #[arg(long)]
    service: Option<String>,
    /// At most so many near misses
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: u32,
}

pub(crate) fn run(arguments: &ExplainArguments, paint: Paint) -> Result<(), Failure> {
    let (client, format) = (arguments.asking.address.client()?, arguments.asking.output);
    let mut asked = vec![("limit", arguments.limit.to_string())];
    for (name, value) in [("entry", &arguments.entry), ("service", &arguments.service)] {
        asked.extend(value.iter().map(|value| (name, value.clone())));
    }
    let listed = LIST.run(&client, asked, (format, paint), prepare)?;
    if format.is_for_people() {
        print(&rules(&listed.answer, format, paint))?;
    }
    LIST.talk(&listed, format, "");
    let more = ["silent", "spoke"].map(|list| rows(&listed.answer[list]).len());
    let nothing = listed.empty && more == [0, 0];
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

/// Adds to each near miss what people read of it.
#[expect(
    clippy::unnecessary_wraps,
    reason = "every list is prepared by one kind of function"
)]
fn prepare(answer: &mut Value) -> Result<(), Failure> {
    for row in answer["near_misses"].as_array_mut().into_iter().flatten() {
        let compared: Vec<String> = rows(&row["conditions"]).iter().map(condition).collect();
        row["shown_by"] = Value::from(format!("{} of {}", row["traces"], row["evaluated"]));
        row["subject"] = Value::from(subject(row));
        row["compared"] = Value::from(compared.join(", "));
    }
    Ok(())
}

/// The rules that spoke in the operation, and those that never came near.
fn rules(answer: &Value, format: ListFormat, paint: Paint) -> String {
    let lists = [(&answer["spoke"], "a hotspot"), (&answer["silent"], "")];
    if lists.iter().all(|(list, _)| rows(list).is_empty()) {
        return String::new();
    }
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
    let table = match format == ListFormat::Md {
        true => table.markdown(),
        false => table.text(paint),
    };
    format!("\n{table}")
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
