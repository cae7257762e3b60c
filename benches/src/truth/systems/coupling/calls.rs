//! chatty-pair and dependency-cycle: who asks whom, how often and in which direction.

use hotspan_testkit::generator::{Act, Leaf, Program, Protocol, Spread, Step, What, us};

use super::super::crowd::{MS, Tale, Teller};
use super::super::served;
use super::{SPAN, ask, statement};

const CHATTY: &str = "chatty-pair";
const CYCLE: &str = "dependency-cycle";

pub(in super::super) const TALES: &[Tale] = &[
    Tale::fault(CHATTY, "chatty-pair", |teller| {
        let times = teller.draw(1, 3, 4);
        converse(teller, "storefront", &QUESTIONS[..3], times, us(200, 500));
    }),
    Tale::fault(CHATTY, "many-questions", |teller| {
        converse(teller, "storefront", &QUESTIONS, 1, us(200, 500));
    }),
    Tale::healthy("coarse-pair", |teller| {
        converse(teller, "storefront", &QUESTIONS[..3], 1, us(200, 500));
    }),
    Tale::healthy("slow-partner", |teller| {
        converse(teller, "storefront", &QUESTIONS[..3], 4, us(6_000, 9_000));
    }),
    Tale::healthy("two-loops", |teller| {
        converse(teller, "storefront", &QUESTIONS[..2], 7, us(200, 500));
    }),
    Tale::healthy("gateway", |teller| {
        converse(teller, "api-gateway", &QUESTIONS[..3], 4, us(200, 500));
    }),
    Tale::healthy("aggregator", |teller| {
        let mut home = conversation(teller, "home", &QUESTIONS[..3], 4, us(200, 500));
        home.body.push(call("users", "/me", vec![keeps("users")]));
        home.body.push(call("ads", "/best", vec![keeps("ads")]));
        ask(teller, 40, &[home]);
    }),
    Tale::healthy("listener", |teller| {
        let streams = ["/prices/stream", "/stock/watch", "/names"];
        converse(teller, "storefront", &streams, 4, us(200, 500));
    }),
    Tale::fault(CYCLE, "call-loop", |teller| {
        let back = call("cart", "/price", vec![keeps("cart")]);
        let tax = call("tax", "/tax", vec![keeps("tax"), back]);
        ask(teller, 40, &[served("cart", "/price", vec![keeps("cart"), tax])]);
    }),
    Tale::fault(CYCLE, "long-call-loop", |teller| {
        let back = call("cart", "/price", vec![keeps("cart")]);
        let rates = call("rates", "/rates", vec![keeps("rates"), back]);
        let tax = call("tax", "/tax", vec![keeps("tax"), rates]);
        ask(teller, 40, &[served("cart", "/price", vec![keeps("cart"), tax])]);
    }),
    Tale::fault(CYCLE, "mutual-edges", |teller| {
        ask(
            teller,
            120,
            &[
                one("cart", "/basket", "tax", "/tax"),
                one("tax", "/audit", "cart", "/items"),
            ],
        );
    }),
    Tale::fault(CYCLE, "circle-of-edges", |teller| {
        let programs = [
            one("cart", "/basket", "tax", "/tax"),
            one("tax", "/audit", "rates", "/rates"),
            one("rates", "/refresh", "cart", "/items"),
        ];
        ask(teller, 120, &programs);
    }),
    Tale::healthy("chain", |teller| {
        ask(
            teller,
            120,
            &[
                one("cart", "/basket", "tax", "/tax"),
                one("tax", "/audit", "rates", "/rates"),
            ],
        );
    }),
    Tale::healthy("back-by-queue", by_queue),
    Tale::healthy("callback", |teller| {
        let pay = one("shop", "/pay", "payments", "/charges");
        ask(
            teller,
            120,
            &[pay, one("payments", "/settle", "shop", "/payments/callback")],
        );
    }),
    Tale::healthy("named-gateway-again", |teller| again(teller, "edge-gateway")),
    Tale::healthy("gateway-again", |teller| again(teller, "front")),
    Tale::healthy("recursion", |teller| {
        let leaf = call("tree", "/node", vec![keeps("tree")]);
        let below = call("tree", "/node", vec![keeps("tree"), leaf]);
        ask(
            teller,
            120,
            &[served("tree", "/node", vec![keeps("tree"), below])],
        );
    }),
    Tale::healthy("probed-back", |teller| {
        ask(
            teller,
            120,
            &[
                one("cart", "/basket", "tax", "/tax"),
                one("tax", "/watchdog", "cart", "/healthz"),
            ],
        );
    }),
];

