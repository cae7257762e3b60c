//! How much a foreign client may ask for.

/// Most traces of one answer.
pub(crate) const LIMIT_MAX: usize = 1_500;

/// A number of results from 1 to [`LIMIT_MAX`]; `None` for anything else.
pub(crate) fn limit(text: &str) -> Option<usize> {
    text.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit))
}
