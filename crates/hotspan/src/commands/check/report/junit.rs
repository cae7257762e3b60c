//! The verdict as JUnit XML: one test case an operation, and one for whether enough was seen.

use std::collections::BTreeMap;

use super::super::verdict::{Judged, Verdict};
use super::place;

/// What is said of one operation.
#[derive(Debug, Default)]
struct Case {
    failures: Vec<String>,
    passed: Vec<String>,
}

pub(super) fn junit(verdict: &Verdict<'_>) -> String {
    let cases = cases(verdict);
    let failures = cases.values().filter(|case| !case.failures.is_empty()).count();
    let (tests, errors) = (cases.len() + 1, usize::from(!verdict.silence.is_empty()));
    let counts = format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\"");
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    out.push_str(&format!("<testsuites name=\"hotspan\" {counts}>\n"));
    out.push_str(&format!(
        "  <testsuite name=\"hotspan check\" {counts} skipped=\"0\">\n"
    ));
    for ((service, operation), case) in &cases {
        write(service, operation, case, &mut out);
    }
    seen(verdict, &mut out);
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

/// Every operation that was called, or that something is said about.
fn cases<'a>(verdict: &'a Verdict<'_>) -> BTreeMap<(&'a str, &'a str), Case> {
    let evidence = verdict.evidence;
    let entries = evidence.entries.iter().map(|entry| &entry.at);
    let called = evidence.operations.iter().chain(entries);
    let mut cases: BTreeMap<(&str, &str), Case> = called
        .map(|at| ((at.service.as_str(), at.operation.as_str()), Case::default()))
        .collect();
    for overrun in &verdict.overruns {
        let at = (overrun.at.service.as_str(), overrun.at.operation.as_str());
        cases.entry(at).or_default().failures.push(overrun.sentence());
    }
    for one in &verdict.judged {
        let at = (one.found.service.as_str(), one.found.operation.as_str());
        let case = cases.entry(at).or_default();
        match one.fails {
            Some(_) => case.failures.push(said(one)),
            None => case.passed.push(said(one)),
        }
    }
    cases
}

fn said(one: &Judged<'_>) -> String {
    let found = one.found;
    let mut lines = vec![format!(
        "{} {}: {}",
        one.status.name(),
        found.detector,
        found.title
    )];
    lines.extend(Some(one.status.note()).filter(|note| !note.is_empty()));
    lines.extend(found.code.first().map(|code| format!("at {}", place(code))));
    lines.extend((!found.trace.is_empty()).then(|| format!("trace {}", found.trace)));
    lines.extend((!found.fix.is_empty()).then(|| format!("fix: {}", found.fix)));
    lines.join("\n  ")
}

/// One failure a case, which says all: some readers show only the first.
fn write(service: &str, operation: &str, case: &Case, out: &mut String) {
    let (service, operation) = (escaped(service), escaped(operation));
    out.push_str(&format!(
        "    <testcase classname=\"{service}\" name=\"{operation}\""
    ));
    if case.failures.is_empty() && case.passed.is_empty() {
        out.push_str("/>\n");
        return;
    }
    out.push_str(">\n");
    if let Some(first) = case.failures.first() {
        let first = first.lines().next().unwrap_or_default();
        let message = match case.failures.len() - 1 {
            0 => first.to_owned(),
            more => format!("{first} (and {more} more)"),
        };
        out.push_str(&format!(
            "      <failure type=\"hotspan\" message=\"{}\">{}</failure>\n",
            escaped(&message),
            escaped(&case.failures.join("\n"))
        ));
    }
    if !case.passed.is_empty() {
        out.push_str(&format!(
            "      <system-out>{}</system-out>\n",
            escaped(&case.passed.join("\n"))
        ));
    }
    out.push_str("    </testcase>\n");
}

/// The case that fails when too little was seen.
fn seen(verdict: &Verdict<'_>, out: &mut String) {
    out.push_str("    <testcase classname=\"hotspan\" name=\"enough was seen to judge by\"");
    if verdict.silence.is_empty() {
        out.push_str("/>\n");
        return;
    }
    let why = escaped(&verdict.silence.join("; "));
    out.push_str(&format!(
        ">\n      <error type=\"hotspan\" message=\"{why}\"/>\n    </testcase>\n"
    ));
}

/// A text between tags or quotes. Line breaks are ours: those of spans are blanks by now.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push('\n'),
            // What XML has no way to write.
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_its_element_or_is_no_xml() {
        assert_eq!(
            escaped("a\" <b>\u{0}&\u{ffff}\n]]>"),
            "a&quot; &lt;b&gt;&amp;\n]]&gt;"
        );
    }
}
