//! Changes to a trace that must not change what is said about it, and changes that must change it in one way.
//!
//! "Same" is the same fingerprints and counts. Changes that need many traces or the generator are tested where those
//! live.

mod drawings;

use std::collections::BTreeMap;

use hotspan_analysis::{Analyser, AnalyserSettings, When};
use hotspan_model::{
    Bits, Class, Dictionary, Facts, Fingerprint, Flag, Kind, Lookup, Nanos, Report, Side, SideOf, Span,
    SpanId, Summary, Symbol, Timestamp, Vocabulary,
};
use hotspan_testkit::{Drawing, EPOCH};

use drawings::drawings;

/// What is said, but for time that no span explains: drawings leave out what is not their point, and slower ones
/// leave out more of it.
fn report(drawing: &Drawing) -> Report {
    let mut report = whole_report(drawing);
    report.findings.retain(|finding| finding.detector != GAP);
    report
}

const GAP: &str = "uninstrumented-gap";

fn whole_report(drawing: &Drawing) -> Report {
    let mut report = Report::default();
    let mut analyser = Analyser::new(AnalyserSettings::default());
    analyser.analyse(
        &drawing.trace,
        None,
        When::Claimed,
        &drawing.dictionary,
        &mut report,
    );
    report
}

/// Fingerprints and counts.
fn said(report: &Report) -> Vec<(&'static str, Fingerprint, u64)> {
    let findings = report.findings.iter();
    findings
        .map(|finding| (finding.detector, finding.fingerprint, finding.calls))
        .collect()
}

/// Runs `change` on every drawing and compares what is said before and after.
fn same_after(change: impl Fn(&mut Drawing, &Report)) {
    same_after_but_for("", change);
}

/// The same without the drawings of one detector.
fn same_after_but_for(left_out: &str, change: impl Fn(&mut Drawing, &Report)) {
    for (detector, text) in drawings().into_iter().filter(|drawing| drawing.0 != left_out) {
        let mut drawing = Drawing::new(&text);
        let before = report(&drawing);
        assert_eq!(before.findings.len(), 1, "{detector}: {:?}", said(&before));
        assert_eq!(before.findings[0].detector, detector);
        change(&mut drawing, &before);
        assert_eq!(said(&report(&drawing)), said(&before), "{detector}");
    }
}

fn place_of(drawing: &Drawing, id: SpanId) -> usize {
    let spans = &drawing.trace.spans;
    spans
        .iter()
        .position(|span| span.id == id)
        .expect("a span of the drawing")
}

/// An id that no drawing has.
fn fresh(drawing: &Drawing) -> SpanId {
    SpanId::new(1_000_000 + drawing.trace.spans.len() as u64).expect("not zero")
}

fn admit(drawing: &mut Drawing, operation: &str) -> Symbol {
    drawing
        .dictionary
        .admit(Vocabulary::Operation, None, operation, Facts::None)
}

/// The same source with another scope.
fn other_scope(drawing: &mut Drawing, source: Symbol) -> Symbol {
    let scope = drawing.text("another layer");
    let mut facts = drawing.dictionary.source(source).expect("a source").clone();
    facts.scope = Some(scope);
    let text = format!("{} in another layer", drawing.dictionary.text(source));
    drawing
        .dictionary
        .admit(Vocabulary::Source, None, &text, Facts::Source(facts))
}

fn random(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed
}

/// The same spans in another order.
fn shuffle(drawing: &mut Drawing, mut seed: u64) {
    let trace = &mut drawing.trace;
    let mut order: Vec<usize> = (0..trace.spans.len()).collect();
    for at in (1..order.len()).rev() {
        order.swap(at, (random(&mut seed) % (at as u64 + 1)) as usize);
    }
    let mut to = vec![0; order.len()];
    for (new, &old) in order.iter().enumerate() {
        to[old] = new as u32;
    }
    trace.spans = order.iter().map(|&old| trace.spans[old]).collect();
    for side in &mut trace.sides {
        side.span = to[side.span as usize];
    }
    trace.sides.sort_by_key(|side| side.span);
}

#[test]
fn m1_the_order_of_spans_changes_nothing_at_all() {
    for (detector, text) in drawings() {
        let mut drawing = Drawing::new(&text);
        let before = report(&drawing);
        for seed in 1..200 {
            shuffle(&mut drawing, seed);
            assert_eq!(report(&drawing), before, "{detector}, seed {seed}");
        }
    }
}

