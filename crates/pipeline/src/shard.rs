//! The straight line of one shard: assemble, analyse, add up.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use hotspan_analysis::{Analyser, When};
use hotspan_assembly::{Assembler, Outcome, Stats};
use hotspan_hotspots::{Hotspots, Kept};
use hotspan_model::{
    AnalysisTimes, Assembled, Batch, Counts, Decided, LogPos, Lookup, Millionths, Nanos, Reason, Report,
    TableSeed, TraceId, TraceView,
};

use crate::{Clock, Settings};

/// Most traces that wait for [`Pipeline::poll_exemplar`]; beyond, the oldest is forgotten.
const EXEMPLARS_WAITING_MAX: usize = 256;

/// Rows that one call of [`Pipeline::poll_snapshot`] moves at most: about a millisecond's work.
pub const SNAPSHOT_ROWS: usize = 512;

/// One shard's whole state; one owner, no locks.
#[derive(Debug)]
pub struct Pipeline {
    pub(crate) assembler: Assembler,
    analyser: Analyser,
    pub(crate) hotspots: Hotspots,
    clock: Clock,
    /// Spans that never reached the assembler.
    pub(crate) refused: Counts,
    pub(crate) trace: Assembled,
    report: Report,
    exemplars: VecDeque<Arc<Assembled>>,
    /// The books of the snapshot that was begun.
    pub(crate) begun: Option<Books>,
}

/// The part of a snapshot that is copied at once.
#[derive(Debug)]
pub(crate) struct Books {
    counts: Counts,
    stats: Stats,
    at: LogPos,
    times: AnalysisTimes,
}

/// What readers get: immutable, taken every few hundred milliseconds.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The aggregates.
    pub hotspots: Arc<hotspan_hotspots::Snapshot>,
    /// The books.
    pub counts: Counts,
    /// What the assembler did.
    pub stats: Stats,
    /// The log's clock.
    pub at: LogPos,
    /// What analyses took; nothing without [`Pipeline::timed`].
    pub times: AnalysisTimes,
}

impl Pipeline {
    /// An empty shard.
    pub fn new(settings: Settings, seed: TableSeed) -> Pipeline {
        let hotspots = Hotspots::new(settings.hotspots.clone(), seed);
        Pipeline::resume(settings, seed, hotspots)
    }

    /// A shard without traces that goes on where `hotspots` ended.
    pub fn resume(settings: Settings, seed: TableSeed, hotspots: Hotspots) -> Pipeline {
        Pipeline {
            assembler: Assembler::new(settings.assembly, seed),
            analyser: Analyser::new(settings.analysis),
            hotspots,
            clock: settings.clock,
            refused: Counts::default(),
            trace: Assembled::default(),
            report: Report::default(),
            exemplars: VecDeque::new(),
            begun: None,
        }
    }

    /// The same, with analyses timed by a clock of the caller's; no answer depends on it.
    #[must_use]
    pub fn timed(mut self, clock: fn() -> Nanos) -> Pipeline {
        self.analyser.time_with(clock);
        self
    }

    /// One record of the log: the timers first, then its spans in order, then what they brought over the budgets.
    pub fn handle_batch(&mut self, at: LogPos, batch: &Batch, dictionary: &dyn Lookup) {
        self.handle_tick(at, dictionary);
        self.push(at, batch, dictionary);
        self.handle_tick(at, dictionary);
    }

    /// Time goes on without spans.
    pub fn handle_tick(&mut self, at: LogPos, dictionary: &dyn Lookup) {
        self.assembler.handle_timeout(at);
        self.drain(dictionary);
    }

    /// Spans that were framed and refused before any shard saw them, by [`Reason`].
    pub fn handle_refused(&mut self, refused: &[u64; Reason::ALL.len()]) {
        for reason in Reason::ALL {
            self.refused.received += refused[reason as usize];
            self.refused.drop(reason, refused[reason as usize]);
        }
    }

    /// The log ends: decides everything that is open.
    pub fn finish(&mut self, at: LogPos, reason: Decided, dictionary: &dyn Lookup) {
        self.assembler.finish(at, reason);
        self.drain(dictionary);
    }

    /// A trace that became an exemplar since the last call. The caller keeps it for as long as
    /// [`Pipeline::exemplars`] names it.
    pub fn poll_exemplar(&mut self) -> Option<Arc<Assembled>> {
        self.exemplars.pop_front()
    }

