//! What some faults need over traces, beside sightings, before they are a structure and not an incident.

use hotspan_model::{Condition, FactKind, Millionths, NearReason};

use crate::aggregate::{Aggregate, Shape};
use crate::facts::FactText;
use crate::sign::narrow;
use crate::view::Reader;

/// A detector that finds time without a span, which a lost call leaves too: it was a leaf, so nothing misses it.
const GAP: &str = "uninstrumented-gap";

/// Share of an operation's traces that lost calls do not explain.
const BEYOND_LOSSES: Millionths = Millionths(500_000);

/// Detectors of one call on the critical path, to which the loss of a longer one beside it can put it.
const ON_THE_PATH: [&str; 3] = ["slow-query", "procedure-heavy", "third-party-on-critical-path"];

/// Least share of its time over all traces that such a call is waited for.
const WAITED: Millionths = Millionths(200_000);

/// Fewest traces of an operation, and least share of them, by detector.
const SHARES: [(&str, u64, Millionths); 2] = [
    (GAP, 1, Millionths(200_000)),
    ("exception-storm", 20, Millionths(100_000)),
];

/// A detector whose findings are one fault only when its calls end after the same time.
const TIMEOUT: &str = "timeout-inversion";

/// Timeouts that make a value, and how far half of them may lie from it: 2 %, and what histograms round off.
const TIMEOUTS_MIN: u64 = 5;
const SPREAD: Millionths = Millionths(28_000);

/// What `row` lacks of the gate over traces that its detector has, if it has one.
pub(crate) fn structure(
    reader: &Reader<'_>,
    row: &Aggregate,
    shape: &Shape,
) -> Option<(NearReason, Condition)> {
    let counts = !reader.settings.one_trace_opens;
    let share = SHARES.iter().find(|(detector, judged, _)| {
        // Without a count of traces there is no share of them either.
        *detector == row.detector && (counts || *judged <= 1)
    });
    if let Some(&(detector, judged, least)) = share {
        if let Some(too_few) = too_few(reader, row, shape, judged) {
            return Some((NearReason::Sightings, too_few));
        }
        let least = match detector == GAP && !takes_longer(reader, row, shape) {
            true => least.max(BEYOND_LOSSES),
            false => least,
        };
        let condition = Condition {
            name: "share_millionths",
            value: share_of(reader, row, shape).0,
            threshold: least.0,
        };
        return (condition.value < least.0).then_some((NearReason::Sightings, condition));
    }
    if ON_THE_PATH.contains(&row.detector)
        && let Some(value) = waited(reader, row, shape)
    {
        let condition = Condition {
            name: "waited_millionths",
            value: value.0,
            threshold: WAITED.0,
        };
        return (value < WAITED).then_some((NearReason::Guard("off-path"), condition));
    }
    let condition = Condition {
        name: "timeouts",
        value: row.traces,
        threshold: TIMEOUTS_MIN,
    };
    let reason = match row.traces < TIMEOUTS_MIN {
        true => NearReason::Sightings,
        false => NearReason::Guard("spread"),
    };
    (counts && row.detector == TIMEOUT && !gathers(row)).then_some((reason, condition))
}

/// Whether requests with such time take longer than the operation's usually do, by at least half of it. Without that
/// some of them hide what the others show: a span that was lost.
fn takes_longer(reader: &Reader<'_>, row: &Aggregate, shape: &Shape) -> bool {
    let usual = reader
        .operation(shape)
        .map_or(0, |operation| operation.durations.quantile(500));
    row.segment.quantile(500) >= usual.saturating_add(row.path.quantile(500) / 2)
}

/// Share of the time of its call, over all traces of its operation, that somebody waits for.
fn waited(reader: &Reader<'_>, row: &Aggregate, shape: &Shape) -> Option<Millionths> {
    let text = |symbol| reader.dictionary.text(symbol);
    let called = FactText {
        kind: FactKind::Used,
        service: text(shape.at.service),
        operation: text(shape.at.operation),
        class: shape.class,
        other: shape.callee_service.or(shape.callee).map(text),
        what: shape.template.map(text),
        group: 0,
    };
    let (_, fact) = reader.merged.facts.get(&called)?;
    (fact.traces > row.traces).then(|| Millionths::ratio(narrow(fact.path), narrow(fact.time)))
}

/// Traces of its operation, where they are fewer than a share needs.
fn too_few(reader: &Reader<'_>, row: &Aggregate, shape: &Shape, threshold: u64) -> Option<Condition> {
    let value = judged(reader, row, shape);
    (value < threshold).then_some(Condition {
        name: "judged_traces",
        value,
        threshold,
    })
}

pub(crate) fn judged(reader: &Reader<'_>, row: &Aggregate, shape: &Shape) -> u64 {
    let judged = reader.operation(shape).map_or(0, |operation| operation.traces);
    judged.max(row.traces)
}

/// Raw counts decide: a share of weighted ones would open on one trace that stands for many.
fn share_of(reader: &Reader<'_>, row: &Aggregate, shape: &Shape) -> Millionths {
    Millionths::ratio(row.traces, judged(reader, row, shape))
}

/// Whether the critical-path times of the middle half gather at one value.
fn gathers(row: &Aggregate) -> bool {
    let (low, median, high) = (
        row.path.quantile(250),
        row.path.quantile(500),
        row.path.quantile(750),
    );
    let spread = SPREAD.of(median);
    row.traces >= TIMEOUTS_MIN
        && low.saturating_add(spread) >= median
        && high <= median.saturating_add(spread)
}
