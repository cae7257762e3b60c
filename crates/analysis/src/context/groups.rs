//! Repeats: operations of one segment, template and call path, and the anchor that holds enough of them.

use std::ops::Range;

use hotspan_model::{Assembled, Class, Lookup};

use super::layout::Layout;
use super::operations::{Operation, Operations};
use super::segments::Segments;
use super::thresholds::Thresholds;
use super::trails::Trails;
use super::verdict::{Verdict, is_redundant};
use crate::{Forest, NONE};

/// Operations that repeat.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub class: Class,
    pub segment: u32,
    /// Place of the lowest span that holds them.
    pub anchor: u32,
    /// Operations in order of time, in [`Groups::members`].
    pub members: Range<u32>,
    /// Operations that a sibling of another scope stands for, in [`Groups::doubled`].
    pub doubled: Range<u32>,
    /// What can be said about them.
    pub verdict: Verdict,
}

/// Whether one operation of a class is so cheap that a repeat of them needs more members.
pub(crate) fn is_fast(class: Class) -> bool {
    matches!(class, Class::Cache | Class::Publish)
}

/// Operations that are nearly enough to repeat.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NearGroup {
    pub class: Class,
    pub segment: u32,
    /// The first operation.
    pub first: u32,
    /// How many there are.
    pub weight: u64,
    /// Reads with visible, all equal arguments.
    pub redundant: bool,
}

/// Whether so many come near what is required: 60 % of it.
pub(crate) fn is_near(value: u64, required: u64) -> bool {
    u128::from(value) * 10 >= u128::from(required) * 6
}

/// What grouping reads.
#[derive(Clone, Copy)]
pub(super) struct Input<'a> {
    pub trace: &'a Assembled,
    pub forest: &'a Forest,
    pub layout: &'a Layout,
    pub segments: &'a Segments,
    pub operations: &'a Operations,
    pub dictionary: &'a dyn Lookup,
    pub thresholds: &'a Thresholds,
}

impl Input<'_> {
    fn required(&self, segment: u32, class: Class) -> u64 {
        match is_fast(class) {
            true => self.thresholds.repeat_min_fast(segment),
            false => self.thresholds.repeat_min(segment),
        }
    }

    /// Fewer operations repeat nothing.
    fn fewest(&self, segment: u32) -> u64 {
        let thresholds = self.thresholds;
        thresholds
            .repeat_min(segment)
            .min(thresholds.repeat_min_fast(segment))
    }

    pub(super) fn operation(&self, at: u32) -> &Operation {
        &self.operations.rows[at as usize]
    }
}

/// The groups of one trace that reach their required weight, by their first member.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    pub rows: Vec<Group>,
    pub members: Vec<u32>,
    /// Those that nearly reach it, at most one of each class and template in a segment.
    pub near: Vec<NearGroup>,
    /// Operations that a sibling of another scope stands for.
    pub doubled: Vec<u32>,
    /// Where those of the run at hand begin.
    doubled_from: u32,
    order: Vec<Stretch>,
    run: Vec<u32>,
    labels: Vec<Label>,
    trails: Trails,
    /// Where the parts of the run at hand end.
    ends: Vec<usize>,
    joined: Vec<u32>,
    arguments: Vec<(u64, u32)>,
}

/// Neighbouring operations that count, of one segment, class and template: what a run has in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Stretch {
    segment: u32,
    class: Class,
    template: u64,
    from: u32,
    to: u32,
    weight: u64,
}

impl Stretch {
    fn is_like(&self, other: &Stretch) -> bool {
        (self.segment, self.template, self.class) == (other.segment, other.template, other.class)
    }
}

/// What keeps members of a run apart; `group` joins those that differ in wrappers alone.
#[derive(Clone, Copy, Debug)]
struct Label {
    code: u64,
    store: u32,
    path: u64,
    clear_path: u64,
    bare: bool,
    at: u32,
    group: u32,
}

