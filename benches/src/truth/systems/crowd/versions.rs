//! regression: one version after another, or beside it.

use hotspan_testkit::generator::{Arguments, Leaf, Program, Step, ms, us};

use super::super::{query, served};
use super::{HOUR, Tale, Teller};

const ID: &str = "regression";
const OLD: &str = "1.9.0";
const NEW: &str = "1.10.0";

pub(super) const TALES: &[Tale] = &[
    Tale::fault(ID, "slower-version", |teller| {
        let slow = teller.draw(1, 1_400, 2_500);
        phase(teller, 0, 120, OLD, &home(1_000));
        phase(teller, 2, 120, NEW, &home(slow));
    }),
    Tale::fault(ID, "slower-version-beside-the-old-one", |teller| {
        let slow = teller.draw(1, 1_400, 2_500);
        phase(teller, 0, 120, OLD, &home(1_000));
        phase(teller, 1, 120, NEW, &home(slow));
        phase(teller, 1, 120, OLD, &home(1_000));
    }),
    Tale::fault(ID, "slower-tail", |teller| {
        let slow = teller.draw(1, 3_000, 6_000);
        let tail = |share| {
            let (usual, rare) = (
                Step::Work(ms(20, 30)),
                Step::Work(ms(20 * slow / 1_000, 30 * slow / 1_000)),
            );
            let either = Step::Either(share, Box::new(rare), Box::new(usual));
            served("shop", "/home", vec![query("carts"), either])
        };
        phase(teller, 0, 150, OLD, &tail(0));
        phase(teller, 2, 150, NEW, &tail(400_000));
    }),
    Tale::fault(ID, "a-new-statement", |teller| {
        phase(
            teller,
            0,
            120,
            OLD,
            &served("shop", "/home", vec![Step::Work(ms(4, 9)), query("carts")]),
        );
        let more = [
            query("items"),
            query("prices"),
            query("levels"),
            query("rates"),
            query("names"),
        ];
        let body = [Step::Work(ms(4, 9)), query("carts")].into_iter().chain(more);
        phase(teller, 2, 120, NEW, &served("shop", "/home", body.collect()));
    }),
    Tale::healthy("noise", |teller| {
        phase(teller, 0, 120, OLD, &home(1_000));
        phase(teller, 2, 120, NEW, &home(1_000));
    }),
    Tale::healthy("faster-version", |teller| {
        phase(teller, 0, 120, OLD, &home(1_500));
        phase(teller, 2, 120, NEW, &home(1_000));
    }),
    Tale::healthy("a-slower-day-for-all", |teller| {
        let slow = teller.draw(1, 1_400, 2_500);
        phase(teller, 0, 120, OLD, &home(1_000));
        phase(teller, 3, 60, OLD, &home(slow));
        phase(teller, 3, 120, NEW, &home(slow));
    }),
    Tale::healthy("another-mix-of-requests", |teller| {
        let report = served("shop", "/report", vec![Step::Work(ms(80, 120)), query("ledger")]);
        phase(teller, 0, 150, OLD, &home(1_000));
        phase(teller, 0, 60, OLD, &report);
        phase(teller, 2, 60, NEW, &home(1_000));
        phase(teller, 2, 110, NEW, &report);
    }),
    Tale::healthy("rollout-overlap", |teller| {
        phase(teller, 0, 120, OLD, &home(1_000));
        phase(teller, 1, 120, OLD, &home(1_000));
        phase(teller, 1, 120, NEW, &home(1_000));
    }),
    Tale::healthy("more-load", |teller| {
        let slow = teller.draw(1, 1_400, 2_000);
        phase(teller, 0, 80, OLD, &home(1_000));
        phase(teller, 2, 240, NEW, &home(slow));
    }),
    Tale::healthy("cold-start", |teller| {
        let slow = teller.draw(1, 3_000, 6_000);
        phase(teller, 0, 120, OLD, &home(1_000));
        phase(teller, 2, 10, NEW, &home(slow));
        phase(teller, 2, 120, NEW, &home(1_000));
    }),
];

/// A request whose work takes so many thousandths of what it was.
fn home(thousandths: u64) -> Program {
    let read = Leaf::Query {
        table: "items",
        arguments: Arguments::Bound,
    };
    let body = Step::InTurn(vec![Step::Work(ms(10, 20)), Step::Out(read, us(4_000, 9_000))]);
    let faster = Step::Faster(Box::new(body), thousandths);
    served("shop", "/home", vec![faster, query("carts")])
}

/// So many requests of a version, over the better part of the hour that begins after so many.
fn phase(teller: &mut Teller, hour: u64, count: u64, version: &str, program: &Program) {
    // The tale begins twenty minutes past an hour.
    let from = (hour * HOUR).saturating_sub(if hour == 0 { 0 } else { HOUR / 3 });
    let count = teller.about(count);
    for n in 0..count {
        teller.version(from + n * (HOUR / 2) / count, program, version);
    }
}
