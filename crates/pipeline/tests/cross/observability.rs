//! blind-service, broken-propagation.

use crate::world::World;

/// A call to a proxy, and the request that it became in a trace of its own `late` ms later.
fn torn(world: &mut World, at: u64, late: u64) {
    world.trace(&format!(
        "shop GET /home {at}..{}\n  call GET proxy/items {}..{} to=proxy",
        at + 100,
        at + 10,
        at + 90
    ));
    world.trace(&format!(
        "stock GET /items {}..{} path=/items",
        at + 10 + late,
        at + 50 + late
    ));
}

#[test]
fn calls_and_requests_that_belong_together_in_two_traces() {
    let mut world = World::default();
    (0..4).for_each(|n| torn(&mut world, n * 200, 5));
    assert_eq!(world.found("broken-propagation"), [""; 0]);
    torn(&mut world, 800, 5);
    assert_eq!(
        world.found("broken-propagation"),
        ["shop: 5 of 5 calls of shop to proxy lie around requests to stock that begin a trace of their own"]
    );
}

#[test]
fn clocks_apart_hide_no_pair_and_busy_callers_none_either() {
    let mut skewed = World::default();
    (0..5).for_each(|n| torn(&mut skewed, n * 1_000, 75));
    assert_eq!(skewed.found("broken-propagation").len(), 1, "35 ms late");
    let mut busy = World::default();
    (0..5).for_each(|n| torn(&mut busy, n * 105, 5));
    assert_eq!(
        busy.found("broken-propagation").len(),
        1,
        "20 ms from call to call"
    );
}

#[test]
fn requests_outside_of_calls_or_on_other_paths_belong_to_nobody() {
    let mut outside = World::default();
    (0..10).for_each(|n| torn(&mut outside, n * 1_000, 200));
    assert_eq!(outside.found("broken-propagation"), [""; 0]);
    let mut other = World::default();
    for n in 0..10 {
        let at = n * 1_000;
        other.trace(&format!(
            "shop GET /home {at}..{}\n  call GET proxy/items {at}..{} to=proxy",
            at + 100,
            at + 90
        ));
        other.trace(&format!("stock GET /rates {}..{} path=/rates", at + 10, at + 50));
        other.trace(&format!("stock POST /items {}..{} path=/items", at + 10, at + 50));
    }
    assert_eq!(other.found("broken-propagation"), [""; 0]);
}

#[test]
fn half_of_the_calls_must_be_paired_and_each_with_one_only() {
    let mut few = World::default();
    (0..5).for_each(|n| torn(&mut few, n * 1_000, 5));
    few.traces(
        5,
        "shop GET /home 9000..9100\n  call GET proxy/items 9010..9090 to=proxy",
    );
    assert_eq!(few.found("broken-propagation").len(), 1, "5 of 10");
    few.trace("shop GET /home 9000..9100\n  call GET proxy/items 9010..9090 to=proxy");
    assert_eq!(few.found("broken-propagation"), [""; 0], "5 of 11");
    let mut twice = World::default();
    for n in 0..10 {
        torn(&mut twice, n * 1_000, 5);
        twice.trace(&format!(
            "stock GET /items {}..{} path=/items",
            n * 1_000 + 15,
            n * 1_000 + 40
        ));
    }
    assert_eq!(twice.found("broken-propagation"), [""; 0]);
}

#[test]
fn health_checks_and_more_requests_than_a_minute_holds_prove_nothing() {
    let mut checks = World::default();
    for n in 0..10 {
        let at = n * 1_000;
        checks.trace(&format!(
            "shop GET /home {at}..{}\n  call GET proxy/healthz {at}..{} to=proxy",
            at + 100,
            at + 90
        ));
        checks.trace(&format!(
            "stock GET /healthz {}..{} path=/healthz",
            at + 10,
            at + 50
        ));
    }
    assert_eq!(checks.found("broken-propagation"), [""; 0]);
    let mut crowd = World::default();
    (0..300).for_each(|n| torn(&mut crowd, n * 130, 5));
    assert_eq!(crowd.found("broken-propagation"), [""; 0]);
}

#[test]
fn requests_whose_caller_never_came() {
    let mut world = World::default();
    world.traces(57, "stock GET /items 0..100");
    world.traces(3, "stock server GET /items 0..100 parent=99");
    assert_eq!(
        world.found("broken-propagation"),
        ["stock: 3 of 60 requests to stock name a caller whose span never came"]
    );
    world.trace("stock GET /items 0..100");
    assert_eq!(world.found("broken-propagation"), [""; 0], "3 of 61");
}

#[test]
fn spans_that_are_lost_everywhere_are_no_broken_propagation() {
    let mut world = World::default();
    world.traces(8, "stock server GET /items 0..100 parent=99");
    world.traces(2, "stock internal work 0..100 parent=99");
    assert_eq!(world.found("broken-propagation"), [""; 0]);
}

