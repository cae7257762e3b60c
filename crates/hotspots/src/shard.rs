//! One shard's aggregates: reports in, snapshots out.

mod restore;
mod snapshot;

use std::ops::Range;

use hotspan_model::{
    CallRow, FactRow, Fingerprint, LogTime, Lookup, Nanos, OpRef, Report, SegmentRow, ServiceRow, Symbol,
    TableSeed, TraceId,
};

use crate::Settings;
use crate::aggregate::Aggregate;
use crate::facts::{Fact, FactKey, used};
use crate::groups::Groups;
use crate::joint::{JointKey, JointSums};
use crate::metered::Metered;
use crate::moments::most;
use crate::near::{Near, NearKey};
use crate::sighting::{Sighting, sightings};
use crate::sign::{self, Sign, weighted};
use crate::table::Table;
use crate::times::Times;
use crate::topology::{Calls, Edge, EdgeKey, Operation, Order, Service, Totals};
use crate::versions::carried;

pub(crate) use self::restore::Head;
pub use self::restore::Loader;
pub use self::snapshot::Snapshot;

/// Old moments are dropped so often, from so many facts with each trace.
const SWEEP: Nanos = Nanos::from_secs(600);
const SWEPT_AT_ONCE: usize = 64;

/// What became of a trace whose report was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It is an exemplar of at least one hotspot: keep its spans.
    Exemplar,
    /// Only its numbers count.
    Numbers,
}

/// The aggregates of one shard. One owner; readers get [`Snapshot`]s.
///
/// Counts, sums and histograms are exact: subtracting what was added leaves no trace of it, within the bounds
/// of [`Settings`] and the age of the timelines. Sets of traces (reservoirs, exemplars) hold what was kept.
#[derive(Debug)]
pub struct Hotspots {
    settings: Settings,
    version: u64,
    /// The latest moment seen. It only grows, and decides which buckets are too old.
    newest: LogTime,
    /// For sorting a report's findings and grouping its rows; cleared, not freed.
    scratch: Vec<u32>,
    groups: Lists,
    totals: Totals,
    aggregates: Table<Fingerprint, Aggregate>,
    services: Table<Symbol, Service>,
    operations: Table<OperationKey, Operation>,
    edges: Table<EdgeKey, Edge>,
    orders: Table<u128, Order>,
    facts: Table<FactKey, Fact>,
    near: Table<NearKey, Near>,
    joints: Table<JointKey, JointSums>,
    metered: Metered,
    /// Moments in all facts.
    moments: usize,
    /// When old moments began to be dropped last, and the facts that were not looked at since: the first so many.
    swept: LogTime,
    dated: usize,
    /// The snapshot that was begun, still without rows.
    begun: Option<Snapshot>,
}

/// The rows of a report by key, list by list.
#[derive(Debug, Default)]
struct Lists {
    services: Groups,
    operations: Groups,
    edges: Groups,
    facts: Groups,
    near: Groups,
}

/// A service's operation; `None` for those beyond its bound.
pub(crate) type OperationKey = (Symbol, Option<Symbol>);

impl Hotspots {
    /// An empty shard.
    pub fn new(settings: Settings, seed: TableSeed) -> Hotspots {
        let operations_max = settings
            .services_max
            .saturating_mul(settings.operations_max.saturating_add(1))
            .min(settings.operations_of_all_max);
        Hotspots {
            version: 0,
            newest: LogTime::default(),
            scratch: Vec::new(),
            groups: Lists::default(),
            totals: Totals::default(),
            aggregates: Table::new(seed, 1, settings.hotspots_max),
            services: Table::new(seed, 2, settings.services_max),
            operations: Table::new(seed, 3, operations_max),
            edges: Table::new(seed, 4, settings.edges_max),
            orders: Table::new(seed, 5, settings.hand_offs_max),
            facts: Table::new(seed, 6, settings.facts_max),
            near: Table::new(seed, 7, settings.near_misses_max),
            joints: Table::new(seed, 8, settings.joints_max),
            metered: Metered::new(seed, settings.metered_max, settings.operations_max),
            moments: 0,
            swept: LogTime::default(),
            dated: 0,
            begun: None,
            settings,
        }
    }

    /// Adds what one version of a trace contributes.
    pub fn add(&mut self, report: &Report, dictionary: &dyn Lookup) -> Kept {
        if self.newest < report.at {
            self.turn(report.at);
        }
        let times = Times::new(report.at, self.newest);
        self.shift(Sign::Add, report, &times);
        let mut kept = Kept::Numbers;
        let mut scratch = std::mem::take(&mut self.scratch);
        for sighting in sightings(report, &mut scratch) {
            self.shift_carried(Sign::Add, &sighting, &times, dictionary);
            let row = self.aggregates.row(Sign::Add, &sighting.fingerprint());
            if row.is_some_and(|row| row.add(&sighting, &times, dictionary, &self.settings)) {
                kept = Kept::Exemplar;
            }
        }
        self.scratch = scratch;
        kept
    }

