//! # N+1 publish
//!
//! One message is sent for each item of a list, and the sender waits for the broker each time.
//!
//! **Rule**: at least `repeat_min_fast` (10) publishes to one destination, on one call path, under one anchor of a
//! segment; their critical-path time is at least `cost_share_millionths` (5 %) of the segment and `cost_min_ns` (1 ms).
//!
//! **Guards**: one span that holds a batch is one operation; half of them failed; client-side batching, where each send
//! takes less than `publish_send_min_ns` (100 us), far below a round trip; workers and jobs whose loop nobody waits
//! for.
//!
//! **Saves**: what a replay of the trace saves with all members as one publish.
//!
//! **Silent when**: messages go to distinct topics; a batch publish does the work.
//!
//! **Fix**: the broker's batch call, or a producer that batches in the background.

use hotspan_model::{Break, Class, Facets, Fix, Knob, Meta, NearReason, SavingRule, Scope};

use super::family::{self, pays};
use super::findings::path;
use super::words::{Advice, advice, manner, peer, target, tenths_of_a_week};
use super::{Detector, Findings};
use crate::context::{Context, Group, is_awaited};

/// The detector.
#[derive(Debug)]
pub(super) struct NPlusOnePublish;

static SEND_MIN: Knob = Knob {
    name: "publish_send_min_ns",
    default: 100_000,
    what: "least mean critical-path time of a publish that waits for its broker",
};

static META: Meta = Meta {
    id: "n-plus-one-publish",
    title: "One message for each item of a list",
    in_break: Break::Synchronous,
    scope: Scope::Trace,
    habit: false,
    effort: tenths_of_a_week(2),
    saving: SavingRule::Replayed,
    knobs: &[SEND_MIN],
    sentence,
    fix,
};

impl Detector for NPlusOnePublish {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn detect(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        family::few(&META, Class::Publish, |_| true, cx, out);
        family::each(
            &META,
            Class::Publish,
            |_| true,
            cx,
            out,
            |group, members, out| {
                judge(cx, group, members, out);
            },
        );
    }
}

fn judge(cx: &Context<'_>, group: &Group, members: &[u32], out: &mut Findings<'_>) {
    let head = cx.node_at(group.anchor).head;
    let cost = path(cx, members, head);
    let sends = family::weight(cx, members);
    let waits = cost.0 >= cx.knob(group.segment, &SEND_MIN).saturating_mul(sends);
    let stop = match (waits, is_awaited(cx.forest, head)) {
        (false, _) => NearReason::Guard("asynchronous"),
        (true, false) => NearReason::Guard("unasked"),
        (true, true) if pays(cx, group.segment, cost) => {
            return family::report(&META, cx, group, members, cost, out);
        }
        (true, true) => NearReason::Cost,
    };
    family::stopped(&META, cx, group, stop, out);
}

fn sentence(facets: &Facets<'_>) -> String {
    let (operation, calls, manner) = (facets.operation, facets.calls, manner(facets));
    format!(
        "{operation} publishes {} to {} {calls} times a request, {manner}",
        target(facets),
        peer(facets)
    )
}

fn fix(facets: &Facets<'_>) -> Fix {
    Fix {
        summary: "send all messages in one batch, or without waiting for each".to_owned(),
        how: advice(facets, FRAMEWORKS, (BY_HAND, BY_HAND)),
    }
}

const BY_HAND: &str = "the broker's batch call (SendMessageBatch, publish with a list), or one message that names all \
     items; else an asynchronous producer that is flushed once at the end";

const FRAMEWORKS: &[Advice] = &[
    Advice::always(
        &["kafka"],
        "Kafka: do not wait for each send(); linger.ms and batch.size, then one flush() at the end",
    ),
    Advice::always(
        &["pika", "amqp", "rabbit"],
        "RabbitMQ: publish all, then wait for confirms once (waitForConfirms); or one message with a list",
    ),
    Advice::always(
        &["celery"],
        "Celery: one task that takes the list (task.chunks(), group()), instead of a delay() for each item",
    ),
    Advice::always(
        &["boto", "aws-sdk", "awssdk"],
        "SQS: send_message_batch() with 10 messages at a time; SNS: publish_batch(); Kinesis: put_records()",
    ),
    Advice::always(
        &["pubsub"],
        "Pub/Sub: keep one publisher client with batch settings and wait for all futures at the end",
    ),
    Advice::always(
        &["nats"],
        "NATS: publish without waiting, then one flush(); JetStream: publishAsync() and wait for all acks once",
    ),
];

#[cfg(test)]
mod tests {
    use hotspan_model::Nanos;

    use crate::detectors::testing::{check, only};

    const FIRES: &[&str] = &["n-plus-one-publish: 10 calls under POST /orders"];

    #[test]
    fn ten_messages_one_by_one() {
        check(
            "shop POST /orders 0..20\n  publish send mails 1..2 x10 hidden",
            FIRES,
        );
        let finding = only("shop POST /orders 0..20\n  publish send mails 1..2 x10 hidden");
        assert_eq!(finding.saving.max, Nanos::from_millis(9));
        assert_eq!(finding.wall, Nanos::from_millis(10));
    }

    #[test]
    fn nine_are_a_coincidence() {
        check(
            "shop POST /orders 0..20\n  publish send mails 1..2 x9 hidden",
            &[],
        );
    }

    #[test]
    fn the_cost_is_what_lies_on_the_path() {
        let beside = "shop POST /orders 0..100\n  call GET /slow 1..99\n  publish send mails 2..4 x10 hidden";
        check(beside, &[]);
        check(
            "shop POST /orders 0..201\n  publish send mails 1..2 x10 hidden",
            &[],
        );
        check(
            "shop POST /orders 0..200\n  publish send mails 1..2 x10 hidden",
            FIRES,
        );
    }

    #[test]
    fn a_send_far_below_a_round_trip_is_batched_by_its_client() {
        check(
            "shop POST /orders 0..20\n  publish send mails 1..1.099 x12 hidden",
            &[],
        );
        check(
            "shop POST /orders 0..20\n  publish send mails 1..1.1 x12 hidden",
            &["n-plus-one-publish: 12 calls under POST /orders"],
        );
    }

    #[test]
    fn distinct_topics_and_batches_are_no_loop() {
        let topics: String = (0..12)
            .map(|n| format!("\n  publish send topic{n} {}..{}", n + 1, n + 2))
            .collect();
        check(&format!("shop POST /orders 0..20{topics}"), &[]);
        check(
            "shop POST /orders 0..20\n  publish send mails 1..2 x10 batched",
            &[],
        );
        check(
            "shop POST /orders 0..20\n  publish send mails 1..2 x10 err",
            &["exception-storm: 10 calls under POST /orders"],
        );
    }

    #[test]
    fn nobody_waits_for_a_dispatcher() {
        check(
            "shop consumer orders 0..20\n  publish send mails 1..2 x10 hidden",
            &[],
        );
        check(
            "shop internal outbox 0..20\n  publish send mails 1..2 x10 hidden",
            &[],
        );
    }
}
