//! Services, operations, edges, companies.

use serde::Serialize;

use super::coverage;
use crate::View;
use crate::ask::{PageOf, RowFilter};
use crate::shape::{
    Dependency, DependencyList, Operation, OperationList, Sender, Service, ServiceList, ThirdParty,
    ThirdPartyList,
};

/// A page of services, by name.
pub(crate) fn services(view: &View, filter: &RowFilter) -> ServiceList {
    let rows = view
        .answers
        .services
        .iter()
        .filter(|row| filter.matches([row.service.as_str()]));
    let page = filter.page.page(
        rows,
        |row| key([&row.service]),
        |row| Service {
            senders: senders(view, &row.service),
            ..Service::from(*row)
        },
    );
    ServiceList {
        services: page.rows,
        total: page.total,
        next_cursor: page.next_cursor,
        truncated: page.truncated,
        coverage: coverage(view),
    }
}

/// Who sends the spans of a service.
fn senders(view: &View, service: &str) -> Vec<Sender> {
    let all = &view.status.senders;
    let first = all.partition_point(|of| of.says.service.as_str() < service);
    let of_service = all[first..].iter().take_while(|of| of.says.service == service);
    of_service.map(Sender::from).collect()
}

/// A page of segment operations, by service and name.
pub(crate) fn operations(view: &View, filter: &RowFilter) -> OperationList {
    let rows = view
        .answers
        .operations
        .iter()
        .filter(|row| filter.matches([row.service.as_str()]));
    let page = filter.page.page(
        rows,
        |row| key([&row.service, &row.operation]),
        |row| Operation::from(*row),
    );
    OperationList {
        operations: page.rows,
        total: page.total,
        next_cursor: page.next_cursor,
        truncated: page.truncated,
        coverage: coverage(view),
    }
}

/// A page of edges, by caller and callee.
pub(crate) fn dependencies(view: &View, filter: &RowFilter) -> DependencyList {
    let page = dependency_rows(view, filter, |edge| edge);
    DependencyList {
        dependencies: page.rows,
        total: page.total,
        next_cursor: page.next_cursor,
        truncated: page.truncated,
        coverage: coverage(view),
    }
}

/// The same page with rows that are made of its rows.
pub(crate) fn dependency_rows<T: Serialize>(
    view: &View,
    filter: &RowFilter,
    row: impl Fn(Dependency) -> T,
) -> PageOf<T> {
    let ends = view.answers.dependencies.iter();
    let rows = ends.filter(|row| filter.matches([row.from.as_str(), row.to.as_str()]));
    filter.page.page(
        rows,
        |row| key([&row.from, &row.to, row.class.name(), &row.system, row.peer.name()]),
        |edge| row(Dependency::from(*edge)),
    )
}

/// A page of the companies that are called, by domain.
pub(crate) fn third_parties(view: &View, filter: &RowFilter) -> ThirdPartyList {
    let page = third_party_rows(view, filter, |company| company);
    ThirdPartyList {
        third_parties: page.rows,
        total: page.total,
        next_cursor: page.next_cursor,
        truncated: page.truncated,
        coverage: coverage(view),
    }
}

/// The same page with rows that are made of its rows.
pub(crate) fn third_party_rows<T: Serialize>(
    view: &View,
    filter: &RowFilter,
    row: impl Fn(ThirdParty) -> T,
) -> PageOf<T> {
    let callers = view.answers.third_parties.iter();
    let rows = callers.filter(|row| filter.matches(row.services.iter().map(String::as_str)));
    filter.page.page(
        rows,
        |row| key([&row.domain]),
        |company| row(ThirdParty::from(*company)),
    )
}

/// Names in order as one text that sorts like them.
fn key<const N: usize>(names: [&str; N]) -> String {
    names.join("\u{0}")
}
