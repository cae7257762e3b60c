//! Spans in, traces out. Sans-IO: the caller brings the spans and the time.

use std::collections::VecDeque;

use hotspan_model::{
    Assembled, Counts, Decided, LogPos, LogTime, Lookup, Millionths, Nanos, Reason, Record, SideOf,
    TableSeed, TraceId,
};

use crate::arena::Arena;
use crate::births::Births;
use crate::completeness::Survey;
use crate::output::{Marks, Version};
use crate::session::{Phase, Session, Stub, Surroundings, Taken, plain_max};
use crate::slab::SLOT_BYTES;
use crate::table::Table;
use crate::timers::Timers;
use crate::{Cause, Settings, Stats};

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

/// Where a trace is found.
enum Row {
    Session(u32),
    Stub(u32),
}

/// The traces of one shard.
#[derive(Debug)]
pub struct Assembler {
    pub(crate) settings: Settings,
    /// The shortest quiet time after which an open trace may be decided.
    pub(crate) shortest_quiet: Nanos,
    plain_max: u32,
    pub(crate) clock: LogTime,
    pub(crate) arena: Arena,
    pub(crate) sessions: Table<Session>,
    pub(crate) stubs: Table<Stub>,
    pub(crate) timers: Timers,
    pub(crate) stub_timers: Timers,
    /// Outputs that wait to be fetched.
    pub(crate) ready: VecDeque<Version>,
    pub(crate) survey: Survey,
    /// Where the span before was put: spans of one trace mostly come together.
    pub(crate) recent: Option<(TraceId, u32)>,
    due: Vec<u32>,
    /// The rows of `due` whose deadline still holds, in order of trace id.
    order: Vec<(TraceId, u32)>,
    pub(crate) counts: Counts,
    pub(crate) stats: Stats,
    /// Where sessions began, if a log is to be read again from there.
    pub(crate) births: Option<Births>,
    pub(crate) holds_budgets: bool,
}

impl Assembler {
    /// An empty one. `seed` places entries in tables and shows in no output.
    pub fn new(settings: Settings, seed: TableSeed) -> Assembler {
        let Settings {
            complete_quiet,
            root_quiet,
            rootless_quiet,
            ..
        } = settings;
        Assembler {
            settings,
            plain_max: plain_max(&settings),
            shortest_quiet: complete_quiet.min(root_quiet).min(rootless_quiet),
            clock: LogTime::default(),
            arena: Arena::new(seed),
            sessions: Table::new(seed, 1),
            stubs: Table::new(seed, 2),
            timers: Timers::default(),
            stub_timers: Timers::default(),
            ready: VecDeque::new(),
            survey: Survey::new(seed),
            recent: None,
            due: Vec::new(),
            order: Vec::new(),
            counts: Counts::default(),
            stats: Stats::default(),
            births: None,
            holds_budgets: true,
        }
    }

    /// Takes a span. The caller has called [`Assembler::handle_timeout`] for this record already. May decide the
    /// span's own trace, when that reaches a limit, and no other.
    pub fn push(
        &mut self,
        record: &Record,
        sides: &[SideOf],
        at: LogPos,
        dictionary: &dyn Lookup,
    ) -> Outcome {
        let at = self.raise(at);
        self.counts.received += 1;
        let outcome = match self.find(record.trace, at) {
            Row::Session(row) => self.take(row, record, sides, at, dictionary),
            Row::Stub(row) => self.refuse(row, at),
        };
        debug_assert!(self.counts.balance() && self.stats.balance());
        outcome
    }

