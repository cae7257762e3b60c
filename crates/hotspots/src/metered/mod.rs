//! Counters that only grow: what all reports of one shard say, in tables that forget nothing.
//!
//! Beyond their bound tables count in rows that several names share: first what was known stays told apart.

mod read;
mod rising;

use std::hash::Hash;

use foldhash::fast::SeedableRandomState;
use hashbrown::{HashMap, HashSet};
use hotspan_model::{
    Category, Class, Ends, Finding, Kind, LATENCY_BUCKETS, Latencies, LinkRow, LogTime, Nanos, OpRef, Report,
    SegmentRow, SpanId, SpanRow, Symbol, TableSeed, TraceId,
};

pub use self::read::{
    FindingMeter, Histogram, LinkMeter, Meters, OVERFLOW_LABEL, Outside, PathMeter, SpanMeter,
    ThirdPartyMeter, meters,
};

use self::rising::Rising;
use crate::shown::Shown;
use crate::sign::{self, Sign, weighted};
use crate::table::Table;

/// Rows that names beyond every bound share; one for each kind and outcome.
const SHARED_MAX: usize = 16;

/// A span that a counter may point to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exemplar {
    /// Its trace.
    pub trace: TraceId,
    /// The span, unless it was folded.
    pub span: Option<SpanId>,
    /// How long it took.
    pub length: Nanos,
    /// When its trace was counted.
    pub at: LogTime,
}

/// Weighted counts by bucket in millionths, the last place the weighted sum in millionths of a nanosecond.
pub(crate) const HISTOGRAM: usize = LATENCY_BUCKETS + 1;

/// Places in the sums of a row of spans.
pub(crate) mod span_at {
    use super::HISTOGRAM;
    pub(crate) const COUNT: usize = HISTOGRAM;
    pub(crate) const ALL: usize = HISTOGRAM + 1;
}

/// Places in the sums of a row of links.
pub(crate) mod link_at {
    use super::HISTOGRAM;
    pub(crate) const SERVER: usize = HISTOGRAM;
    pub(crate) const CALLS: usize = 2 * HISTOGRAM;
    pub(crate) const FAILED: usize = CALLS + 1;
    /// Client time on critical paths, and beside them.
    pub(crate) const PATH: usize = CALLS + 2;
    pub(crate) const BESIDE: usize = CALLS + 3;
    pub(crate) const ALL: usize = CALLS + 4;
}

/// Places in the sums of findings.
pub(crate) mod finding_at {
    pub(crate) const TRACES: usize = 0;
    pub(crate) const PATH: usize = 1;
    pub(crate) const SAVING: usize = 2;
    pub(crate) const ALL: usize = 3;
}

/// Name, kind and outcome; `None` for what found no room.
pub(crate) type SpanKey = (Option<Symbol>, Option<Symbol>, Kind, bool);
/// Both ends and the class; `None` for what found no room.
pub(crate) type LinkKey = (Option<Ends>, Class);
/// Service and operation; `None` for what found no room.
pub(crate) type PathKey = (Option<Symbol>, Option<Symbol>);
/// Detector and service; `None` for what found no room.
pub(crate) type FindingKey = (&'static str, Option<Symbol>);

pub(crate) type SpanSums = Rising<{ span_at::ALL }>;
pub(crate) type LinkSums = Rising<{ link_at::ALL }>;
pub(crate) type PathSums = Rising<{ Category::ALL.len() }>;
pub(crate) type FindingSums = Rising<{ finding_at::ALL }>;

/// The counters of one shard.
#[derive(Debug)]
pub(crate) struct Metered {
    /// Rows of each table.
    max: usize,
    spans: Table<SpanKey, SpanSums>,
    links: Table<LinkKey, LinkSums>,
    paths: Table<PathKey, PathSums>,
    findings: Table<FindingKey, FindingSums>,
    names: Names,
    scratch: Vec<u32>,
}

/// What readers get of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shot {
    pub(crate) spans: Shown<SpanKey, SpanSums>,
    pub(crate) links: Shown<LinkKey, LinkSums>,
    pub(crate) paths: Shown<PathKey, PathSums>,
    pub(crate) findings: Shown<FindingKey, FindingSums>,
}

/// The operations that are told apart, so many of each service.
#[derive(Debug)]
struct Names {
    of_service_max: usize,
    known: HashSet<OpRef, SeedableRandomState>,
    counts: HashMap<Symbol, usize, SeedableRandomState>,
}

impl Metered {
    pub(crate) fn new(seed: TableSeed, max: usize, operations_max: usize) -> Metered {
        let room = max.saturating_add(SHARED_MAX);
        Metered {
            max,
            spans: Table::new(seed, 9, room),
            links: Table::new(seed, 10, room),
            paths: Table::new(seed, 11, room),
            findings: Table::new(seed, 12, room.saturating_mul(2)),
            names: Names {
                of_service_max: operations_max,
                known: HashSet::with_hasher(seed.build(13)),
                counts: HashMap::with_hasher(seed.build(14)),
            },
            scratch: Vec::new(),
        }
    }

    /// Counts what a report says. Taken back, it is owed: what the next version says pays that first.
    pub(crate) fn shift(&mut self, sign: Sign, report: &Report) {
        for row in &report.metered {
            self.shift_spans(sign, row, report);
        }
        for row in &report.links {
            self.shift_link(sign, row, report);
        }
        for row in &report.segments {
            self.shift_path(sign, row, report);
        }
        if !report.findings.is_empty() {
            self.shift_findings(sign, report);
        }
    }

