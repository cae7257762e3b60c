//! Which traces of hotspots the store holds, and what the next commit changes: those that hotspots show, the most
//! valuable first, within a budget of bytes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Weak};

use hotspan_api::View;
use hotspan_hotspots::{Answers, trace_row};
use hotspan_model::{Lookup, Role, TraceId};
use hotspan_store::{Commit, PackedTrace, Store, StoreError};

use crate::exemplars::{Exemplar, Exemplars};
use crate::outline::outline;

/// Most traces that one commit writes.
const TRACES_MAX: usize = 32;
/// A commit that wrote so many bytes of rows, before they are compressed, leaves the rest to the next.
const BYTES_MAX: usize = 8 << 20;
/// A trace with more spans is not stored.
const SPANS_MAX: usize = 20_000;
/// So many looks in a row a trace is shown by no hotspot before it goes: one that left a list may be back in the next.
const ABSENT_MAX: u32 = 10;

/// What a trace is worth: first that each hotspot has one at all, then how high its hotspot ranks. `None` is worth least:
/// no hotspot shows it.
type Worth = Option<Reverse<(u8, usize)>>;

/// What is stored, as the writer knows it.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    held: BTreeMap<TraceId, Held>,
    bytes: u64,
    /// Traces that were found too large, or worth less than what fills the budget, as they were then.
    passed: BTreeMap<TraceId, Weak<Exemplar>>,
    /// What hotspots show in the view of this version.
    shown: BTreeMap<TraceId, Worth>,
    version: u64,
}

#[derive(Debug)]
struct Held {
    bytes: u64,
    /// What it was written from; nothing where an earlier process wrote it.
    from: Weak<Exemplar>,
    absent: u32,
}

/// What one commit changes.
#[derive(Debug, Default)]
pub(crate) struct Change {
    gone: Vec<TraceId>,
    new: Vec<(TraceId, Weak<Exemplar>, PackedTrace)>,
}

/// What is left of the budget while a commit is put together.
struct Room {
    bytes: u64,
    max: u64,
    /// What may go, least worth first.
    victims: std::vec::IntoIter<(Worth, TraceId, u64)>,
}

impl Evidence {
    /// What the file of an earlier process holds.
    pub(crate) fn load(store: &Store) -> Result<Evidence, StoreError> {
        let held = |bytes| Held {
            bytes,
            from: Weak::new(),
            absent: 0,
        };
        let traces = store.traces()?;
        Ok(Evidence {
            bytes: traces.iter().map(|(_, bytes)| bytes).sum(),
            held: traces.into_iter().map(|(id, bytes)| (id, held(bytes))).collect(),
            ..Evidence::default()
        })
    }

    /// How many traces are stored, and their bytes.
    pub(crate) fn size(&self) -> (u64, u64) {
        (self.held.len() as u64, self.bytes)
    }

    /// What is to be written so that what `view` shows is stored, in at most `max` bytes.
    pub(crate) fn plan(
        &mut self,
        view: &View,
        exemplars: &Exemplars,
        dictionary: &dyn Lookup,
        max: u64,
    ) -> Change {
        if self.version != view.version {
            self.version = view.version;
            self.shown = shown(&view.answers);
            let shown = &self.shown;
            self.passed.retain(|id, _| shown.contains_key(id));
        }
        let mut change = Change {
            gone: self.absent(),
            new: Vec::new(),
        };
        let new = self.candidates(exemplars);
        let mut room = self.room(&change.gone, &new, max);
        room.shrink(&mut change.gone);
        let mut written = 0;
        for (worth, id, exemplar) in new {
            if BYTES_MAX <= written {
                break;
            }
            let from = Arc::downgrade(&exemplar);
            let before = self.held.get(&id).map_or(0, |held| held.bytes);
            match pack(id, &exemplar, dictionary, &mut written) {
                Some(packed) if room.take(worth, before, packed.bytes(), &mut change.gone) => {
                    change.new.push((id, from, packed));
                }
                Some(_) | None => {
                    self.passed.insert(id, from);
                }
            }
        }
        change
    }

    /// A change is stored.
    pub(crate) fn done(&mut self, change: Change) {
        if !change.gone.is_empty() {
            self.passed.clear();
        }
        for id in change.gone {
            self.forget(id);
        }
        for (id, from, packed) in change.new {
            self.forget(id);
            let bytes = packed.bytes();
            self.bytes += bytes;
            self.held.insert(
                id,
                Held {
                    bytes,
                    from,
                    absent: 0,
                },
            );
        }
    }

    fn forget(&mut self, id: TraceId) {
        if let Some(held) = self.held.remove(&id) {
            self.bytes -= held.bytes;
        }
    }

    /// What no hotspot has shown for a while.
    fn absent(&mut self) -> Vec<TraceId> {
        let shown = &self.shown;
        let gone = self.held.iter_mut().filter_map(|(id, held)| {
            held.absent = match shown.contains_key(id) {
                true => 0,
                false => held.absent + 1,
            };
            (ABSENT_MAX <= held.absent).then_some(*id)
        });
        gone.collect()
    }

