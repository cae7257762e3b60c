//! # Call in transaction
//!
//! A database transaction stays open while its request waits for another service. For so long it holds a connection
//! and its locks, so one slow callee can empty the pool of everybody else.
//!
//! **Rule**: calls or publishes of one template that run between BEGIN and COMMIT or ROLLBACK of one segment take at
//! least `call_in_transaction_path_min_ns` (50 ms) of the critical path, `cost_share_millionths` (5 %) of the
//! segment and `cost_min_ns` (1 ms). Of transactions that overlap, the time that is inside every one of them counts.
//!
//! **Guards**: two-phase commit (PREPARE TRANSACTION, XA); savepoints end nothing; a transaction whose begin or end
//! has no span is not guessed; front ends.
//!
//! **Saves**: held connections, no time of the request: its impact is the path time that it exposes. Whatever
//! another detector says about the same calls stays.
//!
//! **Silent when**: calls come before BEGIN or after COMMIT.
//!
//! **Fix**: make the call before the transaction or after it, or write an outbox row in it.

use hotspan_model::{
    Break, Class, Facets, Fix, Knob, Meta, Millionths, Nanos, NearReason, Saving, SavingRule, Scope, Symbol,
};

use super::near::{Near, all, condition, of_cost};
use super::spans::{SpanDraft, callee_key, pays};
use super::words::{peer, target, tenths_of_a_week};
use super::{Detector, Findings};
use crate::context::{Context, clock_step, is_near};
use crate::{NONE, Node};

/// The detector.
#[derive(Debug)]
pub(super) struct CallInTransaction;

static PATH_MIN: Knob = Knob {
    name: "call_in_transaction_path_min_ns",
    default: 50_000_000,
    what: "least critical-path time of remote calls while a transaction is open",
};

static META: Meta = Meta {
    id: "call-in-transaction",
    title: "A transaction stays open during a remote call",
    in_break: Break::Synchronous,
    scope: Scope::Trace,
    habit: false,
    effort: tenths_of_a_week(10),
    saving: SavingRule::Replayed,
    knobs: &[PATH_MIN],
    sentence,
    fix,
};

impl Detector for CallInTransaction {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn detect(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        if cx.census().count(Class::DbMeta) == 0 {
            return;
        }
        let mut marks = std::mem::take(&mut out.scratch.spans.marks);
        marks.clear();
        for (place, &at) in cx.nodes().iter().enumerate() {
            let node = cx.forest.node(at);
            if node.class() != Class::DbMeta || !node.is_live() {
                continue;
            }
            let segment = cx.segment_at(place as u32);
            if segment != NONE && border(cx, node).is_some() {
                marks.push((segment, node.start, place as u32));
            }
        }
        marks.sort_unstable();
        let mut calls = std::mem::take(&mut out.scratch.picked);
        calls.clear();
        if !marks.is_empty() {
            waits(cx, &mut calls);
        }
        for borders in marks.chunk_by(|a, b| a.0 == b.0) {
            let segment = borders[0].0;
            let from = calls.partition_point(|&at| cx.operation(at).segment < segment);
            let to = calls.partition_point(|&at| cx.operation(at).segment <= segment);
            if from < to && !cx.segment(segment).front_end {
                transactions(cx, borders, &calls[from..to], out);
            }
        }
        out.scratch.picked = calls;
        out.scratch.spans.marks = marks;
    }
}

/// Calls and publishes on the critical path, segment by segment, each in order of time.
fn waits(cx: &Context<'_>, calls: &mut Vec<u32>) {
    let all = cx.operations().iter().enumerate();
    let on_path = all.filter(|(_, row)| {
        matches!(row.class, Class::Call | Class::Publish)
            && row.counts()
            && cx.paths().subtree(row.node) > Nanos::ZERO
    });
    calls.extend(on_path.map(|(at, _)| at as u32));
    calls.sort_unstable_by_key(|&at| {
        let node = cx.node_of(at);
        (cx.operation(at).segment, node.start, node.key())
    });
}

/// What a session statement does to a transaction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Border {
    Begin,
    End,
    /// It belongs to one over several databases, which waits for the others on purpose.
    TwoPhase,
}

fn border(cx: &Context<'_>, node: &Node) -> Option<Border> {
    let template = cx
        .trace
        .spans
        .get(node.span as usize)
        .and_then(|span| span.template);
    let read = |symbol: Option<Symbol>| symbol.and_then(|symbol| border_of(cx.text(symbol)));
    read(template).or_else(|| read(node.operation))
}

