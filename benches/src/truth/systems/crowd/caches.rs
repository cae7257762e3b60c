//! missing-cache: the same answers, again and again, or only nearly so.

use hotspan_testkit::generator::{Arguments, Leaf, Step, What, ms, us};

use super::super::{query, served};
use super::{SECOND, Tale, Teller};

const ID: &str = "missing-cache";

pub(super) const TALES: &[Tale] = &[
    Tale::fault(ID, "same-resource", |teller| {
        let few = teller.draw(1, 1, 4);
        reads(teller, 40, |teller| teller.next(1, 100, 99 + few));
    }),
    Tale::fault(ID, "same-rows-seldom", |teller| {
        // Two dozen in eight minutes, wherever the clock's ten minutes begin.
        let body = vec![Step::Work(us(300, 900)), settings(), query("sessions")];
        let from = teller.draw(1, 0, 600);
        for n in 0..teller.about(24) {
            let at = from * SECOND + n * 20 * SECOND / teller.one_in();
            teller.request(at, &served("profile", "/profile", body.clone()));
        }
    }),
    Tale::healthy("own-resources", |teller| {
        reads(teller, 40, |teller| teller.next(1, 1_000, 900_000))
    }),
    Tale::healthy("changed-resources", |teller| {
        reads(teller, 40, |_| 100);
        let body = vec![resource("PUT")];
        for n in 0..teller.about(10) {
            let at = n * 40 * SECOND / teller.one_in();
            teller.request(at, &served("admin", "/edit", body.clone()));
        }
    }),
    Tale::healthy("written-every-minute", |teller| {
        let read = vec![Step::Work(us(300, 900)), settings(), query("sessions")];
        let write = vec![Step::Out(Leaf::Update { table: "settings" }, us(800, 2_000))];
        for n in 0..teller.about(60) {
            let at = n * 10 * SECOND / teller.one_in();
            teller.request(at, &served("profile", "/profile", read.clone()));
        }
        for n in 0..teller.about(10) {
            let at = n * 60 * SECOND / teller.one_in();
            teller.request(at, &served("admin", "/edit", write.clone()));
        }
    }),
    Tale::healthy("checks-read-the-same", |teller| {
        let body = vec![settings()];
        for n in 0..teller.about(60) {
            let at = n * 10 * SECOND / teller.one_in();
            teller.request(at, &served("profile", "/healthz", body.clone()));
        }
    }),
];

fn settings() -> Step {
    let read = Leaf::Query {
        table: "settings",
        arguments: Arguments::Equal,
    };
    Step::Out(read, ms(3, 9))
}

fn resource(method: &'static str) -> Step {
    let leaf = Leaf::Http {
        host: "api.stripe.com",
        method,
        path: "/v1/rates",
        with_id: true,
        status: 200,
    };
    Step::Out(leaf, ms(5, 30))
}

/// Requests each of which gets the resource that `which` says.
fn reads(teller: &mut Teller, count: u64, which: impl Fn(&Teller) -> u64) {
    let program = served(
        "shop",
        "/home",
        vec![Step::Work(us(300, 900)), resource("GET"), query("carts")],
    );
    for n in 0..teller.about(count) {
        let mut acts = teller.simulated(&program);
        for act in &mut acts {
            if let What::Leaf {
                leaf: Leaf::Http { .. },
                item,
            } = &mut act.what
            {
                *item = which(teller);
            }
        }
        teller.acts(n * 10 * SECOND / teller.one_in(), &acts, &[]);
    }
}
