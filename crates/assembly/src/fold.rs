//! One huge trace: siblings that do the same are folded into a group, so that nothing is dropped.
//!
//! A group keeps count, errors, the sum of durations, the union of intervals, and as real spans its slowest members.
//! The ids of folded spans are remembered: their copies stay copies, and their children become the group's.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::BuildHasher;

use foldhash::fast::SeedableRandomState;
use hashbrown::HashTable;
use hotspan_model::{
    Class, Flag, Group, Kind, Lookup, Nanos, SideOf, Span, SpanId, Symbol, TableSeed, Timestamp,
};

use crate::blocks::Blocks;
use crate::slab::{Chain, Slab};
use crate::{Settings, union};

/// Accounted bytes of a folded span's id.
const FOLDED_BYTES: u64 = 24;
/// Accounted bytes of a group without its intervals.
const GROUP_BYTES: u64 = 320;
/// Accounted bytes of an interval.
const INTERVAL_BYTES: u64 = 16;

/// The groups of one trace.
#[derive(Debug)]
pub(crate) struct Folds {
    groups: Vec<Fold>,
    by_key: HashMap<Key, u32, SeedableRandomState>,
    folded: Blocks<Folded, 4_096>,
    places: HashTable<u32>,
    hasher: SeedableRandomState,
    intervals: u64,
}

/// What became of a span that may belong to a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Joined {
    /// There is no such group.
    No,
    /// It is folded.
    Folded,
    /// It took the slot of a faster member, which is folded.
    Displaced { slot: u32, member: Span },
}

impl Folds {
    pub(crate) fn new(seed: TableSeed) -> Folds {
        Folds {
            groups: Vec::new(),
            by_key: HashMap::with_hasher(seed.build(4)),
            folded: Blocks::default(),
            places: HashTable::new(),
            hasher: seed.build(5),
            intervals: 0,
        }
    }

    /// Folded spans.
    pub(crate) fn count(&self) -> u64 {
        self.folded.len() as u64
    }

