//! A shard whose records come from one log: those whose outputs are stored are read again, and then it goes on.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use hotspan_model::{LogPos, TraceId};
use hotspan_pipeline::Pipeline;

use crate::shared::Shared;
use crate::wal::{Takeover, Wal};

/// Where in its log a shard is.
#[derive(Debug)]
pub(crate) struct Logged {
    pub(crate) wal: Arc<Wal>,
    /// Which shard this is.
    pub(crate) shard: usize,
    /// Traces that stored hotspots refer to.
    pub(crate) wanted: BTreeSet<TraceId>,
    /// What comes before it is stored; `None` once that is passed.
    takeover: Option<Takeover>,
}

/// What a record is to a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It is below what the shard has any use for.
    Skip,
    /// Its outputs are stored.
    Replay,
    /// It is new.
    Handle,
}

impl Logged {
    /// The shard `shard`, which goes on like that.
    pub(crate) fn new(wal: Arc<Wal>, shard: usize, takeover: Takeover, pipeline: &mut Pipeline) -> Logged {
        pipeline.keep_floor();
        Logged {
            wal,
            shard,
            wanted: pipeline.exemplars(0..pipeline.hotspots()).collect(),
            takeover: Some(takeover),
        }
    }

    /// Whether it has not passed what is stored.
    pub(crate) fn is_replaying(&self) -> bool {
        self.takeover.is_some()
    }

    /// What the record at `at` is. At the first new one the shard takes over.
    pub(crate) fn step(&mut self, at: LogPos, pipeline: &mut Pipeline, shared: &Shared) -> Step {
        let takeover = self.takeover.take_if(|takeover| takeover.hi <= at.offset);
        if let Some(takeover) = takeover {
            self.wal
                .status
                .seam(pipeline.take_over(&takeover.held.stubs, takeover.seam));
            self.wanted = BTreeSet::new();
            // What is open came over the wire of an earlier process.
            let open = pipeline.counts().received;
            shared.core.counters().spans_received.fetch_add(open, Relaxed);
        }
        match &self.takeover {
            None => Step::Handle,
            Some(takeover) if at.offset < takeover.held.floor => Step::Skip,
            Some(_) => Step::Replay,
        }
    }
}
