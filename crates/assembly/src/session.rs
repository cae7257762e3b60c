//! What is known of one trace while its records come: the spans, and where it stands.

use hotspan_model::{
    Completeness, Decided, LogPos, LogTime, Lookup, Nanos, Offset, Record, SideOf, Span, SpanId, Threshold,
    TraceId,
};

use crate::Settings;
use crate::arena::{Arena, IndexId};
use crate::completeness::Survey;
use crate::duplicates::{self, Verdict};
use crate::fold::Joined;
use crate::slab::{Chain, SLOT_BYTES, Slab};
use crate::table::Keyed;

/// Accounted bytes of a session: its row, its share of the table (6 to 11), its timer (16 to 32).
pub(crate) const SESSION_BYTES: u64 = size_of::<Session>() as u64 + 40;
/// Accounted bytes of a stub: its row, its share of the table, its timer.
pub(crate) const STUB_BYTES: u64 = size_of::<Stub>() as u64 + 32;

/// Slots up to which a copy is looked for by walking the chain, when the filter has seen its id.
const WALKED_MAX: u32 = 64;

/// Slots up to which a span can be added without a look at the limits of its trace or at an index.
pub(crate) fn plain_max(settings: &Settings) -> u32 {
    let room = settings.trace_bytes_max.saturating_sub(SESSION_BYTES + 1) / SLOT_BYTES;
    let room = u32::try_from(room).unwrap_or(u32::MAX);
    WALKED_MAX.min(settings.spans_max.saturating_sub(1)).min(room)
}

/// Records whose offsets are kept beside the first one's.
const REQUESTS: usize = 5;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Session {
    pub(crate) trace: TraceId,
    /// Offset of its first record.
    pub(crate) birth: Offset,
    /// Time of its first record.
    pub(crate) first: LogTime,
    /// Time of its last record.
    pub(crate) last: LogTime,
    /// The deadline in the queue of timers that is good.
    pub(crate) armed: LogTime,
    /// Time of the last record that added a span.
    pub(crate) quiet: LogTime,
    /// When it was decided, once it was.
    pub(crate) decided: LogTime,
    /// When the first of the spans came that wait for the next version, while there are any.
    pub(crate) late_since: LogTime,
    pub(crate) phase: Phase,
    pub(crate) chain: Chain,
    /// Ids that it may hold.
    filter: Filter,
    /// Its index in the arena, once it has many spans.
    pub(crate) index: Option<IndexId>,
    pub(crate) threshold: Threshold,
    /// Threshold of the last version.
    pub(crate) published_threshold: Threshold,
    /// Spans of the last version.
    pub(crate) published: u32,
    /// Spans that are in no version yet and count as open.
    pub(crate) pending: u32,
    /// Spans that came after the decision.
    pub(crate) late: u32,
    /// Outputs that were not fetched yet.
    pub(crate) waiting: u8,
    /// Versions so far.
    pub(crate) version: u8,
    /// Why it was decided.
    pub(crate) reason: Decided,
    /// Distance of further records from the first one, ascending; then zeros.
    requests: [u32; REQUESTS],
}

/// Where a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Undecided.
    Open,
    /// Decided, and nothing waits for the next version.
    Decided,
    /// Decided, and spans wait for the next version.
    Late,
    /// No longer in the table; its outputs are still to be fetched.
    Gone,
}

/// What became of a span in its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It is one more.
    Added,
    /// A copy is held, and the better of the two is in its place.
    Duplicate,
    /// A published copy is worse; this one waits for the next version.
    Better,
}

/// What a session needs to take a span.
pub(crate) struct Surroundings<'a> {
    pub(crate) arena: &'a mut Arena,
    pub(crate) settings: &'a Settings,
    pub(crate) dictionary: &'a dyn Lookup,
}

