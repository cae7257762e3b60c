//! # Uninstrumented gap
//!
//! A request's time goes where no span is. Whatever it does there, nobody can see it, and no detector can judge it.
//!
//! **Rule**: a SERVER, CONSUMER or INTERNAL span whose own critical-path time reaches `gap_min_ns` (100 ms) and
//! `gap_share_millionths` (30 %) of its segment, in a segment that makes outgoing operations (a leaf's own work is no
//! gap). Which share of the operation's traces shows it is judged over traces: half, or a fifth that take longer than
//! the operation usually does by half of that time. Without that, others show what they hide: a lost call leaves the
//! same hole.
//!
//! **Guards**, time that is not counted: pauses after a failed call before the same call (back-off); pauses between
//! calls of one template, and all time between members of a repeat (polling, the work for each item); time between
//! INTERNAL spans of one name (streaming); time while a child runs that nobody awaits; time that a span which was
//! lost may explain: elsewhere in the trace spans name a parent that was never received, and fill half of it;
//! placeholders; front ends.
//!
//! **Saves**: nothing by itself: its impact is the path time that it hides.
//!
//! **Silent when**: a service that calls nobody computes; a handler waits for a detached child.
//!
//! **Fix**: a span, or a profile, where the largest hole is: before the first operation it is setup, after the last
//! one rendering.

use hotspan_model::{
    Break, Class, Facets, Fix, Knob, Meta, Millionths, Nanos, NearReason, Saving, SavingRule, Scope, Symbol,
};

use super::near::{NearSpans, all, condition, share_of};
use super::spans::SpanDraft;
use super::words::tenths_of_a_week;
use super::{Detector, Findings};
use crate::context::{Context, Operation, is_near, is_trusted};
use crate::{Edge, Mark, NONE, Segment};

/// The detector.
#[derive(Debug)]
pub(super) struct UninstrumentedGap;

static GAP_MIN: Knob = Knob {
    name: "gap_min_ns",
    default: 100_000_000,
    what: "least critical-path time of a span that nothing below it explains",
};

static GAP_SHARE: Knob = Knob {
    name: "gap_share_millionths",
    default: 300_000,
    what: "least share of the segment that such time takes",
};

static META: Meta = Meta {
    id: "uninstrumented-gap",
    title: "A request's time goes where no span is",
    in_break: Break::Observability,
    scope: Scope::Both,
    habit: true,
    effort: tenths_of_a_week(2),
    saving: SavingRule::Replayed,
    knobs: &[GAP_MIN, GAP_SHARE],
    sentence,
    fix,
};

impl Detector for UninstrumentedGap {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn detect(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        let working = [Class::Server, Class::Consumer, Class::Internal];
        let least = cx.least(&GAP_MIN);
        if !is_near(cx.census().longest(working), least) {
            return;
        }
        let mut holes = std::mem::take(&mut out.scratch.spans.marks);
        holes.clear();
        for (at, piece) in cx.paths().segments().iter().enumerate() {
            let own = cx.paths().own(piece.node).0;
            // Most take far less.
            if own >= least / 2 && is_near(own, least) && is_candidate(cx, piece.node, own) {
                holes.push((cx.place_of(piece.node), piece.start, at as u32));
            }
        }
        holes.sort_unstable();
        if !holes.is_empty() {
            repeats(cx, out);
            lost(cx, out);
        }
        for of_span in holes.chunk_by(|a, b| a.0 == b.0) {
            judge(cx, of_span, out);
        }
        out.scratch.spans.marks = holes;
    }
}

/// Whether a span of so much own time may hide something, or nearly so.
fn is_candidate(cx: &Context<'_>, at: u32, own: u64) -> bool {
    let node = cx.forest.node(at);
    let segment = cx.segment_at(cx.place_of(at));
    let works = matches!(node.class(), Class::Server | Class::Consumer | Class::Internal);
    works && segment != NONE && is_trusted(node) && {
        let share = Millionths(cx.knob(segment, &GAP_SHARE)).of(cx.segment(segment).length());
        let enough = is_near(own, share) && is_near(own, cx.knob(segment, &GAP_MIN));
        let segment = cx.segment(segment);
        let awaited = node.head == cx.node_at(segment.root).head;
        segment.outgoing > 0 && !segment.front_end && awaited && enough
    }
}

/// Lists where members of repeats run: segment, start and end, by segment and start.
fn repeats(cx: &Context<'_>, out: &mut Findings<'_>) {
    let windows = &mut out.scratch.spans.windows;
    windows.clear();
    for class in [Class::Call, Class::Db, Class::Cache, Class::Publish] {
        for group in cx.repeats(class) {
            let members = cx.members(group);
            let first = cx.node_of(members[0]);
            let end = members.iter().map(|&at| cx.node_of(at).end).max();
            windows.push((group.segment, first.start, end.unwrap_or(first.end)));
        }
    }
    windows.sort_unstable();
}