/// What a catalogue is asked.
const QUESTIONS: [&str; 10] = [
    "/names", "/stock", "/prices", "/images", "/labels", "/sizes", "/colours", "/reviews", "/offers",
    "/related",
];

fn call(service: &'static str, operation: &'static str, body: Vec<Step>) -> Step {
    Step::Call {
        service,
        operation,
        protocol: Protocol::Http,
        net: us(300, 700),
        body,
    }
}

/// A read in a service's own database.
fn keeps(service: &'static str) -> Step {
    statement(service, "SELECT id FROM entries WHERE id = $1")
}

/// An operation that asks one other service one thing.
fn one(service: &'static str, operation: &'static str, other: &'static str, asked: &'static str) -> Program {
    let asks = call(other, asked, vec![keeps(other)]);
    served(service, operation, vec![Step::Work(us(300, 900)), asks])
}

/// One service asks the catalogue each question so many times, in turn.
fn conversation(
    teller: &Teller,
    service: &'static str,
    questions: &[&'static str],
    times: u64,
    work: Spread,
) -> Program {
    let net = teller.draw(2, 300, 700);
    let protocol = if teller.draw(3, 0, 1) == 0 {
        Protocol::Http
    } else {
        Protocol::Rpc
    };
    let ask = |&operation: &&'static str| Step::Call {
        service: "catalog",
        operation,
        protocol,
        net: us(net, net + 200),
        body: vec![Step::Work(work)],
    };
    let asked = (0..times).flat_map(|_| questions.iter().map(ask));
    served(service, "/home", asked.collect())
}

fn converse(
    teller: &mut Teller,
    service: &'static str,
    questions: &[&'static str],
    times: u64,
    work: Spread,
) {
    let program = conversation(teller, service, questions, times, work);
    ask(teller, 40, &[program]);
}

/// Requests that leave a gateway and come in again by it.
fn again(teller: &mut Teller, gateway: &'static str) {
    let stock = call(
        gateway,
        "/stock",
        vec![call("stock", "/stock", vec![keeps("stock")])],
    );
    let orders = call("orders", "/orders", vec![keeps("orders"), stock]);
    let users = call("users", "/me", vec![keeps("users")]);
    ask(
        teller,
        120,
        &[
            served(gateway, "/orders", vec![orders]),
            served(gateway, "/me", vec![users]),
        ],
    );
}

/// One service asks another one, which answers later by a message.
fn by_queue(teller: &mut Teller) {
    let message = Leaf::Publish {
        topic: "taxed",
        messages: 1,
    };
    let tax = call(
        "tax",
        "/tax",
        vec![keeps("tax"), Step::Out(message, us(1_000, 3_000))],
    );
    let program = served("cart", "/basket", vec![keeps("cart"), tax]);
    let rounds = teller.about(120);
    for round in 0..rounds {
        let mut acts = teller.simulated(&program);
        taken(&mut acts);
        teller.acts(round * SPAN / rounds, &acts, &[]);
    }
}

/// The message is taken by the service that asked.
fn taken(acts: &mut Vec<Act>) {
    let sent = |act: &&Act| {
        matches!(
            act.what,
            What::Leaf {
                leaf: Leaf::Publish { .. },
                ..
            }
        )
    };
    let Some(sent) = acts.iter().find(sent) else {
        return;
    };
    let take = Act {
        id: sent.id ^ 1,
        parent: sent.id,
        service: "cart",
        what: What::Consumer {
            topic: "taxed",
            links: Vec::new(),
        },
        start: sent.end + 5 * MS,
        end: sent.end + 9 * MS,
    };
    acts.push(take);
}
