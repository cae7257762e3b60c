//! Near misses, and the rules that never came near.

use std::collections::BTreeSet;

use hotspan_hotspots::{Most, NearMissAnswer, OperationAnswer, catalogue};
use hotspan_model::{Asked, Condition, Knob};
use serde::Serialize;

use super::coverage;
use crate::View;
use crate::ask::{NearFilter, PageOf};
use crate::shape::{NearCondition, NearMiss, NearMissList, Rule, clean};

/// Most rules that are answered as silent, and as having spoken.
const RULES_MAX: usize = 1_000;

/// A page of near misses, by service and operation, the nearest first.
pub(crate) fn near_misses(view: &View, filter: &NearFilter) -> NearMissList {
    let page = near_rows(view, filter, |near| near);
    let (spoke, silent) = near_rules(view, filter);
    NearMissList {
        near_misses: page.rows,
        silent,
        spoke,
        total: page.total,
        next_cursor: page.next_cursor,
        truncated: page.truncated,
        coverage: coverage(view),
    }
}

/// The same page with rows that are made of its rows.
pub(crate) fn near_rows<T: Serialize>(
    view: &View,
    filter: &NearFilter,
    row: impl Fn(NearMiss) -> T,
) -> PageOf<T> {
    let asked = asked(view, filter);
    let wanted = |row: &&NearMissAnswer| match row.operation.is_empty() && !filter.entry.is_empty() {
        true => asked.iter().any(|of| of.service == row.service),
        false => filter.matches(&row.service, &row.operation, &row.entries),
    };
    let rows = view.answers.near_misses.iter().filter(wanted);
    filter
        .page
        .page(rows, |row| key(row), |near| row(NearMiss::from(*near)))
}

/// The rules that spoke on the operations that are asked for, and those that neither spoke nor came near.
pub(crate) fn near_rules(view: &View, filter: &NearFilter) -> (Vec<Rule>, Vec<Rule>) {
    rules(view, &asked(view, filter))
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

/// The operations that are asked for by name.
fn asked<'a>(view: &'a View, filter: &NearFilter) -> Vec<&'a OperationAnswer> {
    if filter.entry.is_empty() {
        return Vec::new();
    }
    let all = view.answers.operations.iter();
    all.filter(|row| filter.matches(&row.service, &row.operation, &[]))
        .collect()
}

/// The rules that spoke on these operations and their services, and those that neither spoke nor came near.
fn rules(view: &View, asked: &[&OperationAnswer]) -> (Vec<Rule>, Vec<Rule>) {
    let answers = &view.answers;
    let near = answers.near_misses.iter();
    // Rules over traces judge services, not operations.
    let over_traces: BTreeSet<&str> = catalogue().iter().map(|meta| meta.id).collect();
    let near: BTreeSet<(&str, &str, &str)> = near
        .map(|row| (row.service.as_str(), row.operation.as_str(), row.detector))
        .map(|place| whole(place, &over_traces))
        .collect();
    let hotspots = answers.hotspots.iter();
    let hotspots: BTreeSet<(&str, &str, &str)> = hotspots
        .map(|row| (row.service.as_str(), row.operation.as_str(), row.detector))
        .map(|place| whole(place, &over_traces))
        .collect();
    let (mut spoke, mut silent) = (Vec::new(), Vec::new());
    let mut add = |row: Rule, place: (&str, &str, &str)| {
        let list = match (hotspots.contains(&place), near.contains(&place)) {
            (true, _) => &mut spoke,
            (false, false) => &mut silent,
            (false, true) => return,
        };
        if list.len() < RULES_MAX {
            list.push(row);
        }
    };
    let of_traces = || view.detectors.iter().filter(|id| !over_traces.contains(*id));
    for of in asked {
        for &id in of_traces() {
            add(rule(view, of, id), (&of.service, &of.operation, id));
        }
    }
    let services: BTreeSet<&str> = asked.iter().map(|of| of.service.as_str()).collect();
    let known = answers
        .services
        .iter()
        .filter(|row| services.contains(row.service.as_str()));
    for of in known {
        for &id in view.detectors.iter().filter(|id| over_traces.contains(*id)) {
            let row = Rule {
                service: clean(&of.service),
                operation: String::new(),
                detector: id.to_owned(),
                evaluated: of.traces,
                best: None,
            };
            add(row, (&of.service, "", id));
        }
    }
    (spoke, silent)
}

/// Where a rule judges: a rule over traces the service as a whole.
fn whole<'a>(
    (service, operation, detector): (&'a str, &'a str, &'a str),
    over_traces: &BTreeSet<&str>,
) -> (&'a str, &'a str, &'a str) {
    match over_traces.contains(detector) {
        true => (service, "", detector),
        false => (service, operation, detector),
    }
}

fn rule(view: &View, of: &OperationAnswer, id: &str) -> Rule {
    Rule {
        service: clean(&of.service),
        operation: clean(&of.operation),
        detector: id.to_owned(),
        evaluated: of.traces,
        best: best(view, of, id).as_ref().map(NearCondition::from),
    }
}

/// What an operation does most that a rule counts, and the threshold that says how much is too much.
type Best = (&'static str, &'static str, fn(&Most) -> u64);

/// Rules whose first condition follows from what an operation does in all its traces.
const BESTS: [Best; 9] = [
    ("n-plus-one-query", "repeat_min", |most| most.queries),
    ("redundant-query", "repeat_min", |most| most.queries),
    ("n-plus-one-call", "repeat_min", |most| most.calls),
    ("n-plus-one-cache", "repeat_min_fast", |most| most.cache_commands),
    ("n-plus-one-publish", "repeat_min_fast", |most| most.publishes),
    ("slow-query", "slow_query_read_ns", |most| most.query_path.0),
    ("deferrable-call", "deferrable_call_path_min_ns", |most| {
        most.call_path.0
    }),
    ("fan-out-tail", "fan_out_tail_members_min", |most| most.calls),
    ("serial-fan-out", "serial_fan_out_templates_min", |most| {
        most.call_templates
    }),
];

fn best(view: &View, of: &OperationAnswer, id: &str) -> Option<Condition> {
    let &(_, name, value) = BESTS.iter().find(|(detector, ..)| *detector == id)?;
    let known = &view.known;
    let own = known.catalogue.iter().filter(|meta| meta.id == id);
    let own = own.flat_map(|meta| meta.knobs);
    let mut knobs = known.shared_knobs.iter().copied().chain(own);
    let knob: &Knob = knobs.find(|knob| knob.name == name)?;
    let asked = Asked {
        service: &of.service,
        operation: Some(&of.operation),
        workload: None,
    };
    Some(Condition {
        name: knob.name,
        value: value(&of.most),
        threshold: known.tuning.knob(knob, asked),
    })
}
