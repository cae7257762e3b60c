//! # Chatty pair
//!
//! Two services cannot work apart: a request to one becomes a conversation with the other.
//!
//! **Rule**: over at least 20 traces, service A calls service B at least `chatty_min` (8) times a request of A on
//! average, under at least two templates, and at least 30 % of the callers' time is spent between the two.
//!
//! **Guards**: five or more calls of one template in one request count as one: that is a loop, which `n-plus-one-call`
//! reports. Streams and health checks are no questions. A call whose answer was lost counts; the time between the two
//! is known from those that were not, by the lengths of their spans, which no clock can bend. Gateways and backends
//! for a front end (by name, or because they ask three services and keep nothing) talk for others: listed only on
//! request.
//!
//! **Saves**: nothing that a replay of one trace shows. The impact is exposure: 0.02 of the critical-path seconds an
//! hour in these calls.
//!
//! **Silent when**: the calls are one N+1; there are two calls a request; the service asked is slow.
//!
//! **Fix**: one coarse operation in place of many small ones, or one service in place of two.

use std::collections::BTreeMap;

use hotspan_model::{
    Break, CalleeView, Class, Facets, FactKind, Fix, Knob, Meta, Millionths, SavingRule, Scope, Target,
};

use super::names::{is_check, is_stream, list, tenths_of_a_week};
use super::{CrossDetector, Draft, Evidence, Seen, wants};
use crate::sign::share;
use crate::topology::percent;

/// The detector.
#[derive(Debug)]
pub(super) struct ChattyPair;

static CHATTY_MIN: Knob = Knob {
    name: "chatty_min",
    default: 8,
    what: "fewest calls a request from one service to another, loops counted once",
};

/// Traces that show a habit.
const TRACES: u64 = 20;
/// Least share of the client spans' time that is not the servers'.
const NETWORK: Millionths = Millionths(300_000);

static META: Meta = Meta {
    id: "chatty-pair",
    title: "Two services cannot work apart",
    in_break: Break::Seams,
    scope: Scope::Cross,
    habit: false,
    effort: tenths_of_a_week(30),
    saving: SavingRule::Replayed,
    knobs: &[CHATTY_MIN],
    sentence,
    fix,
};

/// What one service asks another.
#[derive(Debug, Default)]
struct Pair<'a> {
    calls: u64,
    client: u128,
    server: u128,
    templates: BTreeMap<&'a str, u64>,
    seen: Seen,
}

impl CrossDetector for ChattyPair {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn detect(&self, cx: &Evidence<'_>, out: &mut Vec<Draft>) {
        let mut pairs: BTreeMap<(&str, &str), Pair<'_>> = BTreeMap::new();
        for row in cx.facts(FactKind::Paired) {
            let (Some(callee), Some(template)) = (row.text.other, row.text.what) else {
                continue;
            };
            if is_check(template) || is_stream(template) {
                continue;
            }
            let pair = pairs.entry((row.text.service, callee)).or_default();
            pair.calls += row.fact.count;
            pair.client += row.fact.time;
            pair.server += row.fact.inner;
            *pair.templates.entry(template).or_default() += row.fact.count;
            pair.seen.add(row.fact);
        }
        let mut traces: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for (text, key, edge) in cx.edges() {
            if let (Target::Service(_), Class::Call) = (key.target, text.class) {
                let known = traces.entry((text.from, text.target)).or_default();
                *known = (*known).max(edge.traces);
            }
        }
        for ((from, to), pair) in pairs {
            let together = traces.get(&(from, to)).copied().unwrap_or(0);
            out.extend(judge(cx, from, to, pair, together));
        }
    }
}

fn judge(cx: &Evidence<'_>, from: &str, to: &str, pair: Pair<'_>, traces: u64) -> Option<Draft> {
    let requests = cx.requests_of(from);
    let network = share(pair.client.saturating_sub(pair.server), pair.client);
    let calls = pair.calls.checked_div(requests)?;
    let conditions = [
        wants(CHATTY_MIN.name, calls, cx.knob_of(&CHATTY_MIN, from)),
        wants("traces", traces, TRACES),
        wants("templates", pair.templates.len() as u64, 2),
        wants("network_share_millionths", network.0, NETWORK.0),
    ];
    let mut draft = Draft::new(&META, from, &[from, to]);
    draft.callee = CalleeView {
        class: Class::Call.name().to_owned(),
        system: String::new(),
        peer: to.to_owned(),
        template: String::new(),
    };
    let mut templates: Vec<(&str, u64)> = pair.templates.into_iter().collect();
    templates.sort_by_key(|&(_, calls)| std::cmp::Reverse(calls));
    draft.details = templates
        .iter()
        .map(|(template, _)| (*template).to_owned())
        .collect();
    draft.said = format!("{} % of the time is between them", percent(network));
    draft.calls = calls;
    draft.share = Millionths::ratio(traces, cx.traces_of(from));
    draft.seen = pair.seen;
    draft.seen.over(traces);
    match cx.passes_on(from) {
        // Listed only on request: talking for others is what it is for.
        true => draft.term(350_000, "the caller passes on what others ask"),
        false => draft.term(900_000, "both sides of the calls are seen"),
    }
    draft.gated(conditions)
}

fn sentence(facets: &Facets<'_>) -> String {
    let (from, to) = (facets.service, &facets.callee.peer);
    format!(
        "{from} calls {to} {} times a request ({}); {}",
        facets.calls,
        list(facets.templates),
        facets.evidence
    )
}

fn fix(facets: &Facets<'_>) -> Fix {
    let (from, to) = (facets.service, &facets.callee.peer);
    Fix {
        summary: format!("give {to} one operation for what {from} needs, or make them one service"),
        how: format!(
            "list what one request of {from} asks of {to}; what is always asked together is one coarse operation, or \
             travels with the first answer; if nothing is left apart, the border between them is in the wrong place"
        ),
    }
}