    /// When [`Assembler::handle_timeout`] is next due; it may turn out that nothing happens then.
    pub fn poll_timeout(&self) -> Option<LogTime> {
        [self.timers.next(), self.stub_timers.next()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Does everything that is due at `at`, by deadline and trace id, then what the budgets demand.
    pub fn handle_timeout(&mut self, at: LogPos) {
        let at = self.raise(at);
        let (mut due, mut order) = (std::mem::take(&mut self.due), std::mem::take(&mut self.order));
        while let Some(deadline) = self.timers.pop(at.time, &mut due) {
            order.clear();
            order.extend(
                due.iter()
                    .filter_map(|&row| Some((self.disarm(row, deadline)?, row))),
            );
            order.sort_unstable();
            for &(_, row) in &order {
                self.advance(row, deadline, at);
            }
        }
        while let Some(deadline) = self.stub_timers.pop(at.time, &mut due) {
            for &row in &due {
                self.advance_stub(row, deadline);
            }
        }
        (self.due, self.order) = (due, order);
        if self.holds_budgets {
            self.relieve(at);
        }
        debug_assert!(self.counts.balance() && self.stats.balance());
    }

    /// Copies the next decided trace or new version into a reused buffer; `false` when there is none. To be drained
    /// after each [`Assembler::handle_timeout`] and after each record's spans.
    pub fn poll_trace(&mut self, into: &mut Assembled) -> bool {
        let Some(version) = self.ready.pop_front() else {
            return false;
        };
        self.copy(&version, into);
        let session = &mut self.sessions[version.row];
        session.waiting -= 1;
        if session.waiting == 0 && session.phase == Phase::Gone {
            self.free(version.row);
        }
        true
    }

    /// Decides every open trace for `reason` and publishes all that is pending, in order of trace id; forgets all.
    pub fn finish(&mut self, at: LogPos, reason: Decided) {
        let at = self.raise(at);
        self.forget(at, reason, Cause::End);
        debug_assert!(self.counts.balance() && self.stats.balance());
    }

    /// Copies what is held of a trace now, pending spans included; version 0 when it is undecided.
    pub fn held(&self, trace: TraceId, into: &mut Assembled) -> bool {
        let Some(row) = self.sessions.find(trace) else {
            return false;
        };
        let session = &self.sessions[row];
        let now = LogPos {
            offset: session.birth,
            time: self.clock,
        };
        let found = session.completeness(&self.arena, &mut Survey::default());
        let version = self.version(row, session.version, now, found, Marks::default());
        self.copy(&version, into);
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

    /// How much of the table of sessions is filled. Whoever feeds the assembler does well to bring less before it is
    /// full, since then it forgets them all.
    pub fn crowding(&self) -> Millionths {
        Millionths::ratio(self.stats.sessions(), self.settings.sessions_max)
    }

    /// All stubs, in order of trace id.
    pub fn stubs(&self) -> Vec<Stub> {
        let mut stubs: Vec<Stub> = self.stubs.rows().map(|(_, stub)| *stub).collect();
        stubs.sort_unstable_by_key(|stub| stub.trace);
        stubs
    }

    /// Log time never steps back, whatever the record says.
    fn raise(&mut self, at: LogPos) -> LogPos {
        self.clock = self.clock.max(at.time);
        LogPos {
            time: self.clock,
            ..at
        }
    }

    /// The session of a trace, a new one if there is none; or its stub.
    #[inline]
    fn find(&mut self, trace: TraceId, at: LogPos) -> Row {
        match self.recent {
            Some((recent, row)) if recent == trace => Row::Session(row),
            _ => self.look_up(trace, at),
        }
    }

    #[inline(never)]
    fn look_up(&mut self, trace: TraceId, at: LogPos) -> Row {
        let row = match self.sessions.find(trace) {
            Some(row) => row,
            None => match self.stubs.find(trace) {
                Some(row) => return Row::Stub(row),
                None => self.open(trace, at),
            },
        };
        self.recent = Some((trace, row));
        Row::Session(row)
    }

    fn open(&mut self, trace: TraceId, at: LogPos) -> u32 {
        let session = Session::new(trace, at);
        self.stats.opened += 1;
        self.stats.open += 1;
        self.stats.bytes += session.bytes(&self.arena);
        if let Some(births) = &mut self.births {
            births.begin(at);
        }
        self.sessions.insert(session)
    }

    #[inline]
    fn take(
        &mut self,
        row: u32,
        record: &Record,
        sides: &[SideOf],
        at: LogPos,
        dictionary: &dyn Lookup,
    ) -> Outcome {
        let session = &mut self.sessions[row];
        if !session.add_plain(record, sides, at, &mut self.arena.slab, self.plain_max) {
            return self.take_any(row, record, sides, at, dictionary);
        }
        self.counts.open += 1;
        self.stats.bytes += (1 + sides.len() as u64) * SLOT_BYTES;
        // A timer that is armed is never after the age.
        if at.time.after(self.shortest_quiet) < session.armed {
            self.rearm(row, at.time);
        }
        Outcome::Held
    }

    #[inline(never)]
    fn take_any(
        &mut self,
        row: u32,
        record: &Record,
        sides: &[SideOf],
        at: LogPos,
        dictionary: &dyn Lookup,
    ) -> Outcome {
        let session = &mut self.sessions[row];
        let before = session.bytes(&self.arena);
        let around = Surroundings {
            arena: &mut self.arena,
            settings: &self.settings,
            dictionary,
        };
        let taken = session.take(record, sides, at, around);
        let outcome = match taken {
            Taken::Duplicate | Taken::Better => Outcome::Dropped(Reason::Duplicate),
            Taken::Added if session.is_open() => Outcome::Held,
            Taken::Added => Outcome::Late,
        };
        let bytes = session.bytes(&self.arena);
        self.stats.bytes = self.stats.bytes + bytes - before;
        let is_full = session.is_full(bytes, &self.settings);
        match outcome {
            Outcome::Held => self.counts.open += 1,
            Outcome::Late => {
                self.counts.open += 1;
                self.stats.late += 1;
            }
            Outcome::Dropped(reason) => self.counts.drop(reason, 1),
        }
        if !is_full || self.fold(row, dictionary) {
            self.rearm(row, at.time);
        } else {
            self.truncate(row, at);
        }
        outcome
    }

    /// Brings an open session below its limits; whether that could be done.
    #[cold]
    fn fold(&mut self, row: u32, dictionary: &dyn Lookup) -> bool {
        let session = &mut self.sessions[row];
        if !session.is_open() {
            return false;
        }
        let before = session.bytes(&self.arena);
        let around = Surroundings {
            arena: &mut self.arena,
            settings: &self.settings,
            dictionary,
        };
        let folded = session.fold(around);
        let bytes = session.bytes(&self.arena);
        self.stats.bytes = self.stats.bytes + bytes - before;
        folded && !session.is_full(bytes, &self.settings)
    }

    fn refuse(&mut self, row: u32, at: LogPos) -> Outcome {
        let stub = &mut self.stubs[row];
        stub.last = at.time;
        let reason = if stub.truncated {
            Reason::Truncated
        } else {
            Reason::LateDropped
        };
        self.counts.drop(reason, 1);
        Outcome::Dropped(reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotspan_model::{LocalDictionary, Offset, Span, SpanId, Threshold, Timestamp};
    use hotspan_testkit::Drawing;

    impl Assembler {
        fn memory(&self) -> u64 {
            let tables = self.sessions.memory() + self.stubs.memory();
            tables + self.timers.memory() + self.stub_timers.memory() + self.arena.memory()
        }
    }

    fn at(offset: u64) -> LogPos {
        LogPos {
            offset: Offset(offset),
            time: LogTime(offset),
        }
    }

    fn template() -> (Span, LocalDictionary) {
        let drawing = Drawing::new("cart GET /cart 0..100");
        (drawing.trace.spans[0], drawing.dictionary)
    }

    /// Fills an assembler with traces of so many spans.
    fn filled(settings: Settings, traces: u64, spans: u64) -> Assembler {
        let (span, dictionary) = template();
        let mut assembler = Assembler::new(settings, TableSeed(7));
        for n in 0..traces * spans {
            let (trace, place) = (n % traces, n / traces);
            let id = SpanId::new(place + 1).unwrap();
            let trace = TraceId::new(u128::from(trace) + 1).unwrap();
            let record = Record {
                trace,
                threshold: Threshold(0),
                span: Span {
                    id,
                    start: Timestamp(place),
                    ..span
                },
            };
            assert_eq!(assembler.push(&record, &[], at(0), &dictionary), Outcome::Held);
        }
        assembler
    }

    fn assert_near(accounted: u64, real: u64, what: &str) {
        let near = real * 3 <= accounted * 4 && accounted * 4 <= real * 5;
        assert!(near, "{what}: {accounted} accounted, {real} real");
    }

    #[test]
    fn accounted_bytes_are_within_a_quarter_of_real_ones_and_a_live_span_takes_80() {
        for (traces, spans, most) in [
            (40_000, 1, 300),
            (20_000, 5, 120),
            (16_000, 20, 80),
            (8_000, 50, 80),
        ] {
            let assembler = filled(Settings::default(), traces, spans);
            let (accounted, real) = (assembler.stats().bytes, assembler.memory());
            let each = real / (traces * spans);
            let what = format!("{spans} spans a trace, {each} bytes a live span");
            assert_near(accounted, real, &what);
            assert!(each <= most, "{what}");
            #[expect(clippy::print_stdout, reason = "the figure is what the test measures")]
            {
                println!("{what}, {} accounted", accounted / (traces * spans));
            }
        }
    }

    #[test]
    fn accounted_bytes_of_stubs_and_of_folded_spans_are_within_a_quarter_of_real_ones() {
        let settings = Settings {
            spans_max: 3,
            group_kept: 1,
            ..Settings::default()
        };
        let mut assembler = filled(Settings::default(), 100_000, 1);
        let before = assembler.stats().stubs;
        for row in 0..100_000 {
            let found = assembler.found(row);
            assembler.decide(row, at(1), Decided::Cap, found, Marks::default());
            assembler.give_up(row, at(1), Cause::Cap, Marks::default());
            while assembler.poll_trace(&mut Assembled::default()) {}
        }
        assert_eq!((before, assembler.stats().stubs), (0, 100_000));
        let real = assembler.stubs.memory() + assembler.stub_timers.memory();
        assert_near(assembler.stats().bytes, real, "stubs");

        let assembler = filled(settings, 1, 200_000);
        let folds = assembler.arena.folds(assembler.sessions[0].index).unwrap();
        assert_eq!(folds.count(), 199_999);
        assert_near(folds.bytes(), folds.memory(), "folded spans");
    }

    #[test]
    fn a_version_tells_the_records_it_came_from_and_both_thresholds() {
        let (span, dictionary) = template();
        let mut assembler = Assembler::new(Settings::default(), TableSeed(7));
        let push = |assembler: &mut Assembler, id: u64, offset: u64, threshold: u64| {
            let span = Span {
                id: SpanId::new(id).unwrap(),
                ..span
            };
            let record = Record {
                trace: TraceId::new(1).unwrap(),
                threshold: Threshold(threshold),
                span,
            };
            assembler.push(&record, &[], at(offset), &dictionary);
        };
        for (id, offset) in [
            (1, 10),
            (2, 10),
            (3, 12),
            (4, 13),
            (5, 14),
            (6, 15),
            (7, 16),
            (8, 17),
            (9, 18),
        ] {
            push(&mut assembler, id, offset, 5);
        }
        let mut trace = Assembled::default();
        let later = |offset, secs: u64| LogPos {
            offset: Offset(offset),
            time: LogTime(secs * 1_000_000_000),
        };
        assembler.handle_timeout(later(20, 2));
        assert!(assembler.poll_trace(&mut trace));
        assert_eq!(trace.requests, [10, 12, 13, 14, 15, 16].map(Offset));
        assert_eq!(
            (trace.threshold, trace.previous_threshold),
            (Threshold(5), Threshold(0))
        );
        push(&mut assembler, 10, 21, 6);
        assembler.handle_timeout(later(22, 9));
        assert!(assembler.poll_trace(&mut trace));
        assert_eq!(
            (trace.threshold, trace.previous_threshold),
            (Threshold(6), Threshold(5))
        );
        assert_eq!(
            (trace.session, trace.first, trace.trigger.offset),
            (Offset(10), LogTime(10), Offset(22))
        );
    }
}
