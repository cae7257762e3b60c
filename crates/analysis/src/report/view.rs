//! A finding as a single trace shows it.

use hotspan_model::{
    Finding, FindingView, Lookup, Millionths, NearMiss, NearMissView, Params, Report, Terms,
};

/// The detector that would say the same of a call whose answer nobody needs.
const DEFERRABLE: &str = "deferrable-call";

/// All findings of a report in words.
pub(crate) fn findings(report: &Report, dictionary: &dyn Lookup) -> Vec<FindingView> {
    let Some(trace) = report.trace else {
        return Vec::new();
    };
    let view = |finding: &Finding| FindingView {
        id: finding.id(trace),
        hotspot: finding.fingerprint,
        detector: finding.detector,
        anchor: finding.anchor,
        spans: report.members_of(finding).to_vec(),
        calls: finding.calls,
        saving: finding.saving,
        confidence: confidence(&finding.terms),
        confidence_why: why(finding),
        related: finding
            .deferrable
            .then(|| DEFERRABLE.to_owned())
            .into_iter()
            .collect(),
        service: dictionary.text(finding.service).to_owned(),
        operation: dictionary.text(finding.operation).to_owned(),
        template: finding
            .template
            .map_or_else(String::new, |template| dictionary.text(template).to_owned()),
    };
    report.findings.iter().map(view).collect()
}

/// All near misses of a report in words.
pub(crate) fn near_misses(report: &Report, dictionary: &dyn Lookup) -> Vec<NearMissView> {
    let text = |symbol| dictionary.text(symbol).to_owned();
    let view = |near: &NearMiss| NearMissView {
        detector: near.detector,
        reason: near.reason,
        service: text(near.at.service),
        operation: text(near.at.operation),
        template: near.template.map(text).unwrap_or_default(),
        members: near.members,
        conditions: near
            .conditions
            .iter()
            .copied()
            .filter(|one| !one.name.is_empty())
            .collect(),
    };
    report.near_misses.iter().map(view).collect()
}

/// The product of the terms: how sure this one trace is.
fn confidence(terms: &Terms) -> Millionths {
    terms
        .completeness
        .times(terms.clock)
        .times(terms.visibility)
        .times(terms.detector)
}

/// The terms in words, a full one too where it says something.
fn why(finding: &Finding) -> Vec<String> {
    let terms = &finding.terms;
    let mut why = Vec::new();
    match finding.params {
        Params::Visible { .. } => why.push("parameters visible"),
        Params::Hidden => why.push("parameters hidden behind placeholders"),
        Params::Cut => why.push("statements cut"),
        // Of a chain or a vendor: arguments play no part.
        Params::None if terms.visibility == Millionths::ONE => {}
        Params::None => why.push("statements without text"),
    }
    why.push(match terms.completeness == Millionths::ONE {
        true => "no span missing",
        false => "spans missing",
    });
    why.push(match terms.clock.0 {
        1_000_000 => "clocks consistent",
        900_000 => "a clock was corrected",
        _ => "clocks inconsistent",
    });
    if terms.detector < Millionths::ONE {
        why.push("one trace alone");
    }
    why.into_iter().map(str::to_owned).collect()
}
