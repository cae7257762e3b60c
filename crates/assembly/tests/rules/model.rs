//! The contract once more, slow and obvious: every session is looked at for every event. No limits, no folding.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use hotspan_assembly::Settings;
use hotspan_model::{
    Class, Decided, Flag, Kind, LocalDictionary, Lookup, ParamHash, Span, SpanId, Visibility,
};

use crate::world::{Dice, SECOND, START, World, copy_of, for_seeds, random_trace, trace_id};

/// What an output is compared by: trace, version, reason, offset, spans, spans of the version before.
type Line = (u64, u32, Decided, u64, Vec<Span>, u32);

pub(crate) struct Model<'a> {
    settings: Settings,
    words: &'a LocalDictionary,
    sessions: BTreeMap<u64, Known>,
    out: Vec<Line>,
}

#[derive(Default)]
struct Known {
    spans: Vec<Span>,
    first: u64,
    last: u64,
    quiet: u64,
    decided: Option<Decided>,
    version: u32,
    published: usize,
    due: Option<(u64, u64)>,
    is_stub: bool,
}

#[derive(Clone, Copy)]
enum Happens {
    Decide(Decided),
    Publish,
    Stub,
    End,
}

impl Model<'_> {
    fn time(&mut self, offset: u64, now: u64) {
        loop {
            let events = self
                .sessions
                .iter()
                .map(|(&trace, known)| (self.next(known), trace));
            let Some(((when, what), trace)) = events.min_by_key(|((when, _), trace)| (*when, *trace)) else {
                return;
            };
            if now < when {
                return;
            }
            let known = self.sessions.get_mut(&trace).unwrap();
            if let Happens::Decide(reason) = what {
                known.decided = Some(reason);
            }
            if known.published < known.spans.len() {
                known.version += 1;
                known.due = None;
                let previous = std::mem::replace(&mut known.published, known.spans.len()) as u32;
                let reason = known.decided.unwrap();
                self.out.push((
                    trace,
                    known.version,
                    reason,
                    offset,
                    known.spans.clone(),
                    previous,
                ));
            }
            match what {
                Happens::Decide(_) | Happens::Publish => {}
                Happens::Stub => known.is_stub = true,
                Happens::End => drop(self.sessions.remove(&trace)),
            }
        }
    }

    fn next(&self, known: &Known) -> (u64, Happens) {
        let Settings {
            complete_quiet,
            root_quiet,
            rootless_quiet,
            age,
            gap,
            stub_age,
            ..
        } = self.settings;
        let end = (known.last + gap.0, Happens::End);
        if known.is_stub {
            return end;
        }
        let rules = if known.decided.is_none() {
            let root = known.spans.iter().any(Span::is_root);
            let whole = root
                && known
                    .spans
                    .iter()
                    .all(|span| !lacks_something(span, &known.spans));
            vec![
                (
                    whole,
                    known.quiet + complete_quiet.0,
                    Happens::Decide(Decided::Complete),
                ),
                (
                    root,
                    known.quiet + root_quiet.0,
                    Happens::Decide(Decided::RootQuiet),
                ),
                (
                    !root,
                    known.quiet + rootless_quiet.0,
                    Happens::Decide(Decided::RootlessQuiet),
                ),
                (true, known.first + age.0, Happens::Decide(Decided::Age)),
            ]
        } else {
            let double = 1 << (known.version - 1);
            let (first, last) = known.due.unwrap_or_default();
            let wait = last + self.settings.late_debounce.0 * double;
            let wait = wait.min(first + self.settings.late_debounce_max.0 * double);
            let publishes = known.due.is_some() && known.version < u32::from(self.settings.versions_max);
            vec![
                (publishes, wait, Happens::Publish),
                (true, known.first + stub_age.0, Happens::Stub),
                (true, end.0, end.1),
            ]
        };
        let holding = rules.into_iter().filter(|(holds, ..)| *holds);
        holding
            .map(|(_, when, what)| (when, what))
            .min_by_key(|(when, _)| *when)
            .unwrap()
    }

    fn span(&mut self, trace: u64, now: u64, span: Span) {
        let new = || Known {
            first: now,
            quiet: now,
            ..Known::default()
        };
        let known = self.sessions.entry(trace).or_insert_with(new);
        known.last = now;
        if known.is_stub {
            return;
        }
        let copy = known
            .spans
            .iter_mut()
            .rev()
            .find(|held| are_copies(held, &span, self.words));
        let kept = copy.as_ref().map_or(span, |held| better(held, &span, self.words));
        match (copy, known.decided) {
            (Some(held), _) if *held == kept => return,
            (Some(held), None) => {
                *held = kept;
                return;
            }
            (Some(_), Some(_)) | (None, _) => known.spans.push(kept),
        }
        match known.decided {
            None => known.quiet = now,
            Some(_) => known.due = Some((known.due.map_or(now, |(first, _)| first), now)),
        }
    }
}

