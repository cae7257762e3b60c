//! The system as traces show it: services, operations, edges, the order of calls. All of it subtractable.

use std::hash::{Hash, Hasher};
use std::ops::Range;

use hotspan_model::{
    Category, Class, DefectKind, HandOff, HandOffOutcome, Input, MILLION, Millionths, Nanos, Report,
    SegmentRow, ServiceRow, Symbol, Target,
};

use crate::buckets::{Days, Hours, Point, Timeline};
use crate::calendar::Calendar;
use crate::distribution::Distribution;
use crate::recent::Recent;
use crate::sign::{self, Sign, narrow, weighted};
use crate::stored::stored;
use crate::tally::Tally;
use crate::times::Times;

/// Weighted critical-path time by category, in millionths of a nanosecond.
pub(crate) type PathSums = [u128; Category::ALL.len()];

/// One service.
#[derive(Clone, Debug, Default)]
pub(crate) struct Service {
    pub(crate) traces: u64,
    pub(crate) spans: u64,
    pub(crate) failed: u64,
    pub(crate) orphans: u64,
    pub(crate) parents: u64,
    pub(crate) lost_parents: u64,
    pub(crate) path: PathSums,
    pub(crate) versions: Tally<Symbol>,
    /// Traces that show each input; `input as usize` is the place.
    pub(crate) inputs: [u64; Input::ALL.len()],
    pub(crate) namespaces: Tally<Symbol>,
    /// Operations that have a row of their own. Who found room keeps it while it is used.
    pub(crate) operations: usize,
    /// Facts that have a row, in the same way.
    pub(crate) facts: usize,
}

impl Service {
    pub(crate) fn shift(&mut self, sign: Sign, row: &ServiceRow, most: usize) {
        sign.count(&mut self.spans, sign::number(row.spans));
        sign.count(&mut self.failed, sign::number(row.failed));
        sign.count(&mut self.orphans, sign::number(row.orphans));
        for input in Input::ALL.into_iter().filter(|&input| row.inputs.has(input)) {
            sign.count(&mut self.inputs[input as usize], 1);
        }
        sign.count(&mut self.parents, sign::number(row.parents));
        sign.count(&mut self.lost_parents, sign::number(row.lost_parents));
        if let Some(version) = row.version {
            self.versions.shift(sign, &version, 1, most);
        }
        if let Some(namespace) = row.namespace {
            self.namespaces.shift(sign, &namespace, 1, most);
        }
    }

    pub(crate) fn merge(&mut self, other: &Service) {
        Sign::Add.count(&mut self.traces, other.traces);
        Sign::Add.count(&mut self.spans, other.spans);
        Sign::Add.count(&mut self.failed, other.failed);
        Sign::Add.count(&mut self.orphans, other.orphans);
        for (sum, traces) in self.inputs.iter_mut().zip(other.inputs) {
            Sign::Add.count(sum, traces);
        }
        Sign::Add.count(&mut self.parents, other.parents);
        Sign::Add.count(&mut self.lost_parents, other.lost_parents);
        add_paths(&mut self.path, &other.path);
        self.versions.merge(&other.versions);
        self.namespaces.merge(&other.namespaces);
    }
}

/// One segment operation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Operation {
    /// Traces in which it was judged, and their weight.
    pub(crate) traces: u64,
    pub(crate) weighted_traces: u128,
    /// Segments: requests, and their weight.
    pub(crate) requests: u64,
    pub(crate) weighted: u128,
    pub(crate) failed: u64,
    pub(crate) weighted_failed: u128,
    pub(crate) entries: u64,
    pub(crate) durations: Distribution,
    pub(crate) path: PathSums,
    /// Requests and their weight over time; `exposure` counts the traces in which it was judged.
    pub(crate) hours: Hours,
    /// Traces in which it was judged, of the last hour.
    pub(crate) recent: Recent,
}

impl Operation {
    /// Counts one request. The `first` of a trace counts the trace as well.
    pub(crate) fn shift(
        &mut self,
        sign: Sign,
        row: &SegmentRow,
        first: bool,
        report: &Report,
        times: &Times,
    ) {
        let weight = u128::from(sign::weight(report.weight));
        if first {
            sign.count(&mut self.traces, 1);
            sign.sum(&mut self.weighted_traces, weight);
            self.recent.shift(sign, times);
        }
        sign.count(&mut self.requests, 1);
        sign.sum(&mut self.weighted, weight);
        if row.failed {
            sign.count(&mut self.failed, 1);
            sign.sum(&mut self.weighted_failed, weight);
        }
        sign.count(&mut self.entries, row.entry.into());
        if row.timed {
            self.durations.record(sign, sign::nanos(row.duration));
        }
        shift_paths(sign, &mut self.path, &row.path, report.weight);
        let point = Point {
            traces: 1,
            amount: weight,
            exposure: first.into(),
            ..Point::default()
        };
        self.hours.shift(sign, times, &point);
    }

