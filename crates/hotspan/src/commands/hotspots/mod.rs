//! `hotspan hotspots`: lists, shows and judges the hotspots of a running daemon.

mod arguments;
mod facts;
mod id;
mod say;
mod show;

pub(crate) use arguments::HotspotsArguments;
use arguments::{Verb, Wanted};
pub(crate) use facts::facts;
use serde_json::Value;

use super::asking::{known_operation, known_services};
use crate::client::Client;
use crate::exit::Failure;
use crate::output::{Column, Form, List, ListFormat, Paint, at, number};

const LIST: List = List {
    path: "/api/v1/hotspots",
    key: "hotspots",
    columns: &[
        Column::new("#", "rank", Form::Text),
        Column::new("ID", "id", Form::Id),
        Column::new("PRIORITY", "priority", Form::Amount),
        Column::new("SAVES", "saving_ns.likely", Form::Nanos),
        Column::wide("OF IT", "saving_share", Form::Share),
        Column::wide("S/HOUR", "impact_s_per_hour", Form::Amount),
        Column::wide("WEEKS", "effort_weeks", Form::Text),
        Column::new("CONF", "confidence", Form::Share),
        Column::new("SEEN", "traces", Form::Text),
        Column::wide("SHARE", "share", Form::Share),
        Column::wide("CALLS", "calls_per_trace.p50", Form::Text),
        Column::wide("LAST SEEN", "last_seen", Form::Moment),
        Column::new("STATE", "state", Form::State),
        Column::new("SERVICE", "service", Form::Text),
        Column::wide("OPERATION", "operation", Form::Text),
        Column::new("DETECTOR", "detector", Form::Text),
        Column::new("WHAT", "title", Form::Text),
    ],
};

pub(crate) fn run(arguments: &HotspotsArguments, paint: Paint) -> Result<(), Failure> {
    let (client, format) = (arguments.asking.address.client()?, arguments.asking.output);
    match &arguments.verb {
        None => list(&client, &arguments.wanted, format, paint),
        Some(Verb::List(wanted)) => list(&client, &arguments.wanted.and(wanted), format, paint),
        Some(Verb::Show { id }) => show::run(&client, id, format, paint),
        Some(Verb::Ack(of)) => say::run(&client, "acknowledged", of, format),
        Some(Verb::Mute(of)) => say::run(&client, "muted", of, format),
        Some(Verb::Reopen(of)) => say::run(&client, "open", of, format),
    }
}

fn list(client: &Client, wanted: &Wanted, format: ListFormat, paint: Paint) -> Result<(), Failure> {
    let listed = LIST.run(client, wanted.asked(), (format, paint), |answer| {
        for row in answer["hotspots"].as_array_mut().into_iter().flatten() {
            let said = facts::said(row);
            if let Value::String(title) = &mut row["title"] {
                title.push_str(&said);
            }
        }
        Ok(())
    })?;
    if listed.empty {
        known_services(client, &wanted.service)?;
        wanted
            .entry
            .iter()
            .try_for_each(|entry| known_operation(client, entry))?;
    }
    let muted = number(at(&listed.answer, "coverage.left_out.muted"));
    LIST.talk(&listed, format, &format!(", {muted} muted"));
    Ok(())
}
