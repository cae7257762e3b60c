//! Each rule tells where it nearly spoke: with every condition, how far it came, and what stopped it.

use super::testing::near_misses;

/// Checks what one detector nearly says of a drawing.
fn check(detector: &str, text: &str, expected: &[&str]) {
    let mut said = near_misses(text);
    said.retain(|line| line.contains(&format!(": {detector} ")));
    assert_eq!(said, expected, "{text}");
}

/// Lines below a first one, made from numbers.
fn lines(head: &str, count: u64, line: impl Fn(u64) -> String) -> String {
    (0..count).fold(head.to_owned(), |text, n| text + "\n" + &line(n))
}

/// A chain of services, each of which does next to nothing but ask the next.
fn chain(hops: u64, total: u64) -> String {
    lines(&format!("edge GET /a0 0..{total} host=h0"), hops, |n| {
        let n = n + 1;
        let (from, to, indent) = (n * 3, 44 - n * 3, " ".repeat(2 * n as usize));
        let outer = format!("{indent}call GET /a{n} {}..{}", from - 2, to + 2);
        format!("{outer}\n{indent} s{n} server GET /a{n} {from}..{to} host=h{n}")
    })
}

#[test]
fn a_chain_of_three_hops_is_near_four() {
    check(
        "hop-chain",
        &chain(3, 44),
        &[
            "GET /a0: hop-chain count 3, hop_chain_hops_min 3 of 4, cost_share_millionths 363636 of 50000, \
           cost_min_ns 16000000 of 1000000",
        ],
    );
    check("hop-chain", &chain(2, 44), &[]);
}

#[test]
fn a_long_chain_that_costs_little_is_stopped_by_its_cost() {
    let slow = chain(4, 2_000) + "\n  db SELECT x 45..1990";
    let said = near_misses(&slow);
    let of_chain: Vec<_> = said.iter().filter(|line| line.contains("hop-chain")).collect();
    assert_eq!(of_chain.len(), 1, "{said:?}");
    assert!(
        of_chain[0].starts_with("GET /a0: hop-chain cost 4, hop_chain_hops_min 4 of 4"),
        "{said:?}"
    );
}

#[test]
fn time_without_a_span_is_near_or_has_an_explanation() {
    check(
        "uninstrumented-gap",
        "shop GET /page 0..1000\n  db SELECT a 0..800",
        &[
            "GET /page: uninstrumented-gap cost 1, gap_min_ns 200000000 of 100000000, gap_share_millionths 200000 of 300000",
        ],
    );
    check(
        "uninstrumented-gap",
        "shop GET /page 0..1000\n  call GET /a 0..10 err http=503\n  call GET /a 900..1000",
        &[
            "GET /page: uninstrumented-gap guard:again 1, gap_min_ns 890000000 of 100000000, \
           gap_share_millionths 890000 of 300000",
        ],
    );
    // No span of it is as long as a gap must be.
    check(
        "uninstrumented-gap",
        "shop GET /page 0..80\n  db SELECT a 0..10",
        &[
            "GET /page: uninstrumented-gap cost 1, gap_min_ns 70000000 of 100000000, gap_share_millionths 875000 of 300000",
        ],
    );
    check(
        "uninstrumented-gap",
        "shop GET /page 0..1000\n  db SELECT a 0..900",
        &[],
    );
}

#[test]
fn failures_that_are_few_cheap_or_honest() {
    let failing = |root: &str, count| {
        lines(root, count, |n| {
            format!("  internal parse {}..{} err", 10 * n, 10 * n + 5)
        })
    };
    check(
        "exception-storm",
        &failing("shop GET /import 0..200", 6),
        &[
            "GET /import: exception-storm count 6, exception_storm_failures_min 6 of 10, \
           cost_share_millionths 150000 of 50000, cost_min_ns 30000000 of 1000000",
        ],
    );
    check("exception-storm", &failing("shop GET /import 0..200", 5), &[]);
    check(
        "exception-storm",
        &failing("shop GET /import 0..2000", 12),
        &[
            "GET /import: exception-storm cost 12, exception_storm_failures_min 12 of 10, \
           cost_share_millionths 30000 of 50000, cost_min_ns 60000000 of 1000000",
        ],
    );
    check(
        "exception-storm",
        &failing("shop GET /import 0..200 err", 12),
        &[
            "GET /import: exception-storm guard:fails 12, exception_storm_failures_min 12 of 10, \
           cost_share_millionths 300000 of 50000, cost_min_ns 60000000 of 1000000",
        ],
    );
}

