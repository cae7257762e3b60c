//! What the fix of a finding would do to its trace, span by span.

use hotspan_analysis::{Analyser, AnalyserSettings};
use hotspan_model::{BeforeAfter, FindingId, FindingView, Nanos, SpanId, Timestamp};
use hotspan_testkit::Drawing;

/// Every finding of a drawing with what its fix would do.
fn replayed(analyser: &mut Analyser, drawing: &Drawing) -> Vec<(FindingView, Option<BeforeAfter>)> {
    let view = analyser.explain(&drawing.trace, &drawing.dictionary, 1_000);
    let each = view.findings.into_iter().map(|finding| {
        let (_, after) = analyser.explain_fix(&drawing.trace, &drawing.dictionary, 1_000, finding.id);
        (finding, after)
    });
    each.collect()
}

/// What holds whatever the trace and the fix.
fn holds(finding: &FindingView, shown: Option<&BeforeAfter>, about: &str) {
    let Some(shown) = shown else {
        assert_eq!(
            finding.saving.max,
            Nanos::ZERO,
            "{} is not shown: {about}",
            finding.detector
        );
        return;
    };
    let about = format!("{}: {about}\n{shown:#?}", finding.detector);
    assert_eq!(shown.saving, finding.saving, "{about}");
    assert_eq!(shown.before.minus(shown.likely), finding.saving.likely, "{about}");
    assert!(
        shown.best <= shown.likely && shown.likely <= shown.worst && shown.worst <= shown.before,
        "{about}"
    );
    let (first, mut above) = (&shown.spans[0], Vec::new());
    assert_eq!(
        (first.end.before, first.end.after),
        (shown.before, shown.likely),
        "{about}"
    );
    for span in &shown.spans {
        assert!(span.start.after <= span.end.after, "{about}");
        above.truncate(span.depth as usize);
        if let Some(&(start, end)) = above.last() {
            assert!(start <= span.start.after && span.end.after <= end, "{about}");
        }
        above.push((span.start.after, span.end.after));
    }
    let sum = |of: fn(&hotspan_model::ReplayedSpan) -> Nanos| shown.spans.iter().map(of).sum::<Nanos>();
    assert_eq!(
        sum(|span| span.path.before),
        shown.before,
        "the path is the unit: {about}"
    );
    assert_eq!(
        sum(|span| span.path.after),
        shown.likely,
        "the path is the unit: {about}"
    );
    assert!(shown.spans.iter().any(|span| span.touched), "{about}");
    assert!(
        finding.saving.likely <= touched_path(shown),
        "no more than it touches: {about}"
    );
}

/// Critical-path time of what a fix touches: touched spans, all below them, and what their parents do in between.
fn touched_path(shown: &BeforeAfter) -> Nanos {
    let spans = &shown.spans;
    let mut counted = vec![false; spans.len()];
    let mut above: Vec<usize> = Vec::new();
    for (at, span) in spans.iter().enumerate() {
        above.truncate(span.depth as usize);
        let below_touched = above.iter().any(|&parent| spans[parent].touched);
        counted[at] |= span.touched || below_touched;
        if let Some(&parent) = above.last().filter(|_| span.touched) {
            counted[parent] = true;
        }
        above.push(at);
    }
    let rows = spans.iter().zip(counted).filter(|row| row.1);
    rows.map(|(span, _)| span.path.before).sum()
}

/// `operation before -> after, path before -> after` in milliseconds, `*` where the fix touches it.
fn lines(shown: &BeforeAfter) -> Vec<String> {
    let millis = |time: Nanos| time.0 / 1_000_000;
    let line = |span: &hotspan_model::ReplayedSpan| {
        format!(
            "{}{}{} {}..{} -> {}..{}, path {} -> {}",
            " ".repeat(span.depth as usize),
            span.operation,
            if span.touched { "*" } else { "" },
            millis(span.start.before),
            millis(span.end.before),
            millis(span.start.after),
            millis(span.end.after),
            millis(span.path.before),
            millis(span.path.after)
        )
    };
    shown.spans.iter().map(line).collect()
}

fn only(text: &str, detector: &str) -> BeforeAfter {
    let found = replayed(
        &mut Analyser::new(AnalyserSettings::default()),
        &Drawing::new(text),
    );
    let mut own = found
        .into_iter()
        .filter(|(finding, _)| finding.detector == detector);
    let (_, after) = own.next().expect("the detector speaks");
    assert!(own.next().is_none());
    after.expect("its fix saves something")
}

