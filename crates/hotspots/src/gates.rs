//! What some faults need over traces, beside sightings, before they are a structure and not an incident.

use hotspan_model::Millionths;

use crate::aggregate::{Aggregate, Shape};
use crate::view::Reader;

/// A detector that finds time without a span, which a lost call leaves too: it was a leaf, so nothing misses it.
const GAP: &str = "uninstrumented-gap";

/// Share of all traces that miss spans from which losses count, and the share of an operation's traces that they do
/// not explain.
const LOSSES: Millionths = Millionths(20_000);
const BEYOND_LOSSES: Millionths = Millionths(500_000);

/// Least share of an operation's traces, by detector.
const SHARES: [(&str, Millionths); 2] = [
    (GAP, Millionths(200_000)),
    ("exception-storm", Millionths(100_000)),
];

/// A detector whose findings are one fault only when its calls end after the same time.
const TIMEOUT: &str = "timeout-inversion";

/// Timeouts that make a value, and how far half of them may lie from it: 2 %, and what histograms round off.
const TIMEOUTS_MIN: u64 = 5;
const SPREAD: Millionths = Millionths(28_000);

/// Whether `row` passes the gate over traces that its detector has, if it has one.
pub(crate) fn is_structure(reader: &Reader<'_>, row: &Aggregate, shape: &Shape) -> bool {
    let share = SHARES.iter().find(|(detector, _)| *detector == row.detector);
    match share {
        Some(&(GAP, least)) if spans_are_lost(reader) => {
            is_frequent(reader, row, shape, least.max(BEYOND_LOSSES))
        }
        Some(&(_, least)) => is_frequent(reader, row, shape, least),
        None if row.detector == TIMEOUT => gathers(row),
        None => true,
    }
}

fn spans_are_lost(reader: &Reader<'_>) -> bool {
    let totals = &reader.merged.totals;
    Millionths::ratio(totals.incomplete, totals.traces) >= LOSSES
}

/// Raw counts decide: a share of weighted ones would open on one trace that stands for many.
fn is_frequent(reader: &Reader<'_>, row: &Aggregate, shape: &Shape, least: Millionths) -> bool {
    let judged = reader.operation(shape).map_or(0, |operation| operation.traces);
    Millionths::ratio(row.traces, judged.max(row.traces)) >= least
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
