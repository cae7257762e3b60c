//! Where critical paths spend their time: the system, its services, its operations.

use std::cmp::Reverse;

use hotspan_model::{Category, Millionths, Nanos};

use crate::sign::share;
use crate::{Answers, OperationAnswer, ServiceAnswer};

/// Rows of services, and of operations.
const ROWS: usize = 10;

/// Critical-path time by category; `category as usize` is the place.
type Paths = [Nanos; Category::ALL.len()];

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bottleneck<'a> {
    /// The service; empty for the whole system.
    pub service: &'a str,
    /// Its operation; empty for all of them.
    pub operation: &'a str,
    /// Weighted critical-path time of its own spans.
    pub path: Paths,
    /// Its share: of all services for a service, of all operations for an operation.
    pub share: Millionths,
}

/// Where critical paths spend their time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bottlenecks<'a> {
    /// All services together.
    pub system: Bottleneck<'a>,
    /// The dearest, at most 10.
    pub services: Vec<Bottleneck<'a>>,
    /// The dearest, at most 10.
    pub operations: Vec<Bottleneck<'a>>,
}

impl Bottleneck<'_> {
    /// Time in all categories.
    pub fn sum(&self) -> Nanos {
        self.path.iter().fold(Nanos::ZERO, |sum, &part| sum.plus(part))
    }

    /// Share of each category in it.
    pub fn shares(&self) -> [Millionths; Category::ALL.len()] {
        let of_all = self.sum();
        self.path.map(|part| share(part.0.into(), of_all.0.into()))
    }

    /// The category that costs most; the first of equals.
    pub fn largest(&self) -> Category {
        let ranked = Category::ALL.into_iter();
        let largest =
            ranked.max_by_key(|&category| (self.path[category as usize], Reverse(category as usize)));
        largest.unwrap_or(Category::OwnTime)
    }
}

impl<'a> Bottlenecks<'a> {
    pub(super) fn new(answers: &'a Answers) -> Bottlenecks<'a> {
        let services = answers
            .services
            .iter()
            .map(|of: &ServiceAnswer| (of.service.as_str(), "", of.path));
        let operations = answers.operations.iter().map(|of: &OperationAnswer| {
            let (service, operation) = (of.service.as_str(), of.operation.as_str());
            (service, operation, of.path)
        });
        let mut system = [Nanos::ZERO; Category::ALL.len()];
        for of in &answers.services {
            for (sum, part) in system.iter_mut().zip(of.path) {
                *sum = sum.plus(part);
            }
        }
        Bottlenecks {
            system: Bottleneck {
                service: "",
                operation: "",
                path: system,
                share: Millionths::ONE,
            },
            services: dearest(services),
            operations: dearest(operations),
        }
    }
}

/// The rows with the most time, ties by name.
fn dearest<'a>(rows: impl Iterator<Item = (&'a str, &'a str, Paths)>) -> Vec<Bottleneck<'a>> {
    let rows = rows.map(|(service, operation, path)| Bottleneck {
        service,
        operation,
        path,
        share: Millionths(0),
    });
    let mut rows: Vec<Bottleneck<'a>> = rows.filter(|row| row.sum() > Nanos::ZERO).collect();
    let all: u128 = rows.iter().map(|row| u128::from(row.sum().0)).sum();
    for row in &mut rows {
        row.share = share(row.sum().0.into(), all);
    }
    rows.sort_by(|a, b| {
        let more = b.sum().cmp(&a.sum());
        more.then_with(|| (a.service, a.operation).cmp(&(b.service, b.operation)))
    });
    rows.truncate(ROWS);
    rows
}
