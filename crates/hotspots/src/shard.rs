//! One shard's aggregates: reports in, snapshots out.

use std::collections::BTreeSet;
use std::sync::Arc;

use hotspan_model::{
    CallRow, FactRow, Fingerprint, LogTime, Lookup, Nanos, OpRef, Report, Symbol, TableSeed, TraceId,
};

use crate::Settings;
use crate::aggregate::Aggregate;
use crate::facts::{Fact, FactKey, used};
use crate::joint::{JointKey, JointSums};
use crate::near::{Near, NearKey};
use crate::sighting::{Sighting, sightings};
use crate::sign::{self, Sign, weighted};
use crate::table::{Table, sort};
use crate::topology::{Calls, Edge, EdgeKey, Operation, Order, Service, Totals};

/// Old moments are dropped so often.
const SWEEP: Nanos = Nanos::from_secs(600);

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
    /// For grouping a report's rows; cleared, not freed.
    scratch: Vec<u32>,
    totals: Totals,
    aggregates: Table<Fingerprint, Arc<Aggregate>>,
    services: Table<Symbol, Arc<Service>>,
    operations: Table<OperationKey, Arc<Operation>>,
    edges: Table<EdgeKey, Arc<Edge>>,
    orders: Table<u128, Order>,
    facts: Table<FactKey, Arc<Fact>>,
    near: Table<NearKey, Arc<Near>>,
    joints: Table<JointKey, Arc<JointSums>>,
    /// Moments in all facts.
    moments: usize,
    /// When old moments were dropped last.
    swept: LogTime,
}

/// A service's operation; `None` for those beyond its bound.
pub(crate) type OperationKey = (Symbol, Option<Symbol>);

