//! The catalogue: programs with a known fault beside their repair, and healthy programs that look like one.

use super::program::{Arguments, Leaf, Protocol, Spread, Step, ms, us};
use super::rng::Place;
use super::simulate::Program;

/// A program, what is wrong with it, and the same without the fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// As it runs.
    pub program: Program,
    /// As it would run.
    pub repaired: Option<Program>,
    /// What must be found; `None` for a healthy program.
    pub fault: Option<Fault>,
}

/// A known answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Detector id.
    pub detector: &'static str,
    /// The service that must change.
    pub service: &'static str,
    /// Its segment operation.
    pub operation: String,
}

/// A scenario draws one case from a place: topology, numbers and lengths vary.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Its name.
    pub name: &'static str,
    /// Draws a case.
    pub draw: fn(Place) -> Case,
}

/// The everyday mix: what performance figures are quoted for.
pub const BASIC: &[Scenario] = &[
    Scenario {
        name: "nplus1-query",
        draw: |place| each_query(place, Arguments::Bound, None, false),
    },
    Scenario {
        name: "nplus1-query-literals",
        draw: |place| each_query(place, Arguments::Inlined, None, false),
    },
    Scenario {
        name: "nplus1-query-wrapped",
        draw: |place| each_query(place, Arguments::Bound, Some("load item"), false),
    },
    Scenario {
        name: "nplus1-query-parallel",
        draw: |place| each_query(place, Arguments::Bound, None, true),
    },
    Scenario {
        name: "nplus1-insert",
        draw: each_insert,
    },
    Scenario {
        name: "nplus1-call",
        draw: |place| each_call(place, Protocol::Http),
    },
    Scenario {
        name: "nplus1-rpc",
        draw: |place| each_call(place, Protocol::Rpc),
    },
    Scenario {
        name: "nplus1-cache",
        draw: each_cache,
    },
    Scenario {
        name: "serial-fan-out",
        draw: serial_calls,
    },
    Scenario {
        name: "third-party",
        draw: slow_vendor,
    },
    Scenario {
        name: "eager-load",
        draw: eager_load,
    },
    Scenario {
        name: "three-pages",
        draw: three_pages,
    },
    Scenario {
        name: "mixed-queries",
        draw: mixed_queries,
    },
    Scenario {
        name: "bulk-insert",
        draw: bulk_insert,
    },
    Scenario {
        name: "mget",
        draw: many_keys,
    },
    Scenario {
        name: "parallel-calls",
        draw: parallel_calls,
    },
    Scenario {
        name: "tiny-calls",
        draw: tiny_calls,
    },
    Scenario {
        name: "dominant-call",
        draw: dominant_call,
    },
    Scenario {
        name: "fast-vendor",
        draw: fast_vendor,
    },
    Scenario {
        name: "vendor-off-path",
        draw: vendor_off_path,
    },
    Scenario {
        name: "vendor-in-job",
        draw: vendor_in_job,
    },
    Scenario {
        name: "polling",
        draw: polling,
    },
    Scenario {
        name: "internal-chunks",
        draw: internal_chunks,
    },
];

/// What one more row or item adds to an operation, in thousandths of its length: a round trip and a plan are most of
/// a read by key, and the row itself 2 to 6 %.
const MARGINAL: Spread = us(20, 60);

const SERVICES: [&str; 6] = ["orders", "catalog", "billing", "search", "profile", "shipping"];
pub(super) const TABLES: [&str; 5] = ["items", "customers", "invoices", "reviews", "prices"];
pub(super) const ROUTES: [&str; 5] = [
    "/orders",
    "/catalog/{id}",
    "/cart/{id}/view",
    "/home",
    "/reports/daily",
];

pub(super) fn query(table: &'static str) -> Step {
    Step::Out(
        Leaf::Query {
            table,
            arguments: Arguments::Bound,
        },
        us(700, 2_500),
    )
}

pub(super) fn http(host: &'static str, path: &'static str, length: Spread) -> Step {
    let leaf = Leaf::Http {
        host,
        method: "POST",
        path,
        with_id: false,
        status: 200,
    };
    Step::Out(leaf, length)
}

pub(super) fn call(service: &'static str, operation: &'static str, work: Spread) -> Step {
    // A service that asks nobody: what it does is its own.
    let body = vec![Step::Work(work)];
    Step::Call {
        service,
        operation,
        protocol: Protocol::Http,
        net: us(200, 600),
        body,
    }
}

