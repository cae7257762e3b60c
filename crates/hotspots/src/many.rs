//! Faults that only their share of many traces can show.

use hotspan_model::{Class, Condition, FactKind, Millionths, NearReason, Verb};

use crate::aggregate::{Aggregate, Shape};
use crate::facts::FactText;
use crate::gates::judged;
use crate::topology::percent;
use crate::view::Reader;

/// A detector that also speaks when layers that retry multiply each other in some of many traces.
const RETRY: &str = "retry-storm";
/// Traces of the operation, and share of them.
const MULTIPLIED: (u64, Millionths) = (100, Millionths(10_000));

/// A detector that also speaks when a routine takes much of all that a service asks of its databases.
const PROCEDURE: &str = "procedure-heavy";
/// Traces of the service, and share of its statements' time.
const ROUTINE: (u64, Millionths) = (100, Millionths(300_000));

/// A detector that also speaks of calls whose outcome nothing depends on.
pub(crate) const DEFERRABLE: &str = "deferrable-call";
/// Traces in which the call failed, and share of them in which the request succeeded all the same.
const SURVIVED: (u64, Millionths) = (5, Millionths(800_000));
/// Traces in which it was answered without content, and share of all its traces.
const EMPTY: (u64, Millionths) = (20, Millionths(900_000));

/// What `row` lacks where one trace alone does not make it a fault.
pub(crate) fn lacks(reader: &Reader<'_>, row: &Aggregate, shape: &Shape) -> Option<(NearReason, Condition)> {
    let lacking = match row.detector {
        RETRY => missing(
            judged(reader, row, shape),
            row.traces.into(),
            judged(reader, row, shape).into(),
            MULTIPLIED,
        ),
        PROCEDURE => routine(reader, shape),
        DEFERRABLE => unneeded(reader, shape).err(),
        _ => None,
    };
    lacking.map(|condition| (NearReason::Sightings, condition))
}

/// The first of two conditions that does not hold: so many traces, and this share.
fn missing(traces: u64, part: u128, whole: u128, least: (u64, Millionths)) -> Option<Condition> {
    let conditions = [
        Condition {
            name: "judged_traces",
            value: traces,
            threshold: least.0,
        },
        Condition {
            name: "share_millionths",
            value: crate::sign::share(part, whole).0,
            threshold: least.1.0,
        },
    ];
    conditions
        .into_iter()
        .find(|condition| condition.value < condition.threshold)
}

/// The share of one routine in what its service's statements take.
fn routine(reader: &Reader<'_>, shape: &Shape) -> Option<Condition> {
    let service = reader.dictionary.text(shape.at.service);
    let name = |template| -> Option<&str> {
        let facts = reader.dictionary.template(template)?;
        let named = facts.routine.as_deref();
        (facts.verb == Verb::Routine).then(|| named.unwrap_or_else(|| reader.dictionary.text(template)))
    };
    let own = shape.template.and_then(name);
    let (mut part, mut whole) = (0_u128, 0_u128);
    let first = FactText {
        operation: "",
        class: Class::Db,
        ..text(reader, shape, FactKind::Used)
    };
    let used = reader.merged.facts.range(first..);
    let used = used.take_while(|(text, _)| (text.kind, text.service) == (FactKind::Used, service));
    for (_, (key, fact)) in used.filter(|(text, _)| text.class == Class::Db) {
        whole = whole.saturating_add(fact.time);
        if own.is_some() && key.what.and_then(name) == own {
            part = part.saturating_add(fact.time);
        }
    }
    let traces = reader
        .merged
        .services
        .get(service)
        .map_or(0, |service| service.traces);
    missing(traces, part, whole, ROUTINE)
}

/// What shows that nobody needs what a call answers; else the condition that is nearest to it.
pub(crate) fn unneeded(reader: &Reader<'_>, shape: &Shape) -> Result<String, Condition> {
    let traces = |kind: FactKind| {
        let fact = reader.merged.facts.get(&text(reader, shape, kind));
        fact.map_or(0, |(_, fact)| fact.traces)
    };
    let (survived, sunk) = (traces(FactKind::Survived), traces(FactKind::Sunk));
    let (empty, all) = (traces(FactKind::Emptied), used(reader, shape));
    let failed = survived.saturating_add(sunk);
    let needed = missing(failed, survived.into(), failed.into(), SURVIVED);
    let answers = missing(empty, empty.into(), all.max(empty).into(), EMPTY);
    match (needed, answers) {
        (None, _) => Ok(format!(
            "the request succeeded in {survived} of {failed} traces in which it failed"
        )),
        (_, None) => Ok(format!(
            "answered without content in {} % of its traces",
            percent(Millionths::ratio(empty, all.max(empty)))
        )),
        (Some(needed), Some(answers)) => Err(match answers.distance() < needed.distance() {
            true => answers,
            false => needed,
        }),
    }
}

/// Traces with its call, whatever address it went to.
fn used(reader: &Reader<'_>, shape: &Shape) -> u64 {
    let first = text(reader, shape, FactKind::Used);
    let place = |text: &FactText<'_>| (text.kind, text.class) == (first.kind, first.class);
    let same = |text: &FactText<'_>| {
        place(text) && (text.service, text.operation) == (first.service, first.operation)
    };
    let from = FactText { what: None, ..first };
    let rows = reader
        .merged
        .facts
        .range(from..)
        .take_while(|(text, _)| same(text));
    let own = rows.filter(|(text, _)| text.what == first.what);
    own.fold(0, |sum, (_, (_, fact))| sum.saturating_add(fact.traces))
}

/// The facts of one kind about what `shape` calls.
fn text<'a>(reader: &Reader<'a>, shape: &Shape, kind: FactKind) -> FactText<'a> {
    let text = |symbol| reader.dictionary.text(symbol);
    FactText {
        kind,
        service: text(shape.at.service),
        operation: text(shape.at.operation),
        class: shape.class,
        other: None,
        what: shape.template.map(text),
        group: 0,
    }
}
