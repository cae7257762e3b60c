//! broken-propagation: traces that come in pieces, and pieces that never were one.

use hotspan_testkit::generator::{Act, Leaf, Protocol, Step, What, ms, us};

use super::super::{query, served};
use super::{SECOND, Tale, Teller};

const ID: &str = "broken-propagation";

pub(super) const TALES: &[Tale] = &[
    Tale {
        hidden_when_sampled: true,
        ..Tale::fault(ID, "callers-without-spans", without_callers)
    },
    Tale::fault(ID, "torn-by-a-proxy", |teller| by_proxy(teller, Protocol::Http)),
    Tale::fault(ID, "torn-by-a-proxy-rpc", |teller| {
        by_proxy(teller, Protocol::Rpc)
    }),
    Tale::fault(ID, "torn-by-a-thread-pool", by_thread_pool),
    Tale::healthy("unsampled-parents", |teller| {
        teller.noise.threshold = (1 << 56) / 10 * 9;
        without_callers(teller);
    }),
    Tale::healthy("webhooks", webhooks),
    Tale::healthy("job-without-a-root", job_without_root),
    Tale::healthy("polling-workers", |teller| beside(teller, 2 * SECOND, true)),
    Tale::healthy("timers", |teller| beside(teller, 10 * SECOND, true)),
    Tale::healthy("work-of-their-own", |teller| beside(teller, 2 * SECOND, false)),
    Tale::healthy("same-path-elsewhere", same_path),
];

fn call(protocol: Protocol, operation: &'static str) -> Step {
    Step::Call {
        service: "stock",
        operation,
        protocol,
        net: us(200, 900),
        body: vec![Step::Work(ms(3, 9)), query("levels")],
    }
}

/// Calls another company, whose spans are not ours.
fn vendor(path: &'static str) -> Step {
    let leaf = Leaf::Http {
        host: "api.stripe.com",
        method: "POST",
        path,
        with_id: false,
        status: 200,
    };
    Step::Out(leaf, ms(10, 60))
}

fn without_callers(teller: &mut Teller) {
    let lost = teller.draw(1, 300_000, 1_000_000);
    let program = served("gateway", "/home", vec![call(Protocol::Http, "/levels")]);
    for n in 0..teller.about(90) {
        let mut acts = teller.simulated(&program);
        if teller.place.at(2).at(n).chance(lost) {
            acts.retain(|act| act.service != "gateway");
        }
        teller.acts(n * 3 * SECOND / teller.one_in(), &acts, &[]);
    }
}

/// The spans below one of another trace, which so becomes a root.
fn cut(acts: &mut Vec<Act>, at: usize) -> Vec<Act> {
    let mut ids = vec![acts[at].id];
    acts[at].parent = 0;
    let mut piece = vec![acts.remove(at)];
    while let Some(next) = acts.iter().position(|act| ids.contains(&act.parent)) {
        ids.push(acts[next].id);
        piece.push(acts.remove(next));
    }
    piece
}

/// Calls whose callee begins a trace of its own. Of a sampled one both must be kept.
fn by_proxy(teller: &mut Teller, protocol: Protocol) {
    let operation = match protocol {
        Protocol::Http => "/levels",
        Protocol::Rpc => "Stock/Levels",
    };
    let body = vec![Step::Work(ms(1, 9)), call(protocol, operation), query("carts")];
    let (program, one_in) = (served("shop", "/home", body), teller.one_in());
    for n in 0..60 * one_in * one_in {
        let at = n * 5 * SECOND / one_in / one_in + teller.next(1, 0, 9) * SECOND / 20 / one_in;
        let mut acts = teller.simulated(&program);
        let is_callee = |act: &Act| matches!(act.what, What::Server { .. }) && act.service == "stock";
        let callee = acts.iter().position(is_callee).expect("it is called");
        let piece = cut(&mut acts, callee);
        teller.acts(at, &acts, &[]);
        teller.acts(at, &piece, &[]);
    }
}

