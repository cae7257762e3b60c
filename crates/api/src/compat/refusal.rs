//! Refusals as one sentence, for error shapes that have no other place.

use crate::ask::Problem;

/// What is wrong and what was given.
pub(crate) fn sentence(problem: &Problem) -> String {
    match problem.about.value.as_deref() {
        Some(value) if !value.is_empty() => format!("{}; it was `{value}`", problem.detail),
        Some(_) | None => problem.detail.clone(),
    }
}
