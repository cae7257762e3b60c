//! `hotspan compare`: two windows, versions or traces of a running daemon side by side.

use anyhow::anyhow;
use clap::Args;

use super::asking::{Asking, known_services};
use crate::exit::Failure;
use crate::output::{Column, Form, List, ListFormat, Paint, at, moment, number, print, rows, text};

/// Flags of `compare`.
#[derive(Debug, Args)]
#[command(
    after_help = "A side is a window, FROM..UNTIL, or version:NAME; with --traces it is the id of a trace.

Examples:
  hotspan compare                             the last hour beside the day before it
  hotspan compare -26h..-25h -2h..-1h         an hour of yesterday beside the same today
  hotspan compare version:1.4.0 version:1.5.0 --service orders
  hotspan compare --traces 83a9f2 e127b0      what one trace does that the other does not

Exit codes: 0 answered, 2 usage, 3 no such service or trace, 4 no daemon answers."
)]
pub(crate) struct CompareArguments {
    #[command(flatten)]
    asking: Asking,
    /// The first side [default: -24h..-1h]
    #[arg(allow_hyphen_values = true)]
    a: Option<String>,
    /// The second side [default: -1h..now]
    #[arg(allow_hyphen_values = true)]
    b: Option<String>,
    /// The sides are ids of traces
    #[arg(long, requires = "a", requires = "b")]
    traces: bool,
    /// Only hotspots of this service; repeat for alternatives
    #[arg(long, conflicts_with = "traces")]
    service: Vec<String>,
    /// Only hotspots of this detector; repeat for alternatives
    #[arg(long, conflicts_with = "traces")]
    detector: Vec<String>,
    /// Only what appeared, grew, shrank, is gone, same or unclear; repeat for alternatives [default: what changed]
    #[arg(long, conflicts_with = "traces")]
    change: Vec<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: u32,
}

const CHANGES: List = List {
    path: "/api/v1/compare",
    key: "changes",
    columns: &[
        Column::new("CHANGE", "change", Form::Text),
        Column::new("TIMES", "ratio", Form::Amount),
        Column::new("A", "a.traces", Form::Text),
        Column::new("OF", "a.of_traces", Form::Text),
        Column::new("B", "b.traces", Form::Text),
        Column::new("OF", "b.of_traces", Form::Text),
        Column::wide("PATH A", "a.critical_path_ns", Form::Nanos),
        Column::wide("PATH B", "b.critical_path_ns", Form::Nanos),
        Column::new("ID", "hotspot_id", Form::Id),
        Column::new("SERVICE", "service", Form::Text),
        Column::wide("DETECTOR", "detector", Form::Text),
        Column::new("WHAT", "title", Form::Text),
    ],
};

const CALLS: List = List {
    path: "/api/v1/compare/traces",
    key: "calls",
    columns: &[
        Column::new("CHANGE", "change", Form::Text),
        Column::new("A", "a.count", Form::Text),
        Column::new("B", "b.count", Form::Text),
        Column::new("PATH A", "a.critical_path_ns", Form::Nanos),
        Column::new("PATH B", "b.critical_path_ns", Form::Nanos),
        Column::wide("TIME A", "a.duration_ns", Form::Nanos),
        Column::wide("TIME B", "b.duration_ns", Form::Nanos),
        Column::new("SERVICE", "service", Form::Text),
        Column::wide("TEMPLATE", "template", Form::Text),
        Column::new("OPERATION", "operation", Form::Text),
    ],
};

pub(crate) fn run(arguments: &CompareArguments, paint: Paint) -> Result<(), Failure> {
    match (arguments.traces, &arguments.a, &arguments.b) {
        (true, Some(a), Some(b)) => traces(arguments, [a, b], paint),
        _ => changes(arguments, paint),
    }
}

fn changes(arguments: &CompareArguments, paint: Paint) -> Result<(), Failure> {
    let (client, format) = (arguments.asking.address.client()?, arguments.asking.output);
    let mut asked = vec![("limit", arguments.limit.to_string())];
    for (name, side) in [("a", &arguments.a), ("b", &arguments.b)] {
        asked.extend(side.iter().map(|side| (name, side.clone())));
    }
    for (name, values) in [
        ("service", &arguments.service),
        ("detector", &arguments.detector),
        ("change", &arguments.change),
    ] {
        asked.extend(values.iter().map(|value| (name, value.clone())));
    }
    let listed = CHANGES.run(&client, asked, (format, paint), |_| Ok(()))?;
    if listed.empty {
        known_services(&client, &arguments.service)?;
    }
    let side = |name: &str| match &listed.answer[name] {
        side if side["version"].is_string() => text(&side["version"]),
        side => format!("{} to {}", moment(&side["from"]), moment(&side["until"])),
    };
    let count = |name: &str| number(at(&listed.answer, &format!("counts.{name}")));
    let more = format!(
        "; A is {}, B is {}; {} same, {} unclear",
        side("a"),
        side("b"),
        count("same"),
        count("unclear")
    );
    CHANGES.talk(&listed, format, &more);
    Ok(())
}

fn traces(arguments: &CompareArguments, [a, b]: [&String; 2], paint: Paint) -> Result<(), Failure> {
    let (client, format) = (arguments.asking.address.client()?, arguments.asking.output);
    if matches!(format, ListFormat::Csv | ListFormat::Jsonl) {
        return Err(anyhow!("-o: two traces are written as table, wide, json or md").into());
    }
    let asked = [("a", a.clone()), ("b", b.clone())];
    let reply = client.get(CALLS.path, &asked, "application/json")?;
    let answer = client.parse(&reply.text)?;
    if format == ListFormat::Json {
        return Ok(print(&(reply.text + "\n"))?);
    }
    let limit = usize::try_from(arguments.limit).unwrap_or(usize::MAX);
    let calls = rows(&answer["calls"]);
    print(&CALLS.table(&calls[..calls.len().min(limit)], format, paint))?;
    let found = rows(&answer["findings"]).iter().map(|of| {
        let calls = |key: &str| number(&of[key]);
        format!(
            "; {}: {} and {} calls",
            text(&of["detector"]),
            calls("calls_a"),
            calls("calls_b")
        )
    });
    eprintln!(
        "{} of {} kinds of spans shown{}",
        calls.len().min(limit),
        calls.len(),
        found.collect::<String>()
    );
    Ok(())
}
