//! One root cause, one finding: where two detectors hold on the same spans, the one that names the cause speaks.

use hotspan_model::{Nanos, Saving};
use hotspan_testkit::Drawing;

use crate::detectors::testing::{check, only, report};

#[test]
fn failed_attempts_are_a_storm_and_no_loop() {
    check(
        "cart GET /cart 0..200\n  call GET /stock 10..20 x8+1 params=1 err http=503",
        &["retry-storm: 8 calls under GET /cart"],
    );
}

#[test]
fn calls_at_the_pace_of_a_clock_are_no_loop() {
    check("cart GET /cart 0..1200\n  call GET /job 10..20 x10+90", &[]);
}

#[test]
fn turns_of_two_loops_are_one_loop() {
    check(
        "cart GET /cart 0..300\n  db SELECT item 10..20 x6+10\n  db UPDATE stock 20..30 x6+10 write",
        &["per-item-loop: 12 calls under GET /cart"],
    );
}

#[test]
fn a_loop_of_slow_statements_is_a_loop() {
    check(
        "cart GET /cart 0..6000\n  db SELECT item 10..610 x6",
        &["n-plus-one-query: 6 calls under GET /cart"],
    );
}

#[test]
fn a_loop_of_calls_to_a_vendor_is_a_loop() {
    check(
        "cart GET /cart 0..2000\n  call GET /rate 10..210 x6 third",
        &["n-plus-one-call: 6 calls under GET /cart"],
    );
}

#[test]
fn a_slow_handshake_is_no_slow_statement_and_no_time_without_a_span() {
    let found = report(&Drawing::new(
        "cart GET /cart 0..1000\n  connect connect 10..810\n  db SELECT item 810..990",
    ))
    .findings;
    let detectors: Vec<_> = found.iter().map(|finding| finding.detector).collect();
    assert_eq!(detectors, ["missing-pool"]);
}

#[test]
fn a_slow_procedure_is_no_slow_statement() {
    check(
        "shop POST /close 0..900\n  db CALL close_month 10..810 routine",
        &["procedure-heavy: 1 calls under POST /close"],
    );
}

#[test]
fn a_vendor_that_nobody_needs_to_wait_for_is_one_finding_that_defers_it() {
    let text = "shop POST /signup 0..400\n  call POST /v1/email 100..390 write third to=mail.vendor.example";
    let found = only(text);
    assert_eq!(found.detector, "third-party-on-critical-path");
    assert!(found.deferrable);
    let all = Nanos::from_millis(289);
    let saving = Saving {
        min: all,
        likely: all,
        max: all,
    };
    assert_eq!(found.saving, saving);
    // What the request reads afterwards may rest on it.
    let needed = only(&format!("{text}\n  db SELECT user 391..395"));
    assert_eq!(needed.detector, "third-party-on-critical-path");
    assert!(!needed.deferrable && needed.saving.likely < all);
}

#[test]
fn what_can_be_deferred_is_no_member_of_a_chain() {
    let chain = "shop POST /a 0..400\n  call GET /x 10..110\n  call GET /y 110..210";
    check(
        &format!("{chain}\n  call POST /email 210..310 write"),
        &["deferrable-call: 1 calls under POST /a"],
    );
    check(
        &format!("{chain}\n  call GET /z 210..310"),
        &["serial-fan-out: 3 calls under POST /a"],
    );
}

#[test]
fn a_transaction_says_what_it_holds_beside_all_else_and_saves_nothing() {
    let text = "shop POST /a 0..140\n  db-meta BEGIN 5..6\n  call POST /email 20..120 write\n  db-meta COMMIT 125..130";
    check(
        text,
        &[
            "deferrable-call: 1 calls under POST /a",
            "call-in-transaction: 1 calls under POST /a",
        ],
    );
    let found = report(&Drawing::new(text)).findings;
    let held = found
        .iter()
        .find(|finding| finding.detector == "call-in-transaction");
    assert_eq!(held.map(|held| held.saving), Some(Saving::default()));
}

#[test]
fn one_slow_shard_of_many_is_a_tail_and_no_loop() {
    let shards: String = (1..12)
        .map(|n| {
            let end = if n == 11 { 190 } else { 30 };
            let inner = format!("shard server GET /find 11..{} host=s{n}", end - 1);
            format!("\n  call GET /find 10..{end} to=shard-{n} params=1\n    {inner}")
        })
        .collect();
    check(
        &format!("find GET /find 0..200 host=a{shards}"),
        &["fan-out-tail: 11 calls under GET /find"],
    );
}

#[test]
fn a_chain_of_hops_does_not_pass_through_calls_that_could_run_side_by_side() {
    let mut hops = String::new();
    for n in 1..5 {
        let (indent, from, to) = (" ".repeat(2 * n), 4 * n, 100 - 4 * n);
        hops += &format!("\n{indent}call GET /a{n} {}..{}", from - 3, to + 3);
        hops += &format!("\n{indent} s{n} server GET /a{n} {from}..{to} host=h{n}");
    }
    check(
        &format!("edge GET /a0 0..100 host=a{hops}"),
        &["hop-chain: 4 calls under GET /a0"],
    );
    let beside = "\n  call GET /x 99..199\n  call GET /y 199..299";
    check(
        &format!("edge GET /a0 0..310 host=a{hops}{beside}"),
        &["serial-fan-out: 3 calls under GET /a0"],
    );
}

#[test]
fn failures_of_a_storm_are_no_storm_of_exceptions() {
    check(
        "cart GET /cart 0..300\n  call GET /stock 10..20 x20+1 params=1 err http=503",
        &["retry-storm: 20 calls under GET /cart"],
    );
}