    /// What is shown and not stored as it is now, most valuable first.
    fn candidates(&self, exemplars: &Exemplars) -> Vec<(Worth, TraceId, Arc<Exemplar>)> {
        let new = self.shown.iter().filter_map(|(&id, &worth)| {
            let exemplar = exemplars.get(id)?;
            let is = |from: &Weak<Exemplar>| std::ptr::eq(Weak::as_ptr(from), Arc::as_ptr(&exemplar));
            let stored = self.held.get(&id).is_some_and(|held| is(&held.from));
            let passed = self.passed.get(&id).is_some_and(is);
            (!stored && !passed).then_some((worth, id, exemplar))
        });
        let mut new: Vec<_> = new.collect();
        new.sort_by_key(|&(worth, id, _)| (Reverse(worth), id));
        new.truncate(TRACES_MAX);
        new
    }

    fn room(&self, gone: &[TraceId], new: &[(Worth, TraceId, Arc<Exemplar>)], max: u64) -> Room {
        let freed: u64 = gone
            .iter()
            .filter_map(|id| self.held.get(id))
            .map(|held| held.bytes)
            .sum();
        let bytes = self.bytes - freed;
        let is_near = max < bytes.saturating_add(BYTES_MAX as u64);
        let ids = gone.iter().chain(new.iter().map(|(_, id, _)| id));
        let spoken_for: BTreeSet<TraceId> = ids.copied().collect();
        let mut victims: Vec<_> = match is_near {
            true => self
                .held
                .iter()
                .filter(|(id, _)| !spoken_for.contains(id))
                .map(|(&id, held)| (self.shown.get(&id).copied().flatten(), id, held.bytes))
                .collect(),
            false => Vec::new(),
        };
        victims.sort_unstable_by_key(|&(worth, id, _)| (worth, id));
        Room {
            bytes,
            max,
            victims: victims.into_iter(),
        }
    }
}

impl Room {
    /// Lets go of what is beyond a budget that became smaller.
    fn shrink(&mut self, gone: &mut Vec<TraceId>) {
        while self.max < self.bytes
            && let Some((_, id, bytes)) = self.victims.next()
        {
            self.bytes -= bytes;
            gone.push(id);
        }
    }

    /// Takes the place of something that had `before` bytes, and of what is worth less; `false`, and nothing taken,
    /// when that is not enough.
    fn take(&mut self, worth: Worth, before: u64, bytes: u64, gone: &mut Vec<TraceId>) -> bool {
        let after = self.bytes - before + bytes;
        let lesser = self.victims.as_slice().iter().take_while(|(of, ..)| *of < worth);
        let mut freed = 0;
        let mut count = 0;
        for (.., bytes) in lesser {
            if after - freed <= self.max {
                break;
            }
            freed += bytes;
            count += 1;
        }
        if self.max < after - freed {
            return false;
        }
        self.bytes = after - freed;
        gone.extend(self.victims.by_ref().take(count).map(|(_, id, _)| id));
        true
    }
}

impl Change {
    pub(crate) fn is_empty(&self) -> bool {
        self.gone.is_empty() && self.new.is_empty()
    }

    /// Puts it into a commit.
    pub(crate) fn write(&self, commit: &mut Commit<'_>) -> Result<(), StoreError> {
        for id in &self.gone {
            commit.forget_trace(*id)?;
        }
        for (id, _, packed) in &self.new {
            commit.trace(*id, packed)?;
        }
        Ok(())
    }
}

/// What hotspots show, and what it is worth at best. Those that no list has come after those that are listed.
fn shown(answers: &Answers) -> BTreeMap<TraceId, Worth> {
    let mut shown = BTreeMap::new();
    for (rank, hotspot) in answers.hotspots.iter().enumerate() {
        let unlisted = if rank < answers.listed { 0 } else { 3 };
        for evidence in &hotspot.evidence {
            let role = match evidence.role {
                Role::Worst => 0,
                Role::Median => 1,
                Role::Newest => 2,
            };
            let worth = Some(Reverse((unlisted + role, rank)));
            let best = shown.entry(evidence.trace).or_insert(worth);
            *best = worth.max(*best);
        }
    }
    shown
}

/// The row of a trace; without its attributes where it is too long with them, `None` where it is then. `written` grows
/// by the bytes that were made.
fn pack(
    id: TraceId,
    exemplar: &Exemplar,
    dictionary: &dyn Lookup,
    written: &mut usize,
) -> Option<PackedTrace> {
    let trace = &exemplar.trace;
    if SPANS_MAX < trace.spans.len() {
        return None;
    }
    let outline = outline(id, trace, dictionary)?.row();
    let mut pack = |details: &[_]| {
        let row = trace_row(trace, details, dictionary);
        *written += row.len();
        PackedTrace::new(&row, outline.clone())
    };
    pack(&exemplar.details).or_else(|| pack(&[]))
}

#[cfg(test)]
mod tests;
