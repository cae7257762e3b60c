//! Exactly once: what is stored at an offset, and how a shard goes on there after its process ended.
//!
//! The state at an offset is a function of the records from the floor on, the stubs, and the aggregates. So these are
//! stored, in one transaction; the records are read again with all that they say thrown away, the stubs are laid over
//! the table, and from there on every output is new.

use std::collections::BTreeSet;
use std::sync::Arc;

use hotspan_assembly::Stub;
use hotspan_model::{Batch, Counts, LogPos, Lookup, Offset, TraceId};

use crate::Pipeline;

/// A shard at an offset that all shards pass.
#[derive(Clone, Debug)]
pub struct Cut {
    /// The aggregates, of all records below the offset.
    pub hotspots: Arc<hotspan_hotspots::Snapshot>,
    /// What the records cannot tell.
    pub held: Held,
}

/// What a shard needs beside its aggregates and the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// The record from which on it must be read again.
    pub floor: Offset,
    /// Sessions that were given up.
    pub stubs: Vec<Stub>,
}

/// Whether what decided before decides still.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Seam {
    /// By the same rules, in a shard of the same traces.
    #[default]
    None,
    /// By others: versions of traces that were decided cannot be taken back.
    Rules,
}

impl Pipeline {
    /// Keeps what [`Pipeline::cut`] needs. Asked before the first record.
    pub fn keep_floor(&mut self) {
        self.assembler.keep_floor();
    }

    /// The shard as it is before the record `hi`.
    pub fn cut(&mut self, hi: Offset) -> Cut {
        let floor = self.assembler.floor();
        // One that was begun for readers is not of this moment.
        self.begun = None;
        Cut {
            hotspots: self.hotspots.snapshot(),
            held: Held {
                floor: floor.map_or(hi, |first| first.offset),
                stubs: self.assembler.stubs(),
            },
        }
    }

    /// Reads a record again whose outputs are stored; nothing without spans is only time. Traces that `wanted` names
    /// become exemplars again.
    pub fn replay(
        &mut self,
        at: LogPos,
        batch: Option<&Batch>,
        wanted: &BTreeSet<TraceId>,
        dictionary: &dyn Lookup,
    ) {
        self.assembler.hold_budgets(false);
        self.assembler.handle_timeout(at);
        self.discard(wanted);
        if let Some(batch) = batch {
            self.push(at, batch, dictionary);
            self.assembler.handle_timeout(at);
            self.discard(wanted);
        }
    }

    /// All records below the stored offset are read: what comes now counts. Gives how many sessions a seam cost their
    /// later versions.
    pub fn take_over(&mut self, stubs: &[Stub], seam: Seam) -> u64 {
        self.assembler.lay(stubs);
        self.refused = Counts::default();
        self.assembler.hold_budgets(true);
        match seam {
            Seam::None => 0,
            Seam::Rules => self.assembler.let_decided_go(),
        }
    }

    fn discard(&mut self, wanted: &BTreeSet<TraceId>) {
        while self.assembler.poll_trace(&mut self.trace) {
            if self.trace.trace.is_some_and(|id| wanted.contains(&id)) {
                self.keep();
            }
        }
    }
}
