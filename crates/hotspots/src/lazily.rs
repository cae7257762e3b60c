//! What readers computed from a value that they share, kept beside it for the next of them.

use std::sync::OnceLock;

/// Empty until somebody asks. Whoever changes the value it is beside puts a fresh one in its place. It says nothing that
/// the value does not, so all are equal.
#[derive(Clone, Debug)]
pub(crate) struct Lazily<T>(OnceLock<T>);

impl<T> Lazily<T> {
    /// What was computed before, or is now.
    pub(crate) fn get(&self, compute: impl FnOnce() -> T) -> &T {
        self.0.get_or_init(compute)
    }
}

impl<T> Default for Lazily<T> {
    fn default() -> Self {
        Lazily(OnceLock::new())
    }
}

impl<T> PartialEq for Lazily<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> Eq for Lazily<T> {}