    /// Accounted bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.count() * FOLDED_BYTES + self.groups.len() as u64 * GROUP_BYTES + self.intervals * INTERVAL_BYTES
    }

    /// The folded spans among `ids`, which ascend, each with the first group that has it.
    pub(crate) fn among(&self, ids: &[SpanId]) -> Vec<(SpanId, u32)> {
        if ids.is_empty() {
            return Vec::new();
        }
        let asked = self
            .folded
            .iter()
            .filter(|folded| ids.binary_search(&folded.id).is_ok());
        let mut found: Vec<(SpanId, u32)> = asked.map(|folded| (folded.id, folded.group)).collect();
        found.sort_unstable();
        found.dedup_by_key(|(id, _)| *id);
        found
    }

    /// Whether a copy of the span was folded. A group has one kind and one host, so id and start tell.
    pub(crate) fn has_copy(&self, span: &Span) -> bool {
        let Some(&group) = Key::of(span).and_then(|key| self.by_key.get(&key)) else {
            return false;
        };
        let copy = Folded::new(span, group);
        let same = |&place: &u32| self.folded[place] == copy;
        self.places.find(self.hasher.hash_one(copy), same).is_some()
    }

    /// Takes a new member of a group, if there is its group.
    pub(crate) fn join(
        &mut self,
        span: &Span,
        sides: &[SideOf],
        (slab, chain): (&mut Slab, &mut Chain),
        settings: &Settings,
    ) -> Joined {
        let Some(&group) = Key::of(span).and_then(|key| self.by_key.get(&key)) else {
            return Joined::No;
        };
        let fastest =
            |slab: &Slab, kept: &[u32]| kept.iter().copied().max_by_key(|&slot| speed(slab.span(slot)));
        match fastest(slab, &self.groups[group as usize].kept) {
            Some(slot) if speed(span) < speed(slab.span(slot)) => {
                let member = *slab.span(slot);
                slab.replace(chain, slot, span, sides);
                self.fold(group, &member, settings);
                Joined::Displaced { slot, member }
            }
            Some(_) | None => {
                self.fold(group, span, settings);
                Joined::Folded
            }
        }
    }

    /// Folds the largest groups until nine tenths of `spans_max` are left; `false`, and nothing done, when even
    /// all of them leave more.
    pub(crate) fn relieve(
        &mut self,
        slab: &mut Slab,
        chain: &mut Chain,
        settings: &Settings,
        dictionary: &dyn Lookup,
    ) -> bool {
        let goal = u64::from(settings.spans_max) * 9 / 10;
        let excess = u64::from(chain.spans).saturating_sub(goal);
        let mut named: Vec<SpanId> = slab.spans(chain).filter_map(|(_, span)| span.parent).collect();
        named.sort_unstable();
        let is_leaf = |span: &Span| named.binary_search(&span.id).is_err();
        let Some(chosen) = self.choose(slab, chain, excess, &is_leaf, settings, dictionary) else {
            return false;
        };
        let first_new = self.groups.len();
        for (key, members) in chosen {
            self.open(key, members, slab, settings);
        }
        slab.retain(chain, |slot, span| {
            let group = Key::of(span).and_then(|key| self.by_key.get(&key)).copied();
            match group {
                Some(group) if group as usize >= first_new && is_leaf(span) => {
                    let keep = self.groups[group as usize].kept.contains(&slot);
                    if !keep {
                        self.fold(group, span, settings);
                    }
                    keep
                }
                Some(_) | None => true,
            }
        });
        true
    }

    /// The groups as they are handed on, and the group of each folded span that one of `spans` names as parent.
    pub(crate) fn copy(&self, spans: &[Span], groups: &mut Vec<Group>, parents: &mut Vec<(SpanId, u32)>) {
        if self.groups.is_empty() {
            return;
        }
        groups.extend(self.groups.iter().map(|fold| fold.group.clone()));
        let mut named: Vec<SpanId> = spans.iter().filter_map(|span| span.parent).collect();
        named.sort_unstable();
        parents.extend(self.among(&named));
    }

    /// Largest first, ties by key, as many as it takes; each with the slots of its leaves.
    fn choose(
        &self,
        slab: &Slab,
        chain: &Chain,
        excess: u64,
        is_leaf: &impl Fn(&Span) -> bool,
        settings: &Settings,
        dictionary: &dyn Lookup,
    ) -> Option<Vec<(Key, Vec<u32>)>> {
        let mut places: HashMap<Key, usize, SeedableRandomState> =
            HashMap::with_hasher(self.by_key.hasher().clone());
        let mut found: Vec<(Key, Vec<u32>)> = Vec::new();
        for (slot, span) in slab.spans(chain).filter(|(_, span)| is_leaf(span)) {
            let Some(key) = Key::of(span).filter(|key| !self.by_key.contains_key(key)) else {
                continue;
            };
            let place = *places.entry(key).or_insert_with(|| {
                found.push((key, Vec::new()));
                found.len() - 1
            });
            found[place].1.push(slot);
        }
        let kept = settings.group_kept as usize;
        found.retain(|(_, members)| members.len() > kept);
        found.sort_by(|(a, these), (b, those)| {
            let larger = those.len().cmp(&these.len());
            larger.then_with(|| a.in_words(dictionary).cmp(&b.in_words(dictionary)))
        });
        let mut left = excess;
        let enough = found.iter().position(|(_, members)| {
            left = left.saturating_sub((members.len() - kept) as u64);
            left == 0
        })?;
        found.truncate(enough + 1);
        Some(found)
    }

    fn open(&mut self, key: Key, mut members: Vec<u32>, slab: &Slab, settings: &Settings) {
        members.sort_by_key(|&slot| speed(slab.span(slot)));
        let first = *slab.span(members[0]);
        members.truncate(settings.group_kept as usize);
        members.shrink_to_fit();
        let number = u32::try_from(self.groups.len()).unwrap_or(u32::MAX);
        self.by_key.insert(key, number);
        self.groups.push(Fold {
            group: Group {
                parent: first.parent,
                source: first.source,
                operation: first.operation,
                template: first.template,
                callee: first.callee,
                bits: first.bits,
                count: 0,
                errors: 0,
                sum: Nanos::ZERO,
                intervals: Vec::new(),
                union_approx: false,
            },
            first: None,
            kept: members,
        });
    }

    fn fold(&mut self, number: u32, span: &Span, settings: &Settings) {
        let Fold { group, first, .. } = &mut self.groups[number as usize];
        group.count += 1;
        group.errors += u64::from(span.has(Flag::Failed));
        group.sum = group.sum.plus(span.duration);
        let place = (span.start, span.id);
        if first.is_none_or(|first| place < first) {
            *first = Some(place);
            group.bits = span.bits;
        }
        let before = group.intervals.len() as u64;
        let most = settings.group_intervals_max as usize;
        group.union_approx |= union::add(&mut group.intervals, (span.start, span.end()), most);
        self.intervals = self.intervals + group.intervals.len() as u64 - before;
        let folded = Folded::new(span, number);
        let place = self.folded.push(folded);
        let rehash = |&place: &u32| self.hasher.hash_one(self.folded[place]);
        self.places
            .insert_unique(self.hasher.hash_one(folded), place, rehash);
    }

    /// Bytes taken from the allocator.
    #[cfg(test)]
    pub(crate) fn memory(&self) -> u64 {
        let group = |fold: &Fold| fold.group.intervals.capacity() * 16 + fold.kept.capacity() * 4;
        let groups =
            self.groups.capacity() * size_of::<Fold>() + self.groups.iter().map(group).sum::<usize>();
        let keys = self.by_key.capacity() * 8 / 7 * (size_of::<(Key, u32)>() + 1);
        (groups + keys + self.places.allocation_size()) as u64 + self.folded.memory()
    }
}

