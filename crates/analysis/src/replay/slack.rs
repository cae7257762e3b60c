//! How much longer each span of a unit could take without making the unit longer.

use hotspan_model::Nanos;

use super::model::{Queue, each_lag};
use crate::Forest;

/// Slack of the nodes of one unit. Buffers are reused.
#[derive(Debug, Default)]
pub struct Slack {
    slack: Vec<Option<i64>>,
    queue: Queue,
    /// Of each child of one parent, in order of time: the end of its last predecessor.
    last: Vec<Option<i64>>,
    /// Least of (end of last predecessor + slack) over a child and those after it.
    least: Vec<i64>,
}

impl Slack {
    /// Computes the slack of all live nodes of the unit under `head`.
    pub fn measure(&mut self, forest: &Forest, head: u32) {
        self.slack.clear();
        self.slack.resize(forest.nodes().len(), None);
        self.slack[head as usize] = Some(0);
        for &at in forest.top_down() {
            if forest.node(at).head == head && !forest.by_start(at).is_empty() {
                self.measure_children(forest, at);
            }
        }
    }

    /// Largest growth of `node` that leaves its unit as long as it is; `None` for nodes that were not measured.
    pub fn of(&self, node: u32) -> Option<Nanos> {
        let slack = self.slack.get(node as usize).copied().flatten()?;
        Some(Nanos(u64::try_from(slack).unwrap_or(0)))
    }

    fn measure_children(&mut self, forest: &Forest, parent: u32) {
        let Some(own) = self.slack[parent as usize] else {
            return;
        };
        let children = forest.by_start(parent);
        let tolerance = forest.node(parent).tolerance;
        let end = children.iter().map(|&at| forest.node(at).end).max().unwrap_or(0);
        self.last.clear();
        each_lag(forest, parent, &mut self.queue, |_, _, last| self.last.push(last));
        self.least.clear();
        self.least.resize(children.len() + 1, i64::MAX);
        for (place, &at) in children.iter().enumerate().rev() {
            let node = forest.node(at);
            let waits = |&later: &u32| forest.node(later).start < node.end.saturating_sub(tolerance);
            let next = children.partition_point(waits).max(place + 1);
            let slack = end.saturating_add(own).min(self.least[next]) - node.end;
            self.slack[at as usize] = Some(slack);
            let held = self.last[place].map_or(i64::MAX, |last| last.saturating_add(slack));
            self.least[place] = held.min(self.least[place + 1]);
        }
    }
}
