//! Flat wrappers: INTERNAL spans that stand beside the spans they surround.
//!
//! Some instrumentations put a handler beside its own queries instead of above them. The published path stays as
//! the spans say; detectors and their replay see such a handler as the parent of what it surrounds.

use hotspan_model::{Assembled, Class, SpanId};

use super::verdict::{clock_step, overlap};
use crate::{Forest, NONE, Node};

/// Finds flat wrappers and makes the trace in which they are parents. Buffers are reused.
#[derive(Debug, Default)]
pub(crate) struct Wrappers {
    adopted: Vec<(u32, SpanId)>,
    trace: Assembled,
}

impl Wrappers {
    /// The trace with each surrounded span below its wrapper; `None` when there is no flat wrapper.
    pub(crate) fn adopt(&mut self, trace: &Assembled, forest: &Forest) -> Option<&Assembled> {
        self.adopted.clear();
        for at in forest.top_down() {
            let children = forest.by_start(*at);
            if children.len() >= 3 {
                self.surrounded(forest, children);
            }
        }
        if self.adopted.is_empty() {
            return None;
        }
        self.trace.clone_from(trace);
        for &(span, parent) in &self.adopted {
            self.trace.spans[span as usize].parent = Some(parent);
        }
        Some(&self.trace)
    }

    fn surrounded(&mut self, forest: &Forest, children: &[u32]) {
        let mut reached = i64::MIN;
        for (at, &wrapper) in children.iter().enumerate() {
            let node = forest.node(wrapper);
            let step = clock_step(node);
            let free = reached <= node.start + step;
            reached = reached.max(node.end);
            let childless = node.class() == Class::Internal && forest.children(wrapper).is_empty();
            if !childless || !free || node.span == NONE {
                continue;
            }
            let Some(id) = node.span_id() else { continue };
            let inside = inside(forest, node, &children[at + 1..], step);
            if inside >= 2 {
                let spans = children[at + 1..=at + inside].iter().map(|&child| forest.node(child).span);
                self.adopted.extend(spans.map(|span| (span, id)));
            }
        }
    }
}

/// How many of the siblings that start after a span lie inside it, one after another; 0 when one of them is of
/// another service, crosses its edge or overlaps the one before.
fn inside(forest: &Forest, wrapper: &Node, after: &[u32], step: i64) -> usize {
    let mut before: Option<&Node> = None;
    let mut count = 0;
    for &sibling in after {
        let node = forest.node(sibling);
        if node.start >= wrapper.end - step.min((wrapper.end - wrapper.start) / 10) {
            break;
        }
        let fits = node.end <= wrapper.end + step && node.service == wrapper.service && node.span != NONE;
        if !fits || before.is_some_and(|before| overlap(before, node)) {
            return 0;
        }
        before = Some(node);
        count += 1;
    }
    count
}
