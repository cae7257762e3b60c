//! Spans by who sent and what recorded them, as OTLP nests them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Resource, Scope, Span};

/// The spans of one resource.
pub(crate) struct OfResource<'a> {
    pub(crate) resource: &'a Resource,
    pub(crate) scopes: Vec<OfScope<'a>>,
}

/// Those of one scope in it.
pub(crate) struct OfScope<'a> {
    pub(crate) scope: &'a Scope,
    pub(crate) spans: Vec<&'a Span>,
}

/// Groups in order of their first spans.
pub(crate) fn grouped<'a>(spans: impl IntoIterator<Item = &'a Span>) -> Vec<OfResource<'a>> {
    let mut groups: Vec<OfResource<'a>> = Vec::new();
    // Places by address: the same resource is one allocation.
    let mut resources = BTreeMap::new();
    let mut scopes = BTreeMap::new();
    for span in spans {
        let at = *resources.entry(Arc::as_ptr(&span.resource)).or_insert_with(|| {
            groups.push(OfResource {
                resource: &span.resource,
                scopes: Vec::new(),
            });
            groups.len() - 1
        });
        let of_resource = &mut groups[at].scopes;
        let at = *scopes.entry((at, Arc::as_ptr(&span.scope))).or_insert_with(|| {
            of_resource.push(OfScope {
                scope: &span.scope,
                spans: Vec::new(),
            });
            of_resource.len() - 1
        });
        of_resource[at].spans.push(span);
    }
    groups
}
