//! # Missing cache
//!
//! Request after request fetches the same answer from the database.
//!
//! **Rule**: a service makes a read with the same arguments in at least `cache_traces` (10) traces within a window of
//! ten minutes, nobody writes its tables in that window, and the number of rows stays the same where it is known.
//! The reads take at least 5 % of their segment. Of all such reads in the window a cache would have answered at
//! least half.
//!
//! **Guards**: statements that ask for the time, a random number, a sequence or a lock; reads of more than 256 distinct
//! arguments in a window, which differ by user or session; health checks. Text whose arguments are hidden cannot be
//! judged. Windows are those of the clock: 12:00 to 12:10, and so on.
//!
//! **Saves**: no replay yet: the impact is exposure, 0.02 of the critical-path seconds an hour in these reads.
//!
//! **Silent when**: reads see what was just written; a table is written every minute.
//!
//! **Fix**: a cache in the process or a shared one, with the quiet time of the table as its time to live.

use std::collections::{BTreeMap, BTreeSet};

use hotspan_model::{
    Break, CalleeView, Class, Condition, Facets, FactKind, Fix, Knob, Meta, Millionths, SavingRule, Scope,
    Symbol,
};

use super::names::{is_check, tenths_of_a_week};
use super::shared_database::StoreKey;
use super::{CrossDetector, Draft, Evidence, Seen, wants};
use crate::moments::{Moments, Stretch};
use crate::topology::percent;

/// The detector.
#[derive(Debug)]
pub(super) struct MissingCache;

static CACHE_TRACES: Knob = Knob {
    name: "cache_traces",
    default: 10,
    what: "fewest traces within ten minutes that read the same",
};

/// Least share of the reads that a cache would have answered.
const HITS: Millionths = Millionths(500_000);

static META: Meta = Meta {
    id: "missing-cache",
    title: "Request after request fetches the same answer",
    in_break: Break::Database,
    scope: Scope::Cross,
    habit: false,
    effort: tenths_of_a_week(10),
    saving: SavingRule::Replayed,
    knobs: &[CACHE_TRACES],
    sentence,
    fix,
};

/// One read, whatever the operation that makes it.
#[derive(Debug, Default)]
struct Read {
    moments: Moments,
    template: Option<Symbol>,
    callee: Option<Symbol>,
    operations: BTreeMap<String, u64>,
    seen: Seen,
}

/// A window of reads, and what a cache would have done in it.
#[derive(Clone, Copy, Debug)]
struct Window {
    reads: u64,
    distinct: u64,
    /// Of one set of arguments.
    most: u64,
    /// Nobody wrote what they read.
    quiet: bool,
}

impl Window {
    fn hits(&self) -> Millionths {
        Millionths::ratio(self.reads - self.distinct, self.reads)
    }
}

impl CrossDetector for MissingCache {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn detect(&self, cx: &Evidence<'_>, out: &mut Vec<Draft>) {
        let mut reads: BTreeMap<(&str, &str), Read> = BTreeMap::new();
        for row in cx.facts(FactKind::Read) {
            let Some(template) = row.text.what.filter(|text| !is_fickle(text)) else {
                continue;
            };
            if is_check(row.text.operation) {
                continue;
            }
            let read = reads.entry((row.text.service, template)).or_default();
            read.moments.merge(&row.fact.moments);
            (read.template, read.callee) = (row.key.what, row.key.other);
            *read.operations.entry(row.text.operation.to_owned()).or_default() += row.fact.count;
            read.seen.add(row.fact);
        }
        let written = written(cx);
        for ((service, template), read) in reads {
            out.extend(judge(cx, service, template, read, &written));
        }
    }
}

/// Tables and the windows in which somebody wrote them.
fn written<'a>(cx: &Evidence<'a>) -> BTreeSet<(StoreKey, &'a str, u64)> {
    let mut written = BTreeSet::new();
    for row in cx.facts(FactKind::Wrote) {
        let facts = row.key.what.and_then(|what| cx.reader.dictionary.template(what));
        let (Some(facts), Some(store)) = (facts, cx.callee(row.key.other)) else {
            continue;
        };
        for (window, _) in row.fact.moments.since(FactKind::Wrote, cx.newest()) {
            let tables = facts.writes.iter();
            written.extend(tables.map(|table| (loose_key(store), &**table, window)));
        }
    }
    written
}

