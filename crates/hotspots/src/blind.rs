//! Rules that cannot see: what they need is in no span of a service, although the service does what they judge.

use std::collections::BTreeMap;

use hotspan_model::{Class, Condition, FactKind, Input, LogTime, NearReason};

use crate::facts::{Fact, FactKey, FactText};
use crate::near::{NearMissAnswer, distance};
use crate::view::Reader;

/// Traces of a service from which what none of them shows is missing and no chance.
const TRACES: u64 = 20;
/// Requests from which a missing version is; the same that two versions need to be compared.
const REQUESTS: u64 = 50;
/// Calls of which not one failed: from here on failures are rather not told.
const CALLS: u64 = 10_000;

/// What would let a blind rule see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// The attribute, as it is called today.
    pub attribute: &'static str,
    /// As it used to be called; empty when it always had its name.
    pub older: &'static str,
    /// What to do, in one clause.
    pub how: &'static str,
}

/// A thing that rules need.
struct Field {
    name: &'static str,
    rules: &'static [&'static str],
    remedy: Remedy,
    /// How often it was there and how often it must be, of a service that does what the rules judge.
    lacks: fn(&Shown) -> Option<(u64, u64)>,
}

/// What is known of a service.
#[derive(Debug, Default)]
struct Shown {
    /// Traces that show each input; `input as usize` is the place.
    traces: [u64; Input::ALL.len()],
    statements: u64,
    wordless: u64,
    /// Statements whose database names its host, its namespace, whose text names a table.
    hosts: u64,
    namespaces: u64,
    tables: u64,
    calls: u64,
    failed: u64,
    requests: u64,
    versions: u64,
    last: LogTime,
}

impl Shown {
    fn of(&self, input: Input) -> u64 {
        self.traces[input as usize]
    }

    /// How often it was there, when it never was although the service does what needs it in enough traces.
    fn never(&self, does: Input, there: u64) -> Option<(u64, u64)> {
        (TRACES <= self.of(does) && there == 0).then_some((0, 1))
    }
}

const FIELDS: [Field; 12] = [
    Field {
        name: "template",
        rules: &["n-plus-one-query", "per-item-loop"],
        remedy: Remedy {
            attribute: "db.query.text",
            older: "db.statement",
            how: "let the database instrumentation send its statements, sanitised ones are enough",
        },
        lacks: |of| {
            let (all, half) = (
                of.statements.max(of.wordless),
                of.statements.max(of.wordless).div_ceil(2),
            );
            let blind = TRACES <= all && half <= of.wordless;
            blind.then(|| (all - of.wordless, half + 1))
        },
    },
    Field {
        name: "template",
        rules: &["n-plus-one-call"],
        remedy: Remedy {
            attribute: "http.request.method and url.full, or rpc.method",
            older: "http.method and http.url",
            how: "let the client instrumentation say what it calls",
        },
        lacks: |of| of.never(Input::UnknownCalls, of.of(Input::Calls)),
    },
    Field {
        name: "arguments",
        rules: &["redundant-query", "missing-cache"],
        remedy: Remedy {
            attribute: "db.query.parameter.<name>",
            older: "db.statement.parameters",
            how: "let the database instrumentation send arguments, or statements with their literals: they are hashed \
                  here under a secret key and not kept",
        },
        lacks: |of| of.never(Input::Queries, of.of(Input::Arguments)),
    },
    Field {
        name: "connect",
        rules: &["missing-pool"],
        remedy: Remedy {
            attribute: "a span named connect",
            older: "",
            how: "switch on the spans of the driver's connects; a pool that shows its checkouts is enough",
        },
        lacks: |of| of.never(Input::Queries, of.of(Input::Handshakes) + of.of(Input::Checkouts)),
    },
    Field {
        name: "checkout",
        rules: &["pool-exhausted"],
        remedy: Remedy {
            attribute: "db.client.connection.pool.name",
            older: "pool.name",
            how: "let the pool make a span of each wait for a connection",
        },
        lacks: |of| of.never(Input::Queries, of.of(Input::Checkouts)),
    },
    Field {
        name: "transaction",
        rules: &["call-in-transaction"],
        remedy: Remedy {
            attribute: "spans of BEGIN and COMMIT with db.query.text",
            older: "db.statement",
            how: "let the database instrumentation show transactions",
        },
        lacks: |of| match TRACES <= of.of(Input::Calls) {
            true => of.never(Input::Queries, of.of(Input::Sessions)),
            false => None,
        },
    },
    Field {
        name: "address",
        rules: &["third-party-on-critical-path"],
        remedy: Remedy {
            attribute: "server.address",
            older: "net.peer.name",
            how: "let the client instrumentation say where its calls go",
        },
        lacks: |of| of.never(Input::Calls, of.of(Input::Addresses)),
    },
    Field {
        name: "address",
        rules: &["shared-database", "shared-table"],
        remedy: Remedy {
            attribute: "server.address",
            older: "net.peer.name",
            how: "let the database instrumentation say which server it uses",
        },
        lacks: |of| of.never(Input::Queries, of.hosts),
    },
    Field {
        name: "namespace",
        rules: &["shared-database", "shared-table"],
        remedy: Remedy {
            attribute: "db.namespace",
            older: "db.name",
            how: "let the database instrumentation say which database it uses",
        },
        lacks: |of| of.never(Input::Queries, of.namespaces),
    },
    Field {
        name: "table",
        rules: &["shared-table"],
        remedy: Remedy {
            attribute: "db.query.text or db.collection.name",
            older: "db.statement, db.sql.table",
            how: "let the database instrumentation say which tables a statement is about",
        },
        lacks: |of| of.never(Input::Queries, of.tables),
    },
    Field {
        name: "status",
        rules: &["timeout-inversion"],
        remedy: Remedy {
            attribute: "error.type and the status ERROR",
            older: "error",
            how: "let the client instrumentation mark the calls that fail",
        },
        lacks: |of| (CALLS <= of.calls && of.failed == 0).then_some((0, 1)),
    },
    Field {
        name: "version",
        rules: &["regression"],
        remedy: Remedy {
            attribute: "service.version",
            older: "",
            how: "set it in OTEL_RESOURCE_ATTRIBUTES when the service is built",
        },
        lacks: |of| (REQUESTS <= of.requests && of.versions == 0).then_some((0, 1)),
    },
];