fn lacks_something(span: &Span, spans: &[Span]) -> bool {
    let held = |id: SpanId| spans.iter().any(|span| span.id == id);
    let is_answer = |other: &Span| other.parent == Some(span.id) && other.kind() == Kind::Server;
    let is_call = span.kind() == Kind::Client && span.class() == Class::Call;
    let parent_missing = span.parent.is_some_and(|parent| !held(parent)) || span.has(Flag::BadParent);
    parent_missing || is_call && !spans.iter().any(is_answer)
}

pub(crate) fn are_copies(a: &Span, b: &Span, words: &LocalDictionary) -> bool {
    let host = |span: &Span| words.source(span.source).unwrap().host;
    (a.id, a.start, a.kind(), host(a)) == (b.id, b.start, b.kind(), host(b))
}

/// The copy that stays.
pub(crate) fn better(a: &Span, b: &Span, words: &LocalDictionary) -> Span {
    let key = |span: &Span| {
        let texts = [words.text(span.operation), words.text(span.source)].map(str::to_owned);
        let plain = span.bits.with_visibility(Visibility::None);
        (Reverse(span.end()), span.parent, span.duration, texts, plain)
    };
    match key(a).cmp(&key(b)) {
        std::cmp::Ordering::Less => *a,
        std::cmp::Ordering::Greater => *b,
        std::cmp::Ordering::Equal if a == b => *a,
        std::cmp::Ordering::Equal => {
            let params = if a.params == b.params {
                a.params
            } else {
                ParamHash(0)
            };
            Span {
                params,
                bits: a.bits.with_visibility(Visibility::Hidden),
                ..*a
            }
        }
    }
}

fn simulate(seed: u64) {
    let mut dice = Dice::new(seed);
    let mut world = World::seeded(Settings::default(), seed);
    let mut traces: Vec<(u64, Vec<Span>)> = (0..1 + dice.below(6))
        .map(|trace| (trace, random_trace(&world.words, &mut dice, 40)))
        .collect();
    let words = crate::world::Words::default();
    let mut model = Model {
        settings: Settings::default(),
        words: &words.dictionary,
        sessions: BTreeMap::new(),
        out: Vec::new(),
    };
    let mut time = 0;
    for _ in 0..dice.below(200) {
        time += match dice.below(12) {
            0 => dice.below(70 * SECOND),
            1 => dice.below(10 * SECOND),
            // Deadlines that fall together.
            2..6 => dice.below(4) * SECOND / 2,
            _ => dice.below(SECOND),
        };
        let mut request = Vec::new();
        for _ in 0..dice.below(4) {
            let place = dice.below(traces.len() as u64) as usize;
            let (trace, spans) = &mut traces[place];
            let span = spans[dice.below(spans.len() as u64) as usize];
            request.push((*trace, copy_of(&span, &mut dice)));
        }
        world.request(time, &request);
        model.time(world.now.offset.0, START + time);
        for &(trace, span) in &request {
            model.span(trace, START + time, span);
        }
    }
    world.tick(time + 3_600 * SECOND);
    model.time(world.now.offset.0, START + time + 3_600 * SECOND);
    let lines: Vec<Line> = world.take().iter().map(line).collect();
    for (at, (real, expected)) in lines.iter().zip(&model.out).enumerate() {
        assert_eq!(real, expected, "output {at}");
    }
    assert_eq!(lines.len(), model.out.len());
    let stats = world.assembler.stats();
    assert_eq!(
        (stats.opened, stats.bytes),
        (stats.ended, 0),
        "nothing is left of ended sessions"
    );
}

fn line(out: &hotspan_model::Assembled) -> Line {
    let trace = (0..100)
        .find(|&trace| Some(trace_id(trace)) == out.trace)
        .unwrap();
    (
        trace,
        out.version,
        out.reason,
        out.trigger.offset.0,
        out.spans.clone(),
        out.previous,
    )
}

#[test]
fn the_assembler_says_what_the_slow_model_says_at_the_same_records() {
    for_seeds(400, simulate);
}