/// A database as far as it is named: a write that may have been elsewhere counts.
fn loose_key(facts: &hotspan_model::CalleeFacts) -> StoreKey {
    (String::new(), String::new(), 0, facts.namespace.to_string())
}

fn judge(
    cx: &Evidence<'_>,
    service: &str,
    template: &str,
    read: Read,
    written: &BTreeSet<(StoreKey, &str, u64)>,
) -> Option<Draft> {
    let facts = cx.reader.dictionary.template(read.template?)?;
    let store = cx.callee(read.callee)?;
    let is_quiet = |window: u64| {
        let mut tables = facts.reads.iter();
        tables.all(|table| !written.contains(&(loose_key(store), &**table, window)))
    };
    let windows = read.moments.since(FactKind::Read, cx.newest());
    let windows = windows.filter_map(|(at, stretch)| window(stretch, is_quiet(at)));
    let least = cx.knob_of(&CACHE_TRACES, service);
    let conditions = |of: &Window| {
        [
            wants(CACHE_TRACES.name, of.most, least),
            wants("hit_share_millionths", of.hits().0, HITS.0),
        ]
    };
    let windows: Vec<Window> = windows
        .filter(|of| conditions(of).iter().all(Condition::is_near))
        .collect();
    let best = windows.into_iter().max_by_key(|of| {
        let holds = conditions(of).iter().all(Condition::holds);
        (holds && of.quiet, holds, of.reads - of.distinct)
    })?;
    let hits = best.hits();
    let mut draft = Draft::new(&META, service, &[service, template]);
    let operation = read
        .operations
        .iter()
        .max_by_key(|(name, count)| (**count, std::cmp::Reverse(*name)));
    draft.operation = operation.map(|(name, _)| name.clone()).unwrap_or_default();
    draft.callee = CalleeView {
        class: Class::Db.name().to_owned(),
        system: store.system.to_string(),
        peer: store.host.to_string(),
        template: template.to_owned(),
    };
    draft.details = vec![match facts.summary.is_empty() {
        true => template.to_owned(),
        false => facts.summary.to_string(),
    }];
    draft.said = format!(
        "{} of {} reads in ten minutes ({} %) asked again for what was known",
        best.reads - best.distinct,
        best.reads,
        percent(hits)
    );
    draft.calls = 1;
    draft.share = Millionths::ratio(read.seen.traces, cx.traces_of(service));
    draft.seen = read.seen;
    draft.term(850_000, "writers that are not traced cannot be seen");
    draft.guarded((!best.quiet).then_some("written"), conditions(&best))
}

/// What a cache would have done in one window; `None` where that cannot be told.
fn window(stretch: &Stretch, quiet: bool) -> Option<Window> {
    if stretch.is_crowded() {
        return None;
    }
    // Arguments whose number of rows changed gave another answer.
    let constant = |key: (u64, u64)| {
        stretch
            .happened
            .iter()
            .all(|other| other.key.0 != key.0 || other.key.1 == key.1)
    };
    let same = stretch.happened.iter().filter(|happened| constant(happened.key));
    let (mut reads, mut distinct, mut most) = (0, 0, 0);
    for happened in same {
        reads += happened.times;
        distinct += 1;
        most = most.max(happened.times);
    }
    Some(Window {
        reads,
        distinct,
        most,
        quiet,
    })
}

/// Words of statements whose answer changes by itself.
const FICKLE: [&str; 9] = [
    "now()",
    "current_timestamp",
    "current_date",
    "random(",
    "rand(",
    "nextval",
    "uuid(",
    "for update",
    "for share",
];

fn is_fickle(template: &str) -> bool {
    FICKLE.iter().any(|word| template.contains(word))
}

fn sentence(facets: &Facets<'_>) -> String {
    let what = facets.templates.first().copied().unwrap_or_default();
    format!(
        "{} fetches {what} again and again: {}",
        facets.service, facets.evidence
    )
}

fn fix(facets: &Facets<'_>) -> Fix {
    let what = facets.templates.first().copied().unwrap_or_default();
    Fix {
        summary: format!("keep the answer of {what} for a while"),
        how: "nobody wrote its tables for ten minutes at least: a cache in the process with a time to live of a minute is \
              enough; where all instances must agree, a shared one that writers clear"
            .to_owned(),
    }
}
