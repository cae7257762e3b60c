//! # Shared table
//!
//! Two services write one table, or one reads behind the other's back. Its columns are a contract that nobody
//! wrote down.
//!
//! **Rule**: a table of one database is written by at least two services; or it has one writer, and other services
//! make at least 10 % of its reads. Each of them in at least 20 traces of the last 24 hours.
//!
//! **Guards**: services that answer no requests (jobs, migrations) and tools of operators (admin, backup) do not count,
//! nor do changes of the schema; tables that are only inserted into (logs), and outboxes and lists of migrations by
//! their names; two names that answer the same operations are one service. Readers that write nothing anywhere are
//! reports, and services that are alone in one `service.namespace` are one team's: both are listed only on request.
//!
//! **Saves**: nothing that a replay could show. The impact is exposure: 0.02 of the critical-path seconds an hour in
//! the statements on this table.
//!
//! **Silent when**: services keep their own tables on a shared server.
//!
//! **Fix**: the owner is who writes most; the others get an endpoint or an event of it.

use std::collections::{BTreeMap, BTreeSet};

use hotspan_model::{
    Break, CalleeView, Class, Facets, FactKind, Fix, Meta, Millionths, SavingRule, Scope, Verb,
};

use super::names::{list, says, tenths_of_a_week};
use super::shared_database::{ONE_TEAM, StoreKey, TRACES, key_parts, store_key};
use super::{CrossDetector, Draft, Evidence, Seen, wants};

/// The detector.
#[derive(Debug)]
pub(super) struct SharedTable;

/// Of this many reads, one by a foreigner is enough.
const FOREIGN: u64 = 10;

static META: Meta = Meta {
    id: "shared-table",
    title: "Two services write one table, or one reads behind the other's back",
    in_break: Break::Seams,
    scope: Scope::Cross,
    habit: false,
    effort: tenths_of_a_week(60),
    saving: SavingRule::Replayed,
    knobs: &[],
    sentence,
    fix,
};

/// What one service does with one table.
#[derive(Debug, Default)]
struct User {
    reads: u64,
    writes: u64,
    /// Traces of the last day that read, and that write: at least so many.
    reading: u64,
    writing: u64,
    seen: Seen,
}

/// One table.
#[derive(Debug, Default)]
struct Table<'a> {
    host: &'a str,
    users: BTreeMap<&'a str, User>,
    /// Something else than an insert changes it.
    changed: bool,
}

type Tables<'a> = BTreeMap<(StoreKey, &'a str), Table<'a>>;

impl CrossDetector for SharedTable {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn detect(&self, cx: &Evidence<'_>, out: &mut Vec<Draft>) {
        let mut tables = Tables::new();
        // Services that write anything in any database.
        let mut authors: BTreeSet<&str> = BTreeSet::new();
        for row in cx.facts(FactKind::Used).filter(|row| row.text.class == Class::Db) {
            let template = row.key.what.and_then(|what| cx.reader.dictionary.template(what));
            let (Some(facts), Some(callee)) = (template, cx.callee(row.key.other)) else {
                continue;
            };
            let counts = facts.verb != Verb::Ddl && cx.serves(row.text.service);
            let (Some(key), true) = (store_key(callee), counts) else {
                continue;
            };
            let service = cx.one_name(row.text.service);
            let day = row.fact.calendar.since(cx.from());
            let inserts = row.text.what.is_some_and(|text| text.starts_with("insert"));
            let mut add = |table, writes: bool| {
                let table: &mut Table<'_> = tables.entry((key.clone(), table)).or_default();
                table.host = &callee.host;
                table.changed |= writes && !inserts;
                let user = table.users.entry(service).or_default();
                let (count, traces) = match writes {
                    true => (&mut user.writes, &mut user.writing),
                    false => (&mut user.reads, &mut user.reading),
                };
                *count += day.count;
                *traces = (*traces).max(day.traces);
                user.seen.add(row.fact);
            };
            facts.reads.iter().for_each(|table| add(table, false));
            facts.writes.iter().for_each(|table| add(table, true));
            if !facts.writes.is_empty() {
                authors.insert(service);
            }
        }
        for ((key, name), table) in &tables {
            out.extend(judge(cx, key, name, table, &authors));
        }
    }
}

