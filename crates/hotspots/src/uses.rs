//! What an operation calls, over all its traces: what it does most, and what its requests wait for.

use std::cmp::Reverse;

use hotspan_model::{Class, FactKind, Nanos, Peer, Target};

use crate::facts::{Fact, FactKey, FactText};
use crate::lists::called;
use crate::sign::{narrow, unweighted};
use crate::view::Reader;
use crate::{Most, OperationCall};

/// Calls that one operation lists.
const CALLS: usize = 16;

/// Its statements, commands, calls and messages: one for each callee and template.
fn used<'a>(
    reader: &'a Reader<'_>,
    service: &'a str,
    operation: &'a str,
) -> impl Iterator<Item = (&'a FactText<'a>, &'a FactKey, &'a Fact)> {
    let first = FactText {
        kind: FactKind::Used,
        service,
        operation,
        class: Class::Internal,
        other: None,
        what: None,
        group: 0,
    };
    let rows = reader.merged.facts.range(first..);
    rows.take_while(move |(text, _)| {
        (text.kind, text.service, text.operation) == (FactKind::Used, service, operation)
    })
    .map(|(text, (key, fact))| (text, key, &**fact))
    .filter(|(_, _, fact)| fact.traces > 0)
}

/// What it does most, on average over the traces in which it does so.
pub(crate) fn most(reader: &Reader<'_>, service: &str, operation: &str) -> Most {
    let mut most = Most::default();
    for (text, _, fact) in used(reader, service, operation) {
        let count = fact.count.div_ceil(fact.traces);
        let path = Nanos(narrow(fact.path / u128::from(fact.traces)));
        let (known, known_path) = match text.class {
            Class::Db => (&mut most.queries, &mut most.query_path),
            Class::Call => {
                most.call_templates += 1;
                (&mut most.calls, &mut most.call_path)
            }
            Class::Publish => (&mut most.publishes, &mut most.call_path),
            Class::Cache => {
                most.cache_commands = most.cache_commands.max(count);
                continue;
            }
            Class::Internal
            | Class::Server
            | Class::Consumer
            | Class::Wait
            | Class::Connect
            | Class::Checkout
            | Class::DbMeta
            | Class::UnknownOut => continue,
        };
        (*known, *known_path) = ((*known).max(count), (*known_path).max(path));
    }
    most
}

/// The calls that its requests wait for longest, by critical-path time, ties by text.
pub(crate) fn dearest(reader: &Reader<'_>, service: &str, operation: &str) -> Vec<OperationCall> {
    let mut rows: Vec<_> = used(reader, service, operation)
        .map(|(text, key, fact)| (Reverse(weighted_path(fact)), text, key, fact))
        .collect();
    rows.sort_by_key(|&(path, text, ..)| (path, text));
    rows.truncate(CALLS);
    let said = rows.into_iter();
    said.map(|(Reverse(path), text, key, fact)| call(reader, unweighted(path), text, key, fact))
        .collect()
}

/// Its critical-path time adjusted for sampling by the mean weight of its traces, in millionths of a nanosecond.
fn weighted_path(fact: &Fact) -> u128 {
    fact.path.saturating_mul(fact.weighted) / u128::from(fact.traces)
}

fn call(reader: &Reader<'_>, path: Nanos, text: &FactText<'_>, key: &FactKey, fact: &Fact) -> OperationCall {
    let other = text.other.unwrap_or_default();
    let to = key.other.map(|symbol| match reader.dictionary.callee(symbol) {
        Some(_) => Target::Callee(symbol),
        None => Target::Service(symbol),
    });
    let (to, peer) = to.map_or((String::new(), Peer::Unknown), |target| {
        called(reader, target, other)
    });
    OperationCall {
        class: text.class,
        to,
        peer,
        template: text.what.unwrap_or_default().to_owned(),
        traces: fact.traces,
        calls: fact.count,
        time: Nanos(narrow(fact.time)),
        path,
    }
}
