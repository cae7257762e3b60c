//! The completion path: until all work that the primary root caused is done, messages included.

use std::cmp::Reverse;

use hotspan_model::Cause;

use super::Path;
use crate::{Forest, NONE};

/// Buffers of the walk over units.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// Unit and head of a unit it caused, by unit.
    caused: Vec<(u32, u32)>,
    reachable: Vec<bool>,
    visited: Vec<bool>,
    queue: Vec<u32>,
    /// Nearest live node at or above each.
    live: Vec<u32>,
}

impl Walk {
    pub(super) fn bytes(&self) -> usize {
        self.caused.capacity() * size_of::<(u32, u32)>()
            + self.reachable.capacity()
            + self.visited.capacity()
            + (self.queue.capacity() + self.live.capacity()) * size_of::<u32>()
    }

    fn prepare(&mut self, forest: &Forest, root: u32) {
        let count = forest.nodes().len();
        for list in [&mut self.reachable, &mut self.visited] {
            list.clear();
            list.resize(count, false);
        }
        self.live.clear();
        self.live.resize(count, NONE);
        for &at in forest.top_down() {
            let node = forest.node(at);
            self.live[at as usize] = match node.parent() {
                _ if node.is_live() => at,
                Some(parent) => self.live[parent as usize],
                None => NONE,
            };
        }
        self.reach(forest, root);
    }

    /// Units that the primary root caused, over edges and links.
    fn reach(&mut self, forest: &Forest, root: u32) {
        let unit = |at: u32| forest.node(at).head;
        let parents = forest
            .heads()
            .iter()
            .filter_map(|&head| Some((unit(forest.node(head).parent()?), head)));
        self.caused.clear();
        self.caused.extend(parents);
        self.caused
            .extend(forest.links().iter().map(|&(head, cause)| (unit(cause), head)));
        self.caused.sort_unstable();
        self.queue.clear();
        self.queue.push(root);
        self.reachable[root as usize] = true;
        let mut done = 0;
        while let Some(&unit) = self.queue.get(done) {
            done += 1;
            let from = self.caused.partition_point(|entry| entry.0 < unit);
            for &(_, head) in self.caused[from..].iter().take_while(|entry| entry.0 == unit) {
                if !std::mem::replace(&mut self.reachable[head as usize], true) {
                    self.queue.push(head);
                }
            }
        }
    }

    /// The cause of a unit that ended last, but not after `edge`.
    fn cause(&self, forest: &Forest, head: u32, edge: i64) -> Option<u32> {
        let started = forest.node(head).b;
        let parent = forest.node(head).parent();
        let causes = parent
            .into_iter()
            .chain(forest.links_of(head).iter().map(|link| link.1));
        let causal = causes.filter(|&cause| forest.node(cause).b <= started);
        let live = causal
            .map(|cause| self.live[cause as usize])
            .filter(|&cause| cause != NONE);
        let open = live.filter(|&cause| {
            let unit = forest.node(cause).head as usize;
            self.reachable[unit] && !self.visited[unit]
        });
        open.max_by_key(|&cause| {
            let node = forest.node(cause);
            (node.end.min(edge), node.start, Reverse(node.key()))
        })
    }
}

impl Path {
    /// Forgets all and makes the completion path of the primary root.
    pub fn completion(&mut self, forest: &Forest) {
        let Some(root) = forest.primary().filter(|&root| forest.node(root).is_live()) else {
            self.begin(forest);
            return;
        };
        if forest.heads().len() == 1 {
            self.response(forest);
            return;
        }
        self.begin(forest);
        let mut walk = std::mem::take(&mut self.walk);
        walk.prepare(forest, root);
        self.walk_back(forest, &mut walk, root);
        self.walk = walk;
    }

    fn walk_back(&mut self, forest: &Forest, walk: &mut Walk, root: u32) {
        let floor = forest.node(root).start;
        let heads = walk
            .queue
            .iter()
            .copied()
            .filter(|&head| forest.node(head).is_live());
        let last = heads.max_by_key(|&head| {
            let node = forest.node(head);
            (node.end, head == root, Reverse((node.b, node.key())))
        });
        let mut head = last.unwrap_or(root);
        let mut edge = forest.node(head).end;
        self.push_frame(head, edge);
        loop {
            walk.visited[head as usize] = true;
            edge = self.run(forest, edge, floor);
            if head == root || edge <= floor {
                return;
            }
            let cause = walk.cause(forest, head, edge).unwrap_or(root);
            let cut = forest.node(cause).end.min(edge);
            self.emit(head, Cause::Queue, cut.max(floor), edge);
            edge = cut;
            head = forest.node(cause).head;
            self.push_frames(forest, cause, cut);
        }
    }

    /// Enters a unit at `cause`: below it, its ancestors wait from the start of the one towards it.
    fn push_frames(&mut self, forest: &Forest, cause: u32, cut: i64) {
        self.push_frame(cause, cut);
        let mut at = cause;
        while at != forest.node(at).head {
            let node = forest.node(at);
            self.push_frame(node.parent, node.start);
            if let Some(frame) = self.frames.last_mut() {
                frame.right = at;
            }
            at = node.parent;
        }
        self.frames.reverse();
    }
}