/// An immutable picture of one shard.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Grows with every change of the shard.
    pub version: u64,
    pub(crate) newest: LogTime,
    pub(crate) totals: Totals,
    pub(crate) aggregates: Arc<Vec<(Fingerprint, Arc<Aggregate>)>>,
    pub(crate) services: Arc<Vec<(Symbol, Arc<Service>)>>,
    pub(crate) operations: Arc<Vec<(OperationKey, Arc<Operation>)>>,
    pub(crate) edges: Arc<Vec<(EdgeKey, Arc<Edge>)>>,
    pub(crate) orders: Arc<Vec<(u128, Order)>>,
    pub(crate) facts: Arc<Vec<(FactKey, Arc<Fact>)>>,
    pub(crate) near: Arc<Vec<(NearKey, Arc<Near>)>>,
    pub(crate) joints: Arc<Vec<(JointKey, Arc<JointSums>)>>,
    /// Sightings of fingerprints that found no row.
    pub(crate) sightings_beyond: u64,
    /// Other contributions that found no row.
    pub(crate) rows_beyond: u64,
}

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
            totals: Totals::default(),
            aggregates: Table::new(seed, 1, settings.hotspots_max),
            services: Table::new(seed, 2, settings.services_max),
            operations: Table::new(seed, 3, operations_max),
            edges: Table::new(seed, 4, settings.edges_max),
            orders: Table::new(seed, 5, settings.hand_offs_max),
            facts: Table::new(seed, 6, settings.facts_max),
            near: Table::new(seed, 7, settings.near_misses_max),
            joints: Table::new(seed, 8, settings.joints_max),
            moments: 0,
            swept: LogTime::default(),
            settings,
        }
    }

    /// Adds what one version of a trace contributes.
    pub fn add(&mut self, report: &Report, dictionary: &dyn Lookup) -> Kept {
        if self.newest < report.at {
            self.turn(report.at);
        }
        self.shift(Sign::Add, report);
        let mut kept = Kept::Numbers;
        let mut scratch = std::mem::take(&mut self.scratch);
        for sighting in sightings(report, &mut scratch) {
            if self.add_sighting(&sighting, dictionary) {
                kept = Kept::Exemplar;
            }
        }
        self.scratch = scratch;
        kept
    }

    /// Takes back what [`Hotspots::add`] added for the same report.
    pub fn subtract(&mut self, report: &Report, dictionary: &dyn Lookup) {
        self.shift(Sign::Subtract, report);
        let mut scratch = std::mem::take(&mut self.scratch);
        for sighting in sightings(report, &mut scratch) {
            if let Some(row) = self.aggregates.row(Sign::Subtract, &sighting.fingerprint()) {
                Arc::make_mut(row).subtract(&sighting, self.newest, dictionary, &self.settings);
            }
        }
        self.scratch = scratch;
    }

    /// The shard as it is now; shares all rows with the shard until they change.
    pub fn snapshot(&mut self) -> Arc<Snapshot> {
        Arc::new(Snapshot {
            version: self.version,
            newest: self.newest,
            totals: self.totals.clone(),
            aggregates: Arc::clone(self.aggregates.rows()),
            services: Arc::clone(self.services.rows()),
            operations: Arc::clone(self.operations.rows()),
            edges: Arc::clone(self.edges.rows()),
            orders: Arc::clone(self.orders.rows()),
            facts: Arc::clone(self.facts.rows()),
            near: Arc::clone(self.near.rows()),
            joints: Arc::clone(self.joints.rows()),
            sightings_beyond: self.aggregates.beyond(),
            rows_beyond: self.services.beyond()
                + self.operations.beyond()
                + self.edges.beyond()
                + self.orders.beyond()
                + self.facts.beyond()
                + self.near.beyond()
                + self.joints.beyond(),
        })
    }

    /// The traces that hotspots still refer to.
    pub fn exemplars(&self) -> BTreeSet<TraceId> {
        let rows = self.aggregates.rows().iter();
        rows.flat_map(|row| row.1.exemplars.traces()).collect()
    }

    fn add_sighting(&mut self, sighting: &Sighting<'_>, dictionary: &dyn Lookup) -> bool {
        let Some(row) = self.aggregates.row(Sign::Add, &sighting.fingerprint()) else {
            return false;
        };
        Arc::make_mut(row).add(sighting, self.newest, dictionary, &self.settings)
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
        if SWEEP <= newest.since(self.swept) {
            self.swept = newest;
            self.forget_moments();
        }
    }

    fn shift(&mut self, sign: Sign, report: &Report) {
        self.version += 1;
        self.totals.shift(sign, report, self.newest);
        self.shift_services(sign, report);
        self.shift_operations(sign, report);
        self.shift_edges(sign, report);
        self.shift_facts(sign, report);
        self.shift_near(sign, report);
        for hand_off in &report.hand_offs {
            if let Some(order) = self.orders.row(sign, &hand_off.key) {
                order.shift(sign, hand_off);
            }
        }
        for row in &report.joints {
            if let Some(sums) = self.joints.row(sign, &row.faults) {
                Arc::make_mut(sums).shift(sign, row, report.weight);
            }
        }
    }

    fn shift_services(&mut self, sign: Sign, report: &Report) {
        let most = self.settings.entries_max;
        let rows = &report.services;
        sort(&mut self.scratch, rows, |row| row.service.raw());
        for group in self
            .scratch
            .chunk_by(|&a, &b| rows[a as usize].service == rows[b as usize].service)
        {
            let service = &rows[group[0] as usize].service;
            let Some(service) = self.services.row(sign, service) else {
                continue;
            };
            let service = Arc::make_mut(service);
            sign.count(&mut service.traces, 1);
            for &at in group {
                service.shift(sign, &rows[at as usize], most);
            }
        }
        for row in &report.path {
            if let Some(service) = self.services.row(sign, &row.service) {
                let sum = &mut Arc::make_mut(service).path[row.category as usize];
                sign.sum(sum, weighted(report.weight, row.time));
            }
        }
    }

    fn shift_operations(&mut self, sign: Sign, report: &Report) {
        let rows = &report.segments;
        let mut scratch = std::mem::take(&mut self.scratch);
        sort(&mut scratch, rows, |row| {
            (row.at.service.raw(), row.at.operation.raw())
        });
        for group in scratch.chunk_by(|&a, &b| rows[a as usize].at == rows[b as usize].at) {
            let key = self.operation_key(sign, rows[group[0] as usize].at);
            let Some(operation) = self.operations.row(sign, &key) else {
                continue;
            };
            let operation = Arc::make_mut(operation);
            for (nth, &at) in group.iter().enumerate() {
                operation.shift(sign, &rows[at as usize], nth == 0, report, self.newest);
            }
        }
        self.scratch = scratch;
    }

    /// The row that an operation counts in: its own, or the shared one of its service.
    fn operation_key(&mut self, sign: Sign, at: OpRef) -> OperationKey {
        let own = (at.service, Some(at.operation));
        if self.operations.has(&own) {
            return own;
        }
        if sign == Sign::Add && self.takes_operation(at.service) {
            return own;
        }
        (at.service, None)
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
                    Arc::make_mut(row).operations = row.operations.saturating_sub(1);
                }
            }
        }
        let Some(row) = self.services.known(&service).filter(|row| row.operations < most) else {
            return false;
        };
        Arc::make_mut(row).operations += 1;
        true
    }

    fn shift_edges(&mut self, sign: Sign, report: &Report) {
        let rows = &report.calls;
        sort(&mut self.scratch, rows, |row| edge_key(row).packed());
        let same = |a: u32, b: u32| edge_key(&rows[a as usize]) == edge_key(&rows[b as usize]);
        for group in self.scratch.chunk_by(|&a, &b| same(a, b)) {
            let key = edge_key(&rows[group[0] as usize]);
            if let Some(edge) = self.edges.row(sign, &key) {
                let calls = calls(group.iter().map(|&at| &rows[at as usize]));
                Arc::make_mut(edge).shift(sign, calls, report, self.newest);
            }
        }
    }

    fn shift_facts(&mut self, sign: Sign, report: &Report) {
        // Call rows have a key each.
        for row in &report.calls {
            self.shift_fact(sign, std::iter::once(&used(row)), report);
        }
        let rows = &report.facts;
        let mut scratch = std::mem::take(&mut self.scratch);
        sort(&mut scratch, rows, |row| FactKey::of(row).packed());
        let key = |at: u32| FactKey::of(&rows[at as usize]);
        for same in scratch.chunk_by(|&a, &b| key(a) == key(b)) {
            self.shift_fact(sign, same.iter().map(|&at| &rows[at as usize]), report);
        }
        self.scratch = scratch;
    }

    fn shift_near(&mut self, sign: Sign, report: &Report) {
        let (most, newest) = (self.settings.entries_max, self.newest);
        let rows = &report.near_misses;
        sort(&mut self.scratch, rows, |row| NearKey::of(row).packed());
        let key = |at: u32| NearKey::of(&rows[at as usize]);
        for same in self.scratch.chunk_by(|&a, &b| key(a) == key(b)) {
            if let Some(near) = self.near.row(sign, &key(same[0])) {
                let rows = same.iter().map(|&at| &rows[at as usize]);
                Arc::make_mut(near).shift(sign, rows, report, newest, most);
            }
        }
    }

    /// Rows of one key.
    fn shift_fact<'r>(
        &mut self,
        sign: Sign,
        rows: impl Iterator<Item = &'r FactRow> + Clone,
        report: &Report,
    ) {
        let Some(key) = rows.clone().next().map(FactKey::of) else {
            return;
        };
        let at = match (self.facts.place(&key), sign) {
            (Some(at), _) => Some(at),
            (None, Sign::Add) if self.takes_fact(key.at.service) => self.facts.admit(&key),
            (None, Sign::Add | Sign::Subtract) => None,
        };
        let Some(at) = at else {
            return self.facts.miss(sign);
        };
        let fact = Arc::make_mut(self.facts.touch(at));
        let (before, room) = (fact.moments.held(), self.moments < self.settings.moments_max);
        fact.shift(sign, rows, report, self.newest, room);
        self.moments = self.moments + fact.moments.held() - before;
    }

    /// Facts that nothing touches any more keep no moments.
    fn forget_moments(&mut self) {
        let newest = self.newest;
        let mut forgotten = 0;
        for (key, fact) in self
            .facts
            .rows_mut(|key, fact| fact.moments.is_dated(key.kind, newest))
        {
            let fact = Arc::make_mut(fact);
            forgotten += fact.moments.held();
            fact.moments.forget(key.kind, newest);
            forgotten -= fact.moments.held();
        }
        self.moments -= forgotten;
    }

    /// Whether the service has room for one more fact, which is then taken.
    fn takes_fact(&mut self, service: Symbol) -> bool {
        let most = self.settings.facts_of_service_max;
        if self.facts.is_full() || self.services.known(&service).is_some_and(|row| most <= row.facts) {
            for key in self.facts.sweep() {
                if let Some(row) = self.services.known(&key.at.service) {
                    Arc::make_mut(row).facts = row.facts.saturating_sub(1);
                }
            }
        }
        if self.facts.is_full() {
            return false;
        }
        let Some(row) = self.services.known(&service).filter(|row| row.facts < most) else {
            return false;
        };
        Arc::make_mut(row).facts += 1;
        true
    }
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
