//! What counters count of one trace: spans by name and outcome, calls by both ends.

use hotspan_analysis::{Analyser, AnalyserSettings, Metered, When};
use hotspan_model::{Ends, Latencies, LocalDictionary, Lookup, Nanos, Report, Symbol, Target};
use hotspan_testkit::Drawing;

fn report(drawing: &Drawing, metered: Metered) -> Report {
    let mut report = Report::default();
    let mut analyser = Analyser::new(AnalyserSettings {
        metered,
        ..AnalyserSettings::default()
    });
    let dictionary = &drawing.dictionary;
    analyser.analyse(&drawing.trace, None, When::Claimed, dictionary, &mut report);
    report
}

fn check(text: &str, spans: &[&str], links: &[&str]) {
    let drawing = Drawing::new(text);
    let (report, dictionary) = (report(&drawing, Metered::default()), &drawing.dictionary);
    let millis = |of: &Latencies| of.sum.0 / 1_000_000;
    let text = |symbol: Symbol| dictionary.text(symbol);
    let span = |row: &hotspan_model::SpanRow| {
        let (at, outcome) = (row.at, if row.failed { " failed" } else { "" });
        format!(
            "{} {} {:?}{outcome} x{} {} ms",
            text(at.service),
            text(at.operation),
            row.kind,
            row.count,
            millis(&row.latencies)
        )
    };
    let link = |row: &hotspan_model::LinkRow| {
        format!(
            "{} {} x{} failed {} client {} ms server {} ms path {} ms",
            ends(row.ends, dictionary),
            row.class.name(),
            row.calls,
            row.failed,
            millis(&row.client),
            millis(&row.server),
            row.path.0 / 1_000_000
        )
    };
    assert_eq!(report.metered.iter().map(span).collect::<Vec<_>>(), spans);
    assert_eq!(report.links.iter().map(link).collect::<Vec<_>>(), links);
}

fn ends(of: Ends, dictionary: &LocalDictionary) -> String {
    let text = |symbol: Symbol| dictionary.text(symbol);
    match of {
        Ends::Both(from, Target::Service(to)) => format!("{} -> {}", text(from), text(to)),
        Ends::Both(from, Target::Callee(to)) => {
            format!(
                "{} -> ({})",
                text(from),
                dictionary.callee(to).map_or("", |facts| &facts.host)
            )
        }
        Ends::Entered(to) => format!("user -> {}", text(to)),
        Ends::Caller(from) => format!("{} -> ?", text(from)),
        Ends::Called(to) => format!("? -> {}", text(to)),
    }
}

#[test]
fn roots_of_segments_and_outgoing_operations_count_and_internal_spans_do_not() {
    check(
        "
        gate GET /page               0..100 host=a
          internal render            0..10
          call GET /cart            10..90
            cart server GET /cart   15..85 host=b err
              db SELECT item        20..24
              db SELECT item        24..28 err
              call GET /vendor      60..80 third to=vendor.test
        ",
        &[
            "gate GET /page Server x1 100 ms",
            "cart GET /cart Server failed x1 70 ms",
            "gate GET /cart Client x1 80 ms",
            "cart SELECT item Client x1 4 ms",
            "cart SELECT item Client failed x1 4 ms",
            "cart GET /vendor Client x1 20 ms",
        ],
        &[
            "user -> gate call x1 failed 0 client 0 ms server 100 ms path 0 ms",
            "gate -> cart call x1 failed 1 client 80 ms server 70 ms path 80 ms",
            "cart -> (db) db x2 failed 1 client 8 ms server 0 ms path 8 ms",
            "cart -> (vendor.test) call x1 failed 0 client 20 ms server 0 ms path 20 ms",
        ],
    );
}

#[test]
fn a_server_whose_caller_was_never_received_is_no_entry() {
    check(
        "
        cart server GET /cart   0..70 parent=99
          db SELECT item        0..4
        ",
        &[
            "cart GET /cart Server x1 70 ms",
            "cart SELECT item Client x1 4 ms",
        ],
        &[
            "? -> cart call x1 failed 0 client 0 ms server 70 ms path 0 ms",
            "cart -> (db) db x1 failed 0 client 4 ms server 0 ms path 4 ms",
        ],
    );
}

#[test]
fn what_stands_for_many_counts_as_many_with_their_mean() {
    let drawing = Drawing::new(
        "
        gate GET /page          0..100
          db SELECT item        0..90 summary=30
        ",
    );
    let report = report(&drawing, Metered::default());
    let row = report.metered[1];
    assert_eq!((row.count, row.latencies.sum), (30, Nanos::from_millis(90)));
    assert_eq!(
        row.latencies.buckets()[Latencies::bucket(Nanos::from_millis(3))],
        30
    );
    assert_eq!(report.links[1].calls, 30);
}

#[test]
fn what_is_not_asked_for_has_no_rows_but_for_calls_to_other_companies() {
    let drawing = Drawing::new(
        "
        gate GET /page               0..100
          db SELECT item             0..10
          call GET /vendor          20..80 third to=vendor.test
        ",
    );
    let all = report(&drawing, Metered::default());
    let links = |spans, links| {
        let report = report(&drawing, Metered { spans, links });
        assert_eq!(report.metered.is_empty(), !spans);
        report.links
    };
    assert_eq!((all.metered.len(), all.links.len()), (3, 3));
    assert_eq!(links(false, true), all.links);
    assert_eq!(links(true, false), all.links[2..]);
    assert_eq!(links(false, false), all.links[2..]);
}
