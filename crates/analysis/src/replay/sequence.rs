//! The model where it is simplest: children that run one after the other, as they mostly do.

use super::run::Policy;
use super::{Mood, Replay, Times};
use crate::{Forest, Mark, Node};

impl Replay {
    /// A parent's new duration before its own edit; `None` when its children overlap, or something else asks for more
    /// than the end of the child before.
    ///
    /// A sequence becomes as much longer as all its parts do. Only at best members of a run also start earlier.
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
        let best = Mood::Optimistic as usize;
        let (mut old_end, mut new_end, mut member_end) = (parent.start, 0_i64, None);
        let mut longer = Times::default();
        for &at in children {
            let child = forest.node(at);
            let guessed = child.has(Mark::Phantom) && child.has(Mark::Inferred);
            if child.start < old_end || guessed {
                return None;
            }
            let length = child.end - child.start;
            let mut duration = length;
            if let Some(&times) = self.durations.get(self.place[at as usize] as usize) {
                duration = times[best];
                longer = std::array::from_fn(|mood| longer[mood].saturating_add(times[mood] - length));
            }
            let mut start = new_end.saturating_add(child.start - old_end);
            let is_member = Some(self.joined[at as usize]) == run;
            if is_member {
                start = member_end.map_or(start, |end| start.min(end));
            }
            let end = start.saturating_add(duration);
            if is_member {
                member_end = Some(end);
            }
            (old_end, new_end) = (child.end, new_end.max(end));
        }
        let mut times = longer.map(|longer| (parent.end - parent.start).saturating_add(longer));
        times[best] = new_end.saturating_add(parent.end - old_end);
        Some(times)
    }
}
