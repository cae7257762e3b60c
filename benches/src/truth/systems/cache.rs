//! Reads that many requests share: a cache that is missing.

use hotspan_testkit::generator::{Arguments, Leaf, Place, Program, Step, us};

use super::{Plan, query, served};

pub(super) const PLANS: &[Plan] = &[
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