/// Lists placeholders and their lengths.
fn lost(cx: &Context<'_>, out: &mut Findings<'_>) {
    let lost = &mut out.scratch.spans.lost;
    lost.clear();
    for &at in cx.nodes() {
        let node = cx.forest.node(at);
        if node.has(Mark::Phantom) && lost.len() < WINDOWS_MAX {
            lost.push((cx.place_of(at), node.e - node.b));
        }
    }
}

fn judge(cx: &Context<'_>, holes: &[(u32, i64, u32)], out: &mut Findings<'_>) {
    let place = holes[0].0;
    let at = cx.segment_at(place);
    let segment = cx.segment(at);
    let (mut hidden, mut largest) = (0, None);
    let (mut explained, mut guard) = (0, None);
    for &(.., piece) in holes {
        let around = Around::new(cx, piece as usize);
        let length = around.piece.end - around.piece.start;
        if let Some(by) = around.explained_by(cx, at, out) {
            explained += length;
            guard = guard.max(Some((length, by)));
            continue;
        }
        hidden += length;
        largest = largest.max(Some((length, std::cmp::Reverse(piece))));
    }
    let share = Millionths(cx.knob(at, &GAP_SHARE)).of(segment.length());
    let passes = |time: i64| {
        let time = time.unsigned_abs();
        time >= cx.knob(at, &GAP_MIN) && time >= share
    };
    match (largest, guard) {
        (Some((_, std::cmp::Reverse(piece))), _) if passes(hidden) => {
            report(
                cx,
                place,
                &Around::new(cx, piece as usize),
                Nanos(hidden.unsigned_abs()),
                out,
            );
        }
        (_, Some((_, guard))) if passes(hidden + explained) => {
            nearly(cx, place, NearReason::Guard(guard), hidden + explained, out);
        }
        _ => nearly(cx, place, NearReason::Cost, hidden, out),
    }
}

/// Tells a span with so much time, when that is nearly enough.
fn nearly(cx: &Context<'_>, place: u32, reason: NearReason, time: i64, out: &mut Findings<'_>) {
    let (at, node) = (cx.segment_at(place), cx.node_at(place));
    let time = Nanos(time.unsigned_abs());
    let conditions = [
        condition(cx, at, &GAP_MIN, time.0),
        condition(cx, at, &GAP_SHARE, share_of(cx, at, time)),
    ];
    if conditions.iter().all(|one| is_near(one.value, one.threshold)) {
        let near = NearSpans {
            meta: &META,
            segment: at,
            class: node.class(),
            template: node.operation,
            members: 1,
            reason,
            conditions: all(conditions),
        };
        out.near_spans(cx, near);
    }
}

/// A piece of a path, and the children of its span that it lies between.
struct Around<'a> {
    place: u32,
    piece: &'a Segment,
    /// Place of the child that ended before it, or [`NONE`].
    before: u32,
    /// Place of the child that started after it, or [`NONE`].
    after: u32,
}

impl<'a> Around<'a> {
    fn new(cx: &Context<'a>, at: usize) -> Around<'a> {
        let pieces = cx.paths().segments();
        let piece = &pieces[at];
        let place = cx.place_of(piece.node);
        // The latest pieces come first.
        let later = at.checked_sub(1).and_then(|at| pieces.get(at));
        let child = |other: Option<&Segment>, edge: bool| {
            let other = other.filter(|other| edge && other.node != piece.node);
            other.map_or(NONE, |other| child_above(cx, place, cx.place_of(other.node)))
        };
        let earlier = pieces.get(at + 1);
        Around {
            place,
            piece,
            before: child(earlier, earlier.is_some_and(|other| other.end == piece.start)),
            after: child(later, later.is_some_and(|other| other.start == piece.end)),
        }
    }

    /// The guard by which the time between the two is no riddle.
    fn explained_by(&self, cx: &Context<'_>, segment: u32, out: &Findings<'_>) -> Option<&'static str> {
        match () {
            () if self.is_between_repeats(segment, out) => Some("repeat"),
            () if self.is_between_likes(cx) => Some("again"),
            () if self.waits_for_detached(cx) => Some("detached"),
            () if self.may_be_lost(cx, out) => Some("lost"),
            () => None,
        }
    }

    fn is_between_repeats(&self, segment: u32, out: &Findings<'_>) -> bool {
        let windows = &out.scratch.spans.windows;
        let from = windows.partition_point(|window| window.0 < segment);
        let own = windows[from..].iter().take_while(|window| window.0 == segment);
        own.take(WINDOWS_MAX)
            .any(|&(_, start, end)| start <= self.piece.start && self.piece.end <= end)
    }

