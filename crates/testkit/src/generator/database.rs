//! Cases of databases and brokers that are asked too often, for too long or anew, beside healthy programs that look
//! like them.

use super::program::{Arguments, Leaf, Spread, Step, ms, us};
use super::rng::Place;
use super::scenarios::{Case, Scenario, TABLES, call, case, framed, healthy, in_turn, looped, query};

/// The scenarios of this file.
pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "item-loop",
        draw: read_and_write_each,
    },
    Scenario {
        name: "item-loop-wrapped",
        draw: |place| two_queries_each(place, Some("render row")),
    },
    Scenario {
        name: "item-loop-flat",
        draw: |place| two_queries_each(place, None),
    },
    Scenario {
        name: "item-loop-cache",
        draw: cache_aside_each,
    },
    Scenario {
        name: "redundant-query",
        draw: same_read_again,
    },
    Scenario {
        name: "nplus1-publish",
        draw: publish_each,
    },
    Scenario {
        name: "slow-query",
        draw: slow_query,
    },
    Scenario {
        name: "slow-read",
        draw: slow_read,
    },
    Scenario {
        name: "missing-pool",
        draw: connect_each,
    },
    Scenario {
        name: "missing-pool-once",
        draw: connect_once,
    },
    Scenario {
        name: "procedure",
        draw: procedure,
    },
    Scenario {
        name: "read-write-read",
        draw: read_write_read,
    },
    Scenario {
        name: "distinct-topics",
        draw: distinct_topics,
    },
    Scenario {
        name: "batch-publish",
        draw: batch_publish,
    },
    Scenario {
        name: "client-batching",
        draw: client_batching,
    },
    Scenario {
        name: "moderate-query",
        draw: |place| healthy(place, report(ms(20, 90))),
    },
    Scenario {
        name: "slow-query-off-path",
        draw: slow_query_off_path,
    },
    Scenario {
        name: "slow-query-in-job",
        draw: slow_query_in_job,
    },
    Scenario {
        name: "cold-connect",
        draw: cold_connect,
    },
    Scenario {
        name: "pool-checkouts",
        draw: pool_checkouts,
    },
    Scenario {
        name: "fast-procedure",
        draw: |place| healthy(place, routine(ms(5, 40))),
    },
];

/// Two tables that are not the same.
fn two_tables(place: Place) -> (&'static str, &'static str) {
    let first = place.at(7).within(0, 4) as usize;
    let second = (first + place.at(8).within(1, 4) as usize) % TABLES.len();
    (TABLES[first], TABLES[second])
}

fn read(table: &'static str, arguments: Arguments, length: Spread) -> Step {
    Step::Out(Leaf::Query { table, arguments }, length)
}

fn read_and_write_each(place: Place) -> Case {
    let (from, to) = two_tables(place);
    let step = Step::InTurn(vec![
        read(from, Arguments::Bound, us(600, 2_000)),
        Step::Out(Leaf::Update { table: to }, us(700, 1_800)),
    ]);
    looped(place, "per-item-loop", step, 8, None, false)
}

fn two_queries_each(place: Place, wrapped: Option<&'static str>) -> Case {
    let (first, second) = two_tables(place);
    let step = Step::InTurn(vec![
        read(first, Arguments::Bound, us(600, 2_000)),
        read(second, Arguments::Inlined, us(800, 2_600)),
    ]);
    looped(place, "per-item-loop", step, 6, wrapped, false)
}

fn cache_aside_each(place: Place) -> Case {
    let step = Step::InTurn(vec![
        Step::Out(Leaf::CacheGet { prefix: "item" }, us(250, 700)),
        read(place.at(7).pick(&TABLES), Arguments::Bound, us(600, 2_000)),
    ]);
    // Enough of them that lost spans leave ten.
    let (each, once) = each_and_once(place, step, 16, us(20, 60));
    case(place, "per-item-loop", each, once)
}

/// A step for each item of a list, and once for all; each further item adds so many thousandths.
fn each_and_once(place: Place, step: Step, low: u64, marginal: Spread) -> (Step, Step) {
    let (items, gap) = ((low, low + place.at(5).within(0, 20)), us(20, 180));
    let once = Step::AtOnce {
        items,
        step: Box::new(step.clone()),
        marginal,
        gap,
    };
    let each = Step::Each {
        items,
        step: Box::new(step),
        wrapped: None,
        gap,
        parallel: false,
    };
    (each, once)
}

