//! How all shards are at one offset: collected as they pass it, and stored when the last has.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use hotspan_model::LogPos;
use hotspan_pipeline::Cut;

/// All shards at one offset.
#[derive(Debug)]
pub(crate) struct Complete {
    /// The first record that is not in it, and the log's clock before.
    pub(crate) at: LogPos,
    /// In order.
    pub(crate) shards: Vec<Cut>,
}

/// Written by the shards, read by the thread that stores.
#[derive(Debug)]
pub(crate) struct Cuts {
    shards: usize,
    /// By offset. Held while one shard puts its own there, some times a second.
    parts: Mutex<BTreeMap<u64, Vec<Option<Cut>>>>,
    newest: ArcSwapOption<Complete>,
}

impl Cuts {
    pub(crate) fn new(shards: usize) -> Cuts {
        Cuts {
            shards,
            parts: Mutex::default(),
            newest: ArcSwapOption::empty(),
        }
    }

    /// The shard `of` is so at `at`.
    pub(crate) fn put(&self, of: usize, at: LogPos, cut: Cut) {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let all = parts
            .entry(at.offset.0)
            .or_insert_with(|| vec![None; self.shards]);
        if let Some(own) = all.get_mut(of) {
            *own = Some(cut);
        }
        if all.iter().any(Option::is_none) {
            return;
        }
        let whole = parts.remove(&at.offset.0).unwrap_or_default();
        // Shards pass offsets in order, so that nothing before this one is waited for.
        *parts = parts.split_off(&at.offset.0);
        let shards = whole.into_iter().flatten().collect();
        self.newest.store(Some(Arc::new(Complete { at, shards })));
    }

    /// The newest that is complete.
    pub(crate) fn newest(&self) -> Option<Arc<Complete>> {
        self.newest.load_full()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotspan_model::{LogTime, Offset};
    use hotspan_pipeline::Held;

    fn at(offset: u64) -> LogPos {
        LogPos {
            offset: Offset(offset),
            time: LogTime(offset),
        }
    }

    fn cut() -> Cut {
        Cut {
            hotspots: Arc::default(),
            held: Held::default(),
        }
    }

    #[test]
    fn it_is_complete_when_the_last_shard_has_passed() {
        let cuts = Cuts::new(2);
        let newest = || cuts.newest().map(|newest| newest.at.offset.0);
        cuts.put(0, at(5), cut());
        cuts.put(0, at(7), cut());
        assert_eq!(newest(), None);
        cuts.put(1, at(5), cut());
        assert_eq!(newest(), Some(5));
        cuts.put(1, at(7), cut());
        assert_eq!(newest(), Some(7));
        assert_eq!(cuts.newest().unwrap().shards.len(), 2);
        assert!(cuts.parts.lock().unwrap().is_empty());
    }
}