impl Groups {
    pub(super) fn build(&mut self, input: Input<'_>) {
        self.rows.clear();
        self.members.clear();
        self.near.clear();
        self.doubled.clear();
        self.trails.clear();
        self.list(input);
        self.order.sort_unstable();
        let order = std::mem::take(&mut self.order);
        for run in order.chunk_by(Stretch::is_like) {
            self.repeat(input, run);
        }
        self.order = order;
        self.rows
            .sort_unstable_by_key(|group| self.members[group.members.start as usize]);
    }

    /// Lists the operations of segments with enough of them.
    fn list(&mut self, input: Input<'_>) {
        self.order.clear();
        let mut known = (NONE, false);
        for (at, row) in (0..).zip(&input.operations.rows) {
            if !row.counts() {
                continue;
            }
            if known.0 != row.segment {
                let outgoing = input.segments.rows[row.segment as usize].outgoing;
                known = (row.segment, is_near(outgoing, input.fewest(row.segment)));
            }
            if !known.1 {
                continue;
            }
            let fresh = Stretch {
                segment: row.segment,
                class: row.class,
                template: row.key(),
                from: at,
                to: at + 1,
                weight: row.weight,
            };
            match self.order.last_mut() {
                Some(last) if last.to == at && last.is_like(&fresh) => {
                    last.to += 1;
                    last.weight += row.weight;
                }
                Some(_) | None => self.order.push(fresh),
            }
        }
    }

    fn repeat(&mut self, input: Input<'_>, run: &[Stretch]) {
        let Stretch { segment, class, .. } = run[0];
        let required = input.required(segment, class);
        if !is_near(run.iter().map(|stretch| stretch.weight).sum(), required) {
            return;
        }
        self.doubled_from = self.doubled.len() as u32;
        self.run.clear();
        for stretch in run {
            self.run.extend(stretch.from..stretch.to);
        }
        self.merge_layers(input);
        self.run.retain(|&at| !input.operation(at).batched);
        if class == Class::Cache && !is_single_key(input, run[0].from) {
            return;
        }
        let mut run = std::mem::take(&mut self.run);
        let one_site = self.part(input, &mut run);
        let rows = self.rows.len();
        let (mut from, mut nearest) = (0, (0, &run[..0]));
        for part in 0..self.ends.len() {
            let same = &run[from..self.ends[part]];
            from = self.ends[part];
            let weight = same.iter().map(|&at| input.operation(at).weight).sum::<u64>();
            if weight >= required {
                self.group(input, same, (required, one_site));
            } else if weight > nearest.0 {
                nearest = (weight, same);
            }
        }
        let (weight, same) = nearest;
        if let Some(&first) = same.first()
            && self.rows.len() == rows
            && is_near(weight, required)
        {
            self.near.push(NearGroup {
                class,
                segment,
                first,
                weight,
                redundant: is_redundant(input, same.iter().copied()),
            });
        }
        self.run = run;
    }

    /// Brings members of a run that belong together side by side, and says where each such part ends; answers whether
    /// they are all of one site.
    fn part(&mut self, input: Input<'_>, run: &mut Vec<u32>) -> bool {
        self.ends.clear();
        if is_one_site(input, run) {
            self.ends.push(run.len());
            return true;
        }
        self.label(input, run);
        run.clear();
        run.extend(self.labels.iter().map(|label| label.at));
        let parts = self.labels.chunk_by(|a, b| a.group == b.group);
        let ends = parts.scan(0, |end, part| {
            *end += part.len();
            Some(*end)
        });
        self.ends.extend(ends);
        false
    }