/// The frame that all requests share: some work, a permission check, the point, some work; at times one hop deeper,
/// so that the fault sits in another service than the entry.
pub(super) fn framed(place: Place, point: Step, job: bool) -> Program {
    let route = place.at(1).pick(&ROUTES);
    let inner = vec![
        Step::Work(us(300, 1_500)),
        Step::Out(
            Leaf::Query {
                table: "sessions",
                arguments: Arguments::Bound,
            },
            us(400, 900),
        ),
        Step::Inside {
            name: "handler",
            body: vec![Step::Work(us(100, 400)), point, Step::Work(us(200, 800))],
        },
        Step::Work(us(100, 500)),
    ];
    if !job && place.at(2).chance(400_000) {
        let hop = Step::Call {
            service: deep_service(place),
            operation: route,
            protocol: Protocol::Http,
            net: us(150, 400),
            body: inner,
        };
        let body = vec![Step::Work(us(200, 600)), hop, Step::Work(us(100, 300))];
        return Program {
            service: "gateway",
            operation: "/api",
            job,
            body,
        };
    }
    let operation = if job { "nightly-digest" } else { route };
    Program {
        service: deep_service(place),
        operation,
        job,
        body: inner,
    }
}

pub(super) fn deep_service(place: Place) -> &'static str {
    place.at(3).pick(&SERVICES)
}

pub(super) fn case(place: Place, detector: &'static str, faulty: Step, repaired: Step) -> Case {
    let operation = format!("GET {}", place.at(1).pick(&ROUTES));
    let fault = Fault {
        detector,
        service: deep_service(place),
        operation,
    };
    let (program, repaired) = (framed(place, faulty, false), framed(place, repaired, false));
    Case {
        program,
        repaired: Some(repaired),
        fault: Some(fault),
    }
}

pub(super) fn healthy(place: Place, point: Step) -> Case {
    Case {
        program: framed(place, point, false),
        repaired: None,
        fault: None,
    }
}

pub(super) fn looped(
    place: Place,
    detector: &'static str,
    step: Step,
    least: u64,
    wrapped: Option<&'static str>,
    parallel: bool,
) -> Case {
    let low = place.at(4).within(least, 12);
    let items = (low, low + place.at(5).within(0, 30));
    let gap = us(20, 180);
    let each = Step::Each {
        items,
        step: Box::new(step.clone()),
        wrapped,
        gap,
        parallel,
    };
    let gap = if parallel { us(0, 0) } else { gap };
    let once = Step::AtOnce {
        items,
        step: Box::new(step),
        marginal: MARGINAL,
        gap,
    };
    case(place, detector, each, once)
}

fn each_query(place: Place, arguments: Arguments, wrapped: Option<&'static str>, parallel: bool) -> Case {
    let length = us(600, 600 + place.at(6).within(200, 2_000));
    let step = Step::Out(
        Leaf::Query {
            table: place.at(7).pick(&TABLES),
            arguments,
        },
        length,
    );
    looped(place, "n-plus-one-query", step, 8, wrapped, parallel)
}

fn each_insert(place: Place) -> Case {
    let step = Step::Out(
        Leaf::Insert {
            table: place.at(7).pick(&TABLES),
        },
        us(700, 1_600),
    );
    looped(place, "n-plus-one-query", step, 8, None, false)
}

fn each_call(place: Place, protocol: Protocol) -> Case {
    let operation = match protocol {
        Protocol::Http => "/prices/{id}",
        Protocol::Rpc => "Pricing/GetPrice",
    };
    let body = vec![Step::Work(us(200, 500)), query("prices")];
    let step = Step::Call {
        service: "pricing",
        operation,
        protocol,
        net: us(300, 900),
        body,
    };
    looped(
        place,
        "n-plus-one-call",
        step,
        6,
        None,
        place.at(8).chance(300_000),
    )
}

fn each_cache(place: Place) -> Case {
    let step = Step::Out(Leaf::CacheGet { prefix: "user" }, us(250, 700));
    looped(place, "n-plus-one-cache", step, 12, None, false)
}

fn four_calls(low: u64, high: u64) -> Vec<Step> {
    vec![
        call("inventory", "/stock", ms(low, high)),
        call("shipping-rates", "/rates", ms(low, high)),
        call("reviews", "/reviews", ms(low, high)),
        call("recommender", "/recommendations", ms(low, high)),
    ]
}