    fn shift_spans(&mut self, sign: Sign, row: &SpanRow, report: &Report) {
        let (service, outcome) = (Some(row.at.service), (row.kind, row.failed));
        let key = |service, operation| (service, operation, outcome.0, outcome.1);
        let keys = [
            key(service, Some(row.at.operation)),
            key(service, None),
            key(None, None),
        ];
        let names = &mut self.names;
        let sums = enter(&mut self.spans, sign, keys, self.max, || names.takes(row.at));
        let Some(sums) = sums else { return };
        let mut by = [0; span_at::ALL];
        histogram(&mut by[..HISTOGRAM], &row.latencies, report);
        by[span_at::COUNT] = counted(row.count, report);
        sums.shift(sign, &by);
        sums.show(0, sign, exemplar(&row.latencies, report));
    }

    fn shift_link(&mut self, sign: Sign, row: &LinkRow, report: &Report) {
        let keys = [(Some(row.ends), row.class), (None, row.class)];
        let Some(sums) = enter(&mut self.links, sign, keys, self.max, || true) else {
            return;
        };
        let mut by = [0; link_at::ALL];
        histogram(&mut by[..HISTOGRAM], &row.client, report);
        histogram(&mut by[link_at::SERVER..link_at::CALLS], &row.server, report);
        by[link_at::CALLS] = counted(row.calls, report);
        by[link_at::FAILED] = counted(row.failed, report);
        by[link_at::PATH] = weighted(report.weight, row.path);
        by[link_at::BESIDE] = weighted(report.weight, row.client.sum.minus(row.path));
        sums.shift(sign, &by);
        sums.show(0, sign, exemplar(&row.client, report));
        sums.show(1, sign, exemplar(&row.server, report));
    }

    fn shift_path(&mut self, sign: Sign, row: &SegmentRow, report: &Report) {
        if row.path.iter().all(|&time| time == Nanos::ZERO) {
            return;
        }
        let service = Some(row.at.service);
        let keys = [(service, Some(row.at.operation)), (service, None), (None, None)];
        let names = &mut self.names;
        if let Some(sums) = enter(&mut self.paths, sign, keys, self.max, || names.takes(row.at)) {
            sums.shift(sign, &row.path.map(|time| weighted(report.weight, time)));
        }
    }

    /// One trace counts once for each detector and service.
    fn shift_findings(&mut self, sign: Sign, report: &Report) {
        let mut scratch = std::mem::take(&mut self.scratch);
        let finding = |at: &u32| &report.findings[*at as usize];
        let key = |of: &Finding| (of.detector, Some(of.service));
        scratch.clear();
        scratch.extend((0..).take(report.findings.len()));
        scratch.sort_unstable_by_key(|at| (finding(at).detector, finding(at).service.raw(), *at));
        for group in scratch.chunk_by(|a, b| key(finding(a)) == key(finding(b))) {
            let first = finding(&group[0]);
            let keys = [key(first), (first.detector, None)];
            let Some(sums) = enter(&mut self.findings, sign, keys, self.max, || true) else {
                continue;
            };
            let mut by = [0; finding_at::ALL];
            by[finding_at::TRACES] = counted(1, report);
            for finding in group.iter().map(finding) {
                by[finding_at::PATH] += weighted(report.weight, finding.path);
                by[finding_at::SAVING] += weighted(report.weight, finding.saving.likely);
            }
            sums.shift(sign, &by);
            let exemplar = report.trace.map(|trace| Exemplar {
                trace,
                span: Some(first.anchor),
                length: first.path,
                at: report.at,
            });
            sums.show(0, sign, exemplar);
        }
        self.scratch = scratch;
    }

    pub(crate) fn snapshot(&mut self) -> Shot {
        Shot {
            spans: self.spans.snapshot(),
            links: self.links.snapshot(),
            paths: self.paths.snapshot(),
            findings: self.findings.snapshot(),
        }
    }
}

impl Names {
    /// Whether an operation is told apart, or may be from now on.
    fn takes(&mut self, at: OpRef) -> bool {
        if self.known.contains(&at) {
            return true;
        }
        let count = self.counts.entry(at.service).or_default();
        let takes = *count < self.of_service_max;
        if takes {
            *count += 1;
            self.known.insert(at);
        }
        takes
    }
}

/// The row of the first key that has one; else a new one, of the first key unless there is no room or it is not
/// `taken`, then of the next. The last key is shared by all, and has room beyond `max`. Nothing is forgotten, so what
/// is taken back is found where it went.
fn enter<K: Hash + Eq + Clone, V: Default + Clone, const N: usize>(
    table: &mut Table<K, V>,
    sign: Sign,
    keys: [K; N],
    max: usize,
    taken: impl FnOnce() -> bool,
) -> Option<&mut V> {
    if let Some(at) = table.place(&keys[0]) {
        return Some(table.touch(at));
    }
    let has_room = table.len() < max;
    if sign == Sign::Add && has_room && taken() {
        return table.row(sign, &keys[0]);
    }
    let shared = &keys[1..];
    let known = shared.iter().position(|key| table.place(key).is_some());
    let at = known.unwrap_or(if has_room { 0 } else { shared.len() - 1 });
    table.row(sign, &shared[at])
}

fn counted(count: u64, report: &Report) -> u128 {
    u128::from(sign::number(count)) * u128::from(sign::weight(report.weight))
}

fn histogram(by: &mut [u128], of: &Latencies, report: &Report) {
    for (sum, &count) in by.iter_mut().zip(&of.buckets) {
        // Most buckets have nothing in them.
        if count > 0 {
            *sum = counted(count, report);
        }
    }
    by[LATENCY_BUCKETS] = weighted(report.weight, of.sum);
}

fn exemplar(of: &Latencies, report: &Report) -> Option<Exemplar> {
    let (length, span) = of.longest?;
    Some(Exemplar {
        trace: report.trace?,
        span,
        length,
        at: report.at,
    })
}
