//! Facts over traces: one bounded table of sums by key, which all detectors over traces read.
//!
//! A row is what all traces say about one key of [`FactRow`]s: counts, sums, histograms and short histories, all of
//! them subtractable. Rows are merged by text when read. No service has more than its share of them.

use std::hash::{Hash, Hasher};

use hotspan_model::{
    CallRow, Class, FactKind, FactRow, Lookup, Nanos, OpRef, Report, SpanId, Symbol, Target, TraceId,
};

use crate::calendar::Calendar;
use crate::distribution::Distribution;
use crate::ignored::Ignored;
use crate::moments::Moments;
use crate::sign::{self, Sign, weighted};
use crate::stored::stored;
use crate::times::Times;

/// What tells facts apart in one process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FactKey {
    pub(crate) kind: FactKind,
    pub(crate) class: Class,
    pub(crate) at: OpRef,
    pub(crate) other: Option<Symbol>,
    pub(crate) what: Option<Symbol>,
    pub(crate) group: u64,
}

impl PartialEq for FactKey {
    fn eq(&self, other: &FactKey) -> bool {
        // All at once: it is mostly the same, and a branch for each part would cost as much as the part.
        let symbols = self.symbols().into_iter().zip(other.symbols());
        let differing = symbols.fold(0, |differing, (a, b)| differing | (a ^ b));
        let kinds = (self.kind as u32 ^ other.kind as u32) | (self.class as u32 ^ other.class as u32);
        u64::from(differing | kinds) | (self.group ^ other.group) == 0
    }
}

impl Eq for FactKey {}

impl Hash for FactKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.words().into_iter().for_each(|word| state.write_u64(word));
    }
}

impl FactKey {
    /// All of it in few words, which are hashed quickly.
    fn words(&self) -> [u64; 4] {
        let pair = |a: u32, b: u32| u64::from(a) | u64::from(b) << 32;
        let [service, operation, other, what] = self.symbols();
        [
            pair(service, operation),
            pair(other, what),
            self.group,
            pair(self.kind as u32, self.class as u32),
        ]
    }

    fn symbols(&self) -> [u32; 4] {
        let raw = |symbol: Option<Symbol>| symbol.map_or(0, Symbol::raw);
        [
            self.at.service.raw(),
            self.at.operation.raw(),
            raw(self.other),
            raw(self.what),
        ]
    }

    pub(crate) fn of(row: &FactRow) -> FactKey {
        FactKey {
            kind: row.kind,
            class: row.class,
            at: row.at,
            other: row.other,
            what: row.what,
            group: row.group,
        }
    }

    /// For grouping within one process; orders nothing that shows.
    pub(crate) fn packed(&self) -> (FactKind, Class, [u32; 4], u64) {
        (self.kind, self.class, self.symbols(), self.group)
    }
}

/// The same by text: what tells facts apart everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FactText<'a> {
    pub(crate) kind: FactKind,
    pub(crate) service: &'a str,
    pub(crate) operation: &'a str,
    pub(crate) class: Class,
    pub(crate) other: Option<&'a str>,
    pub(crate) what: Option<&'a str>,
    pub(crate) group: u64,
}

impl<'a> FactText<'a> {
    pub(crate) fn new(key: &FactKey, dictionary: &'a dyn Lookup) -> FactText<'a> {
        let text = |symbol: Symbol| dictionary.text(symbol);
        FactText {
            kind: key.kind,
            service: text(key.at.service),
            operation: text(key.at.operation),
            class: key.class,
            other: key.other.map(text),
            what: key.what.map(text),
            group: key.group,
        }
    }
}

/// The trace that shows a fact best.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) path: u64,
    pub(crate) trace: TraceId,
    version: u32,
    pub(crate) span: SpanId,
    pub(crate) count: u64,
}

impl Shown {
    /// Greater is worse. Ties go to the smaller trace id.
    pub(crate) fn badness(&self) -> (u64, std::cmp::Reverse<TraceId>) {
        (self.path, std::cmp::Reverse(self.trace))
    }
}

/// What all traces say about one key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fact {
    pub(crate) traces: u64,
    /// Traces adjusted for sampling, in millionths.
    pub(crate) weighted: u128,
    pub(crate) count: u64,
    pub(crate) time: u128,
    pub(crate) inner: u128,
    pub(crate) path: u128,
    /// Of `time`, for kinds that are compared by how long they take.
    pub(crate) times: Distribution,
    /// Of `inner`, for the same but requests, which have none.
    pub(crate) inners: Distribution,
    pub(crate) calendar: Calendar,
    pub(crate) moments: Moments,
    pub(crate) ignored: Ignored,
    /// Evidence and nothing else rests on it: like an exemplar, it may be a lesser one after a revision.
    pub(crate) shown: Option<Shown>,
}