    /// A call made again, or work of one name that goes on.
    fn is_between_likes(&self, cx: &Context<'_>) -> bool {
        if self.before == NONE || self.after == NONE {
            return false;
        }
        let [before, after] = [self.before, self.after].map(|place| cx.node_at(place));
        let internal = before.class() == Class::Internal && after.class() == Class::Internal;
        let [first, second] = [self.before, self.after].map(|place| call_in(cx, place));
        let again = first.is_some() && first == second;
        again || internal && before.operation == after.operation
    }

    /// Whether most of it passes while a child runs that its span does not await.
    fn waits_for_detached(&self, cx: &Context<'_>) -> bool {
        let children = cx.forest.children(self.piece.node);
        let loose = children[cx.forest.by_start(self.piece.node).len()..].iter();
        loose.take(WINDOWS_MAX).any(|&child| {
            let child = cx.forest.node(child);
            let shared = child.e.min(self.piece.end) - child.b.max(self.piece.start);
            matches!(child.edge, Edge::Detached | Edge::Async)
                && shared > (self.piece.end - self.piece.start) / 2
        })
    }

    /// Whether the work of a span that was lost fills half of it. Clocks may be off, so its place does not matter.
    fn may_be_lost(&self, cx: &Context<'_>, out: &Findings<'_>) -> bool {
        let half = (self.piece.end - self.piece.start) / 2;
        let mut lost = out.scratch.spans.lost.iter();
        lost.any(|&(place, length)| length >= half && !cx.contains(place, self.place))
    }

    /// What a span is called where there is no child: the span itself.
    fn names(&self, cx: &Context<'_>) -> Option<[Symbol; 2]> {
        let own = cx.node_at(self.place).operation?;
        let name = |place: u32| match place {
            NONE => own,
            place => {
                let template = cx.operation_at(place).and_then(|row| row.template());
                template.or(cx.node_at(place).operation).unwrap_or(own)
            }
        };
        Some([name(self.before), name(self.after)])
    }
}

/// Windows of repeats, or children nobody awaits, that are looked at for one hole.
const WINDOWS_MAX: usize = 64;

/// The child of `place` that holds `inner`.
fn child_above(cx: &Context<'_>, place: u32, mut inner: u32) -> u32 {
    while inner != NONE && cx.parent(inner) != place {
        inner = cx.parent(inner);
    }
    inner
}

/// What a child calls, seen through wrappers: equal for calls of one template.
fn call_in(cx: &Context<'_>, mut place: u32) -> Option<u64> {
    while cx.is_transparent(place) {
        place += 1;
    }
    let call = cx.operation_at(place).filter(|row| row.class == Class::Call);
    call.map(Operation::key)
}

fn report(cx: &Context<'_>, place: u32, around: &Around<'_>, hidden: Nanos, out: &mut Findings<'_>) {
    let Some(names) = around.names(cx) else { return };
    let segment = cx.segment(cx.segment_at(place));
    let own = cx.node_at(place).operation;
    let shown = [place, around.before, around.after];
    let mut places = std::mem::take(&mut out.scratch.spans.places);
    places.clear();
    places.extend(shown.into_iter().filter(|&place| place != NONE));
    out.push_spans(
        cx,
        &SpanDraft {
            meta: &META,
            segment: cx.segment_at(place),
            anchor: place,
            places: &places,
            calls: 1,
            about: None,
            template: own,
            key: &[cx.text(segment.operation), own.map_or("", |own| cx.text(own))],
            templates: &names,
            wall: hidden,
            path: hidden,
            parallel: false,
            params: None,
            saving: Saving::default(),
            certainty: Millionths::ONE,
        },
    );
    out.scratch.spans.places = places;
}

/// Longest name of an operation in a sentence, in bytes.
const NAME_BYTES_MAX: usize = 60;

/// Where the largest hole is.
fn hole(facets: &Facets<'_>) -> String {
    let own = facets.callee.template.as_str();
    let short = |name: &str| match name.len() > NAME_BYTES_MAX {
        true => format!("{}…", &name[..name.floor_char_boundary(NAME_BYTES_MAX)]),
        false => name.to_owned(),
    };
    match *facets.templates {
        [before, after] if before == own && after == own => format!("inside {own}, which has no child"),
        [before, after] if before == own => format!("before {} (setup)", short(after)),
        [before, after] if after == own => format!("after {} (rendering)", short(before)),
        [before, after] => format!("between {} and {}", short(before), short(after)),
        _ => format!("inside {own}"),
    }
}

fn sentence(facets: &Facets<'_>) -> String {
    format!(
        "{} spends {} where no span is, most of it {}",
        facets.operation,
        facets.path,
        hole(facets)
    )
}

fn fix(facets: &Facets<'_>) -> Fix {
    let language = FRAMEWORKS.iter().find(|(name, _)| *name == facets.language);
    Fix {
        summary: format!("make visible what happens {}", hole(facets)),
        how: language.map_or(BY_HAND, |&(_, how)| how).to_owned(),
    }
}