    /// Takes back what [`Hotspots::add`] added for the same report.
    pub fn subtract(&mut self, report: &Report, dictionary: &dyn Lookup) {
        let times = Times::new(report.at, self.newest);
        self.shift(Sign::Subtract, report, &times);
        let mut scratch = std::mem::take(&mut self.scratch);
        for sighting in sightings(report, &mut scratch) {
            self.shift_carried(Sign::Subtract, &sighting, &times, dictionary);
            if let Some(row) = self.aggregates.row(Sign::Subtract, &sighting.fingerprint()) {
                row.subtract(&sighting, &times, dictionary, &self.settings);
            }
        }
        self.scratch = scratch;
    }

    /// How many hotspots and candidates it holds.
    pub fn len(&self) -> usize {
        self.aggregates.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The traces that some of them refer to. Places only ever get lower, so whoever goes from the last to the first
    /// misses none that was there all the while.
    pub fn exemplars(&self, places: Range<usize>) -> impl Iterator<Item = TraceId> {
        let rows = places.take_while(|&at| at < self.len());
        rows.flat_map(|at| self.aggregates.value(at).exemplars.traces())
    }

    fn turn(&mut self, newest: LogTime) {
        self.newest = newest;
        self.aggregates.turn(newest);
        self.services.turn(newest);
        self.operations.turn(newest);
        self.edges.turn(newest);
        self.orders.turn(newest);
        self.facts.turn(newest);
        self.near.turn(newest);
        self.joints.turn(newest);
        // At fixed moments, so that a shard that began again in between drops the same.
        if newest.0 / SWEEP.0 != self.swept.0 / SWEEP.0 {
            self.swept = newest;
            self.dated = self.facts.len();
        }
        if self.dated > 0 {
            self.forget_moments();
        }
    }

    fn shift(&mut self, sign: Sign, report: &Report, times: &Times) {
        self.version += 1;
        self.totals.shift(sign, report, times);
        let mut groups = std::mem::take(&mut self.groups);
        self.shift_services(sign, report, &mut groups.services);
        self.shift_operations(sign, report, times, &mut groups.operations);
        self.shift_edges(sign, report, times, &mut groups.edges);
        self.shift_facts(sign, report, times, &mut groups.facts);
        self.shift_near(sign, report, times, &mut groups.near);
        self.groups = groups;
        self.metered.shift(sign, report);
        for hand_off in &report.hand_offs {
            if let Some(order) = self.orders.row(sign, &hand_off.key) {
                order.shift(sign, hand_off);
            }
        }
        for row in &report.joints {
            if let Some(sums) = self.joints.row(sign, &row.faults) {
                sums.shift(sign, row, report.weight);
            }
        }
    }

    fn shift_services(&mut self, sign: Sign, report: &Report, groups: &mut Groups) {
        let most = self.settings.entries_max;
        let (rows, key) = (&report.services, |row: &ServiceRow| row.service);
        groups.fill(&mut self.services, rows, key, |service| service.raw());
        for group in groups.iter(rows, key) {
            let Some(service) = self.services.enter(sign, &group.key, group.place) else {
                continue;
            };
            sign.count(&mut service.traces, 1);
            for row in group.rows() {
                service.shift(sign, row, most);
            }
        }
        for row in &report.path {
            if let Some(service) = self.services.row(sign, &row.service) {
                let sum = &mut service.path[row.category as usize];
                sign.sum(sum, weighted(report.weight, row.time));
            }
        }
    }

    fn shift_operations(&mut self, sign: Sign, report: &Report, times: &Times, groups: &mut Groups) {
        let (rows, own) = (&report.segments, |row: &SegmentRow| own_key(row.at));
        groups.fill(&mut self.operations, rows, own, |key| {
            (key.0.raw(), key.1.map_or(0, Symbol::raw))
        });
        for group in groups.iter(rows, own) {
            let key = match group.place {
                Some(_) => group.key,
                None => self.operation_key(sign, group.key),
            };
            let Some(operation) = self.operations.enter(sign, &key, group.place) else {
                continue;
            };
            for (nth, row) in group.rows().enumerate() {
                operation.shift(sign, row, nth == 0, report, times);
            }
        }
    }

    /// The row that an operation counts in: its own, or the shared one of its service.
    fn operation_key(&mut self, sign: Sign, own: OperationKey) -> OperationKey {
        let has_own = self.operations.place(&own).is_some();
        match has_own || (sign == Sign::Add && self.takes_operation(own.0)) {
            true => own,
            false => (own.0, None),
        }
    }

    /// Whether the service has room for one more operation, which is then taken.
    fn takes_operation(&mut self, service: Symbol) -> bool {
        let most = self.settings.operations_max;
        if self
            .services
            .known(&service)
            .is_some_and(|row| most <= row.operations)
        {
            for (service, _) in self.operations.sweep() {
                if let Some(row) = self.services.known(&service) {
                    row.operations = row.operations.saturating_sub(1);
                }
            }
        }
        let Some(row) = self.services.known(&service).filter(|row| row.operations < most) else {
            return false;
        };
        row.operations += 1;
        true
    }

    fn shift_edges(&mut self, sign: Sign, report: &Report, times: &Times, groups: &mut Groups) {
        let rows = &report.calls;
        groups.fill(&mut self.edges, rows, edge_key, EdgeKey::packed);
        for group in groups.iter(rows, edge_key) {
            if let Some(edge) = self.edges.enter(sign, &group.key, group.place) {
                edge.shift(sign, calls(group.rows()), report, times);
            }
        }
    }

    fn shift_facts(&mut self, sign: Sign, report: &Report, times: &Times, groups: &mut Groups) {
        // Call rows have a key each.
        for row in &report.calls {
            self.shift_alone(sign, &used(row), report, times);
        }
        let rows = &report.facts;
        groups.fill(&mut self.facts, rows, FactKey::of, FactKey::packed);
        for group in groups.iter(rows, FactKey::of) {
            self.shift_fact(sign, &group.key, group.place, group.rows(), report, times);
        }
    }

    /// What a version shows of a fault.
    fn shift_carried(&mut self, sign: Sign, sighting: &Sighting<'_>, times: &Times, dictionary: &dyn Lookup) {
        let source = dictionary.source(sighting.first.source);
        let row = carried(sighting, source.and_then(|source| source.version));
        self.shift_alone(sign, &row, sighting.report, times);
    }

    fn shift_near(&mut self, sign: Sign, report: &Report, times: &Times, groups: &mut Groups) {
        let most = self.settings.entries_max;
        let rows = &report.near_misses;
        groups.fill(&mut self.near, rows, NearKey::of, NearKey::packed);
        for group in groups.iter(rows, NearKey::of) {
            if let Some(near) = self.near.enter(sign, &group.key, group.place) {
                near.shift(sign, group.rows(), report, times, most);
            }
        }
    }

    /// A fact of which the report has no other row.
    fn shift_alone(&mut self, sign: Sign, row: &FactRow, report: &Report, times: &Times) {
        let key = FactKey::of(row);
        let place = self.facts.place(&key);
        self.shift_fact(sign, &key, place, std::iter::once(row), report, times);
    }

    /// Rows of one key.
    fn shift_fact<'r>(
        &mut self,
        sign: Sign,
        key: &FactKey,
        place: Option<usize>,
        rows: impl Iterator<Item = &'r FactRow>,
        report: &Report,
        times: &Times,
    ) {
        let at = match (place, sign) {
            (Some(at), _) => Some(at),
            (None, Sign::Add) if self.takes_fact(key.at.service) => self.facts.admit(key),
            (None, Sign::Add | Sign::Subtract) => None,
        };
        let Some(at) = at else {
            return self.facts.miss(sign);
        };
        let fact = self.facts.touch(at);
        let before = fact.moments.held();
        let room = |kind| self.moments < most(kind, self.settings.moments_max);
        fact.shift(sign, rows, report, times, room);
        self.moments = self.moments + fact.moments.held() - before;
    }

