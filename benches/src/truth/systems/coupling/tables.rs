//! shared-table and shared-database: who reads and writes what, and where.

use hotspan_testkit::generator::{Leaf, Program, Step, us};

use super::super::crowd::{Tale, Teller};
use super::super::{query, served};
use super::{SPAN, ask, job, statement, update};

const TABLE: &str = "shared-table";
const DATABASE: &str = "shared-database";

pub(in super::super) const TALES: &[Tale] = &[
    Tale::fault(TABLE, "two-writers", |teller| {
        two(teller, "stock_levels", "stock_levels")
    }),
    Tale::fault(TABLE, "behind-the-back", |teller| {
        let body = vec![query("items"), update("boxes")];
        let reader = served("shipping", "/parcels", body);
        ask(teller, 40, &[owner("items"), reader]);
    }),
    Tale::fault(TABLE, "behind-the-back-from-elsewhere", |teller| {
        let own = statement("shipping", "UPDATE parcels SET state = 3 WHERE id = 7");
        let reader = served("shipping", "/parcels", vec![query("items"), own]);
        ask(teller, 40, &[owner("items"), reader]);
    }),
    Tale::healthy("own-tables", |teller| two(teller, "order_rows", "parcels")),
    Tale::healthy("append-only", append_only),
    Tale::healthy("outbox", outbox),
    Tale::healthy("reporting", |teller| {
        let reports = served("reports", "/monthly", vec![query("items"), query("orders")]);
        ask(teller, 40, &[owner("items"), reports]);
    }),
    Tale::healthy("two-names", |teller| {
        let programs = ["orders", "orders-blue"].map(|service| {
            let read = served(service, "/orders", vec![query("orders")]);
            [read, served(service, "/orders/edit", vec![update("orders")])]
        });
        ask(teller, 40, &programs.concat());
    }),
    Tale::healthy("written-by-a-job", |teller| {
        let nightly = job("cleanup", "nightly", vec![update("items")]);
        ask(teller, 40, &[owner("items"), nightly]);
    }),
    Tale::healthy("written-by-its-tool", |teller| {
        let tool = served("shop-admin", "/items/edit", vec![update("items")]);
        ask(teller, 40, &[owner("items"), tool]);
    }),
    Tale::fault(DATABASE, "shared-database", |teller| {
        let count = teller.draw(1, 3, 5);
        ask(teller, 40, &users(count));
    }),
    Tale::fault(DATABASE, "shared-reference-data", |teller| {
        let mut programs = users(3);
        for program in &mut programs {
            program.body.push(query("countries"));
        }
        ask(teller, 40, &programs);
    }),
    Tale::healthy("two-users", |teller| ask(teller, 40, &users(2))),
    Tale::healthy("many-instances", |teller| {
        let program = &users(1)[0];
        told(teller, 120, program, |n| {
            ("service.instance.id", INSTANCES[n % 4])
        });
    }),
    Tale::healthy("many-namespaces", |teller| {
        let programs = NAMESPACES.map(|(service, text)| {
            let read = statement(service, text);
            served(service, "/list", vec![Step::Work(us(300, 900)), read])
        });
        ask(teller, 40, &programs);
    }),
    Tale::healthy("jobs", |teller| {
        let jobs = ["cleanup", "export"].map(|name| job(name, "nightly", vec![query("orders")]));
        ask(teller, 40, &[users(2).as_slice(), &jobs].concat());
    }),
    Tale::healthy("probed-worker", |teller| {
        let work = job("mailer", "send", vec![query("mails")]);
        let probe = served("mailer", "/healthz", vec![query("mails")]);
        ask(teller, 40, &[users(2).as_slice(), &[work, probe]].concat());
    }),
    Tale::healthy("shared-cache", |teller| {
        let programs = SERVICES.map(|(service, _)| {
            let read = Step::Out(Leaf::CacheGet { prefix: "session" }, us(200, 600));
            served(service, "/list", vec![Step::Work(us(300, 900)), read])
        });
        ask(teller, 40, &programs);
    }),
    Tale::healthy("one-team", |teller| {
        for program in &users(3) {
            told(teller, 40, program, |_| ("service.namespace", "sales"));
        }
        let other = served("search", "/find", vec![Step::Work(us(300, 900))]);
        told(teller, 40, &other, |_| ("service.namespace", "search"));
    }),
];

const INSTANCES: [&str; 4] = ["i-1", "i-2", "i-3", "i-4"];

/// Services, and a table of each.
const SERVICES: [(&str, &str); 5] = [
    ("orders", "order_rows"),
    ("shipping", "parcels"),
    ("billing", "invoices"),
    ("search", "documents"),
    ("mail", "mails"),
];

/// Services with a namespace each on one server.
const NAMESPACES: [(&str, &str); 4] = [
    ("orders", "SELECT id FROM items WHERE id = $1"),
    ("shipping", "SELECT id FROM parcels WHERE id = $1"),
    ("billing", "SELECT id FROM invoices WHERE id = $1"),
    ("search", "SELECT id FROM documents WHERE id = $1"),
];

/// So many services that keep to their own tables in one database.
fn users(count: u64) -> Vec<Program> {
    let of = |&(service, table)| {
        served(
            service,
            "/list",
            vec![Step::Work(us(300, 900)), query(table), update(table)],
        )
    };
    SERVICES.iter().take(count as usize).map(of).collect()
}

/// Requests whose senders have an attribute that differs from one to the next.
fn told(
    teller: &mut Teller,
    count: u64,
    program: &Program,
    attribute: impl Fn(usize) -> (&'static str, &'static str),
) {
    let rounds = teller.about(count);
    for round in 0..rounds {
        let acts = teller.simulated(program);
        teller.acts(round * SPAN / rounds, &acts, &[attribute(round as usize)]);
    }
}

/// Two services that each change a table of one database.
fn two(teller: &mut Teller, first: &'static str, second: &'static str) {
    let programs =
        [("orders", "/orders", first), ("shipping", "/parcels", second)].map(|(service, route, table)| {
            let body = vec![Step::Work(us(300, 900)), query("sessions"), update(table)];
            served(service, route, body)
        });
    ask(teller, 40, &programs);
}

/// The service that a table belongs to.
fn owner(table: &'static str) -> Program {
    served(
        "orders",
        "/orders",
        vec![Step::Work(us(300, 900)), query(table), update(table)],
    )
}

/// Lines that services add, and one of them reads.
fn append_only(teller: &mut Teller) {
    let add = |table| Step::Out(Leaf::Insert { table }, us(700, 2_500));
    let orders = served(
        "orders",
        "/orders",
        vec![update("orders"), add("audit_log"), add("lines")],
    );
    let shipping = served(
        "shipping",
        "/parcels",
        vec![update("parcels"), add("audit_log"), add("lines")],
    );
    let history = served("shipping", "/history", vec![query("audit_log")]);
    ask(teller, 40, &[orders, shipping, history]);
}

/// Rows that one service adds for another one to take.
fn outbox(teller: &mut Teller) {
    let add = Step::Out(Leaf::Insert { table: "outbox" }, us(700, 2_500));
    let orders = served("orders", "/orders", vec![update("orders"), add]);
    let take = statement("shop", "DELETE FROM outbox WHERE id = 7");
    let relay = served("relay", "/tick", vec![query("outbox"), take]);
    ask(teller, 40, &[orders, relay]);
}