const BY_HAND: &str =
    "a span around the work there, the instrumentation of the library that does it, or a profile";

/// By SDK language.
const FRAMEWORKS: &[(&str, &str)] = &[
    (
        "python",
        "tracer.start_as_current_span(…) around the work there, or a profile with py-spy",
    ),
    (
        "nodejs",
        "tracer.startActiveSpan(…) around the work there; a blocked event loop shows in monitorEventLoopDelay()",
    ),
    (
        "java",
        "@WithSpan on the method there, or a profile with async-profiler; garbage collection shows in JFR",
    ),
    (
        "go",
        "tracer.Start(ctx, …) around the work there, or a profile with pprof",
    ),
    (
        "dotnet",
        "ActivitySource.StartActivity(…) around the work there, or dotnet-trace",
    ),
];

#[cfg(test)]
mod tests {
    use hotspan_model::{Lookup, Nanos};
    use hotspan_testkit::Drawing;

    use crate::detectors::testing::{check_gaps, report};

    const SLEEP: &str = "
        shop GET /documents    0..1000
          db SELECT doc       10..30
          db SELECT font     730..750
        ";

    const FOUND: &str = "uninstrumented-gap: 1 calls under GET /documents";

    /// Between which operations the largest hole is.
    fn between(text: &str) -> Vec<String> {
        let drawing = Drawing::new(text);
        let report = report(&drawing);
        let templates = report.templates_of(&report.findings[0]).iter();
        templates
            .map(|&template| drawing.dictionary.text(template).to_owned())
            .collect()
    }

    #[test]
    fn a_request_sleeps_between_two_statements() {
        check_gaps(SLEEP, &[FOUND]);
        assert_eq!(
            report(&Drawing::new(SLEEP)).findings[0].path,
            Nanos::from_millis(960)
        );
        assert_eq!(between(SLEEP), ["SELECT doc", "SELECT font"]);
    }

    #[test]
    fn setup_and_rendering_are_named() {
        let at = |db: &str| format!("shop GET /documents 0..1000\n  db SELECT doc {db}");
        assert_eq!(between(&at("900..950")), ["GET /documents", "SELECT doc"]);
        assert_eq!(between(&at("10..30")), ["SELECT doc", "GET /documents"]);
    }

    #[test]
    fn at_the_threshold() {
        let of = |end: u64, whole: u64| {
            format!("shop GET /documents 0..{whole}\n  db SELECT doc 0..1\n  call GET /a {end}..{whole}")
        };
        check_gaps(&of(101, 150), &[FOUND]);
        check_gaps(&of(100, 150), &[]);
        check_gaps(&of(151, 500), &[FOUND]);
        check_gaps(&of(150, 500), &[]);
    }

    #[test]
    fn a_leaf_that_computes_is_no_gap() {
        check_gaps("shop GET /sum 0..900\n  internal handler 5..890", &[]);
    }

    #[test]
    fn an_internal_span_may_hide_it_too() {
        check_gaps(
            "
            shop GET /documents    0..1000
              db SELECT doc       10..30
              internal render     40..990
            ",
            &["uninstrumented-gap: 1 calls under render"],
        );
    }

    #[test]
    fn pauses_before_another_attempt_are_back_off() {
        check_gaps(
            "
            shop GET /documents       0..1000
              call GET /doc          10..30 err http=503 params=1
              call GET /doc         480..500 err http=503 params=1
              call GET /doc         970..990 params=1
            ",
            &[],
        );
    }

    #[test]
    fn the_work_for_each_item_of_a_loop_and_the_sleep_of_a_poll_are_explained() {
        check_gaps("shop GET /documents 0..1000\n  db SELECT page 10..20 x9+100", &[]);
        check_gaps("shop GET /jobs 0..1000\n  call GET /job 10..12 x10+98", &[]);
    }

    #[test]
    fn chunks_of_a_stream_are_no_gap() {
        check_gaps(
            "shop GET /stream 0..1000\n  db SELECT doc 0..5\n  internal send 10..12 x10+98",
            &[],
        );
    }

    #[test]
    fn what_a_lost_span_did_may_be_the_gap() {
        let at = |from: u64, to: u64| {
            format!("{SLEEP}    \n        other server GET /a {from}..{to} host=z parent=99")
        };
        check_gaps(&at(5_000, 5_460), &[]);
        check_gaps(&at(5_000, 5_300), &[FOUND]);
    }

    #[test]
    fn a_handler_that_waits_for_a_detached_child() {
        check_gaps(
            "
            shop GET /documents     0..1000 host=a
              db SELECT doc        10..30
              internal background  40..1900
            ",
            &[],
        );
    }
}
