//! Who sent and what recorded the spans of a held trace, each once.

use std::collections::BTreeMap;
use std::sync::Arc;

use hotspan_model::{Around, SpanDetail, SpanId};

use super::{Link, Resource, Scope, Value};
use crate::shape::clean;

/// Most bytes of the resources of one trace; further ones show their service alone.
const BYTES_MAX: usize = 256 << 10;

/// Who sent a span, and what recorded it.
type Source = (Arc<Resource>, Arc<Scope>);
/// A service, and what its resource says.
type Said<'a> = (String, &'a [(String, String)]);

/// What is known of the blocks that the spans came in.
pub(super) struct Sources<'a> {
    details: BTreeMap<SpanId, &'a SpanDetail>,
    /// By service and block, then by content: the requests of one process say the same.
    by_block: BTreeMap<(String, *const Around), Source>,
    resources: BTreeMap<Said<'a>, Arc<Resource>>,
    scopes: BTreeMap<(&'a str, &'a str), Arc<Scope>>,
    bytes: usize,
}

impl<'a> Sources<'a> {
    pub(super) fn new(details: &'a [SpanDetail]) -> Sources<'a> {
        let details = details.iter().filter_map(|detail| Some((detail.span?, detail)));
        Sources {
            details: details.collect(),
            by_block: BTreeMap::new(),
            resources: BTreeMap::new(),
            scopes: BTreeMap::new(),
            bytes: 0,
        }
    }

    /// The resource and the scope of a span of `service`.
    pub(super) fn of(&mut self, span: SpanId, service: String) -> Source {
        let around = self.details.get(&span).map(|detail| &*detail.around);
        let block = around.map_or(std::ptr::null(), std::ptr::from_ref);
        let key = (service, block);
        if let Some(known) = self.by_block.get(&key) {
            return known.clone();
        }
        let found = (self.resource(&key.0, around), self.scope(around));
        self.by_block.insert(key, found.clone());
        found
    }

    /// What a span links to.
    pub(super) fn links(&self, span: SpanId) -> Vec<Link> {
        let links = self
            .details
            .get(&span)
            .into_iter()
            .flat_map(|detail| &detail.links);
        let links = links.map(|link| Link {
            trace: link.trace,
            span: link.span,
            attributes: Vec::new(),
        });
        links.collect()
    }

    fn resource(&mut self, service: &str, around: Option<&'a Around>) -> Arc<Resource> {
        let given = around.map_or(&[][..], |around| &around.resource);
        let key = (service.to_owned(), given);
        if let Some(known) = self.resources.get(&key) {
            return Arc::clone(known);
        }
        let weight: usize = given.iter().map(|(key, value)| key.len() + value.len()).sum();
        self.bytes += weight;
        let shown = if self.bytes <= BYTES_MAX { given } else { &[] };
        let attributes = shown.iter().filter(|(key, _)| key != "service.name");
        let resource = Arc::new(Resource {
            service: service.to_owned(),
            attributes: attributes
                .map(|(key, value)| (clean(key), Value::Text(clean(value))))
                .collect(),
        });
        self.resources.insert(key, Arc::clone(&resource));
        resource
    }

    fn scope(&mut self, around: Option<&'a Around>) -> Arc<Scope> {
        let key = around.map_or(("", ""), |around| (&around.scope, &around.scope_version));
        let scope = self.scopes.entry(key).or_insert_with(|| {
            Arc::new(Scope {
                name: clean(key.0),
                version: clean(key.1),
            })
        });
        Arc::clone(scope)
    }
}
