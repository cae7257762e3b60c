//! Spans in, traces out. Sans-IO: the caller brings the spans and the time.

use std::collections::{BTreeMap, VecDeque};

use hotspan_model::{
    Assembled, Counts, Decided, LogPos, LogTime, Lookup, Reason, Record, SideOf, TableSeed, TraceId,
};

use crate::{Settings, Stats};

/// What became of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is held in an open trace.
    Held,
    /// Its trace was decided before; it waits for the next version.
    Late,
    /// It counts as dropped. With [`Reason::Duplicate`] it may be the other copy that went.
    Dropped(Reason),
}

/// The traces of one shard.
#[derive(Debug)]
pub struct Assembler {
    settings: Settings,
    open: BTreeMap<TraceId, Assembled>,
    ready: VecDeque<Assembled>,
    counts: Counts,
    stats: Stats,
}

impl Assembler {
    /// An empty one. `seed` places entries in tables and shows in no output.
    pub fn new(settings: Settings, _seed: TableSeed) -> Assembler {
        Assembler {
            settings,
            open: BTreeMap::new(),
            ready: VecDeque::new(),
            counts: Counts::default(),
            stats: Stats::default(),
        }
    }

    /// Takes a span. The caller has called [`Assembler::handle_timeout`] for this record already.
    pub fn push(&mut self, record: &Record, sides: &[SideOf], at: LogPos, _: &dyn Lookup) -> Outcome {
        self.counts.received += 1;
        self.counts.open += 1;
        let trace = self.open.entry(record.trace).or_insert_with(|| Assembled {
            trace: Some(record.trace),
            session: at.offset,
            first: at.time,
            version: 1,
            ..Assembled::default()
        });
        trace.last = at.time;
        let span = u32::try_from(trace.spans.len()).unwrap_or(u32::MAX);
        trace
            .sides
            .extend(sides.iter().map(|side| SideOf { span, ..*side }));
        trace.spans.push(record.span);
        Outcome::Held
    }

    /// When [`Assembler::handle_timeout`] is next due; it may turn out that nothing happens then.
    pub fn poll_timeout(&self) -> Option<LogTime> {
        self.open
            .values()
            .map(|trace| trace.last.after(self.settings.root_quiet))
            .min()
    }

    /// Does everything that is due at `at`, then what the budgets demand.
    pub fn handle_timeout(&mut self, at: LogPos) {
        let quiet = self.settings.root_quiet;
        let due = |trace: &Assembled| trace.last.after(quiet) <= at.time;
        let traces: Vec<TraceId> = self
            .open
            .iter()
            .filter(|(_, trace)| due(trace))
            .map(|(id, _)| *id)
            .collect();
        for trace in traces {
            self.decide(trace, at, Decided::RootQuiet);
        }
    }

    /// Moves the next decided trace or new version into a reused buffer; `false` when there is none.
    pub fn poll_trace(&mut self, into: &mut Assembled) -> bool {
        match self.ready.pop_front() {
            Some(trace) => {
                *into = trace;
                true
            }
            None => false,
        }
    }

    /// Decides every open trace for `reason` and publishes what is pending, in order of trace id; forgets all.
    pub fn finish(&mut self, at: LogPos, reason: Decided) {
        while let Some(trace) = self.open.keys().next().copied() {
            self.decide(trace, at, reason);
        }
    }

    /// Copies what is held of a trace now, pending spans included; version 0 when it is undecided.
    pub fn held(&self, trace: TraceId, into: &mut Assembled) -> bool {
        let Some(found) = self.open.get(&trace) else {
            return false;
        };
        into.clone_from(found);
        true
    }

    /// What became of all spans pushed so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Everything else that is counted.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    fn decide(&mut self, trace: TraceId, at: LogPos, reason: Decided) {
        if let Some(mut trace) = self.open.remove(&trace) {
            self.counts.open -= trace.spans.len() as u64;
            self.counts.analysed += trace.spans.len() as u64;
            self.stats.decisions[reason as usize] += 1;
            trace.trigger = at;
            trace.reason = reason;
            self.ready.push_back(trace);
        }
    }
}
