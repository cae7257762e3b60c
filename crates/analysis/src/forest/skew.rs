//! Clocks of hosts: what calls between them say about each other, and the correction.

use std::cmp::Reverse;

use hotspan_model::{DefectKind, Lookup, Symbol};

use super::edges::is_rpc;
use super::{Edge, Forest, Input, Mark, Node};

/// What one edge says: clock of host `to` minus clock of host `from` lies in `low..=high`. Hosts are numbers of
/// symbols at first, then ranks, and then `from < to`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound {
    from: u32,
    to: u32,
    low: i64,
    high: i64,
    call: bool,
}

/// What all edges between two hosts say, in both directions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Estimate {
    from: u32,
    to: u32,
    offset: i128,
    calls: u32,
    residual: i64,
}

/// Hosts listed last that are compared with a new one.
const HOSTS_SEEN: usize = 8;

/// Buffers of the correction. Hosts are ranked by name, so that no number of a symbol shows.
#[derive(Debug, Default)]
pub(super) struct Clocks {
    /// Symbol and rank of each host that has a cross-host edge, by symbol.
    hosts: Vec<(Symbol, u32)>,
    bounds: Vec<Bound>,
    midpoints: Vec<i128>,
    /// By (from, to) until the walk, and by (from, calls descending, to) in `near`.
    estimates: Vec<Estimate>,
    near: Vec<Estimate>,
    /// Offset of each host from the root's, by rank.
    offsets: Vec<Option<i128>>,
    queue: Vec<u32>,
}

impl Clocks {
    pub(super) fn clear(&mut self) {
        self.hosts.clear();
        self.bounds.clear();
        self.estimates.clear();
    }

    pub(super) fn bytes(&self) -> usize {
        self.hosts.capacity() * size_of::<(Symbol, u32)>()
            + self.bounds.capacity() * size_of::<Bound>()
            + (self.estimates.capacity() + self.near.capacity()) * size_of::<Estimate>()
            + (self.midpoints.capacity() + self.offsets.capacity()) * size_of::<i128>()
            + self.queue.capacity() * size_of::<u32>()
    }

    /// What an edge says between a recorded parent and its recorded child, when their hosts are known and differ.
    pub(super) fn bound(&mut self, parent: &Node, child: &Node) {
        let (Some(from), Some(to)) = (parent.host, child.host) else {
            return;
        };
        if child.has(Mark::NoTime) || parent.has(Mark::NoTime) {
            return;
        }
        let call = is_rpc(parent, child) && child.edge == Edge::Sync;
        let (low, high) = match call {
            true if child.e - child.b <= parent.e - parent.b => (child.e - parent.e, child.b - parent.b),
            false if child.edge == Edge::Async => (i64::MIN, child.b - parent.b),
            _ => return,
        };
        // Traces mostly have few hosts; more than are looked at here may be listed twice.
        for host in [(from, 0), (to, 0)] {
            if !self
                .hosts
                .iter()
                .rev()
                .take(HOSTS_SEEN)
                .any(|&known| known == host)
            {
                self.hosts.push(host);
            }
        }
        let (from, to) = (from.raw(), to.raw());
        self.bounds.push(Bound {
            from,
            to,
            low,
            high,
            call,
        });
    }

    fn rank(&self, host: Symbol) -> Option<u32> {
        let at = self
            .hosts
            .binary_search_by_key(&host.raw(), |entry| entry.0.raw());
        Some(self.hosts[at.ok()?].1)
    }

    /// How far apart the clocks of two hosts may still be.
    pub(super) fn residual(&self, a: Option<Symbol>, b: Option<Symbol>) -> i64 {
        if self.estimates.is_empty() {
            return 0;
        }
        let (Some(a), Some(b)) = (a.and_then(|a| self.rank(a)), b.and_then(|b| self.rank(b))) else {
            return 0;
        };
        let pair = (a.min(b), a.max(b));
        let at = self
            .estimates
            .binary_search_by_key(&pair, |entry| (entry.from, entry.to));
        at.map_or(0, |at| self.estimates[at].residual)
    }

    fn rank_hosts(&mut self, dictionary: &dyn Lookup) {
        // Fewer are listed once each.
        if self.hosts.len() > HOSTS_SEEN {
            self.hosts.sort_unstable_by_key(|entry| entry.0.raw());
            self.hosts.dedup();
        }
        self.hosts
            .sort_unstable_by(|a, b| dictionary.text(a.0).cmp(dictionary.text(b.0)));
        for (rank, host) in self.hosts.iter_mut().enumerate() {
            host.1 = rank as u32;
        }
        self.hosts.sort_unstable_by_key(|entry| entry.0.raw());
    }

    /// Turns all bounds the same way, lower rank first.
    fn rank_bounds(&mut self, dictionary: &dyn Lookup) {
        self.rank_hosts(dictionary);
        let hosts = &self.hosts;
        let rank = |raw: u32| {
            let at = hosts.binary_search_by_key(&raw, |entry| entry.0.raw());
            at.map_or(0, |at| hosts[at].1)
        };
        for bound in &mut self.bounds {
            (bound.from, bound.to) = (rank(bound.from), rank(bound.to));
            if bound.from > bound.to {
                // An open side stays open.
                let high = bound.low.checked_neg().unwrap_or(i64::MAX);
                (bound.low, bound.high) = (-bound.high, high);
                (bound.from, bound.to) = (bound.to, bound.from);
            }
        }
        self.bounds.sort_unstable_by_key(|bound| (bound.from, bound.to));
    }