/// What rules do not see, by service; what they lack in it is the whole of their condition.
pub(crate) fn blind(reader: &Reader<'_>) -> Vec<NearMissAnswer> {
    let mut rows = Vec::new();
    for (service, shown) in services(reader) {
        for field in &FIELDS {
            let Some((value, threshold)) = (field.lacks)(&shown) else {
                continue;
            };
            let condition = Condition {
                name: field.name,
                value,
                threshold,
            };
            rows.extend(field.rules.iter().map(|&rule| NearMissAnswer {
                service: service.to_owned(),
                operation: String::new(),
                entries: Vec::new(),
                detector: rule,
                reason: NearReason::Blind(field.name),
                class: Class::default(),
                template: String::new(),
                id: None,
                traces: 0,
                evaluated: reader.merged.services.get(service).map_or(0, |row| row.traces),
                members: 0,
                conditions: vec![condition],
                distance: distance(&[condition]),
                last_seen: shown.last,
                remedy: Some(field.remedy),
            }));
        }
    }
    rows
}

fn services<'a>(reader: &Reader<'a>) -> BTreeMap<&'a str, Shown> {
    let mut services: BTreeMap<&str, Shown> = BTreeMap::new();
    for (&name, row) in &reader.merged.services {
        let shown = services.entry(name).or_default();
        shown.traces = row.inputs;
    }
    for (text, (key, fact)) in &reader.merged.facts {
        if let Some(shown) = services.get_mut(text.service).filter(|_| fact.traces > 0) {
            shown.add(reader, text, key, fact);
        }
    }
    for (text, (_, edge)) in &reader.merged.edges {
        if let (Some(shown), Class::Call) = (services.get_mut(text.from), text.class) {
            shown.calls = shown.calls.saturating_add(edge.calls);
            shown.failed = shown.failed.saturating_add(edge.failed);
        }
    }
    services
}

impl Shown {
    fn add(&mut self, reader: &Reader<'_>, text: &FactText<'_>, key: &FactKey, fact: &Fact) {
        match text.kind {
            FactKind::Used if text.class == Class::Db => {
                let facts = key.what.and_then(|what| reader.dictionary.template(what));
                let store = key.other.and_then(|other| reader.dictionary.callee(other));
                let named = facts.is_some_and(|facts| !facts.reads.is_empty() || !facts.writes.is_empty());
                self.statements = self.statements.saturating_add(fact.count);
                self.hosts += u64::from(store.is_some_and(|store| !store.host.is_empty()));
                self.namespaces += u64::from(store.is_some_and(|store| !store.namespace.is_empty()));
                self.tables += u64::from(named);
            }
            FactKind::Wordless => self.wordless = self.wordless.saturating_add(fact.count),
            FactKind::Served => {
                self.requests = self.requests.saturating_add(fact.count);
                self.versions += u64::from(text.what.is_some());
                self.last = self
                    .last
                    .max(fact.calendar.last(reader.merged.newest).unwrap_or_default());
            }
            FactKind::Used
            | FactKind::Paired
            | FactKind::Looped
            | FactKind::Orphaned
            | FactKind::Sent
            | FactKind::Entered
            | FactKind::Read
            | FactKind::Wrote
            | FactKind::Nameless
            | FactKind::Queued
            | FactKind::Busy
            | FactKind::Waited
            | FactKind::Survived
            | FactKind::Sunk
            | FactKind::Emptied => {}
        }
    }
}