fn judge(
    cx: &Evidence<'_>,
    key: &StoreKey,
    name: &str,
    table: &Table<'_>,
    authors: &BTreeSet<&str>,
) -> Option<Draft> {
    let of = |passes: fn(&User) -> bool| -> Vec<&str> {
        let users = table.users.iter().filter(|(_, user)| passes(user));
        users.map(|(&service, _)| service).collect()
    };
    let writers = of(|user| TRACES <= user.writing);
    let readers = of(|user| TRACES <= user.reading);
    let owner = owner(table)?;
    let foreign: Vec<&str> = readers.into_iter().filter(|&reader| reader != owner).collect();
    let all: u64 = table.users.values().map(|user| user.reads).sum();
    let theirs: u64 = foreign
        .iter()
        .filter_map(|&service| table.users.get(service))
        .map(|user| user.reads)
        .sum();
    let behind = writers == [owner] && !foreign.is_empty() && all <= theirs.saturating_mul(FOREIGN);
    let is_log = !table.changed && (foreign.is_empty() || says(name, &LOGS));
    let guard = match is_log {
        true => Some("log"),
        false => says(name, &HANDED_OVER).then_some("handed-over"),
    };
    if writers.len() == 1 && writers != [owner] {
        return None;
    }
    let mut draft = Draft::new(&META, owner, &[]);
    draft.change = key_parts(key);
    draft.key = [draft.change.as_slice(), &[name.to_owned()]].concat();
    draft.callee = CalleeView {
        class: Class::Db.name().to_owned(),
        system: key.0.clone(),
        peer: table.host.to_owned(),
        template: name.to_owned(),
    };
    draft.said = match writers.len() {
        0 | 1 => format!("{owner} writes it, {} behind its back", reads(&foreign)),
        _ if foreign.is_empty() => format!("{} write it", list(&writers)),
        _ => format!("{} write it, {}", list(&writers), reads(&foreign)),
    };
    draft.details = table.users.keys().map(|&service| service.to_owned()).collect();
    for user in table.users.values() {
        draft.seen.merge(&user.seen);
    }
    draft.share = Millionths::ratio(theirs, all);
    let reports = foreign.iter().all(|reader| !authors.contains(reader));
    match writers.len() > 1 || !reports {
        true => draft.term(950_000, "statements name the table"),
        false => draft.term(350_000, "the readers write nothing anywhere: they are reports"),
    }
    if cx.one_team(writers.iter().chain(&foreign).copied().chain([owner])) {
        draft.term(ONE_TEAM.0, ONE_TEAM.1);
    }
    let mut writing: Vec<u64> = table.users.values().map(|user| user.writing).collect();
    writing.sort_unstable_by_key(|&traces| std::cmp::Reverse(traces));
    let writes = |nth: usize| wants("traces", writing.get(nth).copied().unwrap_or(0), TRACES);
    let theirs = wants(
        "foreign_reads_share_millionths",
        draft.share.0,
        Millionths::ONE.0 / FOREIGN,
    );
    // Two writers are the graver fault, and the one that is shown where both are near.
    let second = match behind || !writes(1).is_near() {
        true => theirs,
        false => writes(1),
    };
    draft.guarded(guard, [writes(0), second])
}

/// Who writes most; ties by name.
fn owner<'a>(table: &Table<'a>) -> Option<&'a str> {
    let writers = table.users.iter().filter(|(_, user)| user.writes > 0);
    let most = writers.max_by_key(|(service, user)| (user.writes, std::cmp::Reverse(**service)));
    most.map(|(&service, _)| service)
}

fn reads(readers: &[&str]) -> String {
    match readers.len() {
        1 => format!("{} reads it", readers[0]),
        _ => format!("{} read it", list(readers)),
    }
}

/// Words in names of tables that only grow.
const LOGS: [&str; 4] = ["log", "audit", "history", "event"];
/// Words in names of tables that are there for others, or for a framework.
const HANDED_OVER: [&str; 4] = ["outbox", "inbox", "migration", "databasechangelog"];

fn sentence(facets: &Facets<'_>) -> String {
    format!("table {}: {}", facets.callee.template, facets.evidence)
}

fn fix(facets: &Facets<'_>) -> Fix {
    let (table, owner) = (&facets.callee.template, facets.service);
    Fix {
        summary: format!("let {owner} own {table}, and the others ask it"),
        how: format!(
            "{owner} writes {table} most: give it an endpoint or an event for what the others read, move their writes \
             behind it, then take their grants away"
        ),
    }
}
