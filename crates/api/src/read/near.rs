//! Near misses, and the rules that never came near.

use std::collections::BTreeSet;

use hotspan_hotspots::{NearMissAnswer, OperationAnswer, catalogue};

use super::coverage;
use crate::View;
use crate::ask::NearFilter;
use crate::shape::{NearMiss, NearMissList, SilentRule, clean};

/// Most rules that are answered as silent.
const SILENT_MAX: usize = 1_000;

/// A page of near misses, by service and operation, the nearest first.
pub(crate) fn near_misses(view: &View, filter: &NearFilter) -> NearMissList {
    let all = view.answers.near_misses.iter();
    let rows = all.filter(|row| filter.matches(&row.service, &row.operation, &row.entries));
    let page = filter.page.page(rows, |row| key(row), |row| NearMiss::from(*row));
    NearMissList {
        near_misses: page.rows,
        silent: silent(view, filter),
        total: page.total,
        next_cursor: page.next_cursor,
        truncated: page.truncated,
        coverage: coverage(view),
    }
}

/// Distances are at most a million, so seven digits sort like them.
fn key(row: &NearMissAnswer) -> String {
    let mut key = [row.service.as_str(), &row.operation].join("\u{0}");
    let rule = format!(
        "\u{0}{:07}\u{0}{}\u{0}{}",
        row.distance.0, row.detector, row.reason
    );
    key += &rule;
    key += &format!("\u{0}{}\u{0}{}\u{0}{:?}", row.class.name(), row.template, row.id);
    for one in &row.conditions {
        key += &format!("\u{0}{}\u{0}{:020}", one.name, one.threshold);
    }
    key
}

/// The rules that neither spoke nor came near on the operations that are asked for by name.
fn silent(view: &View, filter: &NearFilter) -> Vec<SilentRule> {
    if filter.entry.is_empty() {
        return Vec::new();
    }
    let answers = &view.answers;
    let near = answers.near_misses.iter();
    let near = near.map(|row| (row.service.as_str(), row.operation.as_str(), row.detector));
    let spoke = answers.hotspots.iter();
    let spoke = spoke.map(|row| (row.service.as_str(), row.operation.as_str(), row.detector));
    let known: BTreeSet<(&str, &str, &str)> = near.chain(spoke).collect();
    // Rules over traces judge services, not operations.
    let over_traces: BTreeSet<&str> = catalogue().iter().map(|meta| meta.id).collect();
    let rules = view.detectors.iter().filter(|id| !over_traces.contains(*id));
    let asked = answers.operations.iter();
    let asked = asked.filter(|row| filter.matches(&row.service, &row.operation, &[]));
    let row = |row: &OperationAnswer, detector: &str| SilentRule {
        service: clean(&row.service),
        operation: clean(&row.operation),
        detector: detector.to_owned(),
        evaluated: row.traces,
    };
    asked
        .flat_map(|of| rules.clone().map(move |&id| (of, id)))
        .filter(|&(of, id)| !known.contains(&(of.service.as_str(), of.operation.as_str(), id)))
        .map(|(of, id)| row(of, id))
        .take(SILENT_MAX)
        .collect()
}
