//! # Queue delay
//!
//! Messages wait longer than they work: whoever sent them waits for the queue.
//!
//! **Rule**: over at least 20 messages of a destination, the 95th percentile of the time from the producer's end to the
//! consumer's start is at least twice that of the processing, and at least `queue_delay_ns` (1 s).
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

use std::collections::BTreeMap;

use hotspan_model::{
    Break, CalleeView, Class, Facets, FactKind, Fix, Knob, Meta, Millionths, Nanos, SavingRule, Scope,
};

use super::names::tenths_of_a_week;
use super::{CrossDetector, Draft, Evidence, Seen, wants};
use crate::distribution::Distribution;

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
    seen: Seen,
}

impl CrossDetector for QueueDelay {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn detect(&self, cx: &Evidence<'_>, out: &mut Vec<Draft>) {
        let mut queues: BTreeMap<(&str, &str, &str), Queue<'_>> = BTreeMap::new();
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
        for ((destination, service, group), queue) in queues {
            out.extend(judge(cx, destination, (service, group), queue));
        }
    }
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
