//! shared-database, shared-table, missing-cache, pool-exhausted.

use hotspan_model::{ImpactBasis, Millionths};

use crate::world::World;

fn reads(service: &str, table: &str) -> String {
    format!("{service} GET /{service} 0..100\n  db select {table} 10..60 to=pg ns=shop tables={table}")
}

fn writes(service: &str, table: &str) -> String {
    format!("{service} POST /{service} 0..100\n  db update {table} 10..60 to=pg ns=shop tables={table} write")
}

#[test]
fn three_services_on_one_database() {
    let mut world = World::default();
    for service in ["cart", "orders", "stock"] {
        world.traces(20, &reads(service, &format!("{service}_rows")));
    }
    assert_eq!(
        world.found("shared-database"),
        ["cart: 3 services (cart, orders and stock) use db shop on pg: each keeps to its own tables"]
    );
    let hotspot = &world.hotspots("shared-database")[0];
    // 60 traces of 50 ms in an hour.
    assert_eq!(hotspot.impact_s_per_hour, Millionths(60_000));
    assert_eq!(hotspot.impact_basis, ImpactBasis::Exposure);
    assert_eq!(hotspot.evidence.len(), 3);
}

#[test]
fn a_shared_database_whose_tables_are_shared_is_graver() {
    let mut world = World::default();
    for service in ["cart", "orders", "stock"] {
        world.traces(20, &reads(service, "items"));
    }
    assert_eq!(
        world.found("shared-database"),
        ["cart: 3 services (cart, orders and stock) use db shop on pg: several use items"]
    );
    world.traces(20, &writes("cart", "items"));
    world.traces(20, &writes("stock", "items"));
    assert_eq!(
        world.found("shared-database"),
        ["cart: 3 services (cart, orders and stock) use db shop on pg: several write items"]
    );
}

#[test]
fn shared_tables_are_one_change_with_their_shared_database() {
    let mut world = World::default();
    for service in ["cart", "orders", "stock"] {
        world.traces(20, &writes(service, "items"));
    }
    let (database, table) = (world.hotspots("shared-database"), world.hotspots("shared-table"));
    assert_eq!(database[0].related, ["shared-table"]);
    assert_eq!(table[0].change, Some(database[0].id.to_string()));
    assert_eq!(database[0].change, table[0].change);
}

#[test]
fn what_a_sampler_left_out_counts() {
    let mut world = World::default();
    world.left_out = 9;
    for service in ["cart", "orders", "stock"] {
        world.traces(20, &reads(service, &format!("{service}_rows")));
    }
    let hotspot = &world.hotspots("shared-database")[0];
    assert_eq!(
        (hotspot.traces, hotspot.weighted_traces),
        (20, Millionths(200_000_000))
    );
    // Ten times 60 traces of 50 ms in an hour.
    assert_eq!(hotspot.impact_s_per_hour, Millionths(600_000));
    // The root of 0.9 / 20.
    assert_eq!(hotspot.impact_relative_error, Millionths(212_132));
}

#[test]
fn what_one_team_shares_is_listed_on_request_only() {
    let told = |others: &str| {
        let mut world = World::default();
        for service in ["cart", "orders", "stock"] {
            let text = writes(service, "items").replacen("0..100", "0..100 team=sales", 1);
            world.traces(20, &text);
        }
        world.traces(20, &format!("search GET /find 0..100 team={others}"));
        world
    };
    for detector in ["shared-database", "shared-table"] {
        let confidence = |others| told(others).hotspots(detector)[0].confidence;
        assert!(confidence("search") < Millionths(400_000), "{detector}");
        assert!(
            confidence("sales") > Millionths(800_000),
            "a product is no team: {detector}"
        );
    }
}

#[test]
fn tools_and_workers_that_only_answer_checks_are_no_users_of_a_shared_database() {
    let mut world = World::default();
    world.traces(30, &reads("cart", "a"));
    world.traces(30, &reads("orders", "b"));
    world.traces(30, &reads("shop-admin", "a"));
    world.traces(
        30,
        &reads("worker", "a").replacen("GET /worker", "GET /healthz", 1),
    );
    assert_eq!(world.found("shared-database"), [""; 0]);
}

#[test]
fn two_services_or_nineteen_traces_are_no_shared_database() {
    let mut world = World::default();
    world.traces(30, &reads("cart", "a"));
    world.traces(30, &reads("orders", "b"));
    world.traces(19, &reads("stock", "c"));
    assert_eq!(world.found("shared-database"), [""; 0]);
    world.trace(&reads("stock", "c"));
    assert_eq!(world.found("shared-database").len(), 1);
}