#[test]
fn a_loop_of_queries_becomes_one() {
    let shown = only(
        "
        cart GET /cart       0..100
          db SELECT item    10..20 x6
          internal render   75..95
        ",
        "n-plus-one-query",
    );
    // All are equally long, so the one call is no longer than they are; what came after the loop follows it.
    assert_eq!(
        lines(&shown),
        [
            "GET /cart 0..100 -> 0..50, path 20 -> 20",
            " SELECT item* 10..20 -> 10..20, path 10 -> 10",
            " SELECT item* 20..30 -> 20..20, path 10 -> 0",
            " SELECT item* 30..40 -> 20..20, path 10 -> 0",
            " SELECT item* 40..50 -> 20..20, path 10 -> 0",
            " SELECT item* 50..60 -> 20..20, path 10 -> 0",
            " SELECT item* 60..70 -> 20..20, path 10 -> 0",
            " render 75..95 -> 25..45, path 20 -> 20",
        ]
    );
}

#[test]
fn calls_one_after_another_run_side_by_side() {
    let shown = only(
        "
        cart GET /cart          0..400
          internal quote        0..400
            call GET /stock     0..100
            call GET /ship    100..200
            call GET /reviews 200..320
        ",
        "serial-fan-out",
    );
    assert_eq!(
        lines(&shown),
        [
            "GET /cart 0..400 -> 0..200, path 0 -> 0",
            " quote 0..400 -> 0..200, path 80 -> 80",
            "  GET /stock* 0..100 -> 0..100, path 100 -> 0",
            "  GET /ship* 100..200 -> 0..100, path 100 -> 0",
            "  GET /reviews* 200..320 -> 0..120, path 120 -> 120",
        ]
    );
}

#[test]
fn a_saving_put_together_of_two_replays_is_shown_between_them() {
    let shown = only(
        "
        shop GET /pay              0..1000
          internal pay            10..990
            call POST /charges    50..950 third to=api.vendor.example
        ",
        "third-party-on-critical-path",
    );
    assert_eq!(
        (shown.best, shown.likely, shown.worst),
        (
            Nanos::from_millis(550),
            Nanos(662_500_000),
            Nanos::from_millis(775)
        )
    );
    assert_eq!(
        lines(&shown)[2],
        "  POST /charges* 50..950 -> 50..612, path 900 -> 562"
    );
}

#[test]
fn a_finding_that_is_not_there_is_not_shown() {
    let drawing = Drawing::new("cart GET /cart 0..100\n  db SELECT item 10..15 x6");
    let mut analyser = Analyser::new(AnalyserSettings::default());
    let (view, after) = analyser.explain_fix(&drawing.trace, &drawing.dictionary, 100, FindingId(7));
    assert_eq!((view.findings.len(), after), (1, None));
    let (_, after) = analyser.explain_fix(&drawing.trace, &drawing.dictionary, 3, view.findings[0].id);
    let after = after.unwrap();
    assert_eq!((after.spans.len(), after.omitted), (3, 4));
    assert_eq!(
        analyser.explain(&drawing.trace, &drawing.dictionary, 100),
        view,
        "the fix leaves no traces"
    );
}

#[test]
fn whatever_the_trace_the_picture_is_the_saving() {
    let text = "
        a GET /x              0..400 host=h
          db SELECT a        10..12 x7+1 hidden
          cache GET k        32..33 x11+1
          call GET /b        60..100 third
            b server GET /b  65..95 host=i
              db INSERT b    66..67 x6 write
          call GET /c       100..170
          call GET /d       170..240
          internal work     240..390
            db SELECT c     240..250 x2 params=3
            db SELECT e     265..385
        ";
    let mut seed = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    let mut analyser = Analyser::new(AnalyserSettings::default());
    let mut shown = 0;
    for round in 0..400u64 {
        let mut drawing = Drawing::new(text);
        let count = drawing.trace.spans.len() as u64;
        for _ in 0..random() % 8 {
            let at = (random() % count) as usize;
            let to = SpanId::new(random() % (count + 4));
            let span = &mut drawing.trace.spans[at];
            match random() % 4 {
                0 => span.start = Timestamp(span.start.0 + random() % 50_000_000),
                1 => span.duration = Nanos(random() % 200_000_000),
                2 => span.parent = to,
                _ => span.start = Timestamp(span.start.0 - random() % 5_000_000),
            }
        }
        for (finding, after) in replayed(&mut analyser, &drawing) {
            holds(&finding, after.as_ref(), &format!("round {round}"));
            shown += usize::from(after.is_some());
        }
    }
    assert!(shown > 400, "{shown}");
}
