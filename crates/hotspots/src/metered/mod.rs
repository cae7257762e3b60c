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
use crate::table::{Marked, Table};

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
        let service = Some(row.at.service);
        let key = |service, operation| (service, operation, row.kind, row.failed);
        let own = key(service, Some(row.at.operation));
        let shared = [key(service, None), key(None, None)];
        let names = &mut self.names;
        let sums = enter(&mut self.spans, sign, own, shared, self.max, || {
            names.takes(row.at)
        });
        let Some(sums) = sums else { return };
        sums.shift(sign, span_at::COUNT, counted(row.count, report));
        histogram(sums, sign, 0, &row.latencies, report);
        sums.show(0, sign, exemplar(&row.latencies, report));
    }

    fn shift_link(&mut self, sign: Sign, row: &LinkRow, report: &Report) {
        let (own, shared) = ((Some(row.ends), row.class), [(None, row.class)]);
        let Some(sums) = enter(&mut self.links, sign, own, shared, self.max, || true) else {
            return;
        };
        sums.shift(sign, link_at::CALLS, counted(row.calls, report));
        if row.failed > 0 {
            sums.shift(sign, link_at::FAILED, counted(row.failed, report));
        }
        let beside = row.client.sum.minus(row.path);
        for (place, time) in [(link_at::PATH, row.path), (link_at::BESIDE, beside)] {
            if time > Nanos::ZERO {
                sums.shift(sign, place, weighted(report.weight, time));
            }
        }
        for (place, from, times) in [(0, 0, &row.client), (1, link_at::SERVER, &row.server)] {
            if times.longest.is_some() {
                histogram(sums, sign, from, times, report);
                sums.show(place, sign, exemplar(times, report));
            }
        }
    }

    fn shift_path(&mut self, sign: Sign, row: &SegmentRow, report: &Report) {
        if row.path.iter().all(|&time| time == Nanos::ZERO) {
            return;
        }
        let service = Some(row.at.service);
        let (own, shared) = ((service, Some(row.at.operation)), [(service, None), (None, None)]);
        let names = &mut self.names;
        let sums = enter(&mut self.paths, sign, own, shared, self.max, || {
            names.takes(row.at)
        });
        let Some(sums) = sums else { return };
        for (category, &time) in row.path.iter().enumerate() {
            // Most categories are none of a segment's.
            if time > Nanos::ZERO {
                sums.shift(sign, category, weighted(report.weight, time));
            }
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
            let (own, shared) = (key(first), [(first.detector, None)]);
            let Some(sums) = enter(&mut self.findings, sign, own, shared, self.max, || true) else {
                continue;
            };
            sums.shift(sign, finding_at::TRACES, counted(1, report));
            for finding in group.iter().map(finding) {
                let (path, saving) = (finding.path, finding.saving.likely);
                sums.shift(sign, finding_at::PATH, weighted(report.weight, path));
                sums.shift(sign, finding_at::SAVING, weighted(report.weight, saving));
            }
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

    /// What a snapshot is taken of.
    pub(crate) fn tables(&mut self) -> [&mut dyn Marked; 4] {
        [
            &mut self.spans,
            &mut self.links,
            &mut self.paths,
            &mut self.findings,
        ]
    }

    /// What readers get, once all is moved.
    pub(crate) fn marked(&self) -> Shot {
        Shot {
            spans: self.spans.marked(),
            links: self.links.marked(),
            paths: self.paths.marked(),
            findings: self.findings.marked(),
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

/// The row of a key; without one that of the first `shared` key that has one; else a new one: of the key itself, unless
/// there is no room or it is not `taken`, then of the next. The last shared key has room beyond `max`. Nothing is
/// forgotten, so what is taken back is found where it went.
#[inline]
fn enter<K: Hash + Eq + Clone, V: Default + Clone, const N: usize>(
    table: &mut Table<K, V>,
    sign: Sign,
    own: K,
    shared: [K; N],
    max: usize,
    taken: impl FnOnce() -> bool,
) -> Option<&mut V> {
    match table.place(&own) {
        Some(at) => Some(table.touch(at)),
        None => enter_new(table, sign, own, shared, max, taken),
    }
}

#[cold]
fn enter_new<K: Hash + Eq + Clone, V: Default + Clone, const N: usize>(
    table: &mut Table<K, V>,
    sign: Sign,
    own: K,
    shared: [K; N],
    max: usize,
    taken: impl FnOnce() -> bool,
) -> Option<&mut V> {
    let has_room = table.len() < max;
    if sign == Sign::Add && has_room && taken() {
        return table.row(sign, &own);
    }
    let known = shared.iter().position(|key| table.place(key).is_some());
    let at = known.unwrap_or(if has_room { 0 } else { shared.len() - 1 });
    table.row(sign, &shared[at])
}

fn counted(count: u64, report: &Report) -> u128 {
    u128::from(sign::number(count)) * u128::from(sign::weight(report.weight))
}

/// Adds times to the places from `from` on: buckets, then the sum.
#[inline]
fn histogram<const N: usize>(sums: &mut Rising<N>, sign: Sign, from: usize, of: &Latencies, report: &Report) {
    for (bucket, count) in of.filled() {
        sums.shift(sign, from + bucket, counted(count, report));
    }
    sums.shift(sign, from + LATENCY_BUCKETS, weighted(report.weight, of.sum));
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
