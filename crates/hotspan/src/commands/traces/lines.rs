//! The lines of a trace as a daemon answers it: every span, or what matters to a hotspot.

use std::collections::BTreeSet;

use hotspan_api::rfc3339;
use hotspan_model::Nanos;
use serde_json::Value;

use crate::output::{number, rows, text};
use crate::waterfall::{Line, Mark};

/// Most lines of a trace that is shown beside its hotspot.
const LINES_MAX: usize = 24;
/// Critical-path time from which a span is shown beside what a hotspot is about, as a part of the trace's duration.
const PART: u64 = 50;

/// A line for each span.
pub(crate) fn all(trace: &Value) -> Vec<Line> {
    rows(&trace["spans"]).iter().map(line).collect()
}

/// What a hotspot is about, where it hangs, and what else the trace waits for; and how many spans that leaves out.
pub(crate) fn compact(trace: &Value) -> (Vec<Line>, u64) {
    let (spans, least) = (rows(&trace["spans"]), number(&trace["duration_ns"]) / PART);
    let above = above_the_marked(spans);
    let kept = spans.iter().enumerate().filter(|(place, span)| {
        !span["mark"].is_null() || above.contains(place) || number(&span["critical_path_ns"]) > least
    });
    let mut lines = joined(kept.map(|(_, span)| line(span)));
    // The marked ones first: the rest of a long trace gives way to them.
    while lines.len() > LINES_MAX {
        let unmarked = lines
            .iter()
            .rposition(|line| line.mark == Mark::None && line.depth > 0);
        match unmarked {
            Some(place) => drop(lines.remove(place)),
            None => lines.truncate(LINES_MAX),
        }
    }
    let shown: usize = lines.iter().map(|line| line.ran.len()).sum();
    let shown = u64::try_from(shown).unwrap_or(u64::MAX);
    (lines, number(&trace["span_count"]).saturating_sub(shown))
}

/// Places of the spans that marked ones hang from. Spans are in tree order: a parent is the last one before that is
/// less deep.
fn above_the_marked(spans: &[Value]) -> BTreeSet<usize> {
    let mut above = BTreeSet::new();
    // For each depth the place of the last span there.
    let mut open: Vec<usize> = Vec::new();
    for (place, span) in spans.iter().enumerate() {
        let depth = usize::try_from(number(&span["depth"]))
            .unwrap_or(0)
            .min(open.len());
        open.truncate(depth);
        if !span["mark"].is_null() {
            above.extend(open.iter().copied());
        }
        open.push(place);
    }
    above
}

/// Neighbours that do the same at the same depth share a line.
fn joined(lines: impl Iterator<Item = Line>) -> Vec<Line> {
    let mut joined: Vec<Line> = Vec::new();
    for line in lines {
        match joined.last_mut() {
            Some(last) if is_same(last, &line) => {
                last.ran.extend(line.ran);
                last.path = last.path.plus(line.path);
            }
            _ => joined.push(line),
        }
    }
    joined
}

fn is_same(a: &Line, b: &Line) -> bool {
    let what = |line: &Line| (line.depth, line.mark, line.failed);
    what(a) == what(b) && a.service == b.service && a.operation == b.operation
}

fn line(span: &Value) -> Line {
    let start = span["start"]
        .as_str()
        .and_then(rfc3339)
        .map_or(0, |start| start.0);
    Line {
        depth: u32::try_from(number(&span["depth"])).unwrap_or(u32::MAX),
        service: text(&span["service"]),
        operation: text(&span["operation"]),
        ran: vec![(start, start.saturating_add(number(&span["duration_ns"])))],
        path: Nanos(number(&span["critical_path_ns"])),
        failed: span["failed"].as_bool().unwrap_or(false),
        mark: match span["mark"].as_str() {
            Some("anchor") => Mark::Anchor,
            Some(_) => Mark::Member,
            None => Mark::None,
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn span(depth: u64, operation: &str, mark: Option<&str>, path: u64) -> Value {
        json!({"depth": depth, "service": "shop", "operation": operation, "mark": mark, "critical_path_ns": path,
            "start": "2026-01-02T03:04:05.000000006Z", "duration_ns": 10, "failed": false})
    }

    fn names(lines: &[Line]) -> Vec<(&str, usize)> {
        lines
            .iter()
            .map(|line| (line.operation.as_str(), line.ran.len()))
            .collect()
    }

    #[test]
    fn what_a_hotspot_is_about_stays_with_what_it_hangs_from() {
        let trace = json!({"duration_ns": 1_000, "span_count": 7, "spans": [
            span(0, "GET /", None, 0),
            span(1, "auth", None, 1),
            span(1, "render", None, 500),
            span(1, "handler", Some("anchor"), 0),
            span(2, "SELECT", Some("member"), 1),
            span(2, "SELECT", Some("member"), 1),
            span(2, "log", None, 0),
        ]});
        let (lines, left_out) = compact(&trace);
        let expected = [("GET /", 1), ("render", 1), ("handler", 1), ("SELECT", 2)];
        assert_eq!((names(&lines), left_out), (expected.to_vec(), 2));
        assert_eq!(all(&trace).len(), 7);
    }

    #[test]
    fn a_long_trace_gives_way_to_what_is_marked() {
        let mut spans = vec![span(0, "GET /", None, 0)];
        spans.extend((0..100).map(|n| span(1, &format!("step {n}"), None, 100)));
        spans.push(span(1, "SELECT", Some("member"), 0));
        let (lines, left_out) = compact(&json!({"duration_ns": 1_000, "span_count": 102, "spans": spans}));
        assert_eq!((lines.len(), left_out), (LINES_MAX, 78));
        let names = names(&lines);
        assert_eq!((names[0], names[LINES_MAX - 1]), (("GET /", 1), ("SELECT", 1)));
    }
}
