//! blind-service: what a system does not say.

use hotspan_testkit::generator::{Act, Leaf, Protocol, Step, What, ms, us};

use super::super::{query, served};
use super::{HOUR, MS, SECOND, Tale, Teller};

const ID: &str = "blind-service";

pub(super) const TALES: &[Tale] = &[
    Tale::fault(ID, "uninstrumented-peer", |teller| {
        steady(teller, 60, &[get("price", false), query("items")])
    }),
    Tale::fault(ID, "wordless-statements", |teller| {
        let said = match teller.draw(1, 0, 1) {
            0 => query("items"),
            _ => Step::Work(us(10, 20)),
        };
        steady(teller, 60, &[wordless(), said]);
    }),
    Tale::fault(ID, "service-without-a-name", |teller| {
        for n in 0..teller.about(60) {
            let program = served("unknown_service:python", "/home", vec![query("items")]);
            teller.request(n * SECOND, &program);
        }
    }),
    Tale::fault(ID, "names-without-end", |teller| named(teller, 2_400, 1_200)),
    Tale::fault(ID, "silent-service", |teller| {
        let body = vec![Step::Work(ms(60, 120))];
        for n in 0..teller.about(90) {
            teller.request(
                n * 4 * HOUR / teller.about(90),
                &served("shop", "/home", vec![asked("scoring", body.clone())]),
            );
        }
    }),
    Tale::healthy("leaf-with-statements", |teller| {
        let body = vec![Step::Work(ms(1, 3)), query("prices")];
        steady(teller, 60, &[asked("price", body)]);
    }),
    Tale::healthy("third-party-peer", |teller| {
        steady(teller, 60, &[get("api.stripe.com", true), query("items")])
    }),
    Tale::healthy("new-peer", |teller| {
        steady(teller, 12, &[get("price", false)]);
        steady(teller, 60, &[query("items")]);
    }),
    Tale::healthy("hidden-arguments", |teller| {
        steady(teller, 60, &[query("items"), query("carts")])
    }),
    Tale::healthy("datastores", |teller| {
        steady(
            teller,
            60,
            &[
                Step::Out(Leaf::CacheGet { prefix: "item" }, us(300, 900)),
                query("items"),
            ],
        );
    }),
    Tale::healthy("some-wordless-statements", |teller| {
        steady(
            teller,
            60,
            &[wordless(), query("items"), query("carts"), query("prices")],
        );
    }),
    Tale::healthy("many-names", |teller| named(teller, 500, 300)),
];

fn wordless() -> Step {
    Step::Out(Leaf::Wordless, us(700, 2_500))
}

/// A call to a host without spans.
fn get(host: &'static str, with_id: bool) -> Step {
    let leaf = Leaf::Http {
        host,
        method: "GET",
        path: "/rates",
        with_id,
        status: 200,
    };
    // The id is that of the item, and each request has another.
    let step = Box::new(Step::Out(leaf, ms(4, 19)));
    Step::Each {
        items: (1, 1),
        step,
        wrapped: None,
        gap: us(0, 0),
        parallel: false,
    }
}

fn asked(service: &'static str, body: Vec<Step>) -> Step {
    Step::Call {
        service,
        operation: "/score",
        protocol: Protocol::Http,
        net: us(200, 500),
        body,
    }
}

fn steady(teller: &mut Teller, count: u64, steps: &[Step]) {
    let mut body = vec![Step::Work(us(300, 2_900))];
    body.extend(steps.iter().cloned());
    let program = served("shop", "/home", body);
    for n in 0..teller.about(count) {
        teller.request(n * 5 * SECOND / teller.one_in(), &program);
    }
}

/// Requests by so many names, all in one hour.
fn named(teller: &mut Teller, count: u64, names: u64) {
    let word = |n: u64| {
        let letter = |n: u64| char::from(b'a' + (n % 20) as u8);
        [n / 8_000, n / 400, n / 20, n]
            .map(letter)
            .iter()
            .collect::<String>()
    };
    for n in 0..teller.about(count) {
        let name = format!("GET /users/{}", word(teller.next(1, 0, names - 1)));
        let root = Act {
            id: teller.next(2, 1, u64::MAX >> 1),
            parent: 0,
            service: "shop",
            what: What::Unrouted { name },
            start: 0,
            end: teller.next(3, 2, 9) * MS,
        };
        teller.acts(n * SECOND / teller.one_in(), &[root], &[]);
    }
}