/// Reads a statement, or the name of a span.
fn border_of(text: &str) -> Option<Border> {
    let mut words = text
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    let (first, second) = (words.next()?, words.next().unwrap_or(""));
    let is = |word: &str, one: &str| word.eq_ignore_ascii_case(one);
    let two_phase =
        is(first, "xa") || is(second, "prepared") || is(first, "prepare") && is(second, "transaction");
    let ends = ["commit", "rollback", "end", "abort"];
    match () {
        () if two_phase => Some(Border::TwoPhase),
        () if is(first, "begin") || is(first, "start") && is(second, "transaction") => Some(Border::Begin),
        () if is(second, "to") => None,
        () if ends.iter().any(|word| is(first, word)) => Some(Border::End),
        () => None,
    }
}

/// Judges the transactions of one segment, each from the last begin to the first end after it.
fn transactions(cx: &Context<'_>, marks: &[(u32, i64, u32)], calls: &[u32], out: &mut Findings<'_>) {
    let borders = || {
        marks
            .iter()
            .filter_map(|&(.., place)| Some((place, border(cx, cx.node_at(place))?)))
    };
    if borders().any(|(_, border)| border == Border::TwoPhase) {
        let path = super::findings::path(cx, calls, cx.node_of(calls[0]).head);
        return nearly(cx, calls, path, NearReason::Guard("two-phase"), out);
    }
    for ((begin, first), (end, last)) in borders().zip(borders().skip(1)) {
        if (first, last) == (Border::Begin, Border::End) {
            transaction(cx, begin, calls, end, out);
        }
    }
}

/// Judges what runs between the spans at two places.
fn transaction(cx: &Context<'_>, begin: u32, calls: &[u32], end: u32, out: &mut Findings<'_>) {
    let (opened, closed) = (cx.node_at(begin), cx.node_at(end));
    let step = clock_step(opened).max(clock_step(closed));
    let from = calls.partition_point(|&at| cx.node_of(at).start + step < opened.end);
    let started = calls[from..]
        .iter()
        .take_while(|&&at| cx.node_of(at).start < closed.start);
    let inside = started.filter(|&&at| cx.node_of(at).end <= closed.start + step);
    let mut held = std::mem::take(&mut out.scratch.spans.held);
    held.clear();
    held.extend(inside);
    let key = |at: u32| callee_key(cx, cx.operation(at));
    held.sort_unstable_by_key(|&at| (key(at), cx.node_of(at).start, cx.node_of(at).key()));
    for same in held.chunk_by(|&a, &b| key(a) == key(b)) {
        judge(cx, begin, same, end, out);
    }
    out.scratch.spans.held = held;
}

fn judge(cx: &Context<'_>, begin: u32, calls: &[u32], end: u32, out: &mut Findings<'_>) {
    let first = cx.operation(calls[0]);
    let path = super::findings::path(cx, calls, cx.node_of(calls[0]).head);
    if path.0 < cx.knob(first.segment, &PATH_MIN) || !pays(cx, first.segment, path) {
        return nearly(cx, calls, path, NearReason::Cost, out);
    }
    let mut places = std::mem::take(&mut out.scratch.spans.places);
    places.clear();
    places.push(begin);
    places.extend(calls.iter().map(|&at| cx.operation(at).place));
    places.push(end);
    let segment = cx.segment(first.segment);
    let anchor = match cx.common(begin.min(end), begin.max(end)) {
        NONE => segment.root,
        anchor => anchor,
    };
    let [template, service] = callee_key(cx, first);
    out.push_spans(
        cx,
        &SpanDraft {
            meta: &META,
            segment: first.segment,
            anchor,
            places: &places,
            calls: calls.iter().map(|&at| cx.operation(at).weight).sum(),
            about: Some(first),
            template: None,
            key: &[cx.text(segment.operation), template, service],
            templates: &[],
            wall: path,
            path,
            parallel: false,
            params: None,
            saving: Saving::default(),
            certainty: Millionths::ONE,
        },
    );
    out.scratch.spans.places = places;
}