    /// Traces in which it was judged, in these hours.
    pub(crate) fn judged(&self, hours: Range<u64>) -> u64 {
        narrow(self.hours.within(hours).exposure)
    }

    pub(crate) fn merge(&mut self, other: &Operation) {
        Sign::Add.count(&mut self.traces, other.traces);
        Sign::Add.sum(&mut self.weighted_traces, other.weighted_traces);
        Sign::Add.count(&mut self.requests, other.requests);
        Sign::Add.sum(&mut self.weighted, other.weighted);
        Sign::Add.count(&mut self.failed, other.failed);
        Sign::Add.sum(&mut self.weighted_failed, other.weighted_failed);
        Sign::Add.count(&mut self.entries, other.entries);
        self.durations.merge(&other.durations);
        add_paths(&mut self.path, &other.path);
        self.hours.merge(&other.hours);
        self.recent.merge(&other.recent);
    }
}

/// Who calls whom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EdgeKey {
    pub(crate) from: Symbol,
    pub(crate) target: Target,
    pub(crate) callee: Option<Symbol>,
    pub(crate) class: Class,
}

impl PartialEq for EdgeKey {
    fn eq(&self, other: &EdgeKey) -> bool {
        self.words() == other.words()
    }
}

impl Eq for EdgeKey {}

impl Hash for EdgeKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.words().into_iter().for_each(|word| state.write_u64(word));
    }
}

impl EdgeKey {
    /// All of it in few words, which are compared and hashed quickly.
    fn words(&self) -> [u64; 2] {
        let (from, answered, target, callee, class) = self.packed();
        let kind = u64::from(answered) | (class as u64) << 1;
        // Symbols are below 2^32.
        [
            u64::from(from) | u64::from(target) << 32,
            u64::from(callee) | kind << 32,
        ]
    }

    /// For grouping within one process; orders nothing that shows.
    pub(crate) fn packed(&self) -> (u32, bool, u32, u32, Class) {
        let (answered, target) = match self.target {
            Target::Service(service) => (true, service.raw()),
            Target::Callee(callee) => (false, callee.raw()),
        };
        let callee = self.callee.map_or(0, Symbol::raw);
        (self.from.raw(), answered, target, callee, self.class)
    }
}

/// What one trace says about an edge, and what all say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edge {
    pub(crate) traces: u64,
    /// Traces adjusted for sampling, in millionths.
    pub(crate) weighted: u128,
    /// Traces in which somebody waits for it.
    pub(crate) waited: u64,
    pub(crate) calls: u64,
    pub(crate) failed: u64,
    pub(crate) time: u128,
    pub(crate) path: u128,
    /// Critical-path time, weighted.
    pub(crate) weighted_path: u128,
    /// Calls in complete traces: without an answer there, there is nobody of ours to answer.
    pub(crate) complete_calls: u64,
    /// Longest critical-path time in a trace.
    pub(crate) path_in_trace: Distribution,
    /// Calls by day.
    pub(crate) days: Days,
    /// Traces, calls and exposure by hour.
    pub(crate) calendar: Calendar,
}

/// The calls of one trace along one edge.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Calls {
    pub(crate) calls: u64,
    pub(crate) failed: u64,
    pub(crate) time: u64,
    pub(crate) path: u64,
    pub(crate) longest: u64,
}

impl Edge {
    pub(crate) fn shift(&mut self, sign: Sign, by: Calls, report: &Report, times: &Times) {
        sign.count(&mut self.traces, 1);
        sign.sum(&mut self.weighted, sign::weight(report.weight).into());
        sign.count(&mut self.waited, (by.path > 0).into());
        sign.count(&mut self.calls, by.calls);
        sign.count(&mut self.failed, by.failed);
        sign.sum(&mut self.time, by.time.into());
        sign.sum(&mut self.path, by.path.into());
        sign.sum(&mut self.weighted_path, weighted(report.weight, Nanos(by.path)));
        if !report.incomplete {
            sign.count(&mut self.complete_calls, by.calls);
        }
        self.path_in_trace.record(sign, by.longest);
        let point = Point {
            traces: by.calls,
            ..Point::default()
        };
        self.days.shift(sign, times, &point);
        let exposure = weighted(report.weight, Nanos(by.path));
        self.calendar.shift(sign, times, by.calls, exposure);
    }

    pub(crate) fn merge(&mut self, other: &Edge) {
        Sign::Add.count(&mut self.traces, other.traces);
        Sign::Add.sum(&mut self.weighted, other.weighted);
        Sign::Add.count(&mut self.waited, other.waited);
        Sign::Add.count(&mut self.calls, other.calls);
        Sign::Add.count(&mut self.failed, other.failed);
        Sign::Add.sum(&mut self.time, other.time);
        Sign::Add.sum(&mut self.path, other.path);
        Sign::Add.sum(&mut self.weighted_path, other.weighted_path);
        Sign::Add.count(&mut self.complete_calls, other.complete_calls);
        self.path_in_trace.merge(&other.path_in_trace);
        self.days.merge(&other.days);
        self.calendar.merge(&other.calendar);
    }
}

