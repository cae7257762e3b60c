//! The verdict as SARIF 2.1.0, for code scanning: a rule for each detector, a result for each finding and budget.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::super::budgets::Overrun;
use super::super::found::{Found, Place};
use super::super::status::Status;
use super::super::verdict::{Judged, Verdict};
use super::{Context, page, place};

/// The name under which results of different runs are matched.
const FINGERPRINT: &str = "hotspan/v1";
/// The rule of all budgets.
const BUDGET: &str = "budget";
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

pub(super) fn sarif(verdict: &Verdict<'_>, context: &Context<'_>) -> Result<String> {
    let rules = rules(verdict);
    let index = |id: &str| rules.iter().position(|rule| *rule == id);
    let budgets = verdict
        .overruns
        .iter()
        .map(|of| overrun(of, index(BUDGET), context));
    let findings = verdict
        .judged
        .iter()
        .map(|of| finding(of, index(&of.found.detector), context));
    let document = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "hotspan",
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules.iter().map(|id| rule(id)).collect::<Vec<_>>(),
            }},
            "automationDetails": {"id": "hotspan-check/"},
            "columnKind": "unicodeCodePoints",
            "invocations": [invocation(verdict)],
            "results": budgets.chain(findings).collect::<Vec<_>>(),
        }],
    });
    let text = serde_json::to_string_pretty(&document).context("the verdict has a JSON form")?;
    Ok(text + "\n")
}

/// The rules that have results, ascending.
fn rules<'a>(verdict: &'a Verdict<'_>) -> Vec<&'a str> {
    let detectors = verdict.judged.iter().map(|of| of.found.detector.as_str());
    let budget = (!verdict.overruns.is_empty()).then_some(BUDGET);
    let all: BTreeSet<&str> = detectors.chain(budget).collect();
    all.into_iter().collect()
}

fn rule(id: &str) -> Value {
    let catalogue = hotspan_pipeline::catalogue();
    let title = match catalogue.iter().find(|meta| meta.id == id) {
        Some(meta) => meta.title,
        None if id == BUDGET => "An operation does more than its budget allows",
        None => id,
    };
    let page = match id {
        BUDGET => format!("{}/blob/main/docs/ci.md", env!("CARGO_PKG_REPOSITORY")),
        detector => page(detector),
    };
    json!({
        "id": id,
        "name": id,
        "shortDescription": {"text": title},
        "help": {
            "text": format!("{title}. What it looks for, when it is silent and how to fix it: {page}"),
            "markdown": format!("**{title}**. [What it looks for, when it is silent and how to fix it]({page})."),
        },
        "helpUri": page,
        "properties": {"tags": ["performance", "architecture"]},
    })
}

/// Whether there was enough to judge by.
fn invocation(verdict: &Verdict<'_>) -> Value {
    let said = verdict
        .silence
        .iter()
        .map(|why| json!({"level": "error", "message": {"text": why}}));
    json!({
        "executionSuccessful": verdict.silence.is_empty(),
        "toolExecutionNotifications": said.collect::<Vec<_>>(),
    })
}

fn finding(one: &Judged<'_>, index: Option<usize>, context: &Context<'_>) -> Value {
    let found = one.found;
    let mut result = json!({
        "ruleId": found.detector,
        "ruleIndex": index,
        "level": if one.fails.is_some() { "error" } else { "note" },
        "message": {"text": message(one)},
        "locations": [location(found.code.first(), &found.service, &found.operation, context)],
        "partialFingerprints": {FINGERPRINT: found.id},
        "properties": {
            "service": found.service,
            "operation": found.operation,
            "traces": found.traces,
            "calls_p50": found.calls_p50,
            "saving_percent": found.saving_percent,
            "confidence_percent": found.confidence_percent,
        },
    });
    let state = match one.status {
        Status::Worse(_) => "updated",
        Status::Known => "unchanged",
        Status::New | Status::Allowed(_) | Status::Expired(_) | Status::Acknowledged(_) => "new",
    };
    if context.baseline.is_some() {
        result["baselineState"] = json!(state);
    }
    if let Status::Allowed(_) | Status::Acknowledged(_) = one.status {
        let why = one.status.note();
        result["suppressions"] = json!([{"kind": "external", "status": "accepted", "justification": why}]);
    }
    result
}

fn overrun(of: &Overrun, index: Option<usize>, context: &Context<'_>) -> Value {
    json!({
        "ruleId": BUDGET,
        "ruleIndex": index,
        "level": "error",
        "message": {"text": of.sentence()},
        "locations": [location(None, &of.at.service, &of.at.operation, context)],
        "partialFingerprints": {FINGERPRINT: format!("{}/{}/{}", of.budget, of.at.service, of.at.operation)},
        "properties": {"limit": of.limit, "value": of.value},
    })
}

/// All that a reader of one line needs.
fn message(one: &Judged<'_>) -> String {
    let Found { title, fix, code, .. } = one.found;
    let mut parts = vec![format!("{title}.")];
    parts.extend(
        Some(one.status.note())
            .filter(|note| !note.is_empty())
            .map(|note| note + "."),
    );
    parts.extend((!fix.is_empty()).then(|| format!("Fix: {fix}.")));
    parts.extend(code.first().map(|code| format!("At {}.", place(code))));
    parts.join(" ")
}

/// Where it is. Code scanning takes no result without a file, so that one whose spans carry no place in the code is shown
/// at the baseline, where its line is or will be.
fn location(code: Option<&Place>, service: &str, operation: &str, context: &Context<'_>) -> Value {
    let mut location = json!({
        "logicalLocations": [{
            "name": operation,
            "fullyQualifiedName": format!("{service}/{operation}"),
            "kind": "function",
        }],
    });
    let place = code.filter(|code| !code.file.is_empty());
    let physical = match (place, context.baseline) {
        (Some(code), _) => Some((artifact(Path::new(&code.file), context.root), code.line)),
        (None, Some(baseline)) => Some((artifact(baseline, context.root), 0)),
        (None, None) => None,
    };
    if let Some((artifact, line)) = physical {
        location["physicalLocation"] = json!({
            "artifactLocation": artifact,
            "region": {"startLine": line.max(1)},
        });
    }
    location
}

/// A file of the checked-out sources relative to their root; any other by its whole address.
fn artifact(file: &Path, root: Option<&Path>) -> Value {
    let inside = root.and_then(|root| file.strip_prefix(root).ok());
    let path = inside.unwrap_or(file).to_string_lossy().replace('\\', "/");
    let path = path.trim_start_matches("./");
    match path.starts_with('/') || path.contains(":/") {
        true => json!({"uri": format!("file:///{}", encoded(path.trim_start_matches('/')))}),
        false => json!({"uri": encoded(path), "uriBaseId": "%SRCROOT%"}),
    }
}

/// A path in an address: everything that is not plain is percent-encoded.
fn encoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_the_sources_are_relative_and_others_are_not() {
        let uri = |file: &str| artifact(Path::new(file), Some(Path::new("/src")))["uri"].clone();
        assert_eq!(uri("/src/shop/views.py"), "shop/views.py");
        assert_eq!(uri("shop/größe 1.py"), "shop/gr%C3%B6%C3%9Fe%201.py");
        assert_eq!(uri("./shop/views.py"), "shop/views.py");
        assert_eq!(uri("/usr/lib/a.py"), "file:///usr/lib/a.py");
        assert_eq!(uri("C:\\shop\\a.cs"), "file:///C%3A/shop/a.cs");
    }
}
