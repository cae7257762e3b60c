//! How much a foreign client may ask for.

/// Most traces of one answer. Jaeger's page asks for 1,500 at most, and Perses for one more than it shows.
pub(crate) const LIMIT_MAX: usize = 2_000;

/// A number of results from 1 to [`LIMIT_MAX`]; `None` for anything else.
pub(crate) fn limit(text: &str) -> Option<usize> {
    text.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit))
}
