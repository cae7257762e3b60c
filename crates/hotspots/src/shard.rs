//! One shard's aggregates: reports in, snapshots out.

use std::collections::BTreeSet;
use std::sync::Arc;

use hotspan_model::{Lookup, Report, TableSeed, TraceId};

use crate::Settings;

/// What became of a trace whose report was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It is an exemplar of at least one hotspot: keep its spans.
    Exemplar,
    /// Only its numbers count.
    Numbers,
}

/// The aggregates of one shard. One owner; readers get [`Snapshot`]s.
#[derive(Debug)]
pub struct Hotspots {
    settings: Settings,
    seed: TableSeed,
    version: u64,
}

/// An immutable picture of one shard.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Grows with every change of the shard.
    pub version: u64,
}

impl Hotspots {
    /// An empty shard.
    pub fn new(settings: Settings, seed: TableSeed) -> Hotspots {
        Hotspots {
            settings,
            seed,
            version: 0,
        }
    }

    /// Adds what one version of a trace contributes.
    pub fn add(&mut self, _report: &Report, _dictionary: &dyn Lookup) -> Kept {
        self.version += 1;
        Kept::Numbers
    }

    /// Takes back what [`Hotspots::add`] added for the same report.
    pub fn subtract(&mut self, _report: &Report, _dictionary: &dyn Lookup) {
        self.version += 1;
    }

    /// The shard as it is now; shares all rows with the shard until they change.
    pub fn snapshot(&mut self) -> Arc<Snapshot> {
        Arc::new(Snapshot { version: self.version })
    }

    /// The traces that hotspots still refer to.
    pub fn exemplars(&self) -> BTreeSet<TraceId> {
        BTreeSet::new()
    }
}
