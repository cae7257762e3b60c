//! What several detectors need, computed once a trace.

use hotspan_model::{Assembled, Lookup};

use crate::{Forest, Knobs};

/// One prepared trace, as detectors see it.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The trace.
    pub trace: &'a Assembled,
    /// Its trees.
    pub forest: &'a Forest,
    /// Its texts.
    pub dictionary: &'a dyn Lookup,
    /// Thresholds.
    pub knobs: &'a Knobs,
}

impl std::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context")
            .field("trace", &self.trace.trace)
            .finish_non_exhaustive()
    }
}