    /// Two spans of two scopes for each operation, side by side: the longer of each pair counts.
    fn merge_layers(&mut self, input: Input<'_>) {
        let source = |at: u32| input.segments.places[input.operation(at).place as usize].source;
        let Some(&first) = self.run.first() else { return };
        let one = source(first);
        let ones = self.run.iter().filter(|&&at| source(at) == one).count();
        if ones * 2 != self.run.len() {
            return;
        }
        let time = |&at: &u32| {
            let node = input.forest.node(input.operation(at).node);
            (source(at) != one, node.start, node.key())
        };
        self.run.sort_unstable_by_key(time);
        let (outer, inner) = self.run.split_at(ones);
        if inner.iter().any(|&at| source(at) != source(inner[0])) {
            return;
        }
        let pairs = || outer.iter().zip(inner).map(|(&a, &b)| (a, b));
        if !pairs().all(|(a, b)| overlaps_by_half(input, a, b)) {
            return;
        }
        let length = |at: u32| input.forest.node(input.operation(at).node).length();
        let shorter = |(a, b): (u32, u32)| if length(a) < length(b) { a } else { b };
        let from = self.doubled.len();
        self.doubled.extend(pairs().map(shorter));
        let doubled = &self.doubled[from..];
        // One scope is the outer layer for nearly all pairs, so the scan of the other stays short.
        self.joined.clear();
        self.joined.extend_from_slice(doubled);
        self.joined.sort_unstable();
        let joined = &self.joined;
        self.run.retain(|at| joined.binary_search(at).is_err());
        self.run.sort_unstable();
    }

    /// Sorts the run by what keeps its members apart, into `labels`.
    fn label(&mut self, input: Input<'_>, run: &[u32]) {
        self.labels.clear();
        let trails = self.trails.of(input.forest, input.layout, input.segments);
        for &at in run {
            let row = input.operation(at);
            let above = input.layout.parent(row.place);
            let own = |&above: &u32| input.segments.places[above as usize].segment == row.segment;
            let above = Some(above).filter(|&above| above != NONE).filter(own);
            let above = above.map(|above| &trails[above as usize]);
            self.labels.push(Label {
                code: row.code,
                store: store(input, row),
                path: above.map_or(0, |above| above.path),
                clear_path: above.map_or(0, |above| above.clear_path),
                bare: !above.is_some_and(|above| above.transparent),
                at,
                group: 0,
            });
        }
        let Some(&first) = self.labels.first() else { return };
        let alike =
            |label: &Label| (label.code, label.store, label.path) == (first.code, first.store, first.path);
        if self.labels.iter().all(alike) {
            return;
        }
        self.labels
            .sort_unstable_by_key(|label| (label.code, label.store, label.path, label.at));
        self.joined.clear();
        for at in 0..self.labels.len() {
            let split = at == 0 || {
                let (a, b) = (&self.labels[at - 1], &self.labels[at]);
                (a.code, a.store, a.path) != (b.code, b.store, b.path)
            };
            if split {
                self.joined.push(self.joined.len() as u32);
            }
            self.labels[at].group = self.joined.len() as u32 - 1;
        }
        self.join_wrapped();
        self.labels.sort_unstable_by_key(|label| (label.group, label.at));
    }

    /// A member that someone wrapped belongs to the members that nobody wrapped, on the same path without
    /// wrappers. Members that are all wrapped, each by another span, stay apart: they are different callers.
    fn join_wrapped(&mut self) {
        let clear = |label: &Label| (label.code, label.store, label.clear_path);
        self.labels.sort_unstable_by_key(|label| (clear(label), label.at));
        for same in self.labels.chunk_by(|a, b| clear(a) == clear(b)) {
            if !same.iter().any(|label| label.bare) {
                continue;
            }
            for label in same {
                let (a, b) = (root(&self.joined, same[0].group), root(&self.joined, label.group));
                self.joined[a.max(b) as usize] = a.min(b);
            }
        }
        for label in &mut self.labels {
            label.group = root(&self.joined, label.group);
        }
    }

    /// Adds the group under the lowest anchor. `same` is ascending by place.
    fn group(&mut self, input: Input<'_>, same: &[u32], (required, one_site): (u64, bool)) {
        let first = input.operation(same[0]);
        let from = self.members.len();
        let anchor = match one_site {
            true => {
                self.members.extend_from_slice(same);
                lifted(input, first, input.layout.parent(first.place))
            }
            false => {
                let anchor = anchor(input, same, required);
                let below = same.iter().copied();
                let below = below.filter(|&at| input.layout.contains(anchor, input.operation(at).place));
                self.members.extend(below);
                anchor
            }
        };
        let members = &mut self.members[from..];
        let node = |at: u32| input.forest.node(input.operation(at).node);
        // Siblings are in order of time already.
        if !members.is_sorted_by(|&a, &b| node(a).start < node(b).start) {
            members.sort_unstable_by_key(|&at| (node(at).start, node(at).key()));
        }
        let verdict = Verdict::new(input, members, &mut self.arguments);
        self.rows.push(Group {
            class: first.class,
            segment: first.segment,
            anchor,
            members: from as u32..self.members.len() as u32,
            doubled: self.doubled_from..self.doubled.len() as u32,
            verdict,
        });
    }

