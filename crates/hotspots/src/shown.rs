//! The rows of a table as readers see them: pages that snapshots share until a row on them changes.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

/// Rows on a page. A changed row costs a copy of its page, a snapshot of a changed table a count of all pages.
pub(crate) const PAGE: usize = 32;

/// Keys and rows of one page.
pub(crate) type Page<K, V> = Arc<Vec<(K, Arc<V>)>>;

/// An immutable list of rows once it is cloned.
#[derive(Debug)]
pub(crate) struct Shown<K, V> {
    /// All full but the last.
    pages: Arc<Vec<Page<K, V>>>,
}

impl<K, V> Default for Shown<K, V> {
    fn default() -> Self {
        Shown {
            pages: Arc::default(),
        }
    }
}

impl<K, V> Clone for Shown<K, V> {
    fn clone(&self) -> Self {
        Shown {
            pages: Arc::clone(&self.pages),
        }
    }
}

impl<K, V> Shown<K, V> {
    /// The rows in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &(K, Arc<V>)> {
        self.pages.iter().flat_map(|page| page.iter())
    }

    /// What a row holds that was put.
    pub(crate) fn value(&self, at: usize) -> &V {
        &self.pages[at / PAGE][at % PAGE].1
    }
}

impl<K: Hash + Eq, V> Shown<K, V> {
    /// Gives the rows that are not the same in an `older` list, and without a value those that were there and are gone.
    pub(crate) fn differences<'a>(&'a self, older: &'a Self, mut give: impl FnMut(&'a K, Option<&'a V>)) {
        if self.is_longer(older) {
            return self.differences_by_place(older, give);
        }
        let old: HashMap<&K, &Arc<V>> = older.iter().map(|(key, value)| (key, value)).collect();
        let new: HashSet<&K> = self.iter().map(|row| &row.0).collect();
        for (key, value) in self.iter() {
            if old.get(key).is_none_or(|old| !Arc::ptr_eq(old, value)) {
                give(key, Some(value));
            }
        }
        for (key, _) in older.iter().filter(|(key, _)| !new.contains(key)) {
            give(key, None);
        }
    }

    /// Whether all rows of an `older` list are still in their places.
    fn is_longer(&self, older: &Self) -> bool {
        let pages = self.pages.iter().zip(older.pages.iter());
        let mut changed = pages.filter(|(new, old)| !Arc::ptr_eq(new, old));
        older.pages.len() <= self.pages.len()
            && changed.all(|(new, old)| {
                old.len() <= new.len() && old.iter().zip(new.iter()).all(|(old, new)| old.0 == new.0)
            })
    }

    fn differences_by_place<'a>(&'a self, older: &'a Self, mut give: impl FnMut(&'a K, Option<&'a V>)) {
        for (at, page) in self.pages.iter().enumerate() {
            let old = older.pages.get(at);
            if old.is_some_and(|old| Arc::ptr_eq(old, page)) {
                continue;
            }
            for (place, (key, value)) in page.iter().enumerate() {
                let old = old.and_then(|old| old.get(place));
                if old.is_none_or(|old| !Arc::ptr_eq(&old.1, value)) {
                    give(key, Some(value));
                }
            }
        }
    }
}

impl<K: Clone, V> Shown<K, V> {
    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        let full = self.pages.len().saturating_sub(1) * PAGE;
        self.pages.last().map_or(0, |last| full + last.len())
    }

    /// Adds rows behind the last that are still to be [`Shown::put`]; until then they hold `empty`.
    pub(crate) fn extend(&mut self, keys: impl IntoIterator<Item = K>, empty: &Arc<V>) {
        let mut keys = keys.into_iter().peekable();
        if keys.peek().is_none() {
            return;
        }
        let pages = Arc::make_mut(&mut self.pages);
        for key in keys {
            if pages.last().is_none_or(|last| last.len() == PAGE) {
                pages.push(Arc::new(Vec::with_capacity(PAGE)));
            }
            if let Some(last) = pages.last_mut() {
                Arc::make_mut(last).push((key, Arc::clone(empty)));
            }
        }
    }

    /// Puts what a row holds in its place. Where readers see its page, they keep the old one, which is answered.
    pub(crate) fn put(&mut self, at: usize, value: V) -> Option<Page<K, V>> {
        let page = &mut Arc::make_mut(&mut self.pages)[at / PAGE];
        let old = match Arc::get_mut(page) {
            Some(_) => None,
            None => {
                let copy = Arc::new(page.to_vec());
                Some(std::mem::replace(page, copy))
            }
        };
        Arc::make_mut(page)[at % PAGE].1 = Arc::new(value);
        old
    }

    /// Drops the rows that are not `wanted`.
    pub(crate) fn keep(&mut self, wanted: impl Fn(usize) -> bool) {
        let rows = self.iter().enumerate().filter(|(at, _)| wanted(*at));
        let rows: Vec<(K, Arc<V>)> = rows.map(|(_, row)| row.clone()).collect();
        let pages = rows.chunks(PAGE).map(|page| Arc::new(page.to_vec()));
        self.pages = Arc::new(pages.collect());
    }
}
