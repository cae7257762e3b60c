//! chatty-pair, dependency-cycle, seam-candidate.

use hotspan_model::Millionths;

use crate::world::World;

/// A request to `cart` that makes `calls` calls to `stock`, in turn under one of `templates`; each call takes 10 ms, of
/// which the server works `server`.
fn chat(calls: u64, templates: u64, server: u64) -> String {
    let mut text = format!("cart GET /cart 0..{}\n", calls * 10 + 10);
    for call in 0..calls {
        let (from, template) = (call * 10, call % templates);
        text.push_str(&format!(
            "  call GET /{template} {from}..{}\n    stock server GET /{template} {from}..{}\n",
            from + 10,
            from + server
        ));
    }
    text
}

#[test]
fn eight_calls_a_request_between_two_services() {
    let mut world = World::default();
    world.traces(19, &chat(8, 2, 7));
    assert_eq!(world.found("chatty-pair"), [""; 0]);
    world.trace(&chat(8, 2, 7));
    assert_eq!(
        world.found("chatty-pair"),
        ["cart: cart calls stock 8 times a request (GET /0 and GET /1); 30 % of the time is between them"]
    );
    let hotspot = &world.hotspots("chatty-pair")[0];
    assert_eq!((hotspot.traces, hotspot.share), (20, Millionths::ONE));
}

#[test]
fn seven_calls_one_template_or_slow_servers_are_no_chatty_pair() {
    for text in [chat(7, 2, 5), chat(8, 1, 5), chat(8, 2, 8)] {
        let mut world = World::default();
        world.traces(30, &text);
        assert_eq!(world.found("chatty-pair"), [""; 0], "{text}");
    }
}

#[test]
fn a_lost_answer_is_a_call_all_the_same_and_says_nothing_of_the_network() {
    let text = chat(8, 2, 7).replace("    stock server GET /0 20..27\n", "");
    let mut world = World::default();
    world.traces(20, &text);
    assert_eq!(
        world.found("chatty-pair"),
        ["cart: cart calls stock 8 times a request (GET /0 and GET /1); 30 % of the time is between them"]
    );
    let mut looped = World::default();
    let text = chat(10, 2, 5).replace("    stock server GET /0 40..45\n", "");
    looped.traces(30, &text);
    assert_eq!(
        looped.found("chatty-pair"),
        [""; 0],
        "a loop of five, one answer lost"
    );
}

#[test]
fn clocks_that_are_off_do_not_change_how_long_the_network_takes() {
    for (server, found) in [(7, 1), (8, 0)] {
        let mut text = "cart GET /cart 0..90 host=a\n".to_owned();
        for call in 0..8_u64 {
            // Three servers, each with a clock of its own, the last one so far off that it is clipped.
            let (from, late) = (call * 10, [0, 4, 900][call as usize % 3]);
            text.push_str(&format!(
                "  call GET /{} {from}..{}\n    stock server GET /{} {}..{} host=b{late}\n",
                call % 2,
                from + 10,
                call % 2,
                from + late,
                from + late + server
            ));
        }
        let mut world = World::default();
        world.traces(20, &text);
        assert_eq!(world.found("chatty-pair").len(), found, "{text}");
    }
}

#[test]
fn gateways_and_backends_for_a_front_end_talk_for_others() {
    let mut named = World::default();
    named.traces(30, &chat(8, 2, 5).replacen("cart GET", "api-gateway GET", 1));
    let mut asking = World::default();
    let others = "  call GET /me 80..84\n    users server GET /me 80..84\n  call GET /ad 84..88\n    ads server GET /ad 84..88\n";
    asking.traces(30, &(chat(8, 2, 5) + others));
    for world in [named, asking] {
        let hotspots = world.hotspots("chatty-pair");
        assert!(
            hotspots[0].confidence < Millionths(400_000),
            "listed on request only"
        );
    }
    let mut keeping = World::default();
    keeping.traces(
        30,
        &(chat(8, 2, 5) + others + "  db select carts 88..89 ns=shop tables=carts\n"),
    );
    assert!(keeping.hotspots("chatty-pair")[0].confidence > Millionths(800_000));
}