#[derive(Debug)]
struct Fold {
    group: Group,
    /// Start and id of the folded span whose flags the group has.
    first: Option<(Timestamp, SpanId)>,
    /// Slots of the slowest members.
    kept: Vec<u32>,
}

/// What siblings must have in common. Finer than service, name and kind, so that counts by template stay exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    parent: Option<SpanId>,
    bad_parent: bool,
    source: Symbol,
    operation: Symbol,
    template: Option<Symbol>,
    callee: Option<Symbol>,
    kind: Kind,
    class: Class,
}

impl Key {
    /// `None` for summaries: they stand for many already.
    fn of(span: &Span) -> Option<Key> {
        let Span {
            parent,
            source,
            operation,
            template,
            callee,
            bits,
            ..
        } = *span;
        (!bits.has(Flag::Summary)).then_some(Key {
            parent,
            bad_parent: bits.has(Flag::BadParent),
            source,
            operation,
            template,
            callee,
            kind: bits.kind(),
            class: bits.class(),
        })
    }

    fn in_words<'a>(&self, dictionary: &'a dyn Lookup) -> impl Ord + use<'a> {
        let text = |symbol| dictionary.text(symbol);
        let words = (
            text(self.source),
            text(self.operation),
            self.template.map(text),
            self.callee.map(text),
        );
        (self.parent, self.bad_parent, words, self.kind, self.class)
    }
}

/// A folded span: 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Folded {
    id: SpanId,
    group: u32,
    /// The low half of its start: two spans of one id and group that agree in it are copies.
    start: u32,
}

impl Folded {
    fn new(span: &Span, group: u32) -> Folded {
        Folded {
            id: span.id,
            group,
            start: span.start.0 as u32,
        }
    }
}

/// Smaller is slower.
fn speed(span: &Span) -> impl Ord + use<> {
    (Reverse(span.duration), span.start, span.id)
}
