//! # Missing cache
//!
//! Request after request fetches the same answer from a database or another service.
//!
//! **Rule**: a service makes a read (a statement, or a GET with an id or a query) with the same arguments in at least
//! `cache_traces` (10) traces within ten minutes, nobody writes its tables or its resource in that time, and the number
//! of rows stays the same where it is known. The reads take at least 5 % of their segment. Of all such reads in that
//! time a cache would have answered at least half.
//!
//! **Guards**: statements that ask for the time, a random number, a sequence or a lock; reads of more than 256 distinct
//! arguments in ten minutes, which differ by user or session; health checks. Text whose arguments are hidden cannot be
//! judged, nor a GET without any, whose answer may hang on who asks. Windows begin every two minutes.
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
use crate::moments::{MOMENTS_MAX, Moments, Stretch, place};
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
    class: Class,
    template: Option<Symbol>,
    callee: Option<Symbol>,
    operations: BTreeMap<String, u64>,
    seen: Seen,
}

/// Stretches of two minutes that make a window.
const STRETCHES: u64 = 5;

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
            (read.class, read.template, read.callee) = (row.text.class, row.key.what, row.key.other);
            *read.operations.entry(row.text.operation.to_owned()).or_default() += row.fact.count;
            read.seen.add(row.fact);
        }
        let written = written(cx);
        for ((service, template), read) in reads {
            out.extend(judge(cx, service, template, read, &written));
        }
    }
}

/// What was written in which stretch: tables of a database, resources of other services.
type Written<'a> = BTreeSet<(StoreKey, &'a str, u64)>;

fn written<'a>(cx: &Evidence<'a>) -> Written<'a> {
    let mut written = BTreeSet::new();
    for row in cx.facts(FactKind::Wrote) {
        let Some(store) = cx.callee(row.key.other) else {
            continue;
        };
        for (stretch, _) in row.fact.moments.since(FactKind::Wrote, cx.newest()) {
            if row.text.class == Class::Call {
                let resource = resource(row.text.what.unwrap_or_default());
                written.insert((StoreKey::default(), resource, stretch));
            } else if let Some(facts) = row.key.what.and_then(|what| cx.reader.dictionary.template(what)) {
                let tables = facts.writes.iter();
                written.extend(tables.map(|table| (loose_key(store), &**table, stretch)));
            }
        }
    }
    written
}

/// A database as far as it is named: a write that may have been elsewhere counts.
fn loose_key(facts: &hotspan_model::CalleeFacts) -> StoreKey {
    (String::new(), String::new(), 0, facts.namespace.to_string())
}

/// What a call reads or changes: its path up to the first id, whatever the host is called.
fn resource(template: &str) -> &str {
    let url = template.split_once(' ').map_or(template, |(_, url)| url);
    let path = url.find('/').map_or("", |slash| &url[slash..]);
    let end = path.find(['{', '?']).unwrap_or(path.len());
    path[..end].trim_end_matches('/')
}

fn judge(
    cx: &Evidence<'_>,
    service: &str,
    template: &str,
    read: Read,
    written: &Written<'_>,
) -> Option<Draft> {
    let facts = cx.reader.dictionary.template(read.template?)?;
    let store = cx.callee(read.callee)?;
    let is_quiet = |stretch: u64| {
        if read.class == Class::Call {
            return !written.contains(&(StoreKey::default(), resource(template), stretch));
        }
        let mut tables = facts.reads.iter();
        tables.all(|table| !written.contains(&(loose_key(store), &**table, stretch)))
    };
    let stretches: BTreeMap<u64, &Stretch> = read.moments.since(FactKind::Read, cx.newest()).collect();
    let least = cx.knob_of(&CACHE_TRACES, service);
    // The last window ends with the data: what is to come may still be a write.
    let last = place(FactKind::Read, cx.newest()).saturating_sub(STRETCHES - 1);
    let windows = stretches
        .keys()
        .map(|&first| first.min(last))
        .filter_map(|first| {
            let all = first..first + STRETCHES;
            let held = stretches.range(all.clone());
            window(held.map(|(_, &held)| held), all.into_iter().all(is_quiet))
        });
    let conditions = |of: &Window| {
        [
            wants(CACHE_TRACES.name, of.most, least),
            wants("hit_share_millionths", of.hits().0, HITS.0),
        ]
    };
    let near = windows.filter(|of| conditions(of).iter().all(Condition::is_near));
    let best = near.max_by_key(|of| {
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
        class: read.class.name().to_owned(),
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

/// What a cache would have done in neighbouring stretches; `None` where that cannot be told.
fn window<'a>(stretches: impl Iterator<Item = &'a Stretch>, quiet: bool) -> Option<Window> {
    let mut arguments: BTreeMap<u64, Answers> = BTreeMap::new();
    for stretch in stretches {
        if stretch.is_crowded() {
            return None;
        }
        for happened in &stretch.happened {
            let rows = happened.key.1;
            let answers = arguments.entry(happened.key.0).or_insert(Answers {
                rows,
                ..Answers::default()
            });
            answers.changed |= answers.rows != rows;
            answers.times += happened.times;
        }
    }
    // Arguments whose number of rows changed gave another answer.
    let same = || arguments.values().filter(|answers| !answers.changed);
    (arguments.len() <= MOMENTS_MAX).then(|| Window {
        reads: same().map(|answers| answers.times).sum(),
        distinct: same().count() as u64,
        most: same().map(|answers| answers.times).max().unwrap_or(0),
        quiet,
    })
}

/// What reads with the same arguments got.
#[derive(Clone, Copy, Debug, Default)]
struct Answers {
    rows: u64,
    changed: bool,
    times: u64,
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
        how: "nobody changed it for ten minutes at least: a cache in the process with a time to live of a minute is \
              enough; where all instances must agree, a shared one that writers clear"
            .to_owned(),
    }
}