impl Session {
    pub(crate) fn new(trace: TraceId, at: LogPos) -> Session {
        Session {
            trace,
            birth: at.offset,
            first: at.time,
            last: at.time,
            armed: LogTime(u64::MAX),
            quiet: at.time,
            decided: at.time,
            late_since: at.time,
            phase: Phase::Open,
            chain: Chain::default(),
            filter: Filter::default(),
            index: None,
            threshold: Threshold::default(),
            published_threshold: Threshold::default(),
            published: 0,
            pending: 0,
            late: 0,
            waiting: 0,
            version: 0,
            reason: Decided::default(),
            requests: [0; REQUESTS],
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// What is left of it when it is given up.
    pub(crate) fn stub(&self, truncated: bool) -> Stub {
        Stub {
            trace: self.trace,
            first: self.first,
            last: self.last,
            birth: self.birth,
            truncated,
        }
    }

    /// Accounted bytes.
    pub(crate) fn bytes(&self, arena: &Arena) -> u64 {
        let without = SESSION_BYTES + u64::from(self.chain.slots) * SLOT_BYTES;
        match self.index {
            None => without,
            Some(id) => without + arena.index_bytes(id),
        }
    }

    /// Offsets of the first few records its spans came in.
    pub(crate) fn requests(&self) -> impl Iterator<Item = Offset> {
        let further = self.requests.iter().take_while(|distance| **distance != 0);
        let further = further.map(|&distance| Offset(self.birth.0 + u64::from(distance)));
        std::iter::once(self.birth).chain(further)
    }

    /// Adds a span if nothing but the chain has to be looked at for that, up to so many slots: so it is with most.
    #[inline]
    pub(crate) fn add_plain(
        &mut self,
        record: &Record,
        sides: &[SideOf],
        at: LogPos,
        slab: &mut Slab,
        plain_max: u32,
    ) -> bool {
        let slots = self.chain.slots as usize + 1 + sides.len();
        let is_plain = self.is_open()
            && self.index.is_none()
            && slots <= plain_max as usize
            && !self.filter.may_hold(record.span.id);
        if is_plain {
            self.last = at.time;
            self.filter.add(record.span.id);
            slab.append(&mut self.chain, &record.span, sides);
            self.note(record, at);
            self.pending += 1;
        }
        is_plain
    }

    /// Takes any span and keeps the books of the session.
    pub(crate) fn take(
        &mut self,
        record: &Record,
        sides: &[SideOf],
        at: LogPos,
        mut around: Surroundings<'_>,
    ) -> Taken {
        self.last = at.time;
        let taken = self.place(&record.span, sides, &mut around);
        if self.index.is_some() || WALKED_MAX < self.chain.slots {
            self.make_room(&mut around);
        }
        if taken == Taken::Duplicate {
            return taken;
        }
        self.note(record, at);
        self.pending += u32::from(taken == Taken::Added);
        if !self.is_open() {
            self.late += u32::from(taken == Taken::Added);
            if self.phase == Phase::Decided {
                self.phase = Phase::Late;
                self.late_since = at.time;
            }
        }
        taken
    }

    /// Whether it is at a limit of one trace; `bytes` are its own.
    pub(crate) fn is_full(&self, bytes: u64, settings: &Settings) -> bool {
        self.chain.spans >= settings.spans_max || bytes >= settings.trace_bytes_max
    }

    /// Folds siblings if it has too many spans; whether it did.
    pub(crate) fn fold(&mut self, around: Surroundings<'_>) -> bool {
        let Surroundings {
            arena,
            settings,
            dictionary,
        } = around;
        let id = *self
            .index
            .get_or_insert_with(|| arena.make_index(&self.chain, dictionary));
        self.chain.spans >= settings.spans_max && arena.relieve(id, &mut self.chain, settings, dictionary)
    }

    /// How whole it is now.
    pub(crate) fn completeness(&self, arena: &Arena, survey: &mut Survey) -> Completeness {
        let folds = arena.folds(self.index);
        let spans = arena.slab.spans(&self.chain).map(|(_, span)| span);
        survey.of(spans, |ids| folds.map_or(0, |folds| folds.among(ids).len()))
    }

    /// Gives everything back that it has in the arena.
    pub(crate) fn release(&mut self, arena: &mut Arena) {
        arena.slab.release(&mut self.chain);
        if let Some(id) = self.index.take() {
            arena.drop_index(id);
        }
    }

    fn place(&mut self, span: &Span, sides: &[SideOf], around: &mut Surroundings<'_>) -> Taken {
        if let Some(id) = self.index {
            return self.place_indexed(id, span, sides, around);
        }
        if self.filter.may_hold(span.id)
            && let Some(slot) = self.walk_to_copy(span, around)
        {
            return self.place_copy(slot, span, sides, around);
        }
        self.filter.add(span.id);
        around.arena.slab.append(&mut self.chain, span, sides);
        Taken::Added
    }

    fn place_indexed(
        &mut self,
        id: IndexId,
        span: &Span,
        sides: &[SideOf],
        around: &mut Surroundings<'_>,
    ) -> Taken {
        let dictionary = around.dictionary;
        let is_open = self.is_open();
        let (index, slab, hasher) = around.arena.index(id);
        let hash = duplicates::hash(span, hasher, dictionary);
        if let Some(slot) = index.find(hash, span, slab, dictionary) {
            return self.place_copy(slot, span, sides, around);
        }
        if index.has_folded(span) {
            return Taken::Duplicate;
        }
        // What was published does not change, so nothing is folded after the decision.
        let joined = match is_open {
            true => index.join(span, sides, (slab, &mut self.chain), around.settings),
            false => Joined::No,
        };
        match joined {
            Joined::Folded => {}
            Joined::Displaced { slot, member } => {
                index.remove(slot, &member, hasher, dictionary);
                index.add(hash, slot, slab, hasher, dictionary);
            }
            Joined::No => {
                let slot = slab.append(&mut self.chain, span, sides);
                index.add(hash, slot, slab, hasher, dictionary);
            }
        }
        Taken::Added
    }

    /// Makes sure that the index, which it has from now on, takes one more span.
    fn make_room(&mut self, around: &mut Surroundings<'_>) {
        match self.index {
            Some(id) => around.arena.make_room(id, &self.chain, around.dictionary),
            None => self.index = Some(around.arena.make_index(&self.chain, around.dictionary)),
        }
    }

    #[cold]
    fn place_copy(
        &mut self,
        slot: u32,
        span: &Span,
        sides: &[SideOf],
        around: &mut Surroundings<'_>,
    ) -> Taken {
        let slab = &mut around.arena.slab;
        let held = (slab.span(slot), slab.sides(slot));
        let arriving = (span, sides.iter().map(|side| side.side));
        let verdict = duplicates::judge(held, arriving, around.dictionary);
        let (better, is_open) = (matches!(verdict, Verdict::Arriving), self.is_open());
        let span = match &verdict {
            Verdict::Held => return Taken::Duplicate,
            Verdict::Arriving => span,
            Verdict::Merged(merged) => merged,
        };
        match (is_open, better) {
            (true, true) => slab.replace(&mut self.chain, slot, span, sides),
            (true, false) => slab.set(slot, span),
            (false, _) => {
                let slot = slab.append(&mut self.chain, span, sides);
                if let Some(id) = self.index {
                    let (index, slab, hasher) = around.arena.index(id);
                    index.put(slot, slab, hasher, around.dictionary);
                }
                return Taken::Better;
            }
        }
        Taken::Duplicate
    }

    /// The best copy held, looked for from span to span: of several, the last one beat those before it.
    fn walk_to_copy(&self, span: &Span, around: &Surroundings<'_>) -> Option<u32> {
        let is_copy = |held: &Span| duplicates::same(held, span, around.dictionary);
        around.arena.slab.last_of(&self.chain, span.id, is_copy)
    }

    /// A record brought a span.
    #[inline]
    fn note(&mut self, record: &Record, at: LogPos) {
        self.threshold = self.threshold.max(record.threshold);
        self.quiet = at.time;
        let distance = at.offset.0.saturating_sub(self.birth.0);
        if distance != 0 && self.requests[REQUESTS - 1] == 0 {
            self.note_distance(u32::try_from(distance).unwrap_or(0));
        }
    }

    fn note_distance(&mut self, distance: u32) {
        let place = self
            .requests
            .iter_mut()
            .find(|held| **held == 0 || distance <= **held);
        if let Some(free @ 0) = place {
            *free = distance;
        }
    }
}

/// Tells most ids that a session does not hold, so that most spans need no look at the others: of those of a session
/// that is walked, one in twenty does.
#[derive(Clone, Copy, Debug, Default)]
struct Filter([u64; 4]);

impl Filter {
    /// An id has a bit in each word. The upper bits of a product depend on all bits of an id.
    #[inline]
    fn bits(id: SpanId) -> [u64; 4] {
        let mixed = id.get().wrapping_mul(0x9e37_79b9_7f4a_7c15);
        [58, 52, 46, 40].map(|shift| 1 << (mixed >> shift & 63))
    }

    #[inline]
    fn add(&mut self, id: SpanId) {
        for (word, bit) in self.0.iter_mut().zip(Filter::bits(id)) {
            *word |= bit;
        }
    }

    #[inline]
    fn may_hold(self, id: SpanId) -> bool {
        let bits = Filter::bits(id);
        self.0.iter().zip(bits).all(|(word, bit)| word & bit != 0)
    }
}

impl Keyed for Session {
    fn trace(&self) -> TraceId {
        self.trace
    }
}

/// What is left of a session that was given up: it keeps its spans from opening a new trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stub {
    /// Which trace.
    pub trace: TraceId,
    /// Log time of its first record.
    pub first: LogTime,
    /// Log time of its last record.
    pub last: LogTime,
    /// Offset of its first record.
    pub birth: Offset,
    /// It ended over a limit of one trace.
    pub truncated: bool,
}

impl Keyed for Stub {
    fn trace(&self) -> TraceId {
        self.trace
    }
}

/// The next thing that time does to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// For this reason, and this whole.
    Decide(Decided, Completeness),
    Publish,
    Stub,
    End,
}

/// When a decided session's next event is due; of simultaneous ones the first of publish, stub, end.
pub(crate) fn after_decision(session: &Session, settings: &Settings) -> (LogTime, Event) {
    let next = match session.phase {
        Phase::Late if session.version < settings.versions_max => {
            let doubled = |wait: Nanos| Nanos(wait.0.saturating_mul(1 << (session.version.clamp(1, 32) - 1)));
            let quiet = session.quiet.after(doubled(settings.late_debounce));
            let longest = session.late_since.after(doubled(settings.late_debounce_max));
            Some(quiet.min(longest))
        }
        Phase::Late | Phase::Decided | Phase::Open | Phase::Gone => None,
    };
    let publish = (next.unwrap_or(LogTime(u64::MAX)), Event::Publish);
    let stub = (session.first.after(settings.stub_age), Event::Stub);
    let end = (session.last.after(settings.gap), Event::End);
    [publish, stub, end]
        .into_iter()
        .min_by_key(|(deadline, _)| *deadline)
        .unwrap_or(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stub_takes_48_bytes_and_a_session_under_200() {
        assert_eq!(size_of::<Stub>(), 48);
        assert_eq!(size_of::<Option<Session>>(), 176);
    }
}
