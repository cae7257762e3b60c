//! Services that cannot live apart, and those that can: tables, calls, seams.

pub(super) mod calls;
pub(super) mod seams;
pub(super) mod tables;

use hotspan_testkit::generator::{Leaf, Program, Step, us};

use super::crowd::{SECOND, Teller};

/// What requests are spread over, so that they are no burst.
const SPAN: u64 = 300 * SECOND;

/// Each program is asked so often that about `count` of its requests are kept.
fn ask(teller: &mut Teller, count: u64, programs: &[Program]) {
    let rounds = teller.about(count);
    for round in 0..rounds {
        for program in programs {
            teller.request(round * SPAN / rounds, program);
        }
    }
}

/// A change of one row of a table.
fn update(table: &'static str) -> Step {
    Step::Out(Leaf::Update { table }, us(700, 2_500))
}

/// Any statement of the database that services share unless they say otherwise.
fn statement(namespace: &'static str, text: &'static str) -> Step {
    Step::Out(Leaf::Statement { namespace, text }, us(700, 2_500))
}

/// Something that nobody asked for.
fn job(service: &'static str, name: &'static str, body: Vec<Step>) -> Program {
    Program {
        service,
        operation: name,
        job: true,
        body,
    }
}
