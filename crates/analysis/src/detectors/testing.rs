//! One helper for all drawings: what the detectors say about a trace, a line each.

use hotspan_model::{Finding, Lookup, Report};
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

/// Checks the findings on a drawing: `detector: calls under anchor`.
pub(super) fn check(text: &str, expected: &[&str]) {
    let drawing = Drawing::new(text);
    let said: Vec<_> = report(&drawing)
        .findings
        .iter()
        .map(|finding| {
            let anchor = drawing.dictionary.text(finding.anchor_at.1);
            format!("{}: {} calls under {anchor}", finding.detector, finding.calls)
        })
        .collect();
    assert_eq!(said, expected, "{text}");
}

/// The only finding on a drawing.
pub(super) fn only(text: &str) -> Finding {
    let [finding] = &report(&Drawing::new(text)).findings[..] else {
        panic!("not one finding on {text}");
    };
    finding.clone()
}
