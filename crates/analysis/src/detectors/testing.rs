//! One helper for all drawings: what the detectors say about a trace, a line each.

use hotspan_model::{Finding, Lookup, NearMiss, Report};
use hotspan_testkit::Drawing;

use crate::{Analyser, AnalyserSettings, When};

/// The report on a drawing.
pub(super) fn report(drawing: &Drawing) -> Report {
    let mut report = Report::default();
    Analyser::new(AnalyserSettings::default()).analyse(
        &drawing.trace,
        None,
        When::Claimed,
        &drawing.dictionary,
        &mut report,
    );
    report
}

/// Drawings leave out what is not their point, so most of them have time that no span explains. What says so has
/// drawings of its own.
const GAP: &str = "uninstrumented-gap";

/// Checks the findings on a drawing but for gaps: `detector: calls under anchor`.
pub(super) fn check(text: &str, expected: &[&str]) {
    let said = said(text, |finding| finding.detector != GAP);
    assert_eq!(said, expected, "{text}");
}

/// Checks the gaps in a drawing.
pub(super) fn check_gaps(text: &str, expected: &[&str]) {
    let said = said(text, |finding| finding.detector == GAP);
    assert_eq!(said, expected, "{text}");
}

fn said(text: &str, wanted: impl Fn(&Finding) -> bool) -> Vec<String> {
    let drawing = Drawing::new(text);
    let report = report(&drawing);
    let findings = report.findings.iter().filter(|finding| wanted(finding));
    let line = |finding: &Finding| {
        let anchor = drawing.dictionary.text(finding.anchor_at.1);
        let many = if finding.needs_many { " in many traces" } else { "" };
        format!(
            "{}: {} calls under {anchor}{many}",
            finding.detector, finding.calls
        )
    };
    findings.map(line).collect()
}

/// The only finding on a drawing but for gaps.
pub(super) fn only(text: &str) -> Finding {
    let mut findings = report(&Drawing::new(text)).findings;
    findings.retain(|finding| finding.detector != GAP);
    let [finding] = &findings[..] else {
        panic!("not one finding on {text}");
    };
    finding.clone()
}

/// The near misses of a drawing: `operation: detector reason members`, then each condition.
pub(super) fn near_misses(text: &str) -> Vec<String> {
    let drawing = Drawing::new(text);
    let line = |near: &NearMiss| {
        let at = drawing.dictionary.text(near.at.operation);
        let mut line = format!("{at}: {} {} {}", near.detector, near.reason, near.members);
        for one in near.conditions.iter().filter(|one| !one.name.is_empty()) {
            line += &format!(", {} {} of {}", one.name, one.value, one.threshold);
        }
        line
    };
    report(&drawing).near_misses.iter().map(line).collect()
}