#[test]
fn streams_and_checks_are_no_questions() {
    let mut world = World::default();
    world.traces(30, &chat(8, 2, 5).replace("GET /0", "GET /prices/stream"));
    world.traces(30, &chat(8, 2, 5).replace("GET /0", "GET /healthz"));
    assert_eq!(world.found("chatty-pair"), [""; 0]);
}

#[test]
fn a_browser_is_a_caller_and_no_partner() {
    let mut world = World::default();
    world.traces(30, &chat(8, 2, 5).replacen("0..90", "0..90 lang=webjs", 1));
    assert_eq!(world.found("chatty-pair"), [""; 0]);
}

#[test]
fn loops_count_once_and_requests_that_do_not_call_count_too() {
    let mut looped = World::default();
    looped.traces(30, &chat(10, 2, 5));
    assert_eq!(looped.found("chatty-pair"), [""; 0], "two loops of five");
    let mut diluted = World::default();
    diluted.traces(30, &chat(8, 2, 5));
    diluted.trace("cart GET /other 0..10");
    assert_eq!(diluted.found("chatty-pair"), [""; 0]);
}

pub(crate) const CIRCLE: &str = "
    cart GET /price                0..100
      call GET /tax               10..90
        tax server GET /tax       12..88
          call GET /price         20..80
            cart server GET /price 22..78
    ";

#[test]
fn a_call_that_comes_back_in_three_traces() {
    let mut world = World::default();
    world.traces(2, CIRCLE);
    assert_eq!(world.found("dependency-cycle"), [""; 0]);
    world.trace(CIRCLE);
    assert_eq!(
        world.found("dependency-cycle"),
        [
            "cart: cart and tax call each other in a circle: a request comes back to where it began; the weakest edge is \
          cart -> tax"
        ]
    );
}

#[test]
fn messages_recursion_and_other_operations_are_no_call_loop() {
    let mut world = World::default();
    world.traces(
        30,
        "
        cart GET /price                0..100
          call GET /tax               10..90
            tax server GET /tax       12..88
              publish prices          20..22
                cart consumer GET /price 30..60
        ",
    );
    world.traces(
        30,
        "
        tree GET /node                 0..100
          call GET /node              10..90
            tree server GET /node     12..88
        ",
    );
    world.traces(
        30,
        &CIRCLE.replace("cart server GET /price", "cart server GET /list"),
    );
    world.traces(30, &CIRCLE.replace("GET /price", "GET /*"));
    assert_eq!(world.found("dependency-cycle"), [""; 0]);
}

#[test]
fn tenants_gateways_and_routes_without_a_name_are_no_call_loop() {
    let mut world = World::default();
    let tenants = CIRCLE
        .replace("0..100", "0..100 team=a")
        .replace("22..78", "22..78 team=b");
    world.traces(30, &tenants);
    world.traces(30, &CIRCLE.replace("cart", "api-gateway"));
    world.traces(30, &CIRCLE.replace("GET /price", "GET"));
    assert_eq!(world.found("dependency-cycle"), [""; 0]);
}

#[test]
fn whoever_keeps_nothing_and_asks_three_services_may_be_entered_again() {
    let mut world = World::default();
    world.traces(100, &calls("front", "cart", "/cart"));
    world.traces(100, &calls("front", "tax", "/tax"));
    world.traces(100, &calls("front", "users", "/me"));
    world.traces(100, &calls("cart", "front", "/tax"));
    world.traces(100, &calls("tax", "cart", "/healthz"));
    world.traces(100, &calls("cart", "tax", "/tax"));
    assert_eq!(world.found("dependency-cycle"), [""; 0]);
    world.traces(
        100,
        "front GET /saved 0..100\n  db insert saved 10..20 ns=front tables=saved write",
    );
    assert_eq!(world.found("dependency-cycle").len(), 1);
}

fn calls(from: &str, to: &str, route: &str) -> String {
    format!("{from} GET /{from} 0..100\n  call GET {route} 10..90\n    {to} server GET {route} 12..88")
}

