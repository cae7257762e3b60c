//! What readers get of a shard: a picture of one moment, completed a few rows at a time.

use std::sync::Arc;

use hotspan_model::{Fingerprint, LogTime, Symbol};

use super::{Hotspots, OperationKey};
use crate::aggregate::Aggregate;
use crate::facts::{Fact, FactKey};
use crate::joint::{JointKey, JointSums};
use crate::metered::Shot;
use crate::near::{Near, NearKey};
use crate::shown::Shown;
use crate::table::Marked;
use crate::topology::{Edge, EdgeKey, Operation, Order, Service, Totals};

/// An immutable picture of one shard.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Grows with every change of the shard.
    pub version: u64,
    pub(crate) newest: LogTime,
    pub(crate) totals: Totals,
    pub(crate) aggregates: Shown<Fingerprint, Aggregate>,
    pub(crate) services: Shown<Symbol, Service>,
    pub(crate) operations: Shown<OperationKey, Operation>,
    pub(crate) edges: Shown<EdgeKey, Edge>,
    pub(crate) orders: Shown<u128, Order>,
    pub(crate) facts: Shown<FactKey, Fact>,
    pub(crate) near: Shown<NearKey, Near>,
    pub(crate) joints: Shown<JointKey, JointSums>,
    pub(crate) metered: Shot,
    /// Sightings of fingerprints that found no row.
    pub(crate) sightings_beyond: u64,
    /// Other contributions that found no row.
    pub(crate) rows_beyond: u64,
}

impl Hotspots {
    /// The shard as it is now. Costs what changed since the snapshot before: all else is shared between them.
    pub fn snapshot(&mut self) -> Arc<Snapshot> {
        self.begin_snapshot();
        loop {
            if let Some(snapshot) = self.poll_snapshot(usize::MAX) {
                return snapshot;
            }
        }
    }

    /// Begins a snapshot of the shard as it is now, for [`Hotspots::poll_snapshot`] to complete while the shard goes on.
    pub fn begin_snapshot(&mut self) {
        for table in self.tables() {
            table.mark();
        }
        self.begun = Some(Snapshot {
            version: self.version,
            newest: self.newest,
            totals: self.totals.clone(),
            sightings_beyond: self.aggregates.beyond(),
            rows_beyond: self.services.beyond()
                + self.operations.beyond()
                + self.edges.beyond()
                + self.orders.beyond()
                + self.facts.beyond()
                + self.near.beyond()
                + self.joints.beyond(),
            ..Snapshot::default()
        });
    }

    /// Goes on with the snapshot that was begun, so many rows at most; answers it when that was all.
    pub fn poll_snapshot(&mut self, rows: usize) -> Option<Arc<Snapshot>> {
        self.begun.as_ref()?;
        let mut budget = rows;
        for table in self.tables() {
            table.advance(&mut budget);
        }
        if budget == 0 {
            return None;
        }
        let begun = self.begun.take()?;
        Some(Arc::new(Snapshot {
            aggregates: self.aggregates.marked(),
            services: self.services.marked(),
            operations: self.operations.marked(),
            edges: self.edges.marked(),
            orders: self.orders.marked(),
            facts: self.facts.marked(),
            near: self.near.marked(),
            joints: self.joints.marked(),
            metered: self.metered.marked(),
            ..begun
        }))
    }

    fn tables(&mut self) -> impl Iterator<Item = &mut dyn Marked> {
        let tables: [&mut dyn Marked; 8] = [
            &mut self.aggregates,
            &mut self.services,
            &mut self.operations,
            &mut self.edges,
            &mut self.orders,
            &mut self.facts,
            &mut self.near,
            &mut self.joints,
        ];
        tables.into_iter().chain(self.metered.tables())
    }
}
