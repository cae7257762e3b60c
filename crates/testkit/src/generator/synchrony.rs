//! Cases of waiting in vain, and of time and failures that nobody sees, beside healthy programs that look like them.

use super::program::{Leaf, Protocol, Spread, Step, ms, us};
use super::rng::Place;
use super::scenarios::{
    Case, Fault, ROUTES, Scenario, case, deep_service, healthy, http, in_turn, query, serial_calls,
};
use super::simulate::Program;

/// The scenarios of this file.
pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "retry-storm",
        draw: retry_storm,
    },
    Scenario {
        name: "retry-back-off",
        draw: retry_back_off,
    },
    Scenario {
        name: "mail-at-the-end",
        draw: mail_at_the_end,
    },
    Scenario {
        name: "call-in-transaction",
        draw: call_in_transaction,
    },
    Scenario {
        name: "fan-out-tail",
        draw: fan_out_tail,
    },
    Scenario {
        name: "hop-chain",
        draw: hop_chain,
    },
    Scenario {
        name: "impatient-caller",
        draw: impatient_caller,
    },
    Scenario {
        name: "sleep",
        draw: sleep,
    },
    Scenario {
        name: "swallowed-errors",
        draw: swallowed_errors,
    },
    Scenario {
        name: "span-a-row",
        draw: span_a_row,
    },
    Scenario {
        name: "bounded-retries",
        draw: bounded_retries,
    },
    Scenario {
        name: "payment-at-the-end",
        draw: payment_at_the_end,
    },
    Scenario {
        name: "call-after-commit",
        draw: call_after_commit,
    },
    Scenario {
        name: "even-shards",
        draw: even_shards,
    },
    Scenario {
        name: "three-hops",
        draw: three_hops,
    },
    Scenario {
        name: "callee-fails-too",
        draw: callee_fails_too,
    },
    Scenario {
        name: "computing-leaf",
        draw: computing_leaf,
    },
    Scenario {
        name: "missing-pages",
        draw: missing_pages,
    },
];

/// Healthy cases whose traces are those of a fault: only who wrote the program knows. A detector may speak here, but
/// not as if it were sure.
pub const UNDECIDABLE: &[Scenario] = &[Scenario {
    name: "dependent-calls",
    draw: dependent_calls,
}];

/// Each call needs what the one before answered.
fn dependent_calls(place: Place) -> Case {
    Case {
        repaired: None,
        fault: None,
        ..serial_calls(place)
    }
}

/// The case of a fault that costs load or hides time, so that no repair makes the request shorter.
fn load(place: Place, detector: &'static str, faulty: Step) -> Case {
    Case {
        repaired: None,
        ..case(place, detector, faulty.clone(), faulty)
    }
}

fn answer(host: &'static str, path: &'static str, status: u16, length: Spread) -> Step {
    let leaf = Leaf::Http {
        host,
        method: "GET",
        path,
        with_id: false,
        status,
    };
    Step::Out(leaf, length)
}

/// Attempts that all fail, with a pause before each but the first.
fn attempts(count: u64, length: (u64, u64), pause: impl Fn(u64) -> (u64, u64)) -> Vec<Step> {
    let attempt = || answer("inventory.internal", "/reserve", 503, ms(length.0, length.1));
    let later = (1..count).flat_map(|n| {
        let (low, high) = pause(n);
        [Step::Work(us(low, high)), attempt()]
    });
    std::iter::once(attempt()).chain(later).collect()
}

/// Three to six attempts in quick succession; one is enough to know that it fails, and to do without.
fn retry_storm(place: Place) -> Case {
    let low = place.at(6).within(30, 60);
    let count = place.at(7).within(3, 6);
    let all = attempts(count, (low, low + 3), |_| (2_000, 4_000));
    let mut once = attempts(1, (low, low + 3), |_| (0, 0));
    once.push(Step::Work(us(1_500 * (count - 1), 1_600 * (count - 1))));
    case(place, "retry-storm", in_turn(all), in_turn(once))
}

