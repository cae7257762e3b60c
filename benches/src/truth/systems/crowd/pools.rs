//! pool-exhausted: a pool with so many connections, second by second.

use hotspan_testkit::generator::{Act, Arguments, Leaf, Protocol, What};

use super::{MS, SECOND, Tale, Teller};

const ID: &str = "pool-exhausted";

pub(super) const TALES: &[Tale] = &[
    Tale::fault(ID, "pool-exhausted", |teller| {
        let pool = Pool::draw(teller);
        queued(teller, pool, "i-1");
    }),
    Tale::fault(ID, "pool-exhausted-in-one-instance", |teller| {
        let pool = Pool::draw(teller);
        queued(teller, pool, "i-1");
        let idle = Pool {
            size: pool.size * 20,
            ..pool
        };
        queued(teller, idle, "i-2");
    }),
    Tale::healthy("pool-small-waits", |teller| {
        waits(teller, |teller, _, _| teller.next(1, 20_000, 300_000));
    }),
    Tale::healthy("pool-waits-without-load", |teller| {
        waits(teller, |teller, _, _| teller.next(1, 0, 400) * MS);
    }),
    Tale::healthy("pool-cold-start", |teller| {
        waits(teller, |teller, second, _| match second < 3 {
            true => teller.next(1, 200, 900) * MS,
            false => teller.next(1, 10_000, 90_000),
        });
    }),
    Tale::healthy("pool-waits-that-grow-a-little", |teller| {
        // A tenth of the request at most, and less when nobody else is there.
        waits(teller, |teller, _, load| {
            (load * teller.next(1, 800, 1_200) * 1_000).min(30 * MS)
        });
    }),
];

/// How many connections there are, and how long a statement holds one.
#[derive(Clone, Copy)]
struct Pool {
    size: u64,
    hold: u64,
}

impl Pool {
    fn draw(teller: &Teller) -> Pool {
        Pool {
            size: teller.draw(1, 2, 4) * teller.one_in(),
            hold: teller.draw(2, 300, 700) * MS,
        }
    }
}

/// Requests for a minute and a half that share a pool: sometimes more than it can serve, sometimes fewer.
fn queued(teller: &mut Teller, pool: Pool, instance: &str) {
    let mut free = vec![0_u64; pool.size as usize];
    let each = SECOND * 1_000 / (pool.size * SECOND / pool.hold).max(1) / 1_000;
    let mut at = 0;
    while at < 90 * SECOND {
        // In thousandths of what the pool can serve: each quarter of a minute another.
        let share = teller.place.at(7).at(at / (15 * SECOND)).within(200, 1_500);
        at += each * 1_000 / share * teller.next(3, 500, 1_500) / 1_000;
        let next = free.iter_mut().min().expect("a pool has connections");
        let start = at.max(*next);
        let hold = pool.hold * teller.next(4, 700, 1_300) / 1_000;
        *next = start + hold;
        request(teller, at, start - at, hold, instance);
    }
}

/// Requests for a minute, more in some seconds than in others, each of which waits as told.
fn waits(teller: &mut Teller, wait: fn(&Teller, u64, u64) -> u64) {
    for second in 0..60 {
        let load = teller.place.at(8).at(second).within(1, 9);
        for n in 0..teller.about(load) {
            let at = second * SECOND + n * SECOND / teller.about(load);
            let (wait, hold) = (wait(teller, second, load), teller.next(2, 200, 500) * MS);
            request(teller, at, wait, hold, "i-1");
        }
    }
}

fn request(teller: &mut Teller, at: u64, wait: u64, hold: u64, instance: &str) {
    if !teller.keeps() {
        teller.told += 1;
        return;
    }
    let own = teller.next(5, 1, 20) * MS;
    let act = |id, parent, what, start, end| Act {
        id,
        parent,
        service: "orders",
        what,
        start,
        end,
    };
    let leaf = |leaf| What::Leaf { leaf, item: 1 };
    let id = teller.next(6, 1, u64::MAX >> 2);
    let root = What::Server {
        operation: "/orders",
        protocol: Protocol::Http,
    };
    let query = Leaf::Query {
        table: "orders",
        arguments: Arguments::Bound,
    };
    let (taken, done) = (own + wait, own + wait + hold);
    let acts = [
        act(id, 0, root, 0, done + own),
        act(id + 1, id, leaf(Leaf::Checkout), own, taken),
        act(id + 2, id, leaf(query), taken, done),
    ];
    teller.acts(at, &acts, &[("host.name", instance)]);
}
