//! A trace before and after the fix of one fault: where each span of the unit lies, and whose time is on the path.

use hotspan_model::{BeforeAfter, Lookup, Moved, Nanos, ReplayedSpan};

use crate::replay::{Scene, before};
use crate::{Forest, Mark, Path};

/// Shows a scene with at most `spans_max` spans. The forest is left as it would be after the fix.
pub(crate) fn timeline(
    forest: &mut Forest,
    path: &mut Path,
    scene: &Scene,
    dictionary: &dyn Lookup,
    spans_max: usize,
) -> BeforeAfter {
    let (head, saving) = (scene.head, scene.saving);
    let length = forest.node(head).length();
    let order = unit_order(forest, head);
    let old = before(forest, head);
    let old_path = own_times(forest, path, head, &order);
    let from = forest.node(head).start;
    forest.restage(from, &scene.times);
    let new_path = own_times(forest, path, head, &order);
    let rows = order.iter().zip(old_path).zip(new_path).take(spans_max);
    let text = |symbol| dictionary.text(symbol).to_owned();
    let span = |((&at, old_path), new_path): ((&u32, Nanos), Nanos)| {
        let node = forest.node(at);
        let (old, new) = old[at as usize].zip(scene.times[at as usize]).unwrap_or_default();
        ReplayedSpan {
            id: node.span_id().filter(|_| !node.has(Mark::Phantom)),
            service: node.service.map_or_else(|| "?".to_owned(), text),
            operation: node.operation.map_or_else(|| "?".to_owned(), text),
            depth: node.depth - forest.node(head).depth,
            touched: scene.touched.binary_search(&at).is_ok(),
            start: change(old.0, new.0),
            end: change(old.1, new.1),
            path: Moved {
                before: old_path,
                after: new_path,
            },
        }
    };
    let spans: Vec<ReplayedSpan> = rows.map(span).collect();
    BeforeAfter {
        root: forest
            .node(head)
            .span_id()
            .filter(|_| !forest.node(head).has(Mark::Phantom)),
        before: length,
        best: length.minus(saving.max),
        likely: length.minus(saving.likely),
        worst: length.minus(saving.min),
        saving,
        omitted: (order.len() - spans.len()) as u64,
        spans,
    }
}

fn change(before: u64, after: u64) -> Moved {
    Moved {
        before: Nanos(before),
        after: Nanos(after),
    }
}

/// The awaited nodes of a unit, each before its children, earliest first.
fn unit_order(forest: &Forest, head: u32) -> Vec<u32> {
    let mut stack = vec![head];
    let mut order = Vec::new();
    while let Some(at) = stack.pop() {
        order.push(at);
        stack.extend(forest.by_start(at).iter().rev());
    }
    order
}

fn own_times(forest: &Forest, path: &mut Path, head: u32, order: &[u32]) -> Vec<Nanos> {
    path.begin(forest);
    path.sweep(forest, head);
    order.iter().map(|&at| path.own(at)).collect()
}
