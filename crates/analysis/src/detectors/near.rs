//! What detectors nearly said: where a rule's structure holds and a gate or guard stops it.

use hotspan_model::{
    CONDITIONS_MAX, Class, Condition, Knob, Meta, Millionths, Nanos, NearMiss, NearReason, OpRef, Symbol,
};

use super::findings::Findings;
use super::{COST_MIN, COST_SHARE, REPEAT_MIN, REPEAT_MIN_FAST};
use crate::context::{Context, is_fast};

/// Near misses that one trace tells.
const NEAR_MAX: usize = 256;

/// A near miss before it gets its names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Near {
    pub meta: &'static Meta,
    pub segment: u32,
    /// One of the operations, the first.
    pub first: u32,
    /// How many there are.
    pub members: u64,
    pub reason: NearReason,
    pub conditions: [Condition; CONDITIONS_MAX],
}

/// The same about spans that are no outgoing operations.
#[derive(Clone, Copy, Debug)]
pub(super) struct NearSpans {
    pub meta: &'static Meta,
    pub segment: u32,
    pub class: Class,
    /// What they are called.
    pub template: Option<Symbol>,
    pub members: u64,
    pub reason: NearReason,
    pub conditions: [Condition; CONDITIONS_MAX],
}

impl Findings<'_> {
    /// Tells a near miss.
    pub(super) fn near(&mut self, cx: &Context<'_>, near: Near) {
        let first = cx.operation(near.first);
        self.near_spans(
            cx,
            NearSpans {
                meta: near.meta,
                segment: near.segment,
                class: first.class,
                template: first.template(),
                members: near.members,
                reason: near.reason,
                conditions: near.conditions,
            },
        );
    }

    /// Tells a near miss of spans. Beyond the bound of a trace none is told.
    pub(super) fn near_spans(&mut self, cx: &Context<'_>, near: NearSpans) {
        if self.report.near_misses.len() >= NEAR_MAX {
            return;
        }
        let segment = cx.segment(near.segment);
        self.report.near_misses.push(NearMiss {
            at: OpRef {
                service: segment.service,
                operation: segment.operation,
            },
            detector: near.meta.id,
            reason: near.reason,
            class: near.class,
            template: near.template,
            members: near.members,
            conditions: near.conditions,
        });
    }
}

/// The conditions of a rule, few or many.
pub(super) fn all<const N: usize>(conditions: [Condition; N]) -> [Condition; CONDITIONS_MAX] {
    const { assert!(N <= CONDITIONS_MAX) };
    let mut all = [Condition::default(); CONDITIONS_MAX];
    all[..N].copy_from_slice(&conditions);
    all
}

/// How far a value is from a threshold that nobody tunes.
pub(super) fn fixed(name: &'static str, value: u64, threshold: u64) -> Condition {
    Condition {
        name,
        value,
        threshold,
    }
}

/// How far a value is from a knob of its segment.
pub(super) fn condition(cx: &Context<'_>, segment: u32, knob: &Knob, value: u64) -> Condition {
    Condition {
        name: knob.name,
        value,
        threshold: cx.knob(segment, knob),
    }
}

/// Whether a case that fails came near all the same: it passes one of its conditions, or lacks two fifths of each at
/// most.
pub(super) fn is_told(conditions: &[Condition]) -> bool {
    conditions.iter().any(|one| one.value >= one.threshold)
        || conditions
            .iter()
            .all(|one| crate::context::is_near(one.value, one.threshold))
}

/// The conditions of a repeat of so many operations, those on their cost once it is known.
pub(super) fn of_repeat(
    cx: &Context<'_>,
    segment: u32,
    first: u32,
    members: u64,
    cost: Option<Nanos>,
) -> [Condition; CONDITIONS_MAX] {
    let knob = match is_fast(cx.operation(first).class) {
        true => &REPEAT_MIN_FAST,
        false => &REPEAT_MIN,
    };
    let [share, least] = cost.map_or([Condition::default(); 2], |cost| of_cost(cx, segment, cost));
    all([condition(cx, segment, knob, members), share, least])
}

/// The conditions of the cost gate.
pub(super) fn of_cost(cx: &Context<'_>, segment: u32, cost: Nanos) -> [Condition; 2] {
    [
        condition(cx, segment, &COST_SHARE, share_of(cx, segment, cost)),
        condition(cx, segment, &COST_MIN, cost.0),
    ]
}

/// `cost` as a share of its segment, rounded down so that it never reaches what the cost does not.
pub(super) fn share_of(cx: &Context<'_>, segment: u32, cost: Nanos) -> u64 {
    floor_share(cost, Nanos(cx.segment(segment).length()))
}