fn same_read_again(place: Place) -> Case {
    let step = read(place.at(7).pick(&TABLES), Arguments::Equal, us(600, 2_400));
    let (each, once) = each_and_once(place, step, place.at(4).within(8, 12), us(0, 0));
    case(place, "redundant-query", each, once)
}

fn publish(topic: &'static str, messages: u32, length: Spread) -> Step {
    Step::Out(Leaf::Publish { topic, messages }, length)
}

fn publish_each(place: Place) -> Case {
    let step = publish("mails", 1, us(400, 1_200));
    looped(place, "n-plus-one-publish", step, 12, None, false)
}

/// A statement for a list of any length, which may take long.
fn report(length: Spread) -> Step {
    Step::Out(Leaf::QueryMany { table: "ledger" }, length)
}

fn routine(length: Spread) -> Step {
    Step::Out(Leaf::Routine { name: "close_month" }, length)
}

/// A step, and the same in half of its time.
fn halved(place: Place, detector: &'static str, step: Step) -> Case {
    let repaired = Step::Faster(Box::new(step.clone()), 500);
    case(place, detector, step, repaired)
}

fn slow_query(place: Place) -> Case {
    let low = place.at(6).within(550, 1_500);
    halved(place, "slow-query", report(ms(low, low + low / 4)))
}

fn slow_read(place: Place) -> Case {
    let low = place.at(6).within(130, 300);
    halved(place, "slow-query", report(ms(low, low + low / 4)))
}

fn procedure(place: Place) -> Case {
    let low = place.at(6).within(130, 700);
    halved(place, "procedure-heavy", routine(ms(low, low + low / 4)))
}

/// A statement on a connection of its own, or on an open one; both draw the same numbers.
fn connected(table: &'static str, handshake: Option<Spread>) -> Step {
    let handshake = match handshake {
        Some(length) => Step::Out(Leaf::Connect, length),
        None => Step::Work(us(0, 0)),
    };
    Step::InTurn(vec![handshake, query(table)])
}

fn connect_each(place: Place) -> Case {
    let low = place.at(6).within(3, 10);
    let all = |handshake| in_turn(TABLES.iter().map(|table| connected(table, handshake)).collect());
    case(place, "missing-pool", all(Some(ms(low, low + 4))), all(None))
}

fn connect_once(place: Place) -> Case {
    let low = place.at(6).within(10, 40);
    let faulty = connected("items", Some(ms(low, low + 10)));
    case(place, "missing-pool", faulty, connected("items", None))
}

fn read_write_read(place: Place) -> Case {
    let table = place.at(7).pick(&TABLES);
    let step = Step::InTurn(vec![
        read(table, Arguments::Equal, ms(2, 5)),
        Step::Out(Leaf::Update { table }, ms(2, 5)),
    ]);
    let rounds = Step::Each {
        items: (2, 3),
        step: Box::new(step),
        wrapped: None,
        gap: us(20, 80),
        parallel: false,
    };
    healthy(
        place,
        in_turn(vec![rounds, read(table, Arguments::Equal, ms(2, 5))]),
    )
}

fn distinct_topics(place: Place) -> Case {
    let topics = ["mails", "audit", "search", "billing", "metrics", "export"];
    let sends = topics.iter().map(|topic| publish(topic, 1, us(400, 1_200)));
    healthy(place, in_turn(sends.collect()))
}

fn batch_publish(place: Place) -> Case {
    healthy(place, publish("mails", 40, ms(2, 9)))
}

fn client_batching(place: Place) -> Case {
    let step = Box::new(publish("mails", 1, us(5, 30)));
    healthy(
        place,
        Step::Each {
            items: (30, 60),
            step,
            wrapped: None,
            gap: us(5, 20),
            parallel: false,
        },
    )
}

fn slow_query_off_path(place: Place) -> Case {
    let longer = call("inventory", "/stock", ms(1_100, 1_300));
    healthy(place, Step::Together(vec![report(ms(550, 700)), longer]))
}

fn slow_query_in_job(place: Place) -> Case {
    Case {
        program: framed(place, report(ms(600, 2_000)), true),
        repaired: None,
        fault: None,
    }
}

fn cold_connect(place: Place) -> Case {
    let cold = connected("items", Some(ms(20, 60)));
    let warm = connected("items", None);
    healthy(place, Step::Either(42_000, Box::new(cold), Box::new(warm)))
}

fn pool_checkouts(place: Place) -> Case {
    let all = TABLES.iter().map(|table| {
        let wait = Step::Out(Leaf::Checkout, us(20, 300));
        Step::InTurn(vec![wait, query(table)])
    });
    healthy(place, in_turn(all.collect()))
}
