//! seam-candidate: large services whose operations keep to their tables, and those whose do not.

use hotspan_testkit::generator::{Step, us};

use super::super::crowd::{HOUR, SECOND, Tale, Teller};
use super::super::{query, served};

const ID: &str = "seam-candidate";

pub(in super::super) const TALES: &[Tale] = &[
    Tale::fault(ID, "seam", |teller| {
        let foreign = teller.draw(1, 0, 3);
        tell(teller, &Monolith { foreign, ..SEAM });
    }),
    Tale::fault(ID, "seam-under-sessions", |teller| {
        tell(
            teller,
            &Monolith {
                sessions: true,
                ..SEAM
            },
        );
    }),
    Tale::healthy("no-seam", |teller| {
        tell(teller, &Monolith { groups: 1, ..SEAM });
    }),
    Tale::healthy("no-seam-under-sessions", |teller| {
        tell(
            teller,
            &Monolith {
                groups: 1,
                sessions: true,
                ..SEAM
            },
        );
    }),
    Tale::healthy("seam-of-a-day", |teller| {
        tell(teller, &Monolith { days: 1, ..SEAM });
    }),
    Tale::healthy("small-service", |teller| {
        tell(
            teller,
            &Monolith {
                operations: 12,
                ..SEAM
            },
        );
    }),
];

const SEAM: Monolith = Monolith {
    groups: 2,
    operations: 24,
    sessions: false,
    foreign: 0,
    days: 2,
};

/// A large service.
struct Monolith {
    /// Its tables fall into so many groups, and its operations too.
    groups: u64,
    operations: u64,
    /// Every operation looks up its session.
    sessions: bool,
    /// So many of a hundred statements reach into another group.
    foreign: u64,
    days: u64,
}

/// What it answers.
const OPERATIONS: [&str; 24] = [
    "/a/1", "/a/2", "/a/3", "/a/4", "/a/5", "/a/6", "/a/7", "/a/8", "/a/9", "/a/10", "/a/11", "/a/12",
    "/b/1", "/b/2", "/b/3", "/b/4", "/b/5", "/b/6", "/b/7", "/b/8", "/b/9", "/b/10", "/b/11", "/b/12",
];
const TABLES: [&str; 12] = [
    "items", "labels", "prices", "images", "stock", "shelves", "parcels", "routes", "drivers", "depots",
    "fees", "zones",
];
/// Requests of each operation on a day, all days together: more than a thousand of all.
const REQUESTS: u64 = 50;

/// Every operation is asked as often, and uses two tables of its group.
fn tell(teller: &mut Teller, of: &Monolith) {
    let rounds = teller.about(REQUESTS) / of.days;
    let (each, size) = (of.operations / of.groups, TABLES.len() as u64 / of.groups);
    for at in 0..of.days * rounds {
        let time = at / rounds * 24 * HOUR + at % rounds * SECOND;
        for operation in 0..of.operations {
            let own = operation / each;
            let mut body = vec![Step::Work(us(300, 900))];
            if of.sessions {
                body.push(query("user_sessions"));
            }
            for k in 0..2 {
                let strays = teller.next(10 + k, 0, 99) < of.foreign;
                let group = if strays { (own + 1) % of.groups } else { own };
                let table = group * size + teller.next(20 + k, 0, size - 1);
                body.push(query(TABLES[table as usize]));
            }
            let route = OPERATIONS[operation as usize];
            teller.request(time, &served("monolith", route, body));
        }
    }
}
