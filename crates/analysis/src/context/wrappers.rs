//! Flat wrappers: INTERNAL spans that stand beside the spans they surround.
//!
//! Some instrumentations put a handler beside its own queries instead of above them. The published path stays as
//! the spans say; detectors and their replay see such a handler as the parent of what it surrounds.

use hotspan_model::{Assembled, Class, SpanId};

use super::verdict::{clock_step, overlap};
use crate::{Forest, NONE, Node};

/// Siblings with one start that are looked at, so that very many of them cost no more.
const TOGETHER_MAX: usize = 16;

/// Finds flat wrappers and makes the trace in which they are parents. Buffers are reused.
#[derive(Debug, Default)]
pub(crate) struct Wrappers {
    adopted: Vec<(u32, SpanId)>,
    /// Latest end of the siblings before each one.
    reached: Vec<i64>,
    trace: Assembled,
}

impl Wrappers {
    /// The spans that have a wrapper as parent, and that wrapper.
    pub(crate) fn adopted(&self) -> &[(u32, SpanId)] {
        &self.adopted
    }

    /// Makes the trace with each surrounded span below its wrapper; `false` when there is no flat wrapper.
    pub(crate) fn adopt(&mut self, trace: &Assembled, forest: &Forest) -> bool {
        self.adopted.clear();
        for at in forest.top_down() {
            let children = forest.by_start(*at);
            if children.len() >= 3 {
                self.surrounded(forest, children);
            }
        }
        if self.adopted.is_empty() {
            return false;
        }
        self.adopted.sort_unstable();
        self.trace.clone_from(trace);
        for &(span, parent) in &self.adopted {
            self.trace.spans[span as usize].parent = Some(parent);
        }
        true
    }

    /// That trace.
    pub(crate) fn trace(&self) -> &Assembled {
        &self.trace
    }

    fn surrounded(&mut self, forest: &Forest, children: &[u32]) {
        self.reached.clear();
        let mut reached = i64::MIN;
        for (at, &wrapper) in children.iter().enumerate() {
            let node = forest.node(wrapper);
            self.reached.push(reached);
            reached = reached.max(node.end);
            let childless = node.class() == Class::Internal && forest.children(wrapper).is_empty();
            if !childless || node.span == NONE {
                continue;
            }
            let Some(id) = node.span_id() else { continue };
            let step = clock_step(node);
            if node.end - node.start <= step {
                continue;
            }
            // Siblings that start with the wrapper may stand before it.
            let together = children[..at].iter().rev().take(TOGETHER_MAX);
            let together = together.take_while(|&&child| forest.node(child).start >= node.start - step);
            let first = at - together.count();
            if self.reached[first] > node.start + step {
                continue;
            }
            let near = children[first..at].iter().chain(&children[at + 1..]);
            let count = inside(forest, node, near.clone(), step);
            let works = |child: &&u32| forest.node(**child).class().is_outgoing();
            if count >= 2 && near.clone().take(count).any(|child| works(&child)) {
                let spans = near.take(count).map(|&child| forest.node(child).span);
                self.adopted.extend(spans.map(|span| (span, id)));
            }
        }
    }
}

/// How many of the siblings from a span's start on lie inside it, one after another; 0 when one of them is of
/// another service, crosses its edge or overlaps the one before.
fn inside<'a>(forest: &Forest, wrapper: &Node, near: impl Iterator<Item = &'a u32>, step: i64) -> usize {
    let mut before: Option<&Node> = None;
    let mut count = 0;
    for &sibling in near {
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
