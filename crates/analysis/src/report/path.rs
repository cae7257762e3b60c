//! Where critical-path time goes: by segment and by service, in categories.

use hotspan_model::{Category, Class, Nanos, PathRow, Peer, Report, Symbol};

use crate::context::{Context, Place, decision};
use crate::{Mark, Marks, NONE, Node};

/// Buffers.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Service, and time by category, in order of first use.
    services: Vec<(Symbol, [Nanos; Category::ALL.len()])>,
}

impl Rows {
    pub(super) fn fill(&mut self, cx: Context<'_>, report: &mut Report) {
        self.services.clear();
        let primary = cx.forest.primary();
        // Neighbours are mostly of one segment.
        let (mut known, mut service) = (NONE, 0);
        for (place, (&at, &Place { segment, .. })) in (0..).zip(cx.nodes().iter().zip(cx.places())) {
            let time = cx.paths().own(at);
            if time == Nanos::ZERO || segment == NONE {
                continue;
            }
            let node = cx.forest.node(at);
            let category = category(cx, place, node) as usize;
            let row = &mut report.segments[segment as usize].path[category];
            *row = row.plus(time);
            if Some(node.head) != primary {
                continue;
            }
            if segment != known {
                (known, service) = (segment, self.find(cx.segment(segment).service));
            }
            let sum = &mut self.services[service].1[category];
            *sum = sum.plus(time);
        }
        for &(service, times) in &self.services {
            let filled = Category::ALL
                .into_iter()
                .zip(times)
                .filter(|&(_, time)| time > Nanos::ZERO);
            report.path.extend(filled.map(|(category, time)| PathRow {
                service,
                category,
                time,
            }));
        }
    }

    /// Traces cross few services.
    fn find(&mut self, service: Symbol) -> usize {
        match self.services.iter().rposition(|&(known, _)| known == service) {
            Some(at) => at,
            None => {
                self.services.push((service, [Nanos::ZERO; Category::ALL.len()]));
                self.services.len() - 1
            }
        }
    }
}

fn category(cx: Context<'_>, place: u32, node: &Node) -> Category {
    if node.marks.any(Marks::of([Mark::Phantom, Mark::NoTime])) {
        return Category::Gap;
    }
    match node.class() {
        Class::Db => Category::Db,
        Class::Cache => Category::Cache,
        Class::Call | Class::UnknownOut => match cx.operation_at(place) {
            Some(call) => match decision(call, cx.dictionary).peer {
                Peer::Internal => Category::Internal,
                Peer::ThirdParty => Category::ThirdParty,
                Peer::Datastore => Category::Db,
                Peer::Managed | Peer::External | Peer::Unknown => Category::OwnTime,
            },
            None => Category::OwnTime,
        },
        Class::Internal
        | Class::Server
        | Class::Consumer
        | Class::Wait
        | Class::Connect
        | Class::Checkout
        | Class::DbMeta
        | Class::Publish => Category::OwnTime,
    }
}
