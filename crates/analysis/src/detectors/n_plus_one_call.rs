//! # N+1 call
//!
//! One service calls another once for each item of a list. Every item pays the network, the callee's whole
//! request handling, and often a query there.
//!
//! **Rule**: at least `repeat_min` (5) remote calls of one template, on one call path, under one anchor of a
//! segment; together they take at least `cost_share_millionths` (5 %) of the segment and `cost_min_ns` (1 ms).
//! The template is the callee's own route or method when its server span is in the trace. Sequential or
//! parallel; in front ends too; numbered pages too.
//!
//! **Guards**: half of them failed (retries); spread over hosts by design (shards); gaps like a clock's
//! (polling); reads whose visible parameters are all equal.
//!
//! **Saves**: what a replay of the trace saves with all members as one call.
//!
//! **Silent when**: one batch call does the work; a gateway routes the requests of many users; a server streams;
//! eight shards are asked at once.
//!
//! **Fix**: a batch endpoint or bulk RPC; for distinct reads of a third party its bulk API, or a cache. It takes both
//! sides: two weeks, or one where both state the same `service.namespace` and so are one team's.

use hotspan_model::{Break, Class, Facets, Fix, Meta, SavingRule, Scope};

use super::words::{Advice, advice, manner, peer, target, tenths_of_a_week};
use super::{Detector, Findings};
use crate::context::Context;

/// The detector.
#[derive(Debug)]
pub(super) struct NPlusOneCall;

static META: Meta = Meta {
    id: "n-plus-one-call",
    title: "One remote call for each item of a list",
    in_break: Break::Synchronous,
    scope: Scope::Trace,
    habit: false,
    effort: tenths_of_a_week(20),
    saving: SavingRule::Replayed,
    knobs: &[],
    sentence,
    fix,
};

impl Detector for NPlusOneCall {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn detect(&self, cx: &Context<'_>, out: &mut Findings<'_>) {
        super::family::detect(&META, Class::Call, cx, out);
    }
}

fn sentence(facets: &Facets<'_>) -> String {
    let (operation, calls, manner) = (facets.operation, facets.calls, manner(facets));
    format!(
        "{operation} calls {} of {} {calls} times a request, {manner}",
        target(facets),
        peer(facets)
    )
}

fn fix(facets: &Facets<'_>) -> Fix {
    let summary = match facets.vendor {
        Some(vendor) => format!("ask {vendor} for all items at once, or keep its answers in a cache"),
        None => format!("ask {} for all items at once", peer(facets)),
    };
    Fix {
        summary,
        how: advice(facets, FRAMEWORKS, BY_HAND),
    }
}

const BY_HAND: (&str, &str) = (
    "give the callee a batch endpoint that takes a list of keys (GET ?ids=…), and one query behind it",
    "give the callee a bulk endpoint that takes a list of items, with a result for each",
);

const FRAMEWORKS: &[Advice] = &[
    Advice {
        scopes: &["grpc"],
        read: "a bulk RPC with a repeated key field (BatchGet…), or one stream for all items",
        write: "a bulk RPC with a repeated item field, or one client stream for all items",
    },
    Advice {
        scopes: &["graphql", "apollo"],
        read: "GraphQL: a DataLoader in the resolver collects the keys of one tick into one call",
        write: "GraphQL: one mutation that takes a list",
    },
];

#[cfg(test)]
mod tests {
    use hotspan_model::Params;

    use crate::detectors::testing::{check, only};

    fn loop_of(count: usize, between: &str) -> String {
        let calls: String = (0..count)
            .map(|n| {
                let at = 10 + n * 8;
                format!(
                    "\n  call GET /price/{n} {at}..{} {between}\n    price server GET /price/:id {}..{} host=b",
                    at + 6,
                    at + 1,
                    at + 5
                )
            })
            .collect();
        format!("cart GET /cart 0..100 host=a{calls}")
    }