    /// How many hotspots and candidates there are.
    pub fn hotspots(&self) -> usize {
        self.hotspots.len()
    }

    /// The exemplars of some of them, as [`Hotspots::exemplars`] has it.
    pub fn exemplars(&self, places: Range<usize>) -> impl Iterator<Item = TraceId> {
        self.hotspots.exemplars(places)
    }

    /// Whatever is held of a trace, decided or not.
    pub fn held(&self, trace: TraceId) -> Option<Assembled> {
        let mut held = Assembled::default();
        self.assembler.held(trace, &mut held).then_some(held)
    }

    /// One trace as people read it; at most `spans_max` spans.
    pub fn explain(&mut self, trace: &Assembled, dictionary: &dyn Lookup, spans_max: usize) -> TraceView {
        self.analyser.explain(trace, dictionary, spans_max)
    }

    /// The books of this shard.
    pub fn counts(&self) -> Counts {
        let mut counts = self.assembler.counts();
        counts.add(&self.refused);
        counts
    }

    /// How much of its table of open and remembered traces is filled.
    pub fn crowding(&self) -> Millionths {
        self.assembler.crowding()
    }

    /// What readers get next.
    pub fn snapshot(&mut self, at: LogPos) -> Snapshot {
        self.begun = None;
        self.books(at).beside(self.hotspots.snapshot())
    }

    /// Begins a snapshot of this moment, for [`Pipeline::poll_snapshot`] to complete while the line goes on.
    pub fn begin_snapshot(&mut self, at: LogPos) {
        self.hotspots.begin_snapshot();
        self.begun = Some(self.books(at));
    }

    /// Whether a snapshot was begun and is not complete.
    pub fn has_begun(&self) -> bool {
        self.begun.is_some()
    }

    /// A bounded piece of the work on the snapshot that was begun; answers it when that was the last.
    pub fn poll_snapshot(&mut self) -> Option<Snapshot> {
        let hotspots = self.hotspots.poll_snapshot(SNAPSHOT_ROWS)?;
        Some(self.begun.take()?.beside(hotspots))
    }

    fn books(&self, at: LogPos) -> Books {
        Books {
            counts: self.counts(),
            stats: self.assembler.stats(),
            at,
            times: self.analyser.times().clone(),
        }
    }

    pub(crate) fn push(&mut self, at: LogPos, batch: &Batch, dictionary: &dyn Lookup) {
        for (record, sides) in batch.iter() {
            let _: Outcome = self.assembler.push(record, sides, at, dictionary);
        }
    }

    /// Takes every decided trace and every new version, in order.
    fn drain(&mut self, dictionary: &dyn Lookup) {
        while self.assembler.poll_trace(&mut self.trace) {
            if self.trace.previous > 0 {
                self.subtract(dictionary);
            }
            self.analyser
                .analyse(&self.trace, None, self.when(), dictionary, &mut self.report);
            match self.hotspots.add(&self.report, dictionary) {
                Kept::Exemplar => self.keep(),
                Kept::Numbers => {}
            }
        }
        debug_assert!(self.counts().balance(), "{:?}", self.counts());
    }

    /// A new version takes the place of the one before: its prefix is analysed again and taken back.
    fn subtract(&mut self, dictionary: &dyn Lookup) {
        let prefix = Some(self.trace.previous as usize);
        self.analyser
            .analyse(&self.trace, prefix, self.when(), dictionary, &mut self.report);
        self.hotspots.subtract(&self.report, dictionary);
    }

    /// When the trace counts. Every version of a trace counts at the same time, or subtracting would miss.
    fn when(&self) -> When {
        match self.clock {
            Clock::Log => When::Log(self.trace.first),
            Clock::Claimed => When::Claimed,
        }
    }

    pub(crate) fn keep(&mut self) {
        if self.exemplars.len() == EXEMPLARS_WAITING_MAX {
            self.exemplars.pop_front();
        }
        self.exemplars.push_back(Arc::new(self.trace.clone()));
    }
}

impl Books {
    fn beside(self, hotspots: Arc<hotspan_hotspots::Snapshot>) -> Snapshot {
        let Books {
            counts,
            stats,
            at,
            times,
        } = self;
        Snapshot {
            hotspots,
            counts,
            stats,
            at,
            times,
        }
    }
}
