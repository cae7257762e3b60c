//! `hotspan.ignore` holds for every detector, on the anchor and on each member, and is counted.

use hotspan_model::{Report, SpanId};
use hotspan_testkit::Drawing;

use super::testing::report;
use super::{catalogue, detectors};

/// A fault of each detector whose drawing is short.
const SHORT: [(&str, &str); 14] = [
    (
        "n-plus-one-call",
        "cart GET /cart 0..100\n  call GET /price 10..15 x6",
    ),
    (
        "n-plus-one-query",
        "cart GET /cart 0..100\n  db SELECT item 10..15 x6",
    ),
    (
        "n-plus-one-cache",
        "cart GET /cart 0..20\n  cache GET item:# 1..1.5 x10 hidden",
    ),
    (
        "n-plus-one-publish",
        "shop POST /orders 0..20\n  publish send mails 1..2 x10 hidden",
    ),
    (
        "redundant-query",
        "cart GET /cart 0..100\n  db SELECT setting 10..15 x5+1 params=7",
    ),
    (
        "missing-pool",
        "cart GET /cart 0..100\n  connect connect 10..30\n  db SELECT item 30..40",
    ),
    (
        "procedure-heavy",
        "shop POST /close 0..500\n  db CALL close_month 10..410 routine",
    ),
    (
        "slow-query",
        "shop GET /report 0..1000\n  db SELECT orders 10..510",
    ),
    (
        "third-party-on-critical-path",
        "shop GET /pay 0..1000\n  call POST /charges 50..950 third to=api.stripe.test",
    ),
    (
        "deferrable-call",
        "shop POST /signup 0..400\n  db INSERT user 10..20 write\n  call POST /v1/email 100..390 write to=mailer",
    ),
    (
        "call-in-transaction",
        "shop POST /place 0..200\n  db-meta BEGIN 10..11\n  db INSERT order 12..15 write\n  \
         call POST /reserve 20..120\n  db-meta COMMIT 121..123",
    ),
    (
        "timeout-inversion",
        "shop GET /report 0..600 host=a\n  call GET /sums 10..510 err\n    sums server GET /sums 15..900 host=b",
    ),
    (
        "uninstrumented-gap",
        "shop GET /documents 0..1000\n  db SELECT doc 10..30\n  db SELECT font 730..750",
    ),
    (
        "over-instrumentation",
        "shop GET /import 0..1000\n  internal parse row 1..3 x50\n  db SELECT a 900..901 x2",
    ),
];

/// Lines below a first one, made from numbers.
fn lines(head: &str, count: u64, line: impl Fn(u64) -> String) -> String {
    (0..count).fold(head.to_owned(), |text, n| text + "\n" + &line(n))
}