#[test]
fn an_address_of_our_own_that_never_answers() {
    let call = "shop GET /home 0..100\n  call GET /price 10..90 to=price";
    let mut world = World::default();
    world.traces(19, call);
    assert_eq!(world.found("blind-service"), [""; 0]);
    world.trace(call);
    assert_eq!(
        world.found("blind-service"),
        ["shop: price was called 20 times in complete traces and never answered with a span"]
    );
    world.trace(
        "shop GET /home 0..100\n  call GET /price 10..90 to=price\n    price server GET /price 12..88",
    );
    assert_eq!(world.found("blind-service"), [""; 0], "it can answer");
}

#[test]
fn other_companies_stores_and_torn_traces_are_not_blind() {
    let mut world = World::default();
    world.traces(
        30,
        "shop GET /home 0..100\n  call GET /charge 10..90 to=api.pay.test third",
    );
    world.traces(
        30,
        "shop GET /home 0..100\n  call GET /object 10..90 to=store managed",
    );
    (0..30).for_each(|n| torn(&mut world, n * 200, 5));
    assert_eq!(world.found("blind-service"), [""; 0]);
}

#[test]
fn statements_without_a_word() {
    let mut world = World::default();
    let (said, silent) = (
        "shop GET /home 0..100\n  db select a 10..90",
        "shop GET /home 0..100\n  db query 10..90 wordless",
    );
    world.traces(20, silent);
    world.traces(20, said);
    assert_eq!(
        world.found("blind-service"),
        ["shop: shop sends 50 % of its database spans without a statement"]
    );
    world.trace(said);
    assert_eq!(world.found("blind-service"), [""; 0]);
}

#[test]
fn a_service_without_a_name_and_one_without_a_word() {
    let mut world = World::default();
    world.traces(20, "(unnamed) GET /home 0..100 nameless\n  db select a 10..20");
    world.traces(
        20,
        "
        shop GET /home              0..100
          call GET /price          10..90
            price server GET /price 12..88
        ",
    );
    assert_eq!(
        world.found("blind-service"),
        ["(unnamed): 20 requests were worked on by a service that does not say its name"],
        "whoever is silent is given an hour"
    );
    world.at = 2 * 3_600;
    world.trace("shop GET /home 0..1");
    assert_eq!(
        world.found("blind-service"),
        [
            "(unnamed): 20 requests were worked on by a service that does not say its name",
            "price: price takes 38 % of all request time and shows nothing that it calls",
        ]
    );
}

#[test]
fn operations_without_end() {
    let mut world = World::default();
    (0..500).for_each(|n| world.trace(&format!("shop GET /user-{n} 0..10")));
    assert_eq!(world.found("blind-service"), [""; 0]);
    world.trace("shop GET /user-500 0..10");
    assert_eq!(
        world.found("blind-service"),
        ["shop: shop has 501 operations in an hour: their names hold what should be an attribute"]
    );
}

#[test]
fn a_service_in_its_first_hour_is_given_time() {
    let mut world = World::default();
    world.traces(3, "shop GET /home 0..100");
    world.at = 3 * 3_600;
    world.traces(20, "new GET /home 0..100\n  db query 10..90 wordless");
    assert_eq!(world.found("blind-service"), [""; 0]);
    world.at = 5 * 3_600;
    world.trace("shop GET /home 0..100");
    assert_eq!(world.found("blind-service").len(), 1);
}

/// A request that fills two fifths of each second, and a call that begins a trace `late` ms after it.
fn stray(world: &mut World, second: u64, late: u64) {
    let at = second * 1_000;
    world.trace(&format!("shop GET /home {at}..{} instance=i1", at + 400));
    let call = at + late;
    world.trace(&format!(
        "shop call GET /rates {call}..{} to=rates instance=i1",
        call + 20
    ));
}

/// Some milliseconds that no clock tells.
fn late(n: u64) -> u64 {
    10 + n * n * 53 % 350
}

#[test]
fn calls_that_begin_traces_inside_of_requests() {
    let mut world = World::default();
    (0..9).for_each(|n| stray(&mut world, n, late(n)));
    assert_eq!(world.found("broken-propagation"), [""; 0]);
    stray(&mut world, 9, late(9));
    assert_eq!(
        world.found("broken-propagation"),
        ["shop: 10 of 10 calls of shop that begin a trace lie inside requests by GET /home"]
    );
    stray(&mut world, 10, 500);
    assert_eq!(world.found("broken-propagation").len(), 1, "10 of 11");
    stray(&mut world, 11, 450);
    stray(&mut world, 12, 500);
    assert_eq!(world.found("broken-propagation"), [""; 0], "10 of 13");
}

#[test]
fn timers_and_busy_services_lose_no_context() {
    let mut timer = World::default();
    (0..20).for_each(|n| stray(&mut timer, n, 100));
    assert_eq!(timer.found("broken-propagation"), [""; 0]);
    let mut busy = World::default();
    for n in 0..20 {
        stray(&mut busy, n, late(n));
        let at = n * 1_000 + 500;
        busy.trace(&format!("shop GET /home {at}..{} instance=i1", at + 300));
    }
    assert_eq!(busy.found("broken-propagation"), [""; 0]);
}

#[test]
fn webhooks_name_callers_of_others() {
    let mut world = World::default();
    world.traces(57, "stock GET /items 0..100");
    world.traces(30, "stock server POST /webhooks/pay 0..100 parent=99");
    assert_eq!(world.found("broken-propagation"), [""; 0]);
}
