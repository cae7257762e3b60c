//! All that one trace says about one fingerprint.

use std::cmp::Reverse;

use hotspan_model::{Finding, Fingerprint, Identity, LogTime, Millionths, Moved, Report, Saving, TraceId};

use crate::buckets::Point;
use crate::sign::{self, weighted};

/// The findings of one fingerprint in one report, as one.
#[derive(Clone, Debug)]
pub(crate) struct Sighting<'a> {
    /// The report they stand in.
    pub(crate) report: &'a Report,
    /// Which trace.
    pub(crate) trace: TraceId,
    /// Its place in every reservoir.
    pub(crate) order: u128,
    /// The one with the most critical-path time, which speaks for all where numbers do not add up.
    pub(crate) first: &'a Finding,
    /// Members.
    pub(crate) calls: u64,
    /// Critical-path time.
    pub(crate) path: u64,
    /// What the fix would save. Findings of one trace share no path time, so neither do their savings.
    pub(crate) saving: Saving,
    /// Duration of the unit of `first`, and what it would likely be.
    pub(crate) unit: Moved,
    /// Reaches the cost that opens a hotspot at once.
    pub(crate) dear: bool,
    /// Nothing of it is a fault in one trace alone.
    pub(crate) needs_many: bool,
    /// What it adds to the timeline.
    pub(crate) point: Point,
}

/// Work that nobody waits for counts a fifth.
const UNAWAITED: u64 = 5;

/// What a weighted time counts.
pub(crate) fn waited(awaited: bool, time: u128) -> u128 {
    match awaited {
        true => time,
        false => sign::quotient(time, UNAWAITED),
    }
}

/// The place of a trace in the reservoirs: the same in every installation.
pub(crate) fn order(trace: TraceId) -> u128 {
    Identity::new("reservoir").number(trace.get()).finish()
}

/// What `report` says, one entry a fingerprint, ascending. `scratch` is for the places of its findings.
pub(crate) fn sightings<'a>(
    report: &'a Report,
    scratch: &'a mut Vec<u32>,
) -> impl Iterator<Item = Sighting<'a>> {
    let finding = |at: u32| &report.findings[at as usize];
    scratch.clear();
    scratch.extend((0..).take(report.findings.len()));
    let key = |at: u32| (finding(at).fingerprint, Reverse(finding(at).path));
    let id = |at: u32| report.trace.map(|trace| finding(at).id(trace));
    scratch.sort_unstable_by(|&a, &b| {
        let equal = || (id(a), a).cmp(&(id(b), b));
        key(a).cmp(&key(b)).then_with(equal)
    });
    let found = report.trace.filter(|_| !report.findings.is_empty());
    let order = found.map(|trace| (trace, order(trace)));
    let groups = scratch.chunk_by(move |&a, &b| finding(a).fingerprint == finding(b).fingerprint);
    groups.filter_map(move |group| Some(sighting(report, order?, group)))
}

fn sighting<'a>(report: &'a Report, (trace, order): (TraceId, u128), group: &[u32]) -> Sighting<'a> {
    let findings = group.iter().map(|&at| &report.findings[at as usize]);
    let mut sum = Sighting {
        report,
        trace,
        order,
        first: &report.findings[group[0] as usize],
        calls: 0,
        path: 0,
        saving: Saving::default(),
        unit: Moved {
            before: report.findings[group[0] as usize].unit,
            after: report.findings[group[0] as usize].unit,
        },
        dear: false,
        needs_many: true,
        point: Point {
            traces: 1,
            ..Point::default()
        },
    };
    for finding in findings {
        let path = sign::nanos(finding.path);
        sum.calls = sum.calls.saturating_add(sign::number(finding.calls));
        sum.path = sum.path.saturating_add(path);
        sum.saving.min = sum.saving.min.plus(finding.saving.min);
        sum.saving.likely = sum.saving.likely.plus(finding.saving.likely);
        sum.saving.max = sum.saving.max.plus(finding.saving.max);
        // Units are told apart by their durations: a report does not say more of them.
        if finding.unit == sum.first.unit {
            sum.unit.after = sum.unit.after.minus(finding.saving.likely);
        }
        sum.dear |= finding.dear;
        sum.needs_many &= finding.needs_many;
        sum.point.amount += u128::from(path);
        let weighted = |time| waited(finding.awaited, weighted(report.weight, time));
        sum.point.saving += weighted(finding.saving.likely);
        sum.point.exposure += weighted(finding.path);
    }
    sum
}

impl Sighting<'_> {
    /// Its hotspot.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        self.first.fingerprint
    }

    /// When it counts.
    pub(crate) fn at(&self) -> LogTime {
        self.report.at
    }

    /// How many traces it stands for.
    pub(crate) fn weight(&self) -> Millionths {
        self.report.weight
    }
}
