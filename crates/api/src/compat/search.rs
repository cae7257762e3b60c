//! Searches over the held traces: newest first, under a budget.

use hotspan_model::Kind;
use http::{HeaderName, HeaderValue};

use super::{Span, Trace};
use crate::shape::clean;
use crate::{Backend, Outline};

/// Most spans that one search looks at: some tens of milliseconds of analysis.
const SPANS_MAX: usize = 10_000;
/// Most bytes of the traces of one answer, nearly.
pub(crate) const BYTES_MAX: usize = 6 << 20;
/// Most spans of one found trace, and most bytes of their attributes.
const OF_ONE_MAX: (usize, usize) = (2_000, 512 << 10);

/// Says that a search was cut by its budget, in answers whose shape has no place for it.
static TRUNCATED: HeaderName = HeaderName::from_static("hotspan-truncated");

/// What is told from a trace's outline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// It ends no earlier: nanoseconds since 1970.
    pub(crate) from: Option<u64>,
    /// It starts no later: nanoseconds since 1970.
    pub(crate) to: Option<u64>,
    /// A span of this service.
    pub(crate) service: Option<String>,
    /// With this operation.
    pub(crate) operation: Option<String>,
    /// And this kind.
    pub(crate) kind: Option<Kind>,
}

/// What a search found.
#[derive(Debug, Default)]
pub(crate) struct Found<T> {
    /// Newest first.
    pub(crate) found: Vec<T>,
    /// How many traces were read for it.
    pub(crate) looked_at: u32,
    /// More would have been looked at than one search may.
    pub(crate) truncated: bool,
}

impl Wanted {
    /// Whether a trace of this outline can be wanted.
    fn may_match(&self, of: &Outline) -> bool {
        let after = self.from.is_none_or(|from| from <= of.end.0);
        let before = self.to.is_none_or(|to| of.start.0 <= to);
        let whole = of.operations.len() == Outline::OPERATIONS_MAX;
        after && before && (whole || of.operations.iter().any(|names| self.names(names)))
    }

    fn names(&self, (service, operation, kind): &(String, String, Kind)) -> bool {
        let same = |wanted: &Option<String>, name: &str| wanted.as_ref().is_none_or(|of| *of == clean(name));
        self.kind.is_none_or(|wanted| wanted == *kind)
            && same(&self.service, service)
            && same(&self.operation, operation)
    }

    /// Whether a span has the service, the operation and the kind.
    pub(crate) fn matches(&self, span: &Span) -> bool {
        let same = |wanted: &Option<String>, name: &String| wanted.as_ref().is_none_or(|of| of == name);
        self.kind.is_none_or(|wanted| wanted == span.kind)
            && same(&self.service, &span.resource.service)
            && same(&self.operation, &span.name)
    }
}

/// The newest held traces that are `wanted` and of which `keep` makes something, at most `limit`.
pub(crate) async fn search<T>(
    backend: &dyn Backend,
    wanted: &Wanted,
    limit: usize,
    mut keep: impl FnMut(Trace) -> Option<(T, usize)>,
) -> Found<T> {
    let mut found = Found {
        found: Vec::new(),
        looked_at: 0,
        truncated: false,
    };
    let (mut spans, mut bytes) = (0, 0);
    let outlines = backend.held().await;
    for outline in outlines.iter().filter(|outline| wanted.may_match(outline)) {
        if found.found.len() == limit {
            break;
        }
        spans += outline.spans;
        if spans > SPANS_MAX && found.looked_at > 0 {
            found.truncated = true;
            break;
        }
        let Some((view, details)) = backend.trace(outline.trace).await else {
            continue;
        };
        found.looked_at += 1;
        let trace = Trace::new(&view, &details, OF_ONE_MAX.0, OF_ONE_MAX.1);
        let Some((kept, weight)) = keep(trace) else {
            continue;
        };
        bytes += weight;
        if bytes > BYTES_MAX && !found.found.is_empty() {
            found.truncated = true;
            break;
        }
        found.found.push(kept);
    }
    found
}

/// The header of an answer that was cut.
pub(crate) fn truncated(cut: bool) -> Option<(HeaderName, HeaderValue)> {
    cut.then(|| (TRUNCATED.clone(), HeaderValue::from_static("true")))
}