/// Five to eight attempts with pauses that double. Whether the pauses go with the attempts is the repairer's choice.
fn retry_back_off(place: Place) -> Case {
    let count = place.at(7).within(5, 8);
    let all = attempts(count, (8, 20), |n| (4_000 << n, 4_400 << n));
    load(place, "retry-storm", in_turn(all))
}

/// Two failures, then an answer: what retries are for.
fn bounded_retries(place: Place) -> Case {
    let mut all = attempts(2, (20, 40), |_| (2_000, 4_000));
    all.push(answer("inventory.internal", "/reserve", 200, ms(20, 40)));
    healthy(place, in_turn(all))
}

/// A mail that is sent before the request is answered; a hand-over to a queue would do.
fn mail_at_the_end(place: Place) -> Case {
    let low = place.at(6).within(70, 200);
    let host = place
        .at(7)
        .pick(&["mailer.internal", "notifications.internal", "audit.internal"]);
    let sent = http(host, "/v1/messages", ms(low, low + 60));
    case(place, "deferrable-call", sent, Step::Work(us(700, 1_300)))
}

fn payment_at_the_end(place: Place) -> Case {
    healthy(place, http("payments.internal", "/v1/captures", ms(70, 180)))
}

fn session(text: &'static str) -> Step {
    Step::Out(Leaf::Session { text }, us(200, 600))
}

fn insert() -> Step {
    Step::Out(Leaf::Insert { table: "orders" }, us(700, 1_600))
}

fn call_in_transaction(place: Place) -> Case {
    let low = place.at(6).within(60, 200);
    let call = answer("inventory.internal", "/reserve", 200, ms(low, low + 80));
    let end = place.at(7).pick(&["COMMIT", "ROLLBACK"]);
    let steps = vec![session("BEGIN"), insert(), call, query("stock"), session(end)];
    load(place, "call-in-transaction", in_turn(steps))
}

fn call_after_commit(place: Place) -> Case {
    let call = || answer("inventory.internal", "/reserve", 200, ms(60, 140));
    let steps = vec![call(), session("BEGIN"), insert(), session("COMMIT"), call()];
    healthy(place, in_turn(steps))
}

/// Shards asked side by side, the last of them slow or as fast as the others.
fn shards(place: Place, slow: (u64, u64)) -> Step {
    let shard = |low, high| Step::Out(Leaf::Shard { path: "/search" }, ms(low, high));
    let items = place.at(8).within(11, 24);
    let others = Step::Each {
        items: (items, items),
        step: Box::new(shard(8, 14)),
        wrapped: None,
        gap: us(0, 0),
        parallel: true,
    };
    in_turn(vec![Step::Together(vec![others, shard(slow.0, slow.1)])])
}

fn fan_out_tail(place: Place) -> Case {
    let low = place.at(6).within(120, 250);
    let slow = shards(place, (low, low + 100));
    case(place, "fan-out-tail", slow, shards(place, (12, 14)))
}

fn even_shards(place: Place) -> Case {
    healthy(place, shards(place, (8, 14)))
}

const CHAIN: [(&str, &str); 6] = [
    ("accounts", "/accounts/{id}"),
    ("entitlements", "/entitlements/{id}"),
    ("plans", "/plans/{id}"),
    ("offers", "/offers/{id}"),
    ("pricing", "/prices/{id}"),
    ("ledger", "/ledger/{id}"),
];

/// A request that goes through services one inside the other; only the last one works.
fn chain(hops: &[(&'static str, &'static str)], last: Spread) -> Step {
    let inmost = vec![Step::Work(last), query("ledger")];
    let body = hops.iter().rev().fold(inmost, |body, &(service, operation)| {
        let call = Step::Call {
            service,
            operation,
            protocol: Protocol::Http,
            net: us(2_800, 3_200),
            body,
        };
        vec![Step::Work(us(100, 300)), call, Step::Work(us(50, 150))]
    });
    Step::InTurn(body)
}

/// No frame: whoever stands before a chain is its first caller.
fn unframed(place: Place, point: Step) -> Program {
    Program {
        service: deep_service(place),
        operation: place.at(1).pick(&ROUTES),
        job: false,
        body: vec![Step::Work(us(300, 1_500)), point, Step::Work(us(100, 500))],
    }
}