    /// The members of a group, in order of time.
    pub(crate) fn members_of(&self, group: &Group) -> &[u32] {
        &self.members[group.members.start as usize..group.members.end as usize]
    }

    /// The operations that members of a group stand for.
    pub(crate) fn doubled_of(&self, group: &Group) -> &[u32] {
        &self.doubled[group.doubled.start as usize..group.doubled.end as usize]
    }
}

fn root(joined: &[u32], mut at: u32) -> u32 {
    while joined[at as usize] != at {
        at = joined[at as usize];
    }
    at
}

fn is_single_key(input: Input<'_>, at: u32) -> bool {
    let facts = input
        .operation(at)
        .own
        .and_then(|own| input.dictionary.template(own));
    facts.is_some_and(|facts| facts.single_key)
}

/// System and namespace of a store, as a number that is equal for equal ones.
fn store(input: Input<'_>, row: &Operation) -> u32 {
    if row.class == Class::Call {
        return 0;
    }
    let facts = row.callee.and_then(|callee| input.dictionary.callee(callee));
    facts.map_or(0, |facts| facts.store.raw())
}

fn overlaps_by_half(input: Input<'_>, a: u32, b: u32) -> bool {
    let [a, b] = [a, b].map(|at| input.forest.node(input.operation(at).node));
    let shared = a.end.min(b.end) - a.start.max(b.start);
    shared * 2 >= (a.end - a.start).min(b.end - b.start)
}

/// Whether members of a run are siblings made at one place of the code for one store: nothing keeps them apart.
fn is_one_site(input: Input<'_>, run: &[u32]) -> bool {
    let Some(&first) = run.first() else { return true };
    let first = input.operation(first);
    let parent = input.layout.parent(first.place);
    run.iter().all(|&at| {
        let row = input.operation(at);
        let store = row.callee == first.callee || row.class == Class::Call;
        store && row.code == first.code && input.layout.parent(row.place) == parent
    })
}

/// An anchor of operations like `first`, which is not above the root of their segment.
fn lifted(input: Input<'_>, first: &Operation, anchor: u32) -> u32 {
    let top = input.segments.rows[first.segment as usize].root;
    match anchor == NONE || !input.layout.contains(top, anchor) {
        true => top,
        false => anchor,
    }
}

/// The lowest span that holds the required weight; of several that share nothing, what holds them all.
fn anchor(input: Input<'_>, same: &[u32], required: u64) -> u32 {
    let layout = input.layout;
    let place = |at: usize| input.operation(same[at]).place;
    let lifted = |anchor: u32| lifted(input, input.operation(same[0]), anchor);
    // Any two siblings share their parent, and nothing lower.
    let parent = layout.parent(place(0));
    if (1..same.len()).all(|at| layout.parent(place(at)) == parent) {
        return lifted(parent);
    }
    let (mut first, mut weight) = (0, 0);
    let mut lowest: Option<(u32, u32)> = None;
    for last in 0..same.len() {
        weight += input.operation(same[last]).weight;
        while weight - input.operation(same[first]).weight >= required {
            weight -= input.operation(same[first]).weight;
            first += 1;
        }
        if weight < required {
            continue;
        }
        let holder = layout.common(place(first), place(last));
        if holder == NONE {
            continue;
        }
        lowest = match lowest {
            None => Some((holder, holder)),
            Some((left, right)) if layout.contains(right, holder) => {
                Some((if left == right { holder } else { left }, holder))
            }
            Some((left, right)) if layout.contains(holder, right) => Some((left, right)),
            Some((left, _)) => Some((left, holder)),
        };
    }
    lifted(match lowest {
        None => NONE,
        Some((left, right)) if left == right => left,
        Some((left, right)) => layout.common(left, right),
    })
}
