//! What nearly is a fault over traces, and rules that cannot see.

use hotspan_hotspots::audit::Audit;

use crate::world::World;

/// A request to `cart` that asks `stock` so many times, in turn by two routes.
fn chat(calls: u64) -> String {
    let mut text = format!("cart GET /cart 0..{}\n", calls * 10 + 10);
    for call in 0..calls {
        let (from, template) = (call * 10, call % 2);
        text.push_str(&format!(
            "  call GET /{template} {from}..{}\n    stock server GET /{template} {from}..{}\n",
            from + 10,
            from + 5
        ));
    }
    text
}

#[test]
fn seven_calls_a_request_are_near_eight_and_four_are_not() {
    let mut world = World::default();
    world.traces(30, &chat(7));
    assert_eq!(
        world.near("chatty-pair"),
        [
            "cart: count, chatty_min 7 of 8, traces 30 of 20, templates 2 of 2, \
          network_share_millionths 500000 of 300000"
        ]
    );
    let mut world = World::default();
    world.traces(30, &chat(4));
    assert_eq!(world.near("chatty-pair"), [""; 0]);
}

#[test]
fn two_services_on_a_database_are_near_three() {
    let mut world = World::default();
    for service in ["cart", "stock"] {
        world.traces(
            20,
            &format!("{service} GET /{service} 0..50\n  db SELECT item 10..20 to=pg ns=shop tables=item"),
        );
    }
    assert_eq!(
        world.near("shared-database"),
        ["cart: count, shared_database_services 2 of 3"]
    );
}

#[test]
fn a_fault_over_traces_is_no_near_miss() {
    let mut world = World::default();
    world.traces(20, &chat(8));
    assert_eq!(world.found("chatty-pair").len(), 1);
    assert_eq!(world.near("chatty-pair"), [""; 0]);
}

#[test]
fn a_rule_without_its_input_says_what_it_needs() {
    let mut world = World::default();
    let text = "cart GET /cart 0..50\n  db SELECT item 10..20 hidden\n  call GET /stock 20..30\n";
    world.traces(19, text);
    assert_eq!(world.near("missing-pool"), [""; 0]);
    world.trace(text);
    let blind = |world: &World, detector, field, attribute| {
        let said = world.near(detector);
        let own: Vec<_> = said.iter().filter(|line| line.contains("blind:")).collect();
        assert!(
            own.iter()
                .any(|line| line.contains(&format!("cart: blind:{field}, {field} 0 of 1; {attribute}"))),
            "{detector}: {said:?}"
        );
    };
    blind(&world, "missing-pool", "connect", "a span named connect");
    blind(
        &world,
        "pool-exhausted",
        "checkout",
        "db.client.connection.pool.name (pool.name)",
    );
    blind(
        &world,
        "call-in-transaction",
        "transaction",
        "spans of BEGIN and COMMIT",
    );
    blind(
        &world,
        "redundant-query",
        "arguments",
        "db.query.parameter.<name> (db.statement.parameters)",
    );
    blind(&world, "missing-cache", "arguments", "db.query.parameter.<name>");
    world.traces(30, text);
    blind(&world, "missing-pool", "connect", "a span named connect");
}

#[test]
fn one_trace_that_shows_it_is_enough_to_see() {
    let mut world = World::default();
    let text = "cart GET /cart 0..50\n  db SELECT item 10..20 params=3\n  call GET /stock 20..30\n";
    world.traces(40, text);
    assert!(
        world
            .near("redundant-query")
            .iter()
            .all(|line| !line.contains("blind"))
    );
    world.trace(
        "cart GET /cart 0..50\n  connect connect 5..9\n  db-meta BEGIN 10..11\n  db SELECT item 11..20",
    );
    for detector in ["missing-pool", "call-in-transaction"] {
        assert!(
            world.near(detector).iter().all(|line| !line.contains("blind")),
            "{detector}"
        );
    }
}

#[test]
fn what_no_span_tells_is_a_gap_of_the_audit() {
    let mut world = World::default();
    world.traces(20, "cart GET /cart 0..50\n  db SELECT item 10..20 hidden");
    let answers = world.answers();
    let gaps = Audit::new(&answers, &[]).gaps;
    let untold = gaps.iter().find(|gap| gap.what.starts_with("it does not send: "));
    let untold = untold.map(|gap| (gap.service, gap.what.contains("db.query.parameter")));
    assert_eq!(untold, Some(("cart", true)));
}

#[test]
fn an_operation_says_what_it_does_most_on_average() {
    let mut world = World::default();
    world.traces(
        3,
        "cart GET /cart 0..50\n  db SELECT item 10..12 x2\n  call GET /a 20..30\n  call GET /b 30..40",
    );
    world.trace("cart GET /cart 0..50\n  db SELECT item 10..12 x3");
    let most = world.answers().operations[0].most;
    assert_eq!((most.queries, most.calls, most.call_templates), (3, 1, 2));
    assert_eq!((most.cache_commands, most.publishes), (0, 0));
}