    /// Facts that nothing touches any more keep no moments. Some at a time, the last first: places only get lower.
    fn forget_moments(&mut self) {
        // What one sweep drops is the same whenever it comes to a fact.
        let newest = LogTime(self.swept.0 / SWEEP.0 * SWEEP.0);
        let end = self.dated.min(self.facts.len());
        self.dated = end.saturating_sub(SWEPT_AT_ONCE);
        for at in self.dated..end {
            let (key, fact) = self.facts.at(at);
            let kind = key.kind;
            if !fact.moments.is_dated(kind, newest) {
                continue;
            }
            let fact = self.facts.value_mut(at);
            self.moments -= fact.moments.held();
            fact.moments.forget(kind, newest);
            self.moments += fact.moments.held();
        }
    }

    /// Whether the service has room for one more fact, which is then taken.
    fn takes_fact(&mut self, service: Symbol) -> bool {
        let most = self.settings.facts_of_service_max;
        if self.facts.is_full() || self.services.known(&service).is_some_and(|row| most <= row.facts) {
            for key in self.facts.sweep() {
                if let Some(row) = self.services.known(&key.at.service) {
                    row.facts = row.facts.saturating_sub(1);
                }
            }
        }
        if self.facts.is_full() {
            return false;
        }
        let Some(row) = self.services.known(&service).filter(|row| row.facts < most) else {
            return false;
        };
        row.facts += 1;
        true
    }
}

fn own_key(at: OpRef) -> OperationKey {
    (at.service, Some(at.operation))
}

fn edge_key(row: &CallRow) -> EdgeKey {
    EdgeKey {
        from: row.from.service,
        target: row.target,
        callee: row.callee,
        class: row.class,
    }
}

fn calls<'a>(rows: impl Iterator<Item = &'a CallRow>) -> Calls {
    let mut sum = Calls::default();
    for row in rows {
        sum.calls += sign::number(row.calls);
        sum.failed += sign::number(row.failed);
        sum.time += sign::nanos(row.time);
        sum.path += sign::nanos(row.path);
        sum.longest = sum.longest.max(sign::nanos(row.path_in_trace));
    }
    sum
}
