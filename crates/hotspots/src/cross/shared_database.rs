//! # Shared database
//!
//! One database does the work of several services. None of them can change its tables, move its data or bring it
//! down alone.
//!
//! **Rule**: one database (system, address, namespace) is used by at least `shared_database_services` (3) services,
//! each in at least 20 traces of the last 24 hours. It is graver when they use the same tables, and gravest when
//! two of them write one.
//!
//! **Guards**: instances of one service are one; services that answer no requests but health checks (jobs, migrations,
//! backups), and tools of operators by their names (admin, backup, migration), do not count; two names that answer the
//! same operations are one service; caches are no databases. Services that are alone in one `service.namespace` are one
//! team's: listed only on request. Spans that do not name the namespace of the database cannot be judged.
//!
//! **Saves**: nothing that a replay could show. The impact is exposure: 0.02 of the critical-path seconds an hour in
//! the database's statements.
//!
//! **Silent when**: two services share it; one service has many instances; a server holds many namespaces.
//!
//! **Fix**: name the owner of each table by its writes, then let reads go through the owner; begin at the table with
//! most foreign readers.

use std::collections::{BTreeMap, BTreeSet};

use hotspan_model::{
    Break, CalleeFacts, CalleeView, Class, Facets, FactKind, Fix, Knob, Meta, SavingRule, Scope, Target,
};

use super::names::{list, masked, store, tenths_of_a_week};
use super::{CrossDetector, Draft, Evidence, Seen, wants};

/// The detector.
#[derive(Debug)]
pub(super) struct SharedDatabase;

/// Traces of a service in a day that count.
pub(super) const TRACES: u64 = 20;

static SERVICES: Knob = Knob {
    name: "shared_database_services",
    default: 3,
    what: "fewest services that make a database a shared one",
};

static META: Meta = Meta {
    id: "shared-database",
    title: "One database does the work of several services",
    in_break: Break::Database,
    scope: Scope::Cross,
    habit: false,
    effort: tenths_of_a_week(80),
    saving: SavingRule::Replayed,
    knobs: &[SERVICES],
    sentence,
    fix,
};

/// What one team shares with itself is listed only on request.
pub(super) const ONE_TEAM: (u64, &str) = (350_000, "all of them are in one namespace of their own");

/// Tells a database apart, whatever instance of it was reached.
pub(super) type StoreKey = (String, String, u16, String);

pub(super) fn store_key(facts: &CalleeFacts) -> Option<StoreKey> {
    let named = !facts.namespace.is_empty();
    named.then(|| {
        (
            facts.system.to_string(),
            masked(&facts.host),
            facts.port,
            facts.namespace.to_string(),
        )
    })
}

/// The same as parts of a fingerprint.
pub(super) fn key_parts((system, host, port, namespace): &StoreKey) -> Vec<String> {
    vec![system.clone(), host.clone(), port.to_string(), namespace.clone()]
}

/// One database and who uses it.
#[derive(Debug, Default)]
struct Used<'a> {
    name: String,
    system: String,
    host: String,
    services: BTreeMap<&'a str, (u64, Seen)>,
}

impl CrossDetector for SharedDatabase {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn detect(&self, cx: &Evidence<'_>, out: &mut Vec<Draft>) {
        let mut stores: BTreeMap<StoreKey, Used<'_>> = BTreeMap::new();
        for (text, key, edge) in cx.edges().filter(|(text, ..)| text.class == Class::Db) {
            let Target::Callee(callee) = key.target else {
                continue;
            };
            let Some((facts, key)) = cx
                .callee(Some(callee))
                .and_then(|facts| Some((facts, store_key(facts)?)))
            else {
                continue;
            };
            if !cx.serves(text.from) {
                continue;
            }
            let used = stores.entry(key).or_default();
            used.name = store(facts);
            (used.system, used.host) = (facts.system.to_string(), facts.host.to_string());
            let (traces, seen) = used.services.entry(cx.one_name(text.from)).or_default();
            *traces = (*traces).max(edge.calendar.since(cx.from()).traces);
            seen.add_edge(edge);
        }
        for (key, mut used) in stores {
            used.services.retain(|_, (traces, _)| TRACES <= *traces);
            let services = wants(SERVICES.name, used.services.len() as u64, cx.knob(&SERVICES));
            if services.is_near() {
                out.extend(draft(cx, &key, &used).gated([services]));
            }
        }
    }
}