/// Steps one after another as one step.
pub(super) fn in_turn(body: Vec<Step>) -> Step {
    Step::Inside { name: "gather", body }
}

pub(super) fn serial_calls(place: Place) -> Case {
    let low = place.at(6).within(35, 90);
    let calls = || {
        four_calls(low, low + place.at(7).within(5, 60))
            .into_iter()
            .take(place.at(8).within(3, 4) as usize)
    };
    let (serial, together) = (Step::InTurn(calls().collect()), Step::Together(calls().collect()));
    case(
        place,
        "serial-fan-out",
        in_turn(vec![serial]),
        in_turn(vec![together]),
    )
}

/// A vendor as they are: a narrow body and, three times in ten, a heavy tail. The repair is a timeout at its median
/// with a fallback.
fn slow_vendor(place: Place) -> Case {
    let low = place.at(6).within(300, 700);
    let to = |length| Box::new(http("api.payments-vendor.com", "/v1/charges", length));
    let body = ms(low, low + low / 10);
    let faulty = Step::Either(300_000, to(ms(low * 2, low * 3)), to(body));
    // The median of both lies at 5/7 of the body.
    let median = body.low + (body.high - body.low) * 5 / 7;
    let repaired = Step::Capped(Box::new(faulty.clone()), median);
    case(place, "third-party-on-critical-path", faulty, repaired)
}

fn eager_load(place: Place) -> Case {
    let table = place.at(7).pick(&TABLES);
    healthy(
        place,
        in_turn(vec![
            query(table),
            Step::Out(Leaf::QueryMany { table: "details" }, ms(2, 8)),
        ]),
    )
}

fn three_pages(place: Place) -> Case {
    let step = Box::new(Step::Out(
        Leaf::Query {
            table: "pages",
            arguments: Arguments::Bound,
        },
        ms(3, 9),
    ));
    healthy(
        place,
        Step::Each {
            items: (2, 3),
            step,
            wrapped: None,
            gap: us(50, 90),
            parallel: false,
        },
    )
}

fn mixed_queries(place: Place) -> Case {
    healthy(place, in_turn(TABLES.iter().map(|table| query(table)).collect()))
}

fn bulk_insert(place: Place) -> Case {
    healthy(
        place,
        in_turn(vec![
            Step::Out(Leaf::QueryMany { table: "audit" }, ms(10, 40)),
            query("audit"),
        ]),
    )
}

fn many_keys(place: Place) -> Case {
    healthy(
        place,
        Step::Out(Leaf::CacheMany { prefix: "user" }, us(500, 1_500)),
    )
}

fn parallel_calls(place: Place) -> Case {
    healthy(place, Step::Together(four_calls(40, 120)))
}

fn tiny_calls(place: Place) -> Case {
    healthy(place, in_turn(four_calls(1, 3)))
}

fn dominant_call(place: Place) -> Case {
    let mut calls = four_calls(1, 2);
    calls[0] = call("inventory", "/stock", ms(700, 950));
    healthy(place, in_turn(calls))
}

fn fast_vendor(place: Place) -> Case {
    healthy(place, http("api.payments-vendor.com", "/v1/tokens", ms(10, 30)))
}

fn vendor_off_path(place: Place) -> Case {
    let vendor = http("api.tracking-vendor.com", "/v1/track", ms(300, 450));
    healthy(
        place,
        Step::Together(vec![vendor, call("inventory", "/stock", ms(700, 900))]),
    )
}

fn vendor_in_job(place: Place) -> Case {
    let vendor = http("api.mail-vendor.com", "/v1/send", ms(300, 800));
    Case {
        program: framed(place, vendor, true),
        repaired: None,
        fault: None,
    }
}

fn polling(place: Place) -> Case {
    let leaf = Leaf::Http {
        host: "jobs.internal",
        method: "GET",
        path: "/jobs",
        with_id: true,
        status: 200,
    };
    let step = Box::new(Step::Out(leaf, us(900, 1_400)));
    healthy(
        place,
        Step::Each {
            items: (8, 14),
            step,
            wrapped: None,
            gap: us(100_000, 100_200),
            parallel: false,
        },
    )
}

fn internal_chunks(place: Place) -> Case {
    let step = Box::new(Step::Inside {
        name: "http send",
        body: vec![Step::Work(us(500, 900))],
    });
    healthy(
        place,
        Step::Each {
            items: (20, 40),
            step,
            wrapped: None,
            gap: us(10, 30),
            parallel: false,
        },
    )
}