#[test]
fn jobs_caches_other_namespaces_and_unnamed_ones_are_no_users_of_a_shared_database() {
    let mut world = World::default();
    world.traces(30, &reads("cart", "a"));
    world.traces(30, &reads("orders", "b"));
    world.traces(
        30,
        "backup internal dump 0..100\n  db select c 10..60 to=pg ns=shop tables=c",
    );
    world.traces(
        30,
        "stock GET /s 0..100\n  db select c 10..60 to=pg ns=stock tables=c",
    );
    world.traces(30, "mail GET /m 0..100\n  db select c 10..60 to=pg tables=c");
    world.traces(30, "ads GET /a 0..100\n  cache GET c 10..60 to=pg ns=shop");
    assert_eq!(world.found("shared-database"), [""; 0]);
}

#[test]
fn yesterday_is_over() {
    let mut world = World::default();
    for service in ["cart", "orders", "stock"] {
        world.traces(20, &reads(service, "items"));
    }
    world.at = 25 * 3_600;
    world.traces(20, &reads("cart", "items"));
    assert_eq!(world.found("shared-database"), [""; 0]);
}

#[test]
fn two_services_write_one_table() {
    let mut world = World::default();
    world.traces(21, &writes("orders", "items"));
    world.traces(20, &writes("stock", "items"));
    assert_eq!(
        world.found("shared-table"),
        ["orders: table items: orders and stock write it"]
    );
}

#[test]
fn nineteen_traces_are_no_second_writer() {
    let mut world = World::default();
    world.traces(21, &writes("orders", "items"));
    world.traces(19, &writes("stock", "items"));
    assert_eq!(world.found("shared-table"), [""; 0]);
}

#[test]
fn a_service_that_reads_behind_the_owners_back() {
    let mut world = World::default();
    world.traces(20, &writes("orders", "items"));
    world.traces(180, &reads("orders", "items"));
    world.traces(20, &reads("stock", "items"));
    world.traces(20, &writes("stock", "boxes"));
    assert_eq!(
        world.found("shared-table"),
        ["orders: table items: orders writes it, stock reads it behind its back"]
    );
    assert_eq!(world.hotspots("shared-table")[0].share, Millionths(100_000));
    world.traces(1, &reads("orders", "items"));
    assert_eq!(world.found("shared-table"), [""; 0], "less than one read in ten");
}

#[test]
fn a_reader_that_writes_nothing_may_be_a_report() {
    let mut world = World::default();
    world.traces(20, &writes("orders", "items"));
    world.traces(20, &reads("stock", "items"));
    let confidence = |world: &World| world.hotspots("shared-table")[0].confidence;
    assert!(confidence(&world) < Millionths(400_000), "listed on request only");
    // It writes elsewhere: so it works, and reads what is another's.
    world.traces(20, &writes("stock", "boxes").replace("ns=shop", "ns=stock"));
    assert!(confidence(&world) > Millionths(800_000));
}

#[test]
fn rows_that_another_service_takes_from_an_outbox_are_no_shared_table_and_a_catalog_is_no_log() {
    let mut world = World::default();
    world.traces(20, &writes("orders", "outbox"));
    world.traces(20, &writes("relay", "outbox"));
    assert_eq!(world.found("shared-table"), [""; 0]);
    world.traces(20, &writes("orders", "catalog").replace("update", "insert"));
    world.traces(20, &reads("relay", "catalog"));
    assert_eq!(
        world.found("shared-table"),
        ["orders: table catalog: orders writes it, relay reads it behind its back"]
    );
}

#[test]
fn logs_outboxes_and_jobs_share_no_table() {
    let insert = |service: &str, table: &str| {
        format!(
            "{service} POST /{service} 0..100\n  db insert {table} 10..60 to=pg ns=shop tables={table} write"
        )
    };
    let mut world = World::default();
    for service in ["cart", "orders"] {
        world.traces(20, &insert(service, "lines"));
        world.traces(20, &insert(service, "outbox"));
    }
    world.traces(20, &reads("relay", "outbox"));
    world.traces(20, &writes("orders", "items"));
    world.traces(
        20,
        "migrate internal up 0..100\n  db update items 10..60 to=pg ns=shop tables=items write",
    );
    assert_eq!(world.found("shared-table"), [""; 0]);
}

#[test]
fn one_service_under_two_names_shares_nothing() {
    let of = |service: &str, verb: &str, mark: &str| {
        format!("{service} {verb} /items 0..100\n  db {verb} items 10..60 to=pg ns=shop tables=items {mark}")
    };
    let mut world = World::default();
    for service in ["orders", "orders-blue"] {
        world.traces(20, &of(service, "GET", ""));
        world.traces(20, &of(service, "PUT", "write"));
    }
    assert_eq!(world.found("shared-table"), [""; 0]);
}

fn asks(params: u64, marks: &str) -> String {
    format!(
        "shop GET /home 0..100\n  db select rates 10..60 to=pg ns=shop tables=rates params={params} {marks}"
    )
}

