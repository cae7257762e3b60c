//! Shards built again from stored rows, also when there are more or fewer of them than before.

use std::collections::BTreeMap;

use hotspan_model::{Dictionary, Fingerprint, Identity, LogTime, Symbol, TableSeed};

use super::{Hotspots, OperationKey, Snapshot};
use crate::Settings;
use crate::aggregate::Aggregate;
use crate::facts::{Fact, FactKey};
use crate::joint::{JointKey, JointSums};
use crate::near::{Near, NearKey};
use crate::stored::{Kind, Names, Reader, Stored, Unreadable, stored};
use crate::topology::{Edge, EdgeKey, Operation, Order, Service, Totals};

/// What a shard holds beside its tables.
#[derive(Debug, Default)]
pub(crate) struct Head {
    version: u64,
    newest: LogTime,
    totals: Totals,
    sightings_beyond: u64,
    rows_beyond: u64,
}

stored!(Head {
    version,
    newest,
    totals,
    sightings_beyond,
    rows_beyond,
});

impl Head {
    /// That of a snapshot.
    pub(crate) fn of(snapshot: &Snapshot) -> Head {
        Head {
            version: snapshot.version,
            newest: snapshot.newest,
            totals: snapshot.totals.clone(),
            sightings_beyond: snapshot.sightings_beyond,
            rows_beyond: snapshot.rows_beyond,
        }
    }
}

/// Builds shards from the rows that others wrote, which come in the order of [`Kind::ALL`].
///
/// As many as wrote get each its own rows back. Otherwise rows are spread by their keys, those of a service together:
/// readers add the shards up, so where a row is does not show.
#[derive(Debug)]
pub struct Loader {
    shards: Vec<Hotspots>,
    wrote: usize,
    beyond: u64,
}

impl Loader {
    /// For `shards` shards, where `wrote` had written.
    pub fn new(settings: &Settings, seed: TableSeed, shards: usize, wrote: usize) -> Loader {
        Loader {
            shards: (0..shards.max(1))
                .map(|_| Hotspots::new(settings.clone(), seed))
                .collect(),
            wrote,
            beyond: 0,
        }
    }

    /// Adds a row that the shard `by` wrote.
    pub fn add(
        &mut self,
        by: usize,
        (kind, key): (Kind, u128),
        value: &[u8],
        dictionary: &mut dyn Dictionary,
        names: &mut dyn Names,
    ) -> Result<(), Unreadable> {
        let mut row = Reader::new(value, dictionary, names)?;
        let home = match (kind, row.first()) {
            (_, _) if self.wrote == self.shards.len() => by,
            (Kind::Shard, _) => by % self.shards.len(),
            (Kind::Service | Kind::Operation | Kind::Fact, Some(service)) => {
                let text = Identity::new("home").text(dictionary.text(service));
                self.spread(text.finish())
            }
            (_, _) => self.spread(key),
        };
        if kind == Kind::Shard {
            return self.add_head(home, &Head::read(&mut row)?);
        }
        let shard = self.shards.get_mut(home).ok_or(Unreadable::Damaged)?;
        let found_room = shard.restore(kind, &mut row)?;
        self.beyond += u64::from(!found_room);
        row.end()
    }

    /// Rows that found no room: what they said is lost.
    pub fn beyond(&self) -> u64 {
        self.beyond
    }

    /// The shards, ready to go on.
    pub fn finish(mut self) -> Vec<Hotspots> {
        self.shards.iter_mut().for_each(Hotspots::recount);
        self.shards
    }

    /// The remainder keeps it below the number of shards.
    fn spread(&self, key: u128) -> usize {
        (key % self.shards.len() as u128) as usize
    }

    /// All shards are as late as the latest that wrote, so that none keeps what is too old.
    fn add_head(&mut self, home: usize, head: &Head) -> Result<(), Unreadable> {
        let own = self.wrote == self.shards.len();
        for (at, shard) in self.shards.iter_mut().enumerate() {
            if head.newest > shard.newest && (at == home || !own) {
                shard.turn(head.newest);
            }
        }
        let shard = self.shards.get_mut(home).ok_or(Unreadable::Damaged)?;
        shard.version = shard.version.saturating_add(head.version);
        shard.totals.merge(&head.totals);
        shard.aggregates.restore_beyond(head.sightings_beyond);
        shard.services.restore_beyond(head.rows_beyond);
        Ok(())
    }
}

impl Hotspots {
    /// Puts a row in its table; `false` when there is no room.
    fn restore(&mut self, kind: Kind, row: &mut Reader<'_>) -> Result<bool, Unreadable> {
        let settings = &self.settings;
        Ok(match kind {
            Kind::Shard => true,
            Kind::Hotspot => {
                let (key, value) = <(Fingerprint, Aggregate)>::read(row)?;
                known(value.detector, row)?;
                let merge = |sum: &mut Aggregate, other: &Aggregate| sum.merge(other, settings);
                self.aggregates.restore(&key, value, merge)
            }
            Kind::Service => {
                let (key, value) = <(Symbol, Service)>::read(row)?;
                self.services.restore(&key, value, Service::merge)
            }
            Kind::Operation => {
                let (key, value) = <(OperationKey, Operation)>::read(row)?;
                self.operations.restore(&key, value, Operation::merge)
            }
            Kind::Edge => {
                let (key, value) = <(EdgeKey, Edge)>::read(row)?;
                self.edges.restore(&key, value, Edge::merge)
            }
            Kind::Order => {
                let (key, value) = <(u128, Order)>::read(row)?;
                self.orders.restore(&key, value, Order::merge)
            }
            Kind::Fact => {
                let (key, value) = <(FactKey, Fact)>::read(row)?;
                self.facts.restore(&key, value, Fact::merge)
            }
            Kind::Near => {
                let (key, value) = <(NearKey, Near)>::read(row)?;
                known(key.detector(), row)?;
                self.near.restore(&key, value, Near::merge)
            }
            Kind::Joint => {
                let (key, value) = <(JointKey, JointSums)>::read(row)?;
                self.joints.restore(&key, value, JointSums::merge)
            }
        })
    }

    /// Counts what tables say of each other.
    fn recount(&mut self) {
        let mut counts: BTreeMap<u32, (Symbol, usize, usize)> = BTreeMap::new();
        for ((service, operation), _) in self.operations.iter() {
            let count = counts.entry(service.raw()).or_insert((*service, 0, 0));
            count.1 += usize::from(operation.is_some());
        }
        for (key, fact) in self.facts.iter() {
            let service = key.at.service;
            counts.entry(service.raw()).or_insert((service, 0, 0)).2 += 1;
            self.moments += fact.moments.held();
        }
        for (service, operations, facts) in counts.into_values() {
            if let Some(row) = self.services.known(&service) {
                (row.operations, row.facts) = (operations, facts);
            }
        }
        self.swept = self.newest;
        self.dated = self.facts.len();
    }
}

/// A row of a detector that was taken out speaks of nothing.
fn known(detector: &'static str, row: &Reader<'_>) -> Result<(), Unreadable> {
    match detector.is_empty() || row.names.is_detector(detector) {
        true => Ok(()),
        false => Err(Unreadable::Stranger(detector.to_owned())),
    }
}
