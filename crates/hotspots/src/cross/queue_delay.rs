//! # Queue delay
//!
//! Messages wait longer than they work: whoever sent them waits for the queue.
//!
//! **Rule**: over at least 20 messages of a destination, the 95th percentile of the time from the producer's end to the
//! consumer's start is at least twice that of the processing, and at least `queue_delay_ns` (1 s). The consumer goes on
//! with the trace of the message, or begins one that links to it: then for the last quarter of an hour, and of a batch
//! the youngest message counts.
//!
//! **Guards**: messages that are delayed on purpose all wait equally long (within 5 %); messages whose clocks cannot be
//! compared are left out; a batch at night fills few hours of a day.
//!
//! **Saves**: nothing that a request waits for. The impact is exposure: 0.02 of the critical-path seconds an hour of the
//! consumers.
//!
//! **Silent when**: the queue drains fast.
//!
//! **Fix**: more consumers or partitions, or smaller messages.

use std::collections::{BTreeMap, BTreeSet};

use hotspan_model::{
    Break, CalleeView, Class, Facets, FactKind, Fix, Knob, Meta, Millionths, Nanos, SavingRule, Scope,
};

use super::evidence::Row;
use super::names::tenths_of_a_week;
use super::{CrossDetector, Draft, Evidence, Seen, wants};
use crate::distribution::Distribution;
use crate::facts::FactText;
use crate::sign::{Sign, narrow};

/// The detector.
#[derive(Debug)]
pub(super) struct QueueDelay;

static DELAY: Knob = Knob {
    name: "queue_delay_ns",
    default: 1_000_000_000,
    what: "least 95th percentile of a message's wait",
};

/// Messages that show a habit.
const MESSAGES: u64 = 20;
/// Hours of a day that a batch at night fills.
const BATCH_HOURS: usize = 2;

static META: Meta = Meta {
    id: "queue-delay",
    title: "Messages wait longer than they work",
    in_break: Break::Synchronous,
    scope: Scope::Cross,
    habit: true,
    effort: tenths_of_a_week(10),
    saving: SavingRule::Replayed,
    knobs: &[DELAY],
    sentence,
    fix,
};

/// One destination and group of consumers.
#[derive(Debug, Default)]
struct Queue<'a> {
    host: &'a str,
    waits: Distribution,
    works: Distribution,
    hours: usize,
    operations: BTreeMap<&'a str, u64>,
    /// Rows of linked messages that are in `seen`.
    rows: BTreeSet<FactText<'a>>,
    seen: Seen,
}

impl CrossDetector for QueueDelay {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn detect(&self, cx: &Evidence<'_>, out: &mut Vec<Draft>) {
        let mut queues = Queues::new();
        for row in cx.facts(FactKind::Queued) {
            let Some(destination) = row.text.other else {
                continue;
            };
            let group = row.text.what.unwrap_or_default();
            let queue = queues.entry((destination, row.text.service, group)).or_default();
            queue.host = cx.callee(row.key.other).map_or("", |facts| &facts.host);
            queue.waits.merge(&row.fact.times);
            queue.works.merge(&row.fact.inners);
            queue.hours = queue.hours.max(row.fact.calendar.hours());
            *queue.operations.entry(row.text.operation).or_default() += row.fact.count;
            queue.seen.add(row.fact);
        }
        linked(cx, &mut queues);
        for ((destination, service, group), queue) in queues {
            out.extend(judge(cx, destination, (service, group), queue));
        }
    }
}

/// By destination, service and group.
type Queues<'a> = BTreeMap<(&'a str, &'a str, &'a str), Queue<'a>>;