/// A fault of each of the other detectors.
fn long() -> [(&'static str, String); 6] {
    let attempt = |n| {
        format!(
            "  call GET /stock {}..{} err http=503 params=1",
            n * 15,
            n * 15 + 10
        )
    };
    let round = |n| {
        let at = 10 + n * 6;
        let (half, end) = (at + 3, at + 6);
        format!("  db SELECT item {at}..{half}\n  db UPDATE stock {half}..{end} write")
    };
    let shard = |n| {
        let end = if n == 9 { 190 } else { 30 };
        format!("  call GET /find 10..{end} to=shard-{n} params=1")
    };
    let call = |n| format!("  call GET /{n} {}..{}", 10 + n * 95, 100 + n * 95);
    let hop = |n| {
        let n = n + 1;
        let (from, to, indent) = (n * 3, 44 - n * 3, " ".repeat(2 * n as usize));
        format!(
            "{indent}call GET /a{n} {}..{}\n{indent} s{n} server GET /a{n} {from}..{to} host=h{n}",
            from - 2,
            to + 2
        )
    };
    let failure = |n| format!("  internal parse {}..{} err", 10 * n, 10 * n + 5);
    [
        ("retry-storm", lines("cart GET /cart 0..100", 5, attempt)),
        ("per-item-loop", lines("cart GET /cart 0..100", 5, round)),
        ("fan-out-tail", lines("find GET /find 0..200", 10, shard)),
        ("serial-fan-out", lines("cart GET /cart 0..400", 4, call)),
        ("hop-chain", lines("edge GET /a0 0..44 host=h0", 4, hop)),
        ("exception-storm", lines("shop GET /import 0..200", 10, failure)),
    ]
}

/// A fault of each detector.
fn faults() -> Vec<(&'static str, String)> {
    let short = SHORT.map(|(detector, text)| (detector, text.to_owned()));
    short.into_iter().chain(long()).collect()
}

/// Anchor and members of what a detector says.
fn evidence(report: &Report, detector: &str) -> Vec<SpanId> {
    let findings = report
        .findings
        .iter()
        .filter(|finding| finding.detector == detector);
    let spans = findings.flat_map(|finding| {
        let members = report.members_of(finding).iter().copied();
        members.chain([finding.anchor])
    });
    spans.collect()
}

/// The drawing with a mark on one of its lines, and the ids of the spans that this line draws.
fn marked(text: &str, line: usize, mark: &str) -> (Drawing, Vec<SpanId>) {
    let mut lines: Vec<String> = text.lines().map(ToOwned::to_owned).collect();
    let spans = |lines: &[String]| Drawing::new(&lines.join("\n")).trace.spans.len();
    let (before, with) = (spans(&lines[..line.max(1)]), spans(&lines[..=line]));
    let before = if line == 0 { 0 } else { before };
    lines[line] += &format!(" {mark}");
    let drawing = Drawing::new(&lines.join("\n"));
    let ids = drawing.trace.spans[before..with].iter();
    let ids = ids.map(|span| span.id).collect();
    (drawing, ids)
}

#[test]
fn there_is_a_fault_of_each_detector() {
    let mut drawn: Vec<_> = faults().into_iter().map(|fault| fault.0).collect();
    let mut known: Vec<_> = catalogue().into_iter().map(|meta| meta.id).collect();
    drawn.sort_unstable();
    known.sort_unstable();
    assert_eq!(drawn, known);
    assert_eq!(known.len(), detectors().len());
}

#[test]
fn a_mark_on_the_anchor_or_on_any_member_accepts_the_fault_and_is_counted() {
    for (detector, text) in faults() {
        let said = report(&Drawing::new(&text));
        let evidence = evidence(&said, detector);
        assert!(!evidence.is_empty(), "{detector} says nothing of {text}");
        assert_eq!(said.ignored, 0, "{detector}");
        let mut accepted = 0;
        for line in 0..text.lines().count() {
            for mark in [format!("ignore={detector}"), "ignore=*".to_owned()] {
                let (drawing, ids) = marked(&text, line, &mark);
                let now = report(&drawing);
                let still = now.findings.iter().any(|finding| finding.detector == detector);
                let holds = ids.iter().any(|id| evidence.contains(id));
                assert_eq!(still, !holds, "{detector}: {mark} on line {line} of {text}");
                assert!(!holds || now.ignored > 0, "{detector}: {mark} is not counted");
                accepted += u32::from(holds);
            }
        }
        assert!(accepted >= 4, "{detector}: the anchor and a member can be marked");
    }
}

#[test]
fn a_mark_for_another_detector_changes_nothing() {
    for (detector, text) in faults() {
        let other = if detector == "slow-query" {
            "hop-chain"
        } else {
            "slow-query"
        };
        let (drawing, _) = marked(&text, 0, &format!("ignore={other}"));
        let now = report(&drawing);
        assert!(
            now.findings.iter().any(|finding| finding.detector == detector),
            "{detector}"
        );
        assert_eq!(now.ignored, 0, "{detector}");
    }
}
