//! What a trace has at all: most detectors need not look for what it cannot hold.

use hotspan_model::{Assembled, Class, Flag};

use super::layout::Visit;
use crate::{Mark, Node};

/// Numbers and lengths of the nodes of one trace.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Census {
    counts: [u32; CLASSES],
    longest: [u64; CLASSES],
    failed: bool,
    missing: u32,
    steps: bool,
}

/// More than there are classes.
const CLASSES: usize = 16;

impl Census {
    /// One that has counted nothing yet.
    pub(super) fn new(trace: &Assembled) -> Census {
        Census {
            failed: trace.groups.iter().any(|group| group.errors > 0),
            ..Census::default()
        }
    }

    #[inline]
    pub(super) fn add(&mut self, Visit { node, is_leaf, .. }: Visit<'_>) {
        self.steps |= is_leaf && node.class() == Class::Internal;
        let class = node.class() as usize;
        self.counts[class] += 1;
        self.longest[class] = self.longest[class].max(node.length().0);
        self.failed |= node.bits.has(Flag::Failed);
        self.missing += u32::from(node.has(Mark::Phantom));
    }

    /// Adds one like the last but in its length.
    #[inline]
    pub(super) fn again(&mut self, node: &Node) {
        let class = node.class() as usize;
        self.counts[class] += 1;
        self.longest[class] = self.longest[class].max(node.length().0);
    }

    /// How many nodes stand for spans that were never received.
    pub(crate) fn missing(&self) -> u32 {
        self.missing
    }

    /// Whether an INTERNAL span has no children.
    pub(crate) fn has_steps(&self) -> bool {
        self.steps
    }

    /// How many nodes are of this class; an operation that its server told to be a call is not.
    pub(crate) fn count(&self, class: Class) -> u32 {
        self.counts[class as usize]
    }

    /// Length of the longest node of these classes: none has more time on the critical path.
    pub(crate) fn longest<const N: usize>(&self, classes: [Class; N]) -> u64 {
        let lengths = classes.map(|class| self.longest[class as usize]);
        lengths.into_iter().max().unwrap_or(0)
    }

    /// Whether anything failed.
    pub(crate) fn has_failures(&self) -> bool {
        self.failed
    }
}