/// How two operations below one kind of parent lay to each other, over traces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) a_before_b: u64,
    pub(crate) b_before_a: u64,
    pub(crate) overlap: u64,
    pub(crate) survived_failure: u64,
}

impl Order {
    pub(crate) fn shift(&mut self, sign: Sign, hand_off: &HandOff) {
        let outcome = match hand_off.outcome {
            HandOffOutcome::ABeforeB => &mut self.a_before_b,
            HandOffOutcome::BBeforeA => &mut self.b_before_a,
            HandOffOutcome::Overlap => &mut self.overlap,
        };
        sign.count(outcome, 1);
        sign.count(&mut self.survived_failure, hand_off.survived_failure.into());
    }

    pub(crate) fn merge(&mut self, other: &Order) {
        Sign::Add.count(&mut self.a_before_b, other.a_before_b);
        Sign::Add.count(&mut self.b_before_a, other.b_before_a);
        Sign::Add.count(&mut self.overlap, other.overlap);
        Sign::Add.count(&mut self.survived_failure, other.survived_failure);
    }
}

/// Sums over everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) traces: u64,
    pub(crate) weighted: u128,
    pub(crate) incomplete: u64,
    pub(crate) spans: u64,
    pub(crate) defects: [u64; DefectKind::ALL.len()],
    /// Findings that the code accepts.
    pub(crate) ignored: u64,
    /// Critical-path time of primary units, weighted.
    pub(crate) path: u128,
    pub(crate) timeline: Timeline,
}

impl Totals {
    pub(crate) fn shift(&mut self, sign: Sign, report: &Report, times: &Times) {
        sign.count(&mut self.traces, 1);
        sign.sum(&mut self.weighted, sign::weight(report.weight).into());
        sign.count(&mut self.incomplete, report.incomplete.into());
        sign.count(&mut self.spans, sign::number(report.spans));
        sign.count(&mut self.ignored, report.ignored.into());
        for (mine, theirs) in self.defects.iter_mut().zip(report.defects) {
            // Most traces have none.
            if theirs > 0 {
                sign.count(mine, theirs.into());
            }
        }
        for row in &report.path {
            sign.sum(&mut self.path, weighted(report.weight, row.time));
        }
        let point = Point {
            traces: 1,
            ..Point::default()
        };
        self.timeline.shift(sign, times, &point);
    }

    pub(crate) fn merge(&mut self, other: &Totals) {
        Sign::Add.count(&mut self.traces, other.traces);
        Sign::Add.sum(&mut self.weighted, other.weighted);
        Sign::Add.count(&mut self.incomplete, other.incomplete);
        Sign::Add.count(&mut self.spans, other.spans);
        Sign::Add.count(&mut self.ignored, other.ignored);
        for (mine, theirs) in self.defects.iter_mut().zip(other.defects) {
            Sign::Add.count(mine, theirs);
        }
        Sign::Add.sum(&mut self.path, other.path);
        self.timeline.merge(&other.timeline);
    }
}

fn shift_paths(sign: Sign, sums: &mut PathSums, by: &[Nanos; Category::ALL.len()], weight: Millionths) {
    for (sum, &time) in sums.iter_mut().zip(by) {
        // Most categories are none of a segment's.
        if time > Nanos::ZERO {
            sign.sum(sum, weighted(weight, time));
        }
    }
}

fn add_paths(sums: &mut PathSums, by: &PathSums) {
    for (sum, &more) in sums.iter_mut().zip(by) {
        Sign::Add.sum(sum, more);
    }
}

/// A share in per cent, for people.
pub(crate) fn percent(share: Millionths) -> u64 {
    (share.0 + MILLION / 200) / (MILLION / 100)
}

stored!(Service {
    traces, spans, failed, orphans, parents, lost_parents, path, versions, inputs, namespaces,
} but operations, facts);
stored!(Operation {
    traces,
    weighted_traces,
    requests,
    weighted,
    failed,
    weighted_failed,
    entries,
    durations,
    path,
    hours,
    recent,
});
stored!(EdgeKey {
    from,
    target,
    callee,
    class,
});
stored!(Edge {
    traces,
    weighted,
    waited,
    calls,
    failed,
    time,
    path,
    weighted_path,
    complete_calls,
    path_in_trace,
    days,
    calendar,
});
stored!(Order {
    a_before_b,
    b_before_a,
    overlap,
    survived_failure,
});
stored!(Totals {
    traces,
    weighted,
    incomplete,
    spans,
    defects,
    ignored,
    path,
    timeline,
});
