//! queue-delay: messages, when they were sent and when they were taken.

use hotspan_testkit::generator::{Act, Leaf, Step, What, us};

use super::super::{query, served};
use super::{HOUR, MS, SECOND, Tale, Teller};

const ID: &str = "queue-delay";

pub(super) const TALES: &[Tale] = &[
    Tale::fault(ID, "lagging-consumers", |teller| {
        let longest = teller.draw(1, 3_000, 9_000);
        messages(teller, 60, |teller| lagging(teller, longest));
    }),
    Tale::fault(ID, "lagging-linked-consumers", |teller| {
        let longest = teller.draw(1, 3_000, 9_000);
        linked(teller, |teller| lagging(teller, longest));
    }),
    Tale::healthy("fast-drain", |teller| {
        messages(teller, 60, |teller| {
            (teller.next(1, 1, 60) * MS, teller.next(2, 20, 200) * MS)
        });
    }),
    Tale::healthy("fast-drain-linked", |teller| {
        linked(teller, |teller| {
            (teller.next(1, 60, 200) * MS, teller.next(2, 20, 200) * MS)
        });
    }),
    Tale::healthy("delayed-on-purpose", |teller| {
        let delay = teller.draw(1, 5_000, 60_000);
        messages(teller, 60, |teller| {
            let late = teller.next(1, 0, delay * 3 / 100);
            ((delay + late) * MS, teller.next(2, 20, 200) * MS)
        });
    }),
    Tale::healthy("delayed-on-purpose-linked", |teller| {
        let delay = teller.draw(1, 5_000, 40_000);
        linked(teller, |teller| {
            let late = teller.next(1, 0, delay * 3 / 100);
            ((delay + late) * MS, teller.next(2, 20, 200) * MS)
        });
    }),
    Tale::healthy("long-work", |teller| {
        messages(teller, 60, |teller| {
            (teller.next(1, 500, 3_000) * MS, teller.next(2, 2_000, 6_000) * MS)
        });
    }),
    Tale::healthy("nightly-batch", nightly),
];

/// Wait and work of a message whose consumers do not keep up.
fn lagging(teller: &Teller, longest: u64) -> (u64, u64) {
    (teller.next(1, 300, longest) * MS, teller.next(2, 30, 250) * MS)
}

/// A request that sends a message at its end, and the span that sends.
fn sender(teller: &Teller) -> Vec<Act> {
    let send = Leaf::Publish {
        topic: "mails",
        messages: 1,
    };
    let body = vec![query("carts"), Step::Out(send, us(1_000, 3_000))];
    teller.simulated(&served("shop", "/buy", body))
}

/// What a consumer does for so long, beginning at `at`.
fn taken(id: u64, parent: u64, links: Vec<(u128, u64)>, (at, work): (u64, u64)) -> [Act; 2] {
    let act = |id, parent, what, start, end| Act {
        id,
        parent,
        service: "mailer",
        what,
        start,
        end,
    };
    let take = What::Consumer {
        topic: "mails",
        links,
    };
    let update = Leaf::Update { table: "mails" };
    let inside = What::Leaf {
        leaf: update,
        item: 3,
    };
    [
        act(id, parent, take, at, at + work),
        act(id + 1, id, inside, at + work / 4, at + work / 2),
    ]
}

fn message(teller: &mut Teller, at: u64, (wait, work): (u64, u64)) {
    if !teller.keeps() {
        teller.told += 1;
        return;
    }
    let mut acts = sender(teller);
    let (id, end) = (acts[acts.len() - 1].id, acts[acts.len() - 1].end);
    acts.extend(taken(id ^ 1 << 40, id, Vec::new(), (end + wait, work)));
    teller.acts(at, &acts, &[]);
}

/// Messages whose consumer goes on with their trace.
fn messages(teller: &mut Teller, count: u64, times: impl Fn(&Teller) -> (u64, u64)) {
    for n in 0..teller.about(count) {
        let times = times(teller);
        message(teller, n * 5 * SECOND / teller.one_in(), times);
    }
}

/// Messages whose consumer begins a trace of its own, and links to the one that sent it. Of a sampled one both must
/// be kept.
fn linked(teller: &mut Teller, times: impl Fn(&Teller) -> (u64, u64)) {
    let one_in = teller.one_in();
    for n in 0..60 * one_in * one_in {
        let (at, (wait, work)) = (n * 5 * SECOND / one_in / one_in, times(teller));
        let trace = teller.id();
        let acts = sender(teller);
        let (id, end) = (acts[acts.len() - 1].id, acts[acts.len() - 1].end);
        teller.acts(at, &acts, &[]);
        let acts = taken(id ^ 1 << 40, 0, vec![(trace, id)], (0, work));
        teller.acts(at + end + wait, &acts, &[]);
    }
}

/// A day of requests whose messages are worked on at night.
fn nightly(teller: &mut Teller) {
    let night = (22 + teller.draw(1, 0, 1)) * HOUR;
    for n in 0..teller.about(72) {
        let at = n * 20 * 60 * SECOND / teller.one_in();
        let program = served("shop", "/browse", vec![query("items")]);
        teller.request(at, &program);
        let wait = night.saturating_sub(at).max(HOUR) + teller.next(1, 0, 20 * 60) * SECOND;
        let work = teller.next(2, 30, 250) * MS;
        if at + wait < night + HOUR {
            message(teller, at, (wait, work));
        }
    }
}
