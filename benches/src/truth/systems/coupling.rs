//! Services that cannot live apart: shared tables, conversations.

use hotspan_testkit::generator::{Leaf, Place, Program, Protocol, Step, us};

use super::{Plan, query, served};

pub(super) const PLANS: &[Plan] = &[
    Plan {
        name: "shared-table",
        fault: Some("shared-table"),
        programs: |place| two_writers(place, "stock_levels", "stock_levels"),
    },
    Plan {
        name: "own-tables",
        fault: None,
        programs: |place| two_writers(place, "order_rows", "parcels"),
    },
    Plan {
        name: "chatty-pair",
        fault: Some("chatty-pair"),
        programs: |place| conversation(place, place.at(1).within(3, 4)),
    },
    Plan {
        name: "coarse-pair",
        fault: None,
        programs: |place| conversation(place, 1),
    },
];

/// Two services that each change a table of one database.
fn two_writers(place: Place, first: &'static str, second: &'static str) -> Vec<Program> {
    let length = us(700, 700 + place.at(1).within(200, 2_000));
    let writes = |table| {
        vec![
            Step::Work(us(300, 900)),
            query("sessions"),
            Step::Out(Leaf::Update { table }, length),
        ]
    };
    vec![
        served("orders", "/orders", writes(first)),
        served("shipping", "/parcels", writes(second)),
    ]
}

/// One service asks another three things, so many times each.
fn conversation(place: Place, times: u64) -> Vec<Program> {
    let net = place.at(2).within(300, 700);
    let ask = |operation| Step::Call {
        service: "catalog",
        operation,
        protocol: Protocol::Http,
        net: us(net, net + 200),
        body: vec![Step::Work(us(200, 500))],
    };
    let round = || ["/names", "/stock", "/prices"].map(ask);
    let asked = (0..times).flat_map(|_| round());
    vec![served("storefront", "/home", asked.collect())]
}