#[test]
fn spans_that_are_nearly_too_many() {
    let rows = |count: u64| {
        let rows = format!(
            "shop GET /import 0..1000\n  internal parse row 1..3 x{count}\n  db SELECT a 900..901 x8"
        );
        lines(&rows, 12, |n| {
            format!("  internal step{n} {}..{}", 950 + n, 951 + n)
        })
    };
    check(
        "over-instrumentation",
        &rows(40),
        &[
            "GET /import: over-instrumentation count 40, over_instrumentation_leaves_min 40 of 50, \
           over_instrumentation_share_millionths 655737 of 800000",
        ],
    );
    check(
        "over-instrumentation",
        &rows(60),
        &[
            "GET /import: over-instrumentation guard:mixed 60, over_instrumentation_leaves_min 60 of 50, \
           over_instrumentation_share_millionths 740740 of 800000",
        ],
    );
}

#[test]
fn a_branch_that_stands_apart_of_too_few_or_by_too_little() {
    let shards = |count: u64, end: u64| {
        lines("find GET /find 0..200", count, |n| {
            let end = if n + 1 == count { end } else { 30 };
            format!("  call GET /find 10..{end} to=shard-{n} params=1")
        })
    };
    check(
        "fan-out-tail",
        &shards(7, 190),
        &[
            "GET /find: fan-out-tail count 7, fan_out_tail_members_min 7 of 10, \
           fan_out_tail_excess_min_ns 160000000 of 30000000, fan_out_tail_times_median 9 of 5, \
           fan_out_tail_excess_share_millionths 800000 of 100000, cost_share_millionths 800000 of 50000, \
           cost_min_ns 160000000 of 1000000",
        ],
    );
    check("fan-out-tail", &shards(5, 190), &[]);
    check("fan-out-tail", &shards(7, 40), &[]);
}

#[test]
fn a_callee_that_goes_on_for_a_little_while() {
    let report = |end: u64| {
        format!(
            "shop GET /report 0..600 host=a\n  call GET /sums 10..510 err\n    sums server GET /sums 10..{end} host=b"
        )
    };
    check(
        "timeout-inversion",
        &report(550),
        &[
            "GET /report: timeout-inversion cost 1, timeout_wasted_share_millionths 80000 of 100000, \
           cost_share_millionths 833333 of 50000, cost_min_ns 500000000 of 1000000",
        ],
    );
    check("timeout-inversion", &report(520), &[]);
}

#[test]
fn a_short_call_in_a_transaction_and_one_over_two_databases() {
    let place = |call: u64, begin: &str| {
        format!(
            "shop POST /place 0..200\n  db-meta {begin} 10..11\n  db INSERT order 12..15 write\n  \
             call POST /reserve 20..{call}\n  db-meta COMMIT 121..123"
        )
    };
    check(
        "call-in-transaction",
        &place(60, "BEGIN"),
        &[
            "POST /place: call-in-transaction cost 1, call_in_transaction_path_min_ns 40000000 of 50000000, \
           cost_share_millionths 200000 of 50000, cost_min_ns 40000000 of 1000000",
        ],
    );
    check("call-in-transaction", &place(45, "BEGIN"), &[]);
    check(
        "call-in-transaction",
        &place(120, "XA START"),
        &[
            "POST /place: call-in-transaction guard:two-phase 1, call_in_transaction_path_min_ns 100000000 of 50000000, \
           cost_share_millionths 500000 of 50000, cost_min_ns 100000000 of 1000000",
        ],
    );
}

