//! What a report holds beside findings, and that no trace, however broken, can harm its making.

use hotspan_analysis::{Analyser, AnalyserSettings, When};
use hotspan_model::{
    Category, Class, HandOffOutcome, LogTime, Lookup, Nanos, Report, SpanId, Target, Timestamp,
};
use hotspan_testkit::Drawing;

fn report(drawing: &Drawing) -> Report {
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

const PAGE: &str = "
    gate GET /page               0..100 host=a version=1
      call GET /cart            10..90
        cart server GET /cart   15..85 host=b err
          db SELECT item        20..40
          cache GET item        40..50 x2
          call GET /vendor      60..80 third
    ";

#[test]
fn segments_say_where_their_path_time_goes() {
    let report = report(&Drawing::new(PAGE));
    let time = |segment: usize, category: Category| report.segments[segment].path[category as usize];
    assert_eq!(report.segments.len(), 2);
    assert!(report.segments[0].entry && !report.segments[1].entry);
    assert!(report.segments[1].failed && report.segments[1].timed);
    assert_eq!(time(0, Category::OwnTime), Nanos::from_millis(20));
    assert_eq!(time(0, Category::Internal), Nanos::from_millis(10));
    assert_eq!(time(1, Category::Db), Nanos::from_millis(20));
    assert_eq!(time(1, Category::Cache), Nanos::from_millis(20));
    assert_eq!(time(1, Category::ThirdParty), Nanos::from_millis(20));
    let all: Nanos = report.path.iter().map(|row| row.time).sum();
    assert_eq!(all, report.duration);
}

#[test]
fn calls_name_the_service_that_answered_or_the_address() {
    let drawing = Drawing::new(PAGE);
    let report = report(&drawing);
    let rows: Vec<_> = report.calls.iter().map(|row| (row.class, row.calls)).collect();
    assert_eq!(
        rows,
        [
            (Class::Call, 1),
            (Class::Db, 1),
            (Class::Cache, 2),
            (Class::Call, 1)
        ]
    );
    let Target::Service(service) = report.calls[0].target else {
        panic!("a service answered");
    };
    assert_eq!(drawing.dictionary.text(service), "cart");
    assert_eq!(
        report.calls[0]
            .template
            .map(|template| drawing.dictionary.text(template)),
        Some("GET /cart")
    );
    assert!(matches!(report.calls[3].target, Target::Callee(_)));
}

#[test]
fn services_count_their_spans_by_version() {
    let drawing = Drawing::new(PAGE);
    let report = report(&drawing);
    let rows: Vec<_> = report
        .services
        .iter()
        .map(|row| {
            (
                drawing.dictionary.text(row.service),
                row.spans,
                row.failed,
                row.orphans,
            )
        })
        .collect();
    assert_eq!(rows, [("gate", 2, 0, 0), ("cart", 5, 1, 0)]);
    assert_eq!(report.spans, 7);
}

#[test]
fn hand_offs_are_the_pairs_of_one_segment_seen_through_wrappers() {
    let drawing = Drawing::new(
        "
        cart GET /cart        0..400
          internal one       10..100
            call GET /b      10..90
          call GET /a       100..200
          call GET /c       150..250
        ",
    );
    let outcomes: Vec<_> = report(&drawing).hand_offs.iter().map(|row| row.outcome).collect();
    // a and b, a and c, b and c: by text.
    assert_eq!(
        outcomes,
        [
            HandOffOutcome::BBeforeA,
            HandOffOutcome::Overlap,
            HandOffOutcome::ABeforeB
        ]
    );
}

#[test]
fn an_earlier_version_is_its_first_spans() {
    let drawing = Drawing::new(PAGE);
    let mut analyser = Analyser::new(AnalyserSettings::default());
    let mut first = Report::default();
    analyser.analyse(
        &drawing.trace,
        Some(2),
        When::Claimed,
        &drawing.dictionary,
        &mut first,
    );
    assert_eq!((first.spans, first.segments.len()), (2, 1));
    let late = LogTime(7);
    analyser.analyse(
        &drawing.trace,
        None,
        When::Log(late),
        &drawing.dictionary,
        &mut first,
    );
    assert_eq!((first.spans, first.at), (7, late));
}

#[test]
fn a_trace_is_explained_with_its_findings() {
    let drawing = Drawing::new("cart GET /cart 0..100\n  db SELECT item 10..15 x6");
    let mut analyser = Analyser::new(AnalyserSettings::default());
    let view = analyser.explain(&drawing.trace, &drawing.dictionary, 3);
    assert_eq!((view.spans.len(), view.findings.len()), (3, 1));
    assert!(view.truncated);
    assert_eq!(view.findings[0].calls, 6);
    assert_eq!(view.findings[0].template, "SELECT item");
}

#[test]
fn no_times_and_no_parents_however_wild_can_harm() {
    let text = "
        a GET /x              0..100 host=h
          db SELECT a        10..12 x7 hidden
          cache GET k        12..13 x11 summary=3
          call GET /b        20..60 third
            b server GET /b  25..55 host=i
              db INSERT b    30..31 x6 write
          call GET /c        60..70
          publish topic      70..71 x3
        ";
    let mut seed = 0x2545_f491_4f6c_dd1du64;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    let mut analyser = Analyser::new(AnalyserSettings::default());
    for round in 0..3_000u64 {
        let mut drawing = Drawing::new(text);
        let count = drawing.trace.spans.len() as u64;
        for _ in 0..=random() % 6 {
            let at = (random() % count) as usize;
            let to = SpanId::new(random() % (count + 4));
            let span = &mut drawing.trace.spans[at];
            match random() % 6 {
                0 => span.start = Timestamp(random()),
                1 => span.duration = Nanos(random()),
                2 => span.parent = to,
                3 => span.id = to.unwrap_or(span.id),
                4 => span.start = Timestamp(0),
                _ => span.template = None,
            }
        }
        let mut report = Report::default();
        analyser.analyse(
            &drawing.trace,
            None,
            When::Claimed,
            &drawing.dictionary,
            &mut report,
        );
        for finding in &report.findings {
            assert!(finding.saving.min <= finding.saving.likely, "round {round}");
            assert!(finding.saving.likely <= finding.saving.max, "round {round}");
            assert!(finding.saving.max <= finding.unit, "round {round}");
            assert!(!report.members_of(finding).is_empty(), "round {round}");
        }
    }
}