#[test]
fn m1_m2_m4_m5_a_gap_is_the_same_in_any_order_at_any_moment_and_under_a_wrapper() {
    let mut drawing = Drawing::new(
        "
        gate GET /page                0..1000 host=g
          call GET /documents        10..990
            shop server GET /documents  20..980 host=a
              db SELECT doc          30..50
              db SELECT font        700..720
        ",
    );
    let before = whole_report(&drawing);
    assert_eq!(before.findings.len(), 1, "{:?}", said(&before));
    assert_eq!(before.findings[0].detector, GAP);
    for seed in 1..50 {
        shuffle(&mut drawing, seed);
        assert_eq!(whole_report(&drawing), before, "seed {seed}");
    }
    for span in &mut drawing.trace.spans {
        span.start = span.start.after(Nanos::from_secs(3));
    }
    assert_eq!(said(&whole_report(&drawing)), said(&before));
    wrap(&mut drawing, before.findings[0].anchor);
    assert_eq!(said(&whole_report(&drawing)), said(&before));
}

#[test]
fn m3_slower_hides_nothing_and_faster_shows_nothing_new() {
    let scaled = |drawing: &mut Drawing, by: u64, through: u64| {
        for span in &mut drawing.trace.spans {
            let offset = span.start.since(EPOCH).0;
            span.start = Timestamp(EPOCH.0 + offset * by / through);
            span.duration = Nanos(span.duration.0 * by / through);
        }
    };
    for (detector, text) in drawings() {
        let mut drawing = Drawing::new(&text);
        let before = said(&report(&drawing));
        scaled(&mut drawing, 10, 1);
        // What appears has passed a cost floor.
        let slower = said(&report(&drawing));
        assert!(
            before.iter().all(|finding| slower.contains(finding)),
            "{detector}"
        );
        scaled(&mut drawing, 1, 100);
        let faster = said(&report(&drawing));
        assert!(
            faster.iter().all(|finding| before.contains(finding)),
            "{detector}"
        );
    }
}

#[test]
fn m4_clocks_may_all_be_off_and_one_may_be_off_by_itself() {
    same_after(|drawing, _| {
        for span in &mut drawing.trace.spans {
            span.start = span.start.after(Nanos::from_secs(3));
        }
    });
    for (detector, text) in drawings() {
        let mut drawing = Drawing::new(&text);
        let before = report(&drawing);
        let host = drawing.text("b");
        let dictionary = &drawing.dictionary;
        for span in &mut drawing.trace.spans {
            if dictionary.source(span.source).expect("a source").host == Some(host) {
                span.start = span.start.after(Nanos::from_secs(30));
            }
        }
        let after = report(&drawing);
        assert_eq!(said(&after), said(&before), "{detector}");
        assert!(after.findings[0].terms.clock <= before.findings[0].terms.clock);
    }
}

/// Puts an INTERNAL span of the same times around a span.
fn wrap(drawing: &mut Drawing, id: SpanId) {
    let at = place_of(drawing, id);
    let (span, wrapper) = (drawing.trace.spans[at], fresh(drawing));
    let operation = admit(drawing, "wrapper");
    drawing.trace.spans[at].parent = Some(wrapper);
    drawing.trace.spans.push(Span {
        id: wrapper,
        operation,
        template: None,
        callee: None,
        bits: Bits::new(Kind::Internal, Class::Internal),
        ..span
    });
}

#[test]
fn m5_a_wrapper_around_a_member_or_the_anchor_is_looked_through() {
    for member in 0..3 {
        same_after(|drawing, before| {
            let members = before.members_of(&before.findings[0]);
            wrap(drawing, members[member.min(members.len() - 1)]);
        });
    }
    same_after(|drawing, before| wrap(drawing, before.findings[0].anchor));
    same_after(|drawing, before| {
        for &member in before.members_of(&before.findings[0]) {
            wrap(drawing, member);
        }
    });
}