#[test]
fn a_call_that_could_wait_but_is_short_or_must_not() {
    let signup = |call: &str| format!("shop POST /signup 0..400\n  db INSERT user 10..20 write\n  {call}");
    check(
        "deferrable-call",
        &signup("call POST /v1/email 355..390 write to=mailer"),
        &[
            "POST /signup: deferrable-call cost 1, deferrable_call_path_min_ns 35000000 of 50000000, \
           deferrable_call_path_share_millionths 87500 of 100000",
        ],
    );
    check(
        "deferrable-call",
        &signup("call POST /charges 100..390 write to=mailer"),
        &[
            "POST /signup: deferrable-call guard:cannot-wait 1, deferrable_call_path_min_ns 290000000 of 50000000, \
           deferrable_call_path_share_millionths 725000 of 100000",
        ],
    );
    check(
        "deferrable-call",
        &signup("call GET /v1/email 100..390 to=mailer"),
        &[],
    );
}

#[test]
fn attempts_that_are_nearly_a_storm_or_cost_nothing() {
    let attempts = |total: u64, count: u64, last: &str| {
        lines(&format!("cart GET /cart 0..{total}"), count, |n| {
            let status = if n + 1 == count { last } else { "err http=503" };
            format!("  call GET /stock {}..{} {status} params=1", n * 15, n * 15 + 10)
        })
    };
    check(
        "retry-storm",
        &attempts(100, 4, "http=200"),
        &[
            "GET /cart: retry-storm count 4, retry_storm_attempts_min 4 of 5, cost_share_millionths 550000 of 50000, \
           cost_min_ns 55000000 of 1000000",
        ],
    );
    check(
        "retry-storm",
        &attempts(100, 2, "err http=503"),
        &[
            "GET /cart: retry-storm count 2, retry_storm_rapid_min 2 of 3, cost_share_millionths 250000 of 50000, \
           cost_min_ns 25000000 of 1000000",
        ],
    );
    check(
        "retry-storm",
        &attempts(4_000, 5, "err http=503"),
        &[
            "GET /cart: retry-storm cost 5, retry_storm_attempts_min 5 of 5, cost_share_millionths 17500 of 50000, \
           cost_min_ns 70000000 of 1000000",
        ],
    );
    check("retry-storm", &attempts(100, 2, "http=200"), &[]);
}

#[test]
fn a_procedure_that_takes_a_fifth() {
    check(
        "procedure-heavy",
        "shop POST /close 0..500\n  db CALL close_month 10..110 routine",
        &[
            "POST /close: procedure-heavy cost 1, procedure_path_min_ns 100000000 of 100000000, \
           procedure_path_share_millionths 200000 of 300000",
        ],
    );
}

#[test]
fn a_loop_that_costs_too_little() {
    let rounds = lines("cart GET /cart 0..1000", 5, |n| {
        let at = 10 + n * 6;
        format!(
            "  db SELECT item {at}..{}\n  db UPDATE stock {}..{} write",
            at + 3,
            at + 3,
            at + 6
        )
    });
    check(
        "per-item-loop",
        &rounds,
        &[
            "GET /cart: per-item-loop cost 10, repeat_min 5 of 5, cost_share_millionths 30000 of 50000, \
           cost_min_ns 30000000 of 1000000",
        ],
    );
}

#[test]
fn a_few_equal_reads_are_near_the_rule_about_equal_reads() {
    let reads = "cart GET /cart 0..100\n  db SELECT setting 10..15 x4+1 params=7";
    check(
        "redundant-query",
        reads,
        &["GET /cart: redundant-query count 4, repeat_min 4 of 5"],
    );
    check("n-plus-one-query", reads, &[]);
}

#[test]
fn what_the_code_accepts_is_told_of_spans_too() {
    check(
        "over-instrumentation",
        "shop GET /import 0..1000 ignore=over-instrumentation\n  internal parse row 1..3 x50\n  db SELECT a 900..901 x2",
        &["GET /import: over-instrumentation ignored 50"],
    );
}
