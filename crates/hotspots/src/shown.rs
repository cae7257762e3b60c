//! The rows of a table as readers see them: pages that snapshots share until a row on them changes.

use std::sync::Arc;

/// Rows on a page. A changed row costs a copy of its page, a snapshot of a changed table a count of all pages.
const PAGE: usize = 32;

/// Keys and rows of one page.
type Page<K, V> = Arc<Vec<(K, Arc<V>)>>;

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

impl<K: Clone, V> Shown<K, V> {
    /// Puts a row in its place, or behind the last.
    pub(crate) fn put(&mut self, at: usize, key: &K, value: V) {
        let pages = Arc::make_mut(&mut self.pages);
        if pages.len() <= at / PAGE {
            pages.push(Arc::new(Vec::with_capacity(PAGE)));
        }
        let page = Arc::make_mut(&mut pages[at / PAGE]);
        let value = Arc::new(value);
        match page.get_mut(at % PAGE) {
            Some(row) => row.1 = value,
            None => page.push((key.clone(), value)),
        }
    }

    /// Drops the rows that are not `wanted`.
    pub(crate) fn keep(&mut self, wanted: impl Fn(usize) -> bool) {
        let rows = self.iter().enumerate().filter(|(at, _)| wanted(*at));
        let rows: Vec<(K, Arc<V>)> = rows.map(|(_, row)| row.clone()).collect();
        let pages = rows.chunks(PAGE).map(|page| Arc::new(page.to_vec()));
        self.pages = Arc::new(pages.collect());
    }
}
