//! Intervals that nobody recorded, and where a missing parent belongs.

use std::cmp::Reverse;

use hotspan_model::Kind;

use super::{Forest, Mark, NONE};

/// What a phantom asks for: a span of this service that contains `[b, e)`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Query {
    service: u32,
    b: i64,
    e: i64,
    phantom: u32,
}

/// Shorter comes first, then later start, then smaller key.
type Fit = (i64, Reverse<i64>, (u64, u32), u32);

/// Buffers of the search.
#[derive(Debug, Default)]
pub(super) struct Search {
    queries: Vec<Query>,
    candidates: Vec<Query>,
    ends: Vec<i64>,
    best: Vec<Option<Fit>>,
}

impl Forest {
    /// Gives placeholders and spans without a time the hull of their children, bottom-up.
    pub(super) fn measure_hollow(&mut self) {
        if !self.hollow {
            return;
        }
        for node in &mut self.nodes {
            if node.has(Mark::Phantom) || node.has(Mark::NoTime) {
                (node.b, node.e) = (i64::MAX, i64::MIN);
            }
        }
        for place in (0..self.order.len()).rev() {
            let node = self.nodes[self.order[place] as usize];
            if node.parent == NONE || node.b > node.e {
                continue;
            }
            let parent = &mut self.nodes[node.parent as usize];
            if parent.has(Mark::Phantom) || parent.has(Mark::NoTime) {
                (parent.b, parent.e) = (parent.b.min(node.b), parent.e.max(node.e));
            }
        }
    }

    /// Hangs phantoms inside the one real root from the span that best explains them.
    pub(super) fn infer_parents(&mut self) {
        if self.scratch.missing.is_empty() {
            return;
        }
        let mut real = self.order.iter().copied().filter(|&at| self.is_real_root(at));
        let (Some(root), None) = (real.next(), real.next()) else {
            return;
        };
        let whole = self.nodes[root as usize];
        let mut search = std::mem::take(&mut self.scratch.search);
        search.queries.clear();
        for at in 0..self.nodes.len() as u32 {
            let node = self.nodes[at as usize];
            let inside = node.b <= node.e && whole.b <= node.b && node.e <= whole.e;
            if node.has(Mark::Phantom) && inside {
                self.nodes[at as usize].parent = root;
                self.nodes[at as usize].marks.set(Mark::Inferred);
                if let Some(service) = self.callers_service(at) {
                    search.queries.push(Query {
                        service,
                        b: node.b,
                        e: node.e,
                        phantom: at,
                    });
                }
            }
        }
        search.gather(self, root);
        search.answer(self);
        self.scratch.search = search;
        self.arrange();
    }

    /// The one service of all children, none of which was called from elsewhere.
    fn callers_service(&self, phantom: u32) -> Option<u32> {
        let mut all = None;
        for &child in self.children(phantom) {
            let node = &self.nodes[child as usize];
            let service = node.service?.raw();
            let entered = matches!(node.kind(), Kind::Server | Kind::Consumer);
            if entered || *all.get_or_insert(service) != service {
                return None;
            }
        }
        all
    }

    pub(super) fn is_real_root(&self, at: u32) -> bool {
        let node = &self.nodes[at as usize];
        node.parent == NONE && !node.has(Mark::Phantom) && !node.has(Mark::Cycle)
    }
}

impl Search {
    pub(super) fn bytes(&self) -> usize {
        (self.queries.capacity() + self.candidates.capacity()) * size_of::<Query>()
            + self.ends.capacity() * size_of::<i64>()
            + self.best.capacity() * size_of::<Option<Fit>>()
    }

    /// Candidates: timed spans of the root's own tree. `head` still holds the root of each node.
    fn gather(&mut self, forest: &Forest, root: u32) {
        self.candidates.clear();
        if self.queries.is_empty() {
            return;
        }
        for (at, node) in forest.nodes.iter().enumerate() {
            if let Some(service) = node.service
                && node.head == root
                && node.b <= node.e
            {
                let phantom = at as u32;
                self.candidates.push(Query {
                    service: service.raw(),
                    b: node.b,
                    e: node.e,
                    phantom,
                });
            }
        }
        self.candidates
            .sort_unstable_by_key(|candidate| (candidate.service, candidate.b));
        self.queries
            .sort_unstable_by_key(|query| (query.service, query.b));
    }

    /// Candidates enter as the queries' starts pass theirs; a prefix minimum over ends, latest first, answers.
    fn answer(&mut self, forest: &mut Forest) {
        let (mut next, mut service) = (0, None);
        for place in 0..self.queries.len() {
            let query = self.queries[place];
            if service != Some(query.service) {
                service = Some(query.service);
                next = self
                    .candidates
                    .partition_point(|candidate| candidate.service < query.service);
                self.open(next, query.service);
            }
            while let Some(candidate) = self.candidates.get(next)
                && candidate.service == query.service
                && candidate.b <= query.b
            {
                self.enter(forest, next);
                next += 1;
            }
            if let Some((.., at)) = self.shortest(query.e) {
                forest.nodes[query.phantom as usize].parent = at;
            }
        }
    }

    fn open(&mut self, from: usize, service: u32) {
        let own = self.candidates[from..]
            .iter()
            .take_while(|candidate| candidate.service == service);
        self.ends.clear();
        self.ends.extend(own.map(|candidate| candidate.e));
        self.ends.sort_unstable_by_key(|&end| Reverse(end));
        self.ends.dedup();
        self.best.clear();
        self.best.resize(self.ends.len() + 1, None);
    }

    fn enter(&mut self, forest: &Forest, candidate: usize) {
        let Query {
            b, e, phantom: at, ..
        } = self.candidates[candidate];
        let fit: Fit = (e - b, Reverse(b), forest.nodes[at as usize].key(), at);
        let mut rank = self.ends.partition_point(|&end| end > e) + 1;
        while let Some(best) = self.best.get_mut(rank) {
            *best = Some(best.map_or(fit, |best| best.min(fit)));
            rank += rank & rank.wrapping_neg();
        }
    }

    fn shortest(&self, end: i64) -> Option<Fit> {
        let mut rank = self.ends.partition_point(|&other| other >= end);
        let mut found: Option<Fit> = None;
        while rank > 0 {
            found = [found, self.best[rank]].into_iter().flatten().min();
            rank &= rank - 1;
        }
        found
    }
}
