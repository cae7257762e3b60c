//! The model where it is simplest: children that run one after the other, as they mostly do.

use super::model::{latest, sum};
use super::run::Policy;
use super::{Mood, Replay, Times};
use crate::{Forest, Mark, Node};

impl Replay {
    /// A parent's new duration before its own edit; `None` when its children overlap, or something else asks for more
    /// than the end of the child before.
    pub(super) fn sequence(
        &self,
        forest: &Forest,
        parent: &Node,
        children: &[u32],
        runs: std::ops::Range<usize>,
    ) -> Option<Times> {
        let run = match &self.runs[runs] {
            _ if self.several || self.camera.is_running() => return None,
            [] => None,
            [run] if matches!(run.policy, Policy::Unlag) => Some(run.id),
            _ => return None,
        };
        let (mut old_end, mut new_end) = (parent.start, Times::default());
        let mut member_end = None;
        for &at in children {
            let child = forest.node(at);
            let guessed = child.has(Mark::Phantom) && child.has(Mark::Inferred);
            if child.start < old_end || guessed {
                return None;
            }
            let lag = child.start - old_end;
            let mut start = new_end.map(|end| end.saturating_add(lag));
            let duration = self.duration_of(child, at);
            let end = if Some(self.joined[at as usize]) == run {
                let best = Mood::Optimistic as usize;
                start[best] = member_end.map_or(start[best], |end| start[best].min(end));
                let end = sum(start, duration);
                member_end = Some(end[best]);
                end
            } else {
                sum(start, duration)
            };
            (old_end, new_end) = (child.end, latest(new_end, end));
        }
        Some(new_end.map(|end| end.saturating_add(parent.end - old_end)))
    }
}