/// Tells calls that take nearly long enough, or that are stopped.
fn nearly(cx: &Context<'_>, calls: &[u32], path: Nanos, reason: NearReason, out: &mut Findings<'_>) {
    let segment = cx.operation(calls[0]).segment;
    let long = condition(cx, segment, &PATH_MIN, path.0);
    let [share, least] = of_cost(cx, segment, path);
    if is_near(long.value, long.threshold) {
        let near = Near {
            meta: &META,
            segment,
            first: calls[0],
            members: calls.iter().map(|&at| cx.operation(at).weight).sum(),
            reason,
            conditions: all([long, share, least]),
        };
        out.near(cx, near);
    }
}

fn sentence(facets: &Facets<'_>) -> String {
    format!(
        "{} holds a transaction open for {} between BEGIN and COMMIT while it waits for {} of {}",
        facets.operation,
        facets.path,
        target(facets),
        peer(facets)
    )
}

fn fix(facets: &Facets<'_>) -> Fix {
    Fix {
        summary: format!("call {} before the transaction or after it", peer(facets)),
        how: match facets.writes {
            true => "write what is to be done into an outbox table in the transaction, commit, and let a worker make \
                     the call",
            false => "ask first, then begin, write and commit; check under the lock that what was asked for still holds",
        }
        .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use hotspan_model::{Nanos, Saving};
    use hotspan_testkit::Drawing;

    use crate::detectors::testing::{check, only, report};

    const PLACE: &str = "
        shop POST /place          0..200
          db-meta BEGIN          10..11
          db INSERT order        12..15 write
          call POST /reserve     20..120
          db-meta COMMIT        121..123
        ";

    const FOUND: &str = "call-in-transaction: 1 calls under POST /place";

    #[test]
    fn a_call_between_begin_and_commit() {
        check(PLACE, &[FOUND]);
        let finding = only(PLACE);
        assert_eq!(finding.path, Nanos::from_millis(100));
        assert_eq!(finding.saving, Saving::default());
        let report = report(&Drawing::new(PLACE));
        assert_eq!(report.members_of(&report.findings[0]).len(), 3);
    }

    #[test]
    fn at_the_threshold() {
        check(&PLACE.replace("20..120", "20..70"), &[FOUND]);
        check(&PLACE.replace("20..120", "20..69"), &[]);
        check(&PLACE.replace("0..200", "0..2001"), &[]);
    }

    #[test]
    fn a_rollback_ends_it_too() {
        check(&PLACE.replace("COMMIT", "ROLLBACK"), &[FOUND]);
        check(&PLACE.replace("BEGIN", "START TRANSACTION"), &[FOUND]);
        check(&PLACE.replace("COMMIT", "ROLLBACK TO SAVEPOINT a"), &[]);
    }

    #[test]
    fn calls_before_begin_and_after_commit_hold_nothing() {
        check(
            "
            shop POST /place          0..400
              call GET /price        10..100
              db-meta BEGIN         100..101
              db INSERT order       102..105 write
              db-meta COMMIT        121..123
              call POST /ship       130..230
            ",
            &[],
        );
    }

    #[test]
    fn what_has_no_span_is_not_guessed() {
        check(
            "shop POST /place 0..200\n  db-meta BEGIN 10..11\n  call POST /reserve 20..120",
            &[],
        );
        check(
            "shop POST /place 0..200\n  call POST /reserve 20..120\n  db-meta COMMIT 121..122",
            &[],
        );
    }

    #[test]
    fn two_phases_wait_for_each_other_on_purpose() {
        let text = PLACE.replace(
            "db-meta COMMIT        121..123",
            "db-meta PREPARE TRANSACTION a 121..123",
        );
        check(&(text + "\n          db-meta COMMIT PREPARED a 125..126"), &[]);
    }

    #[test]
    fn of_two_transactions_at_once_what_is_inside_both_counts() {
        check(
            "
            shop POST /place          0..200
              db-meta BEGIN          10..11
              call POST /first       20..80
              db-meta BEGIN          90..91
              call POST /second      95..160
              db-meta COMMIT        165..166
              db-meta COMMIT        170..171
            ",
            &["call-in-transaction: 1 calls under POST /place"],
        );
    }

    #[test]
    fn a_vendor_in_a_transaction_is_two_faults() {
        check(
            "
            shop POST /place          0..500
              db-meta BEGIN          10..11
              call POST /charges     20..420 third
              db-meta COMMIT        421..423
            ",
            &[
                "third-party-on-critical-path: 1 calls under POST /place",
                "call-in-transaction: 1 calls under POST /place",
            ],
        );
    }
}
