//! What detectors over traces read: merged facts and edges, and what several detectors need of them.

use std::collections::{BTreeMap, BTreeSet};

use hotspan_model::{CalleeFacts, Class, FactKind, Knob, LogTime, Symbol, Target};

use crate::facts::{Fact, FactKey, FactText};
use crate::merged::EdgeText;
use crate::moments::Happened;
use crate::topology::{Edge, EdgeKey};
use crate::view::Reader;

use super::names::{is_check, is_gateway, serves_nobody};

/// Services that one of them asks which keeps nothing itself: it only passes requests on.
const PARTNERS: usize = 3;

/// One merged fact.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'a> {
    pub text: FactText<'a>,
    pub key: &'a FactKey,
    pub fact: &'a Fact,
}

impl<'a> Row<'a> {
    /// What its moments mark, in stretches that hold all of them.
    pub(super) fn happened(&self, cx: &Evidence<'_>) -> impl Iterator<Item = &'a Happened> + use<'a> {
        let stretches = self.fact.moments.since(self.text.kind, cx.newest());
        let whole = stretches.filter(|(_, stretch)| !stretch.is_crowded());
        whole.flat_map(|(_, stretch)| &stretch.happened)
    }
}

/// All merged facts and edges, for reading.
pub(super) struct Evidence<'a> {
    pub reader: &'a Reader<'a>,
    /// Operations that each service answers requests by, checks by the clock not among them.
    served: BTreeMap<&'a str, BTreeSet<&'a str>>,
    /// Services that each service asks.
    asked: BTreeMap<&'a str, BTreeSet<&'a str>>,
    /// Services that keep something in a database, or send messages.
    keepers: BTreeSet<&'a str>,
}

impl<'a> Evidence<'a> {
    pub(super) fn new(reader: &'a Reader<'a>) -> Evidence<'a> {
        let mut cx = Evidence {
            reader,
            served: BTreeMap::new(),
            asked: BTreeMap::new(),
            keepers: BTreeSet::new(),
        };
        let mut served: BTreeMap<&'a str, BTreeSet<&'a str>> = BTreeMap::new();
        for row in cx.facts(FactKind::Served) {
            if row.text.class == Class::Server && !is_check(row.text.operation) {
                served
                    .entry(row.text.service)
                    .or_default()
                    .insert(row.text.operation);
            }
        }
        cx.served = served;
        for (text, key, _) in cx.edges() {
            match (key.target, text.class) {
                (Target::Service(_), Class::Call) if text.from != text.target => {
                    cx.asked.entry(text.from).or_default().insert(text.target);
                }
                (Target::Callee(_), Class::Db) | (_, Class::Publish) => {
                    cx.keepers.insert(text.from);
                }
                (_, _) => {}
            }
        }
        cx
    }

    /// The facts of one kind, by text.
    pub(super) fn facts(&self, kind: FactKind) -> impl Iterator<Item = Row<'a>> + use<'a> {
        let first = FactText {
            kind,
            service: "",
            operation: "",
            class: Class::Internal,
            other: None,
            what: None,
            group: 0,
        };
        let rows = self.reader.merged.facts.range(first..);
        let rows = rows.take_while(move |(text, _)| text.kind == kind);
        let rows = rows.map(|(text, (key, fact))| Row {
            text: *text,
            key,
            fact: fact.as_ref(),
        });
        rows.filter(|row| row.fact.traces > 0)
    }

    /// The edges that were seen, by text.
    pub(super) fn edges(&self) -> impl Iterator<Item = (&'a EdgeText<'a>, &'a EdgeKey, &'a Edge)> + use<'a> {
        let edges = self.reader.merged.edges.iter();
        let edges = edges.map(|(text, (key, edge))| (text, key, edge.as_ref()));
        edges.filter(|(_, _, edge)| edge.traces > 0)
    }

    /// The facts of a callee.
    pub(super) fn callee(&self, symbol: Option<Symbol>) -> Option<&'a CalleeFacts> {
        self.reader.dictionary.callee(symbol?)
    }

    /// Where the window of a day begins.
    pub(super) fn from(&self) -> LogTime {
        self.reader.window.from
    }

    /// The latest moment of the data.
    pub(super) fn newest(&self) -> LogTime {
        self.reader.merged.newest
    }

    /// A threshold of faults that belong to no service more than to another.
    pub(super) fn knob(&self, knob: &Knob) -> u64 {
        self.reader.settings.tuning.base(knob)
    }

    /// A threshold for a service as a whole.
    pub(super) fn knob_of(&self, knob: &Knob, service: &str) -> u64 {
        self.reader.knob(knob, service, None)
    }

    /// Whether a service answers requests of users: jobs, migrations, backups and admin tools do not.
    pub(super) fn serves(&self, service: &str) -> bool {
        self.served.contains_key(service) && !serves_nobody(service)
    }

    /// Whether a service passes on what others keep: a gateway, a backend for a front end.
    pub(super) fn passes_on(&self, service: &str) -> bool {
        let asked = self.asked.get(service).map_or(0, BTreeSet::len);
        is_gateway(service) || PARTNERS <= asked && !self.keepers.contains(service)
    }

    /// The namespaces that a service runs in.
    fn namespaces(&self, service: &str) -> BTreeSet<&'a str> {
        let row = self.reader.merged.services.get(service);
        let keys = row.into_iter().flat_map(|row| row.namespaces.keys());
        keys.map(|&namespace| self.reader.dictionary.text(namespace))
            .collect()
    }

    /// Whether one name stands for services of several tenants.
    pub(super) fn is_shared_name(&self, service: &str) -> bool {
        self.namespaces(service).len() > 1
    }

    /// Whether all services are in one namespace, which others are not in: one that the whole system has is a product,
    /// no team.
    pub(super) fn one_team<'b>(&self, services: impl Iterator<Item = &'b str>) -> bool {
        let mut teams: Vec<BTreeSet<&str>> = services.map(|service| self.namespaces(service)).collect();
        teams.dedup();
        let [team] = &teams[..] else { return false };
        let mut all = self.reader.merged.services.keys();
        team.len() == 1 && all.any(|service| self.namespaces(service) != *team)
    }

    /// Whether a service answers requests by an operation.
    pub(super) fn answers(&self, service: &str, operation: &str) -> bool {
        self.served
            .get(service)
            .is_some_and(|operations| operations.contains(operation))
    }

    /// Two names of one service answer the same operations; the first of them stands for both.
    pub(super) fn one_name<'b>(&'b self, service: &'b str) -> &'b str {
        let Some(own) = self.served.get(service) else {
            return service;
        };
        let same = self.served.iter().find(|(_, other)| *other == own);
        // One operation in common may be chance: every service has a root.
        match same {
            Some((name, operations)) if operations.len() > 1 => name,
            Some(_) | None => service,
        }
    }

    /// Traces that a service takes part in.
    pub(super) fn traces_of(&self, service: &str) -> u64 {
        self.reader
            .merged
            .services
            .get(service)
            .map_or(0, |row| row.traces)
    }

    /// Requests that a service worked on.
    pub(super) fn requests_of(&self, service: &str) -> u64 {
        let from = (service, "");
        let rows = self.reader.merged.operations.range(from..);
        let rows = rows.take_while(|((name, _), _)| *name == service);
        rows.map(|(_, row)| row.requests).sum()
    }
}