/// Calls that a thread pool makes for a request, each in a trace of its own.
fn by_thread_pool(teller: &mut Teller) {
    let (calls, one_in) = (teller.draw(1, 1, 3), teller.one_in());
    let mut body = vec![Step::Work(ms(1, 9)), query("carts")];
    body.extend((0..calls).map(|_| vendor("/v1/rates")));
    body.push(Step::Work(ms(1, 9)));
    let program = served("shop", "/home", body);
    for n in 0..60 * one_in * one_in {
        let at = n * 5 * SECOND / one_in / one_in + teller.next(2, 0, 9) * SECOND / 20 / one_in;
        let mut acts = teller.simulated(&program);
        let mut pieces = Vec::new();
        let is_lost = |act: &Act| {
            matches!(
                act.what,
                What::Leaf {
                    leaf: Leaf::Http { .. },
                    ..
                }
            )
        };
        while let Some(lost) = acts.iter().position(is_lost) {
            pieces.push(cut(&mut acts, lost));
        }
        teller.acts(at, &acts, &[]);
        for piece in pieces {
            teller.acts(at, &piece, &[]);
        }
    }
}

/// Another company's callbacks name its spans, which never come.
fn webhooks(teller: &mut Teller) {
    let hook = served(
        "shop",
        "/webhooks/payments",
        vec![Step::Work(ms(1, 4)), query("payments")],
    );
    let home = served("shop", "/home", vec![vendor("/v1/charges"), query("carts")]);
    for n in 0..teller.about(90) {
        let at = n * 3 * SECOND / teller.one_in();
        let mut acts = teller.simulated(&hook);
        acts[0].parent = teller.next(1, 1, u64::MAX >> 1);
        teller.acts(at, &acts, &[]);
        teller.request(at + SECOND / 2, &home);
    }
}

/// A loop that calls others and has no span around it.
fn job_without_root(teller: &mut Teller) {
    let program = served("biller", "-", vec![vendor("/v1/invoices")]);
    for n in 0..teller.about(90) {
        let mut acts = teller.simulated(&program);
        let piece = cut(&mut acts, 1);
        teller.acts(n * 3 * SECOND / teller.one_in(), &piece, &[]);
    }
    for n in 0..teller.about(60) {
        teller.request(
            n * 5 * SECOND / teller.one_in(),
            &served("shop", "/home", vec![query("carts")]),
        );
    }
}

/// A process that answers requests, two fifths of the time, and does something else beside, by the clock or not.
fn beside(teller: &mut Teller, apart: u64, by_the_clock: bool) {
    let (every, one_in) = (2 * SECOND, teller.one_in());
    let body = vec![Step::Work(ms(650, 950)), query("carts")];
    let program = served("shop", "/home", body);
    for n in 0..teller.about(150) {
        let late = teller.next(1, 0, 900) * SECOND / 1_000;
        teller.request(n * every / one_in + late, &program);
    }
    let own = served("shop", "-", vec![vendor("/v1/poll")]);
    for n in 0..300 * SECOND * one_in / apart {
        let late = match by_the_clock {
            true => teller.draw(2, 0, 1_000),
            false => teller.next(2, 0, 1_000),
        };
        let mut acts = teller.simulated(&own);
        let piece = cut(&mut acts, 1);
        teller.acts(n * apart / one_in + late * apart / 1_000, &piece, &[]);
    }
}

/// A service calls a vendor's path that is also ours, which others call without a trace.
fn same_path(teller: &mut Teller) {
    let shop = served("shop", "/home", vec![vendor("/rates"), query("carts")]);
    let rates = served("rates", "/rates", vec![query("rates")]);
    for n in 0..teller.about(90) {
        let at = n * 3 * SECOND / teller.one_in();
        teller.request(at, &shop);
        teller.request(at + teller.next(1, 0, 2_000) * SECOND / 1_000, &rates);
    }
}