fn hop_chain(place: Place) -> Case {
    let hops = &CHAIN[..place.at(6).within(4, 6) as usize];
    // Steps draw by their place, which a repair changes: so they vary little here.
    let long = place.at(7).within(20, 50) * 1_000;
    let last = us(long, long + 200);
    let dropped = hops.len() as u64 - 2;
    // Half of what the dropped services did, the first caller does itself.
    let direct = vec![
        Step::Work(us(150 * dropped, 160 * dropped)),
        chain(&hops[hops.len() - 2..], last),
    ];
    Case {
        program: unframed(place, chain(hops, last)),
        repaired: Some(unframed(place, Step::InTurn(direct))),
        fault: Some(Fault {
            detector: "hop-chain",
            service: deep_service(place),
            operation: format!("GET {}", place.at(1).pick(&ROUTES)),
        }),
    }
}

fn three_hops(place: Place) -> Case {
    Case {
        program: unframed(place, chain(&CHAIN[..3], ms(20, 40))),
        repaired: None,
        fault: None,
    }
}

/// A call that works for so long.
fn sums(length: (u64, u64)) -> Box<Step> {
    Box::new(Step::Call {
        service: "analytics",
        operation: "/sums",
        protocol: Protocol::Http,
        net: us(200, 600),
        body: vec![Step::Work(ms(length.0, length.1))],
    })
}

/// A caller whose timeout is shorter than what its callee takes.
fn impatient_caller(place: Place) -> Case {
    let wait = place.at(6).within(200, 500);
    let call = sums((wait * 5 / 4, wait * 3));
    load(
        place,
        "timeout-inversion",
        Step::GiveUp {
            call,
            after: wait * 1_000,
        },
    )
}

/// A callee that stops a little before its caller would.
fn callee_fails_too(place: Place) -> Case {
    let wait = place.at(6).within(200, 500);
    let call = sums((wait * 8 / 10, wait * 95 / 100));
    healthy(
        place,
        Step::GiveUp {
            call,
            after: wait * 1_000,
        },
    )
}

fn sleep(place: Place) -> Case {
    let low = place.at(6).within(160, 500);
    let steps = vec![query("documents"), Step::Work(ms(low, low + 100)), query("fonts")];
    load(place, "uninstrumented-gap", Step::InTurn(steps))
}

/// A service that asks nobody and computes.
fn computing_leaf(place: Place) -> Case {
    healthy(place, *sums((300, 700)))
}

/// A loop over a list of which every item is asked for in vain, with this answer.
fn asked_in_vain(place: Place, status: u16) -> Step {
    let leaf = Leaf::Http {
        host: "profiles.internal",
        method: "GET",
        path: "/profiles",
        with_id: true,
        status,
    };
    let low = place.at(6).within(12, 20);
    Step::Each {
        items: (low, low + 10),
        step: Box::new(Step::Out(leaf, us(2_000, 6_000))),
        wrapped: None,
        gap: us(0, 0),
        parallel: false,
    }
}

fn swallowed_errors(place: Place) -> Case {
    let faulty = in_turn(vec![asked_in_vain(place, 500)]);
    case(place, "exception-storm", faulty, in_turn(vec![]))
}

/// Fewer than a loop needs: pages that are not there.
fn missing_pages(place: Place) -> Case {
    let page = || answer("profiles.internal", "/pages/next", 404, us(2_000, 6_000));
    healthy(place, in_turn((0..4).map(|_| page()).collect()))
}

/// A span for each row of a file.
fn span_a_row(place: Place) -> Case {
    let low = place.at(6).within(60, 120);
    let step = Box::new(Step::Inside {
        name: "parse row",
        body: vec![Step::Work(us(20, 60))],
    });
    let rows = Step::Each {
        items: (low, low + 30),
        step,
        wrapped: None,
        gap: us(200, 300),
        parallel: false,
    };
    load(place, "over-instrumentation", Step::InTurn(vec![rows]))
}