fn draft(cx: &Evidence<'_>, key: &StoreKey, used: &Used<'_>) -> Draft {
    let tables = Tables::of(cx, key);
    let most = used
        .services
        .iter()
        .max_by_key(|(name, (traces, _))| (*traces, std::cmp::Reverse(**name)));
    let service = most.map_or("", |(name, _)| name);
    let mut draft = Draft::new(&META, service, &[]);
    draft.key = key_parts(key);
    draft.change.clone_from(&draft.key);
    draft.callee = CalleeView {
        class: Class::Db.name().to_owned(),
        system: used.system.clone(),
        peer: used.host.clone(),
        template: String::new(),
    };
    draft.details = used.services.keys().map(|&name| name.to_owned()).collect();
    draft.said = format!("{}: {}", used.name, tables.said);
    for (_, seen) in used.services.values() {
        draft.seen.merge(seen);
    }
    for row in cx.facts(FactKind::Used).filter(|row| row.text.class == Class::Db) {
        let same = cx.callee(row.key.other).and_then(store_key).as_ref() == Some(key);
        if same && used.services.contains_key(cx.one_name(row.text.service)) {
            draft.seen.show(row.fact);
        }
    }
    draft.term(tables.certainty, tables.why);
    if cx.one_team(used.services.keys().copied()) {
        draft.term(ONE_TEAM.0, ONE_TEAM.1);
    }
    draft
}

/// What the services do with the tables of one database.
struct Tables {
    said: String,
    certainty: u64,
    why: &'static str,
}

impl Tables {
    fn of(cx: &Evidence<'_>, key: &StoreKey) -> Tables {
        let mut readers: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut writers: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for row in cx.facts(FactKind::Used).filter(|row| row.text.class == Class::Db) {
            let facts = row
                .key
                .what
                .and_then(|template| cx.reader.dictionary.template(template));
            let same = cx.callee(row.key.other).and_then(store_key).as_ref() == Some(key);
            let (Some(facts), true) = (facts, same) else {
                continue;
            };
            for (tables, users) in [(&facts.reads, &mut readers), (&facts.writes, &mut writers)] {
                for table in tables {
                    users.entry(table).or_default().insert(row.text.service);
                }
            }
        }
        let fought: Vec<&str> = shared(&writers);
        let mut users = readers;
        for (table, services) in writers {
            users.entry(table).or_default().extend(services);
        }
        let both = shared(&users);
        match (users.is_empty(), fought.is_empty(), both.is_empty()) {
            (true, _, _) => Tables {
                said: "its tables cannot be seen".to_owned(),
                certainty: 800_000,
                why: "statements name no tables",
            },
            (_, false, _) => Tables {
                said: format!("several write {}", list(&fought)),
                certainty: 1_000_000,
                why: "several services write one table",
            },
            (_, _, false) => Tables {
                said: format!("several use {}", list(&both)),
                certainty: 950_000,
                why: "several services use one table",
            },
            (_, _, true) => Tables {
                said: "each keeps to its own tables".to_owned(),
                certainty: 700_000,
                why: "no table is used by two services",
            },
        }
    }
}

/// The tables that several services use, those with most users first.
fn shared<'a>(users: &BTreeMap<&'a str, BTreeSet<&str>>) -> Vec<&'a str> {
    let mut shared: Vec<(&str, usize)> = users.iter().map(|(table, users)| (*table, users.len())).collect();
    shared.retain(|&(_, users)| users > 1);
    shared.sort_by_key(|&(_, users)| std::cmp::Reverse(users));
    shared.into_iter().map(|(table, _)| table).collect()
}

fn sentence(facets: &Facets<'_>) -> String {
    let count = facets.templates.len();
    format!(
        "{count} services ({}) use {}",
        list(facets.templates),
        facets.evidence
    )
}

fn fix(_: &Facets<'_>) -> Fix {
    Fix {
        summary: "give each table one owner, and let the others ask the owner".to_owned(),
        how: "name the owner of each table by its writes; begin at the table with most foreign readers: an \
              endpoint or an event of the owner takes their place, then the grants go"
            .to_owned(),
    }
}