#[test]
fn request_after_request_reads_the_same() {
    let mut world = World::default();
    world.traces(9, &asks(1, ""));
    assert_eq!(world.found("missing-cache"), [""; 0]);
    world.trace(&asks(1, ""));
    assert_eq!(
        world.found("missing-cache"),
        [
            "shop: shop fetches select rates again and again: 9 of 10 reads in ten minutes (90 %) asked again for what was known"
        ]
    );
}

#[test]
fn half_of_the_reads_must_ask_again() {
    let mut world = World::default();
    world.traces(11, &asks(1, ""));
    (2..11).for_each(|params| world.trace(&asks(params, "")));
    assert_eq!(world.found("missing-cache").len(), 1, "10 of 20");
    world.trace(&asks(12, ""));
    assert_eq!(world.found("missing-cache"), [""; 0], "10 of 21");
}

#[test]
fn a_write_by_anyone_makes_a_cache_stale() {
    let mut world = World::default();
    world.traces(20, &asks(1, ""));
    world.trace("admin POST /rates 0..100\n  db update rates 10..60 to=pg2 ns=shop tables=rates write");
    assert_eq!(world.found("missing-cache"), [""; 0]);
}

#[test]
fn changing_rows_hidden_arguments_and_cheap_reads_need_no_cache() {
    let mut world = World::default();
    (0..20).for_each(|rows| world.trace(&asks(1, &format!("rows={}", rows % 2))));
    world.traces(20, &asks(2, "hidden"));
    world.traces(
        20,
        "shop GET /home 0..100\n  db select names 10..14 to=pg ns=shop tables=names params=1",
    );
    world.traces(
        20,
        "shop GET /home 0..100\n  db select now() 10..60 to=pg ns=shop tables=clock params=1",
    );
    world.traces(
        20,
        "shop GET /healthz 0..100\n  db select one 10..60 to=pg ns=shop tables=one params=1",
    );
    world.traces(20, "shop GET /home 0..100\n  cache GET one 10..60 params=1");
    assert_eq!(world.found("missing-cache"), [""; 0]);
}

#[test]
fn arguments_that_differ_by_user_need_no_cache() {
    let mut world = World::default();
    world.traces(600, &asks(1, ""));
    (2..258).for_each(|params| world.trace(&asks(params, "")));
    assert_eq!(world.found("missing-cache"), [""; 0], "more than a window holds");
}

/// A second of `load` requests, each of which waits `wait` ms for its connection.
fn second(world: &mut World, second: u64, load: u64, wait: u64) {
    second_with(world, second, load, wait, "");
}

/// The same with a line below each checkout.
fn second_with(world: &mut World, second: u64, load: u64, wait: u64, inside: &str) {
    for _ in 0..load {
        let from = second * 1_000;
        world.trace(&format!(
            "shop GET /home {}..{} instance=i1
               checkout pool {}..{} ns=shop{inside}
               db select a {}..{} ns=shop tables=a",
            from,
            from + wait + 50,
            from,
            from + wait,
            from + wait,
            from + wait + 40
        ));
    }
}

#[test]
fn waits_that_grow_with_load_are_an_exhausted_pool() {
    let mut world = World::default();
    for at in 0..20 {
        second(&mut world, at, 1 + at % 5, (at % 5) * 20);
    }
    assert_eq!(
        world.found("pool-exhausted"),
        [
            "shop: shop queues for connections to dbshop: the 95th percentile of the wait is 80 ms, and it grows with the \
             statements in flight (0.2 in the busiest second)"
        ]
    );
}

#[test]
fn nineteen_seconds_constant_waits_and_small_ones_are_no_exhausted_pool() {
    let mut short = World::default();
    (0..19).for_each(|at| second(&mut short, at, 1 + at % 5, (at % 5) * 20));
    assert_eq!(short.found("pool-exhausted"), [""; 0]);
    let mut constant = World::default();
    (0..30).for_each(|at| second(&mut constant, at, 1 + at % 5, 60));
    assert_eq!(constant.found("pool-exhausted"), [""; 0]);
    let mut small = World::default();
    (0..30).for_each(|at| second(&mut small, at, 1 + at % 5, at % 5));
    assert_eq!(small.found("pool-exhausted"), [""; 0]);
    let mut apart = World::default();
    (0..30).for_each(|at| second(&mut apart, at, 1 + at % 5, (at * 7 % 4) * 20));
    assert_eq!(apart.found("pool-exhausted"), [""; 0]);
    let mut handshakes = World::default();
    let inside = "\n                 connect tcp.connect 0..1";
    (0..30).for_each(|at| second_with(&mut handshakes, at, 1 + at % 5, (at % 5) * 20, inside));
    assert_eq!(handshakes.found("pool-exhausted"), [""; 0]);
}