/// `part` of `whole` in millionths, rounded down.
pub(super) fn floor_share(part: Nanos, whole: Nanos) -> u64 {
    let millionths = u128::from(part.0) * u128::from(Millionths::ONE.0) / u128::from(whole.0.max(1));
    u64::try_from(millionths).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use crate::detectors::testing::near_misses;

    /// Checks the near misses of a drawing but those of `uninstrumented-gap`, which most drawings are near to.
    fn check(text: &str, expected: &[&str]) {
        let mut said = near_misses(text);
        said.retain(|line| !line.contains("uninstrumented-gap"));
        assert_eq!(said, expected, "{text}");
    }

    #[test]
    fn three_queries_are_near_five_and_two_are_not() {
        check(
            "
            cart GET /cart        0..100
              db SELECT item     10..15 x3+1
            ",
            &["GET /cart: n-plus-one-query count 3, repeat_min 3 of 5"],
        );
        check(
            "
            cart GET /cart        0..100
              db SELECT item     10..15 x2+1
              db SELECT other    30..35 x2+1
            ",
            &[],
        );
    }

    #[test]
    fn queries_of_several_call_paths_are_as_near_as_the_most_of_them() {
        check(
            "
            cart GET /cart        0..100
              internal load user          10..20
                db SELECT item   11..12 x3+1
              internal load cart          20..30
                db SELECT item   21..22 x4+1
            ",
            &["GET /cart: n-plus-one-query count 4, repeat_min 4 of 5"],
        );
    }

    #[test]
    fn enough_that_cost_too_little_are_stopped_by_their_cost() {
        check(
            "
            cart GET /cart        0..1000
              db SELECT item     10..14 x12
            ",
            &["GET /cart: n-plus-one-query cost 12, repeat_min 12 of 5, \
               cost_share_millionths 48000 of 50000, cost_min_ns 48000000 of 1000000"],
        );
    }

    #[test]
    fn a_repeat_that_is_one_by_design_names_its_guard() {
        check(
            "
            cart GET /cart        0..100
              db FETCH c         10..14 x12 cursor
            ",
            &[
                "GET /cart: n-plus-one-query guard:cursor 12, repeat_min 12 of 5, \
               cost_share_millionths 480000 of 50000, cost_min_ns 48000000 of 1000000",
            ],
        );
    }

    #[test]
    fn what_a_loop_does_for_each_item_is_said_once() {
        check(
            "
            cart GET /cart        0..100
              db SELECT item     10..12 x6+10
              db UPDATE stock    14..16 x6+10 write
            ",
            &[
                "GET /cart: n-plus-one-query subsumed:per-item-loop 6, repeat_min 6 of 5, \
                 cost_share_millionths 120000 of 50000, cost_min_ns 12000000 of 1000000",
                "GET /cart: n-plus-one-query subsumed:per-item-loop 6, repeat_min 6 of 5, \
                 cost_share_millionths 120000 of 50000, cost_min_ns 12000000 of 1000000",
            ],
        );
    }

    #[test]
    fn the_code_may_say_to_ignore_it() {
        check(
            "
            cart GET /cart        0..100
              db SELECT item     10..15 x12 ignore=n-plus-one-query
            ",
            &["GET /cart: n-plus-one-query ignored 12"],
        );
    }

    #[test]
    fn the_other_detectors_tell_what_is_too_cheap() {
        check(
            "
            shop GET /pay         0..1000
              call POST /charges 50..240 third
            ",
            &[
                "GET /pay: third-party-on-critical-path cost 1, third_party_path_min_ns 190000000 of 200000000, \
               third_party_path_share_millionths 190000 of 200000",
            ],
        );
        check(
            "
            shop GET /pay         0..1000
              connect connect    10..90
            ",
            &[
                "GET /pay: missing-pool cost 1, handshake_share_millionths 80000 of 100000, \
               cost_share_millionths 80000 of 50000, cost_min_ns 80000000 of 1000000",
            ],
        );
        check(
            "
            shop GET /pay         0..1000
              db SELECT orders   10..290
            ",
            &[
                "GET /pay: slow-query cost 1, slow_query_read_ns 280000000 of 100000000, \
               slow_query_read_share_millionths 280000 of 300000",
            ],
        );
    }

    #[test]
    fn a_chain_that_saves_too_little_is_near() {
        check(
            "
            cart GET /cart         0..100
              call GET /a          5..20
              call GET /b         20..35
              call GET /c         35..50
            ",
            &[
                "GET /cart: serial-fan-out cost 3, serial_fan_out_templates_min 3 of 3, \
               serial_fan_out_saving_min_ns 30000000 of 50000000, \
               serial_fan_out_saving_share_millionths 300000 of 100000",
            ],
        );
        check(
            "
            cart GET /cart         0..400
              call POST /a        10..100 write
              call POST /b       100..200 write
              call GET /c        200..300
            ",
            &["GET /cart: serial-fan-out guard:writes 3, serial_fan_out_templates_min 3 of 3"],
        );
    }

    #[test]
    fn a_front_end_is_judged_for_calls_alone() {
        check(
            "
            app GET /cart         0..100 lang=webjs
              db SELECT item     10..15 x6
            ",
            &["GET /cart: n-plus-one-query front-end 6, repeat_min 6 of 5, \
               cost_share_millionths 300000 of 50000, cost_min_ns 30000000 of 1000000"],
        );
    }
}