#[test]
fn m6_plumbing_between_members_changes_nothing() {
    for class in [Class::Connect, Class::Checkout, Class::DbMeta, Class::Cache] {
        let looks_at_it = if class == Class::Connect {
            "missing-pool"
        } else {
            ""
        };
        same_after_but_for(looks_at_it, |drawing, before| {
            let operation = admit(drawing, "plumbing");
            for &member in before.members_of(&before.findings[0]) {
                let span = drawing.trace.spans[place_of(drawing, member)];
                let id = fresh(drawing);
                drawing.trace.spans.push(Span {
                    id,
                    start: span.end(),
                    duration: Nanos(300_000),
                    operation,
                    template: None,
                    callee: None,
                    bits: Bits::new(Kind::Client, class),
                    ..span
                });
            }
        });
    }
}

/// Reports every member a second time, from another scope, inside itself.
fn layer(drawing: &mut Drawing, member: SpanId) {
    let at = place_of(drawing, member);
    let (span, id) = (drawing.trace.spans[at], fresh(drawing));
    let source = other_scope(drawing, span.source);
    for child in &mut drawing.trace.spans {
        if child.parent == Some(member) {
            child.parent = Some(id);
        }
    }
    drawing.trace.spans.push(Span {
        id,
        source,
        parent: Some(member),
        bits: span.bits,
        start: span.start.after(Nanos(1_000)),
        duration: span.duration.minus(Nanos(2_000)),
        ..span
    });
}

#[test]
fn m8_two_layers_that_report_each_operation_are_one() {
    same_after(|drawing, before| {
        for &member in before.members_of(&before.findings[0]) {
            layer(drawing, member);
        }
    });
}

#[test]
fn m8_two_layers_side_by_side_are_one() {
    for (detector, text) in drawings() {
        if !["n-plus-one-query", "n-plus-one-cache"].contains(&detector) {
            continue;
        }
        let mut drawing = Drawing::new(&text);
        let before = report(&drawing);
        for &member in before.members_of(&before.findings[0]) {
            layer(&mut drawing, member);
            let at = place_of(&drawing, member);
            let parent = drawing.trace.spans[at].parent;
            drawing.trace.spans.last_mut().expect("it was pushed").parent = parent;
        }
        assert_eq!(said(&report(&drawing)), said(&before), "{detector}");
    }
}

#[test]
fn m9_a_summary_of_the_members_says_the_same() {
    for (detector, text) in &drawings()[..3] {
        let mut drawing = Drawing::new(text);
        let before = report(&drawing);
        let members = before.members_of(&before.findings[0]).to_vec();
        let own: Vec<Span> = members
            .iter()
            .map(|&id| drawing.trace.spans[place_of(&drawing, id)])
            .collect();
        let end = own.iter().map(|span| span.end().0).max().expect("members");
        let each = own[0].duration;
        let gone = |span: &Span| {
            members[1..].contains(&span.id) || span.parent.is_some_and(|p| members.contains(&p))
        };
        drawing.trace.sides.clear();
        drawing.trace.spans.retain(|span| !gone(span));
        let at = place_of(&drawing, members[0]);
        let span = &mut drawing.trace.spans[at];
        span.duration = Nanos(end - span.start.0);
        span.bits = span.bits.with(Flag::Summary).with(Flag::HasSide);
        let summary = Summary {
            count: members.len() as u64,
            total: own.iter().map(|span| span.duration).sum(),
            min: each,
            max: each,
            median: None,
        };
        drawing.trace.sides.push(SideOf {
            span: at as u32,
            side: Side::Summary(summary),
        });
        let after = report(&drawing);
        assert_eq!(after.findings.len(), 1, "{detector}");
        let (after, before) = (&after.findings[0], &before.findings[0]);
        assert_eq!((after.detector, after.calls), (before.detector, before.calls));
    }
}

#[test]
fn m10_more_members_never_weigh_less_and_too_few_are_nothing() {
    let mut before = Nanos::ZERO;
    for count in 3..20 {
        let drawing = Drawing::new(&format!(
            "cart GET /cart 0..{}\n  db SELECT item 10..20 x{count}+2",
            count * 12 + 20
        ));
        let report = report(&drawing);
        assert_eq!(report.findings.len(), usize::from(count >= 5), "{count}");
        if let [finding] = &report.findings[..] {
            assert!(finding.saving.likely >= before, "{count}");
            before = finding.saving.likely;
        }
    }
}

