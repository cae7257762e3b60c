//! The sources of one trace: whose spans they are, looked up once each.

use hotspan_model::{Assembled, Lookup, Symbol};

use super::layout::Visit;
use super::tally::Tally;
use crate::Node;
use crate::few::Few;

/// One resource and scope.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source {
    pub symbol: Symbol,
    pub service: Option<Symbol>,
    pub version: Option<Symbol>,
    pub namespace: Option<Symbol>,
    /// The one of its service's processes that it is.
    pub instance: Option<Symbol>,
    pub front_end: bool,
    /// It does not say its service.
    pub unnamed: bool,
    /// What its spans add up to.
    pub tally: Tally,
}

/// The sources of one trace, in order of first use.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    rows: Vec<Source>,
    known: Few,
    last: Option<(Symbol, u32)>,
    groups_seen: Vec<bool>,
}

impl Sources {
    pub(super) fn clear(&mut self, trace: &Assembled) {
        self.groups_seen.clear();
        self.groups_seen.resize(trace.groups.len(), false);
        self.rows.clear();
        self.known.clear();
        self.last = None;
    }

    /// The row of a source. Spans of one source mostly come together, so the last one is tried first.
    #[inline]
    pub(super) fn slot(&mut self, symbol: Symbol, dictionary: &dyn Lookup) -> u32 {
        if let Some((last, slot)) = self.last
            && last == symbol
        {
            return slot;
        }
        let is_it = |row: &Source| row.symbol == symbol;
        let slot = match self.known.find(&self.rows, hash(symbol), is_it) {
            Some(slot) => slot,
            None => self.add(symbol, dictionary),
        };
        self.last = Some((symbol, slot));
        slot
    }

    fn add(&mut self, symbol: Symbol, dictionary: &dyn Lookup) -> u32 {
        let facts = dictionary.source(symbol);
        self.rows.push(Source {
            symbol,
            service: facts.map(|facts| facts.service),
            version: facts.and_then(|facts| facts.version),
            namespace: facts.and_then(|facts| facts.namespace),
            instance: facts.and_then(|facts| facts.instance),
            front_end: facts.is_some_and(|facts| facts.front_end),
            unnamed: facts.is_some_and(|facts| facts.unnamed),
            tally: Tally::default(),
        });
        self.known.list(&self.rows, |row| hash(row.symbol))
    }

    /// Counts a node of the source in this slot.
    #[inline]
    pub(super) fn count(&mut self, slot: u32, trace: &Assembled, visit: Visit<'_>, orphan: bool) {
        let tally = &mut self.rows[slot as usize].tally;
        tally.add(trace, visit, &mut self.groups_seen, orphan);
    }

    /// Counts one like the last one of this slot.
    #[inline]
    pub(super) fn again(&mut self, slot: u32, node: &Node) {
        self.rows[slot as usize].tally.again(node);
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// One of them.
    pub(crate) fn row(&self, slot: u32) -> &Source {
        &self.rows[slot as usize]
    }
}

fn hash(symbol: Symbol) -> u64 {
    u64::from(symbol.raw()).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
