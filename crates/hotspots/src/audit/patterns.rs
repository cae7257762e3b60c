//! The statements and cache commands that cost the most critical-path time, and the operations that cause them.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use hotspan_model::{Class, FactKind, Millionths};

use crate::sign::{Sign, share};
use crate::view::Reader;

/// Patterns that are kept.
const PATTERNS: usize = 20;
/// Operations that one pattern names.
const CAUSES: usize = 5;

/// One shape of statement or command, whoever runs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryPattern {
    /// db or cache.
    pub class: Class,
    /// `postgresql`, `redis`; empty when unknown.
    pub system: String,
    /// The text with placeholders.
    pub template: String,
    /// Calls in the window, raw.
    pub calls: u64,
    /// Critical-path seconds an hour in the window, weighted.
    pub path_s_per_hour: Millionths,
    /// Its share of the critical-path time of all of them.
    pub share: Millionths,
    /// The operations that run it, dearest first, at most 5.
    pub causes: Vec<PatternCause>,
    /// Operations that are not among them.
    pub more_causes: usize,
}

/// One operation that runs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternCause {
    /// Its service.
    pub service: String,
    /// Its name.
    pub operation: String,
    /// Calls in the window, raw.
    pub calls: u64,
    /// Critical-path seconds an hour in the window, weighted.
    pub path_s_per_hour: Millionths,
}

/// Calls and weighted critical-path time of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Sum {
    path: u128,
    calls: u64,
}

impl Sum {
    fn add(&mut self, other: Sum) {
        Sign::Add.sum(&mut self.path, other.path);
        Sign::Add.count(&mut self.calls, other.calls);
    }
}

/// One pattern before it is ranked.
#[derive(Debug, Default)]
struct Pattern<'a> {
    sum: Sum,
    causes: BTreeMap<(&'a str, &'a str), Sum>,
}

/// The dearest patterns of the window, ties by text.
pub(crate) fn patterns(reader: &Reader<'_>) -> Vec<QueryPattern> {
    let mut patterns: BTreeMap<(Class, &str, &str), Pattern<'_>> = BTreeMap::new();
    let mut whole = Sum::default();
    for (text, (key, fact)) in &reader.merged.facts {
        let (true, Some(template)) = (is_pattern(text.kind, text.class), text.what) else {
            continue;
        };
        let cell = fact.calendar.since(reader.window.from);
        let sum = Sum {
            path: cell.exposure,
            calls: cell.count,
        };
        if sum == Sum::default() {
            continue;
        }
        let callee = key.other.and_then(|other| reader.dictionary.callee(other));
        let system = callee.map_or("", |callee| &*callee.system);
        let pattern = patterns.entry((text.class, template, system)).or_default();
        pattern.sum.add(sum);
        pattern
            .causes
            .entry((text.service, text.operation))
            .or_default()
            .add(sum);
        whole.add(sum);
    }
    let mut ranked: Vec<_> = patterns.into_iter().collect();
    ranked.sort_by_key(|(key, pattern)| (Reverse(pattern.sum), *key));
    ranked.truncate(PATTERNS);
    let said = ranked.into_iter();
    said.map(|(key, pattern)| said_of(reader, key, &pattern, whole))
        .collect()
}

fn is_pattern(kind: FactKind, class: Class) -> bool {
    kind == FactKind::Used && (class == Class::Db || class == Class::Cache)
}

fn said_of(
    reader: &Reader<'_>,
    (class, template, system): (Class, &str, &str),
    pattern: &Pattern<'_>,
    whole: Sum,
) -> QueryPattern {
    let mut causes: Vec<_> = pattern.causes.iter().collect();
    causes.sort_by_key(|(at, sum)| (Reverse(**sum), **at));
    let more_causes = causes.len().saturating_sub(CAUSES);
    let named = causes.into_iter().take(CAUSES);
    QueryPattern {
        class,
        system: system.to_owned(),
        template: template.to_owned(),
        calls: pattern.sum.calls,
        path_s_per_hour: reader.window.seconds_per_hour(pattern.sum.path),
        share: share(pattern.sum.path, whole.path),
        causes: named
            .map(|(&(service, operation), sum)| PatternCause {
                service: service.to_owned(),
                operation: operation.to_owned(),
                calls: sum.calls,
                path_s_per_hour: reader.window.seconds_per_hour(sum.path),
            })
            .collect(),
        more_causes,
    }
}