#[test]
fn m11_other_traces_leave_nothing_behind() {
    let mut drawing = Drawing::default();
    let mut analyser = Analyser::new(AnalyserSettings::default());
    let mut first: BTreeMap<usize, Report> = BTreeMap::new();
    for round in 0..3 {
        for (at, (detector, text)) in drawings().iter().enumerate() {
            drawing.add(1, text);
            let mut report = Report::default();
            analyser.analyse(
                &drawing.trace,
                None,
                When::Claimed,
                &drawing.dictionary,
                &mut report,
            );
            let before = first.entry(at).or_insert_with(|| report.clone());
            assert_eq!(&report, before, "{detector}, round {round}");
        }
    }
}

#[test]
fn m11_unrelated_work_in_the_trace_changes_nothing() {
    same_after(|drawing, before| {
        let anchor = place_of(drawing, before.findings[0].anchor);
        let (span, id) = (drawing.trace.spans[anchor], fresh(drawing));
        let operation = admit(drawing, "unrelated");
        drawing.trace.spans.push(Span {
            id,
            parent: Some(span.id),
            duration: Nanos(1_000_000),
            operation,
            bits: Bits::new(Kind::Internal, Class::Internal),
            ..span
        });
    });
}

#[test]
fn m13_ids_hosts_and_versions_are_no_part_of_a_fingerprint() {
    for (detector, text) in drawings() {
        let renamed = text
            .replace("host=a", "host=pod-7")
            .replace("host=b", "host=pod-8");
        let mut lines = renamed.trim().lines();
        let first = lines.next().expect("a root");
        let rest: String = lines.map(|line| format!("\n{line}")).collect();
        let renamed = format!("{first} version=2.0.1 id=77{rest}");
        let indent = text
            .lines()
            .find(|line| !line.trim().is_empty())
            .map_or(0, |line| line.len() - line.trim_start().len());
        let renamed = format!("{}{renamed}", " ".repeat(indent));
        let (before, after) = (report(&Drawing::new(&text)), report(&Drawing::new(&renamed)));
        assert_eq!(said(&after), said(&before), "{detector}");
    }
}

#[test]
fn m14_without_its_top_a_trace_says_the_same_less_surely() {
    let mut drawing = Drawing::new(&drawings()[0].1);
    let before = report(&drawing);
    drawing.trace.spans.drain(..2);
    drawing.trace.sides.iter_mut().for_each(|side| side.span -= 2);
    let after = report(&drawing);
    assert_eq!(said(&after), said(&before));
    let completeness = |report: &Report| report.findings[0].terms.completeness;
    assert!(completeness(&after) < completeness(&before));
}

#[test]
fn m15_side_by_side_is_the_same_fault_with_another_saving() {
    let sequential = Drawing::new("cart GET /cart 0..100\n  db SELECT item 10..20 x6");
    let parallel: String = (0..6).map(|n| format!("\n  db SELECT item 1{n}..3{n}")).collect();
    let parallel = Drawing::new(&format!("cart GET /cart 0..100{parallel}"));
    let (sequential, parallel) = (report(&sequential), report(&parallel));
    assert_eq!(said(&sequential), said(&parallel));
    let (sequential, parallel) = (&sequential.findings[0], &parallel.findings[0]);
    assert!(parallel.parallel && !sequential.parallel);
    assert!(parallel.saving.likely < sequential.saving.likely);
}

#[test]
fn m17_what_a_fix_saves_is_what_its_replay_shows() {
    for (detector, text) in drawings() {
        let drawing = Drawing::new(&text);
        let mut analyser = Analyser::new(AnalyserSettings::default());
        for finding in report(&drawing).findings {
            let id = finding.id(drawing.trace.trace.unwrap());
            let (_, shown) = analyser.explain_fix(&drawing.trace, &drawing.dictionary, 1_000, id);
            assert_eq!(shown.is_some(), finding.saving.max > Nanos::ZERO, "{detector}");
            let Some(shown) = shown else { continue };
            assert_eq!(
                (shown.saving, shown.before),
                (finding.saving, finding.unit),
                "{detector}"
            );
            let root = &shown.spans[0];
            assert_eq!(
                root.end.before.minus(root.end.after),
                finding.saving.likely,
                "{detector}"
            );
            let touched = shown.spans.iter().filter(|span| span.touched).count();
            assert!(0 < touched && touched < shown.spans.len(), "{detector}");
        }
    }
}