    /// One estimate a pair of hosts with calls between them; true when the clocks contradict themselves.
    fn estimate(&mut self, from: usize, to: usize) -> bool {
        let bounds = &self.bounds[from..to];
        let low = bounds.iter().map(|bound| bound.low).max().unwrap_or(0);
        let high = bounds.iter().map(|bound| bound.high).min().unwrap_or(0);
        let calls = bounds.iter().filter(|bound| bound.call).count();
        if calls == 0 {
            return false;
        }
        let middle = |low: i64, high: i64| (i128::from(low) + i128::from(high)).div_euclid(2);
        let offset = if low > high {
            self.midpoints.clear();
            let calls = bounds.iter().filter(|bound| bound.call);
            self.midpoints
                .extend(calls.map(|bound| middle(bound.low, bound.high)));
            self.midpoints.sort_unstable();
            self.midpoints[(self.midpoints.len() - 1) / 2]
        } else if calls < 3 && low <= 0 && 0 <= high {
            0
        } else {
            middle(low, high)
        };
        let Bound { from, to, .. } = bounds[0];
        let residual = i64::try_from(low.abs_diff(high).div_ceil(2)).unwrap_or(i64::MAX);
        let calls = calls as u32;
        self.estimates.push(Estimate {
            from,
            to,
            offset,
            calls,
            residual,
        });
        low > high
    }

    /// Sums offsets breadth-first from the root's host.
    fn walk(&mut self, root: u32) {
        self.near.clear();
        for &estimate in &self.estimates {
            let Estimate { from, to, offset, .. } = estimate;
            let back = Estimate {
                from: to,
                to: from,
                offset: -offset,
                ..estimate
            };
            self.near.extend([estimate, back]);
        }
        self.near
            .sort_unstable_by_key(|entry| (entry.from, Reverse(entry.calls), entry.to));
        self.offsets.clear();
        self.offsets.resize(self.hosts.len(), None);
        self.offsets[root as usize] = Some(0);
        self.queue.clear();
        self.queue.push(root);
        let mut done = 0;
        while let Some(&host) = self.queue.get(done) {
            done += 1;
            let own = self.offsets[host as usize].unwrap_or(0);
            let from = self.near.partition_point(|entry| entry.from < host);
            for at in from..self.near.len() {
                let Estimate { from, to, offset, .. } = self.near[at];
                if from != host {
                    break;
                }
                if self.offsets[to as usize].is_none() {
                    self.offsets[to as usize] = Some(own.saturating_add(offset));
                    self.queue.push(to);
                }
            }
        }
    }
}

impl Forest {
    /// Moves every host's spans to the clock of the primary root's host.
    pub(super) fn correct_clocks(&mut self, input: &Input<'_>) {
        if self.scratch.clocks.bounds.is_empty() {
            return;
        }
        let mut clocks = std::mem::take(&mut self.scratch.clocks);
        clocks.rank_bounds(input.dictionary);
        let mut from = 0;
        while let Some(first) = clocks.bounds.get(from) {
            let pair = (first.from, first.to);
            let rest = clocks.bounds[from..].iter();
            let to = from + rest.take_while(|bound| (bound.from, bound.to) == pair).count();
            if clocks.estimate(from, to) {
                self.defect(DefectKind::InconsistentClock);
            }
            from = to;
        }
        let root = self.primary.and_then(|root| self.node(root).host);
        let apart = clocks.estimates.iter().any(|estimate| estimate.offset != 0);
        if apart && let Some(root) = root.and_then(|host| clocks.rank(host)) {
            clocks.walk(root);
            self.move_hosts(&clocks, input.settings.skew_max.0);
        }
        self.scratch.clocks = clocks;
    }

    fn move_hosts(&mut self, clocks: &Clocks, skew_max: u64) {
        let capped = |offset: i128| offset.unsigned_abs() > u128::from(skew_max).min(1 << 61);
        for &offset in clocks.offsets.iter().flatten().filter(|&&offset| offset != 0) {
            match capped(offset) {
                true => self.defect(DefectKind::SkewCapped),
                false => self.defect(DefectKind::SkewCorrected),
            }
        }
        if clocks.offsets.iter().flatten().all(|&offset| offset == 0) {
            return;
        }
        for node in &mut self.nodes {
            let rank = node.host.and_then(|host| clocks.rank(host));
            let offset = rank.and_then(|rank| clocks.offsets[rank as usize]).unwrap_or(0);
            if offset == 0 {
                continue;
            }
            if capped(offset) {
                node.marks.set(Mark::SkewCapped);
                continue;
            }
            node.marks.set(Mark::SkewCorrected);
            if !node.has(Mark::NoTime) {
                // At most 2^61, and recorded times are at most 2^62.
                (node.b, node.e) = (node.b - offset as i64, node.e - offset as i64);
            }
        }
    }
}