impl Fact {
    /// Adds the rows of one trace under one key, or takes them back. Without `room` new moments are only counted.
    pub(crate) fn shift<'r>(
        &mut self,
        sign: Sign,
        rows: impl Iterator<Item = &'r FactRow>,
        report: &Report,
        times: &Times,
        room: impl Fn(FactKind) -> bool,
    ) {
        let (mut count, mut path, mut span, mut ignored) = (0_u64, 0_u64, None, None);
        let (mut whole, mut whole_inner) = (0_u128, 0_u128);
        for row in rows {
            let (time, inner) = (sign::nanos(row.time), sign::nanos(row.inner));
            count = count.saturating_add(sign::number(row.count));
            path = path.saturating_add(sign::nanos(row.path));
            span = span.min(row.span).or(row.span).or(span);
            ignored = ignored.or(row.ignored);
            whole += u128::from(time);
            whole_inner += u128::from(inner);
            if is_measured(row.kind) {
                self.times.record(sign, time);
                if row.kind != FactKind::Served {
                    self.inners.record(sign, inner);
                }
            }
            if row.moment.is_some() {
                self.moments.shift(sign, row, times, room(row.kind));
            }
        }
        sign.sum(&mut self.time, whole);
        // Most kinds have no other side.
        if whole_inner > 0 {
            sign.sum(&mut self.inner, whole_inner);
        }
        sign.count(&mut self.traces, 1);
        sign.sum(&mut self.weighted, sign::weight(report.weight).into());
        sign.count(&mut self.count, count);
        sign.sum(&mut self.path, path.into());
        let exposure = weighted(report.weight, Nanos(path));
        self.calendar.shift(sign, times, count, exposure);
        if let Some(ignored) = ignored {
            self.ignored.shift(sign, ignored, times);
        }
        self.show(sign, report, (count, path, span));
    }

    fn show(&mut self, sign: Sign, report: &Report, (count, path, span): (u64, u64, Option<SpanId>)) {
        let (Some(trace), Some(span)) = (report.trace, span) else {
            return;
        };
        let own = Shown {
            path,
            trace,
            version: report.version,
            span,
            count,
        };
        let held = self.shown;
        match sign {
            Sign::Add if held.is_none_or(|held| held.badness() < own.badness()) => self.shown = Some(own),
            Sign::Subtract if held.is_some_and(|held| held.trace == trace && held.version <= own.version) => {
                self.shown = None;
            }
            Sign::Add | Sign::Subtract => {}
        }
    }

    /// Adds that of another shard.
    pub(crate) fn merge(&mut self, other: &Fact) {
        let add = Sign::Add;
        add.count(&mut self.traces, other.traces);
        add.sum(&mut self.weighted, other.weighted);
        add.count(&mut self.count, other.count);
        add.sum(&mut self.time, other.time);
        add.sum(&mut self.inner, other.inner);
        add.sum(&mut self.path, other.path);
        self.times.merge(&other.times);
        self.inners.merge(&other.inners);
        self.calendar.merge(&other.calendar);
        self.moments.merge(&other.moments);
        self.ignored.merge(&other.ignored);
        let worse = |held: Shown| other.shown.is_some_and(|shown| held.badness() < shown.badness());
        if self.shown.is_none_or(worse) {
            self.shown = other.shown.or(self.shown);
        }
    }
}

/// Whether a kind is compared by how long it takes.
fn is_measured(kind: FactKind) -> bool {
    matches!(
        kind,
        FactKind::Served | FactKind::Carried | FactKind::Queued | FactKind::Waited
    )
}

/// The fact that a call row is.
pub(crate) fn used(row: &CallRow) -> FactRow {
    let other = match row.target {
        Target::Service(service) => service,
        Target::Callee(callee) => callee,
    };
    FactRow {
        other: Some(other),
        what: row.template,
        count: row.calls,
        time: row.time,
        path: row.path,
        span: row.span,
        ignored: row.ignored,
        ..FactRow::new(FactKind::Used, row.class, row.from)
    }
}

stored!(FactKey {
    at,
    kind,
    class,
    other,
    what,
    group,
});
stored!(Shown {
    path,
    trace,
    version,
    span,
    count,
});
stored!(Fact {
    traces,
    weighted,
    count,
    time,
    inner,
    path,
    times,
    inners,
    calendar,
    moments,
    ignored,
    shown,
});