/// Messages whose consumers began traces of their own and link to those who sent them.
fn linked<'a>(cx: &Evidence<'a>, queues: &mut Queues<'a>) {
    let mut sent: BTreeMap<u64, (u64, Row<'a>)> = BTreeMap::new();
    for row in cx.facts(FactKind::Sending) {
        for (span, end, _) in moments(cx, &row) {
            sent.insert(span, (end, row));
        }
    }
    for row in cx.facts(FactKind::Taken) {
        // Of a batch the youngest message counts.
        let mut taken: BTreeMap<u64, (u64, u64, Row<'a>)> = BTreeMap::new();
        for (span, start, work) in moments(cx, &row) {
            if let Some(&(end, from)) = sent.get(&span) {
                let own = (start.saturating_sub(end), work, from);
                let known = taken.entry(start).or_insert(own);
                if own.0 < known.0 {
                    *known = own;
                }
            }
        }
        for (wait, work, from) in taken.into_values() {
            let Some(destination) = from.text.other else {
                continue;
            };
            let group = row.text.what.unwrap_or_default();
            let queue = queues.entry((destination, row.text.service, group)).or_default();
            queue.host = cx.callee(from.key.other).map_or("", |facts| &facts.host);
            queue.waits.record(Sign::Add, wait);
            queue.works.record(Sign::Add, work);
            queue.hours = queue.hours.max(row.fact.calendar.hours());
            *queue.operations.entry(row.text.operation).or_default() += 1;
            if queue.rows.insert(row.text) {
                queue.seen.add(row.fact);
            }
        }
    }
}

/// The two numbers of each mark of a fact, and how long it took.
fn moments<'a>(cx: &Evidence<'a>, row: &Row<'a>) -> impl Iterator<Item = (u64, u64, u64)> + use<'a> {
    row.happened(cx).map(|happened| {
        let time = happened.time / u128::from(happened.times.max(1));
        (happened.key.0, happened.key.1, narrow(time))
    })
}

fn judge(
    cx: &Evidence<'_>,
    destination: &str,
    (service, group): (&str, &str),
    queue: Queue<'_>,
) -> Option<Draft> {
    let [early, middle, late] = [50, 500, 950].map(|permille| queue.waits.quantile(permille));
    let work = queue.works.quantile(950);
    let constant = late.saturating_sub(early) <= middle / 10;
    // A day of data of which the queue fills few hours.
    let long = cx.reader.window.hours.0 >= 20 * Millionths::ONE.0;
    let batch = long && queue.hours <= BATCH_HOURS;
    let operation = queue
        .operations
        .iter()
        .max_by_key(|(name, count)| (**count, std::cmp::Reverse(**name)));
    let operation = operation.map_or("", |(name, _)| name);
    let least = cx.reader.knob(&DELAY, service, Some(operation));
    let conditions = [
        wants("messages", queue.waits.count(), MESSAGES),
        wants(DELAY.name, late, least),
        wants("twice_the_work_ns", late, work.saturating_mul(2)),
    ];
    let guard = match (constant, batch) {
        (true, _) => Some("constant"),
        (false, true) => Some("batch"),
        (false, false) => None,
    };
    let mut draft = Draft::new(&META, service, &[destination, service, group]);
    draft.operation = operation.to_owned();
    draft.callee = CalleeView {
        class: Class::Publish.name().to_owned(),
        system: String::new(),
        peer: queue.host.to_owned(),
        template: draft.operation.clone(),
    };
    draft.said = format!(
        "messages wait {} (95th percentile) for {} of work",
        Nanos(late),
        Nanos(work)
    );
    draft.calls = 1;
    draft.share = Millionths::ratio(queue.seen.traces, cx.traces_of(service));
    draft.seen = queue.seen;
    draft.term(900_000, "the clocks of both sides agree");
    draft.guarded(guard, conditions)
}

fn sentence(facets: &Facets<'_>) -> String {
    format!("{} of {}: {}", facets.operation, facets.service, facets.evidence)
}

fn fix(facets: &Facets<'_>) -> Fix {
    Fix {
        summary: format!("let {} keep up with its queue", facets.service),
        how: "more consumers or partitions; where one message does much work, split it, and look for a loop of queries in \
              the consumer first"
            .to_owned(),
    }
}
