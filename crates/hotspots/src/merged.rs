//! The shards as one, by text instead of by symbol.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use hotspan_model::{Class, FactKind, Fingerprint, LogTime, Lookup, OVERFLOW, Target};

use crate::Settings;
use crate::aggregate::Aggregate;
use crate::facts::{Fact, FactKey, FactText};
use crate::joint::{JointKey, JointSums};
use crate::near::{Near, NearText};
use crate::shard::Snapshot;
use crate::topology::{Edge, EdgeKey, Operation, Order, Service, Totals};

/// The sum of all snapshots. Which shard held what does not show.
#[derive(Debug, Default)]
pub(crate) struct Merged<'a> {
    pub(crate) newest: LogTime,
    pub(crate) totals: Totals,
    pub(crate) aggregates: BTreeMap<Fingerprint, Arc<Aggregate>>,
    pub(crate) services: BTreeMap<&'a str, Arc<Service>>,
    pub(crate) operations: BTreeMap<(&'a str, &'a str), Arc<Operation>>,
    pub(crate) edges: BTreeMap<EdgeText<'a>, (EdgeKey, Arc<Edge>)>,
    /// Only the orders that a hotspot's chain asks for.
    pub(crate) orders: BTreeMap<u128, Order>,
    pub(crate) facts: BTreeMap<FactText<'a>, (FactKey, Arc<Fact>)>,
    pub(crate) near: BTreeMap<NearText<'a>, Arc<Near>>,
    pub(crate) joints: BTreeMap<JointKey, Arc<JointSums>>,
    pub(crate) sightings_beyond: u64,
    pub(crate) rows_beyond: u64,
}

/// An edge by text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EdgeText<'a> {
    pub(crate) from: &'a str,
    /// The target is a service that answered, not an address.
    pub(crate) answered: bool,
    pub(crate) target: &'a str,
    callee: Option<&'a str>,
    pub(crate) class: Class,
}

impl<'a> EdgeText<'a> {
    fn new(key: &EdgeKey, dictionary: &'a dyn Lookup) -> EdgeText<'a> {
        let (answered, target) = match key.target {
            Target::Service(service) => (true, service),
            Target::Callee(callee) => (false, callee),
        };
        EdgeText {
            from: dictionary.text(key.from),
            answered,
            target: dictionary.text(target),
            callee: key.callee.map(|callee| dictionary.text(callee)),
            class: key.class,
        }
    }
}

impl<'a> Merged<'a> {
    /// The sum of `snapshots`.
    pub(crate) fn new(
        snapshots: &[Arc<Snapshot>],
        dictionary: &'a dyn Lookup,
        settings: &Settings,
    ) -> Merged<'a> {
        let newest = snapshots.iter().map(|snapshot| snapshot.newest).max();
        let mut all = Merged {
            newest: newest.unwrap_or_default(),
            ..Merged::default()
        };
        for snapshot in snapshots {
            all.add(snapshot, dictionary, settings);
        }
        all.forget();
        all.add_orders(snapshots);
        all
    }

    fn add(&mut self, snapshot: &Snapshot, dictionary: &'a dyn Lookup, settings: &Settings) {
        self.totals.merge(&snapshot.totals);
        self.sightings_beyond += snapshot.sightings_beyond;
        self.rows_beyond += snapshot.rows_beyond;
        for (fingerprint, row) in snapshot.aggregates.iter() {
            merge(&mut self.aggregates, *fingerprint, row, |sum, row| {
                sum.merge(row, settings)
            });
        }
        for (service, row) in snapshot.services.iter() {
            merge(&mut self.services, dictionary.text(*service), row, Service::merge);
        }
        for ((service, operation), row) in snapshot.operations.iter() {
            let operation = operation.map_or(OVERFLOW, |operation| dictionary.text(operation));
            let key = (dictionary.text(*service), operation);
            merge(&mut self.operations, key, row, Operation::merge);
        }
        for (key, row) in snapshot.facts.iter() {
            match self.facts.entry(FactText::new(key, dictionary)) {
                Entry::Occupied(mut sum) => Arc::make_mut(&mut sum.get_mut().1).merge(row),
                Entry::Vacant(free) => {
                    free.insert((*key, Arc::clone(row)));
                }
            }
        }
        for (key, row) in snapshot.joints.iter() {
            merge(&mut self.joints, *key, row, JointSums::merge);
        }
        for (key, row) in snapshot.near.iter() {
            merge(&mut self.near, NearText::new(key, dictionary), row, Near::merge);
        }
        for (key, row) in snapshot.edges.iter() {
            match self.edges.entry(EdgeText::new(key, dictionary)) {
                Entry::Occupied(mut sum) => Arc::make_mut(&mut sum.get_mut().1).merge(row),
                Entry::Vacant(free) => {
                    free.insert((*key, Arc::clone(row)));
                }
            }
        }
    }

    /// How often each version served an operation.
    pub(crate) fn served(
        &self,
        service: &'a str,
        operation: &'a str,
    ) -> impl Iterator<Item = (&'a str, &Fact)> {
        let first = FactText {
            kind: FactKind::Served,
            service,
            operation,
            class: Class::Internal,
            other: None,
            what: None,
            group: 0,
        };
        let rows = self.facts.range(first..);
        let rows = rows.take_while(move |(text, _)| {
            (text.kind, text.service, text.operation) == (FactKind::Served, service, operation)
        });
        rows.filter_map(|(text, (_, fact))| Some((text.what?, fact.as_ref())))
    }

    /// A shard that lags behind still holds buckets that are too old beside the others.
    fn forget(&mut self) {
        let newest = self.newest;
        self.totals.timeline.forget(newest);
        self.aggregates.retain(|_, row| !row.is_stale(newest));
        for row in self.aggregates.values_mut() {
            if row.timeline.is_dated(newest) {
                Arc::make_mut(row).timeline.forget(newest);
            }
        }
    }

    fn add_orders(&mut self, snapshots: &[Arc<Snapshot>]) {
        for row in self.aggregates.values() {
            let keys = row.shapes.keys().flat_map(|shape| &shape.hand_offs);
            self.orders.extend(keys.map(|&key| (key, Order::default())));
        }
        if self.orders.is_empty() {
            return;
        }
        for (key, order) in snapshots.iter().flat_map(|snapshot| snapshot.orders.iter()) {
            if let Some(sum) = self.orders.get_mut(key) {
                sum.merge(order);
            }
        }
    }
}

/// A row that one shard alone has stays shared with it.
fn merge<K: Ord, V: Clone>(sums: &mut BTreeMap<K, Arc<V>>, key: K, row: &Arc<V>, add: impl Fn(&mut V, &V)) {
    match sums.entry(key) {
        Entry::Occupied(sum) => add(Arc::make_mut(sum.into_mut()), row),
        Entry::Vacant(free) => {
            free.insert(Arc::clone(row));
        }
    }
}