#[test]
fn edges_that_close_a_circle_are_a_smell() {
    let mut world = World::default();
    world.traces(100, &calls("cart", "tax", "/tax"));
    world.traces(99, &calls("tax", "rates", "/rates"));
    world.traces(50, &calls("rates", "cart", "/items"));
    assert_eq!(
        world.found("dependency-cycle"),
        [
            "rates: cart, rates and tax call each other in a circle: none of them stands alone; the weakest edge is \
          rates -> cart"
        ]
    );
    assert!(world.hotspots("dependency-cycle")[0].confidence < Millionths(500_000));
}

#[test]
fn few_traces_rare_edges_and_callbacks_close_no_circle() {
    let mut few = World::default();
    few.traces(49, &calls("cart", "tax", "/tax"));
    few.traces(50, &calls("tax", "cart", "/items"));
    assert_eq!(few.found("dependency-cycle"), [""; 0]);
    let mut rare = World::default();
    rare.traces(101, &calls("cart", "tax", "/tax"));
    rare.traces(1, &calls("tax", "cart", "/items"));
    assert_eq!(
        rare.found("dependency-cycle"),
        [""; 0],
        "one in a hundred and two"
    );
    let mut back = World::default();
    back.traces(100, &calls("cart", "tax", "/tax"));
    back.traces(100, &calls("tax", "cart", "/callback"));
    assert_eq!(back.found("dependency-cycle"), [""; 0]);
    let mut tenants = World::default();
    tenants.traces(
        100,
        &calls("cart", "tax", "/tax").replace("0..100", "0..100 team=a"),
    );
    tenants.traces(
        100,
        &calls("tax", "cart", "/items").replace("12..88", "12..88 team=b"),
    );
    assert_eq!(
        tenants.found("dependency-cycle"),
        [""; 0],
        "two services of one name"
    );
}

/// Twenty operations in two groups that keep to their own six tables each, `foreign` of every ten uses by one of the first
/// group go to the tables of the second; on one day.
fn monolith(world: &mut World, times: u64, foreign: u64) {
    for n in 0..times {
        for operation in 0..20 {
            let group = operation / 10;
            let side = if group == 0 && (n * 10 + operation) % 10 < foreign {
                1
            } else {
                group
            };
            let table = |k: u64| format!("g{side}t{}", (operation + n + k) % 6);
            world.trace(&format!(
                "mono GET /g{group}/{operation} 0..100\n  db select {} 10..40 to=pg ns=m tables={}\n  db select {} 50..90 to=pg ns=m tables={}",
                table(0),
                table(0),
                table(1),
                table(1)
            ));
        }
    }
}

#[test]
fn a_group_of_operations_that_keeps_to_its_tables_is_a_seam() {
    let mut world = World::default();
    monolith(&mut world, 26, 0);
    assert_eq!(world.found("seam-candidate"), [""; 0], "one day is no habit");
    world.at = 24 * 3_600;
    monolith(&mut world, 26, 0);
    let found = world.found("seam-candidate");
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(
        found[0],
        "mono: mono could be cut here: 10 operations keep to g0t0, g0t1, g0t2, g0t3, g0t4 and g0t5: 0 % of their use \
         crosses the border"
    );
    world.at = 2 * 24 * 3_600;
    monolith(&mut world, 1, 10);
    assert_eq!(
        world.found("seam-candidate").len(),
        2,
        "a day that has only begun"
    );
}

#[test]
fn a_small_service_and_one_that_hangs_together_have_no_seam() {
    let mut small = World::default();
    monolith(&mut small, 12, 0);
    small.at = 24 * 3_600;
    monolith(&mut small, 12, 0);
    assert_eq!(small.found("seam-candidate"), [""; 0], "480 traces");
    let mut knot = World::default();
    for day in 0..2 {
        knot.at = day * 24 * 3_600;
        for n in 0..520_u64 {
            let (operation, table) = (n % 20, (n * 7 + n / 20 * 5) % 12);
            knot.trace(&format!(
                "mono GET /{operation} 0..100\n  db select t{table} 10..40 to=pg ns=m tables=t{table}"
            ));
        }
    }
    let hotspots = knot.hotspots("seam-candidate");
    assert!(
        hotspots
            .iter()
            .all(|hotspot| hotspot.confidence < Millionths(400_000)),
        "{hotspots:?}"
    );
}
