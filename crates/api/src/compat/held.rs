//! What is held: single traces by id, services, operations.

use std::collections::BTreeSet;

use hotspan_model::{Kind, TraceId};

use super::Trace;
use crate::shape::{self, clean};
use crate::{Backend, View};

/// Most names of one list.
const NAMES_MAX: usize = 10_000;
/// Most bytes of attributes and events of a single trace; as tags, small ones weigh four times as much.
const DETAIL_BYTES_MAX: usize = 1 << 20;

/// One trace, as far as anybody holds it.
pub(crate) async fn held(backend: &dyn Backend, id: TraceId) -> Option<Trace> {
    let (view, details) = backend.trace(id).await?;
    Some(Trace::new(&view, &details, shape::SPANS_MAX, DETAIL_BYTES_MAX))
}

/// Names of services, sorted.
pub(crate) fn services(view: &View) -> Vec<String> {
    let names = view.answers.services.iter().map(|row| clean(&row.service));
    let names: BTreeSet<String> = names.take(NAMES_MAX).collect();
    names.into_iter().collect()
}

/// Operations of a service with their kinds, sorted: those of held traces, which a search finds, and those that were
/// judged, whose kind no list keeps and which answer requests.
pub(crate) async fn operations(backend: &dyn Backend, service: &str) -> Vec<(String, Kind)> {
    let outlines = backend.held().await;
    let of_held = outlines.into_iter().flat_map(|outline| outline.operations);
    let of_held = of_held.filter(|(owner, ..)| clean(owner) == service);
    let mut operations: BTreeSet<(String, Kind)> = of_held
        .map(|(_, operation, kind)| (clean(&operation), kind))
        .collect();
    let view = backend.view();
    let judged = view.answers.operations.iter();
    for row in judged.filter(|row| clean(&row.service) == service) {
        let name = clean(&row.operation);
        let known = operations.range((name.clone(), Kind::Unspecified)..).next();
        if known.is_none_or(|(other, _)| *other != name) {
            operations.insert((name, Kind::Server));
        }
    }
    operations.into_iter().take(NAMES_MAX).collect()
}
