//! Systems of several operations, whose faults show in no single trace, beside healthy ones that look like them.

use super::program::{Arguments, Leaf, Protocol, Step, us};
use super::rng::Place;
use super::scenarios::{Case, query};
use super::simulate::Program;
use super::wire::{Generation, Noise};
use super::{Operation, placed};

/// A system.
#[derive(Clone, Debug)]
pub struct System {
    /// What it was drawn from.
    pub name: &'static str,
    /// The detector that must speak; none for a healthy one.
    pub fault: Option<&'static str>,
    /// What it answers; each is asked as often.
    pub operations: Vec<Operation>,
}

/// What a system is drawn from.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Its name.
    pub name: &'static str,
    fault: Option<&'static str>,
    programs: fn(Place) -> Vec<Program>,
}

/// A faulty system and a look-alike or two for each fault.
pub const SYSTEMS: &[Plan] = &[
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
    Plan {
        name: "missing-cache",
        fault: Some("missing-cache"),
        programs: |place| vec![settings(place, Arguments::Equal)],
    },
    Plan {
        name: "distinct-reads",
        fault: None,
        programs: |place| vec![settings(place, Arguments::Inlined)],
    },
    Plan {
        name: "written-reads",
        fault: None,
        programs: |place| vec![settings(place, Arguments::Equal), change("settings")],
    },
];

impl System {
    /// Draws a system.
    pub fn draw(plan: &Plan, seed: u64, generation: Generation, noise: Noise) -> System {
        let place = placed(plan.name, seed);
        let operation = |(n, program)| Operation {
            scenario: plan.name,
            case: Case {
                program,
                repaired: None,
                fault: None,
            },
            generation,
            noise,
            place: place.at(n),
        };
        System {
            name: plan.name,
            fault: plan.fault,
            operations: (0..).zip((plan.programs)(place)).map(operation).collect(),
        }
    }
}

fn served(service: &'static str, operation: &'static str, body: Vec<Step>) -> Program {
    Program {
        service,
        operation,
        job: false,
        body,
    }
}

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

/// A request that reads settings: one row for all, or each its own.
fn settings(place: Place, arguments: Arguments) -> Program {
    let length = us(2_000, 2_000 + place.at(3).within(500, 4_000));
    let read = Step::Out(
        Leaf::Query {
            table: "settings",
            arguments,
        },
        length,
    );
    let own = Step::Each {
        items: (1, 1),
        step: Box::new(read),
        wrapped: None,
        gap: us(0, 0),
        parallel: false,
    };
    served(
        "profile",
        "/profile",
        vec![Step::Work(us(300, 900)), own, query("sessions")],
    )
}

fn change(table: &'static str) -> Program {
    let write = Step::Out(Leaf::Update { table }, us(800, 2_000));
    served("profile", "/profile/edit", vec![Step::Work(us(300, 900)), write])
}