    #[test]
    fn the_route_of_the_callee_makes_five_slugs_one_template() {
        check(&loop_of(5, ""), &["n-plus-one-call: 5 calls under GET /cart"]);
        let finding = only(&loop_of(5, ""));
        assert!(finding.callee_service.is_some());
        assert_eq!(finding.params, Params::Visible { distinct: 5 });
    }

    #[test]
    fn four_are_a_coincidence() {
        check(&loop_of(4, ""), &[]);
    }

    #[test]
    fn failed_attempts_are_retries() {
        check(&loop_of(6, "err"), &[]);
    }

    #[test]
    fn a_callee_of_the_same_namespace_is_the_same_teams() {
        let found = |own: &str, theirs: &str| {
            let mut text = format!("cart GET /cart 0..100 host=a {own}");
            for n in 1..7 {
                text += &format!("\n  call GET /price {n}0..{n}6");
                text += &format!("\n    price server GET /price {n}1..{n}5 host=b {theirs}");
            }
            only(&text).same_team
        };
        assert!(found("team=shop", "team=shop"));
        assert!(!found("team=shop", "team=bank"));
        assert!(!found("team=shop", ""));
        assert!(!found("", ""));
    }

    #[test]
    fn a_lost_server_span_does_not_split_the_loop() {
        let mut text = "cart GET /cart 0..100 host=a".to_owned();
        for n in 1..7 {
            text += &"\n  call GET /price n0..n6".replace('n', &n.to_string());
            if n != 3 {
                text += &format!("\n    price server GET /price/:id {n}1..{n}5 host=b");
            }
        }
        check(&text, &["n-plus-one-call: 6 calls under GET /cart"]);
    }

    #[test]
    fn calls_in_parallel_and_from_browsers_are_one_too() {
        check(
            "web load 0..100 lang=webjs\n  call GET /item 10..50 x5\n  call GET /item 11..50",
            &["n-plus-one-call: 6 calls under load"],
        );
    }

    #[test]
    fn numbered_pages_are_a_loop_and_one_repeated_read_is_not() {
        check(
            "cart GET /cart 0..100\n  call GET /items?page 10..20 x6",
            &["n-plus-one-call: 6 calls under GET /cart"],
        );
        check(
            "cart GET /cart 0..100\n  call GET /rates 10..20 x6 params=1",
            &["redundant-query: 6 calls under GET /cart"],
        );
    }

    #[test]
    fn a_timer_that_polls_is_no_loop() {
        check("cart GET /cart 0..1000\n  call GET /job 10..20 x10+80", &[]);
    }

    #[test]
    fn uneven_work_between_calls_is_a_loop() {
        check(
            "
            cart GET /cart        0..1000
              call GET /item     10..20
              call GET /item    100..110
              call GET /item    170..180
              call GET /item    300..310
              call GET /item    350..360
            ",
            &["n-plus-one-call: 5 calls under GET /cart"],
        );
    }

    #[test]
    fn a_client_and_its_transport_are_one_call() {
        let calls: String = (1..6)
            .map(|n| {
                format!("\n  call GetItem {n}0..{n}8 scope=sdk\n    call GET /items {n}1..{n}7 scope=http")
            })
            .collect();
        check(
            &format!("cart GET /cart 0..100{calls}"),
            &["n-plus-one-call: 5 calls under GET /cart"],
        );
    }

    #[test]
    fn a_loop_whose_members_hold_another_loop_is_two_faults_in_two_services() {
        let mut text = "cart GET /cart 0..600 host=a".to_owned();
        for n in 1..6 {
            text +=
                &format!("\n  call GET /price {n}00..{n}90\n    price server GET /price {n}01..{n}80 host=b");
            text += &format!("\n      db SELECT rate {n}10..{n}20 x6");
        }
        let mut expected = vec!["n-plus-one-call: 5 calls under GET /cart"];
        expected.extend(["n-plus-one-query: 6 calls under GET /price"; 5]);
        check(&text, &expected);
    }
}
