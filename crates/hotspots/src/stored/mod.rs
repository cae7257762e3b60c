//! The state of a shard as plain rows: what a store keeps, and builds the shard from again.
//!
//! A row is one key of one table with its own texts, so it means the same in every process. It begins with the
//! version of its form. Fields are written in the order in which they are listed; a row of an older form is read by
//! this program as long as it knows how, one of a newer form is refused. Counters of `/metrics` are not kept: whoever
//! reads them expects that they start again with the process.

mod codes;
mod entry;
mod outline;
mod plain;
mod reader;
mod trace;
mod writer;

use std::hash::Hash;

use hotspan_model::Lookup;

use crate::shard::{Head, Snapshot};
use crate::shown::Shown;

pub use self::outline::Outline;
pub(crate) use self::reader::Reader;
pub use self::reader::Unreadable;
pub use self::trace::{read_trace, trace_row};
pub(crate) use self::writer::Writer;

/// Form of the rows that this program writes.
pub(crate) const VERSION: u8 = 1;

/// What is written to rows and read from them.
pub(crate) trait Stored: Sized {
    fn write(&self, to: &mut Writer<'_>);
    fn read(from: &mut Reader<'_>) -> Result<Self, Unreadable>;
}

/// Lists the fields of a struct in the order of a row; all of them, but those behind `but` begin empty.
macro_rules! stored {
    ($name:ty { $($field:ident),* $(,)? } $(but $($gone:ident),*)?) => {
        impl $crate::stored::Stored for $name {
            fn write(&self, to: &mut $crate::stored::Writer<'_>) {
                let Self { $($field,)* $($($gone: _,)*)? } = self;
                $($crate::stored::Stored::write($field, to);)*
            }

            fn read(from: &mut $crate::stored::Reader<'_>) -> Result<Self, $crate::stored::Unreadable> {
                Ok(Self {
                    $($field: $crate::stored::Stored::read(from)?,)*
                    $($($gone: Default::default(),)*)?
                })
            }
        }
    };
}
pub(crate) use stored;

/// The names that a program spells out: of detectors, conditions, guards, vendors.
pub trait Names {
    /// The name as this program has it; `None` when it has not.
    fn name(&mut self, text: &str) -> Option<&'static str>;

    /// Whether it is that of a detector.
    fn is_detector(&self, name: &str) -> bool;
}

/// Which table a row is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The shard itself: one row.
    Shard,
    /// A hotspot with its trend and its evidence.
    Hotspot,
    /// A service.
    Service,
    /// A segment operation.
    Operation,
    /// Who calls whom.
    Edge,
    /// How two operations lay to each other.
    Order,
    /// What detectors over traces read.
    Fact,
    /// What nearly is a hotspot.
    Near,
    /// What hotspots save together.
    Joint,
}

impl Kind {
    /// All of them, in the order in which they are read: each after those that it needs.
    pub const ALL: [Kind; 9] = [
        Kind::Shard,
        Kind::Hotspot,
        Kind::Service,
        Kind::Operation,
        Kind::Edge,
        Kind::Order,
        Kind::Fact,
        Kind::Near,
        Kind::Joint,
    ];

    /// Its number in stores, which never stands for another.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The kind of a number.
    pub fn of(code: u8) -> Option<Kind> {
        Kind::ALL.get(usize::from(code)).copied()
    }
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Of which table.
    pub kind: Kind,
    /// Tells it apart within its table, the same in every process.
    pub key: u128,
    /// What it holds; `None` when it is gone.
    pub value: Option<Vec<u8>>,
}

impl Snapshot {
    /// Gives the rows that differ from those of an earlier snapshot of the same shard, or all; by kind and key,
    /// ascending.
    pub fn changes(&self, since: Option<&Snapshot>, dictionary: &dyn Lookup, mut give: impl FnMut(Row)) {
        let nothing = Snapshot::default();
        let old = since.unwrap_or(&nothing);
        if since.is_none() || since.is_some_and(|old| old.version != self.version) {
            let mut writer = Writer::new(dictionary);
            Head::of(self).write(&mut writer);
            give(Row {
                kind: Kind::Shard,
                key: 0,
                value: Some(writer.finish()),
            });
        }
        let out = &mut give;
        changes(Kind::Hotspot, &self.aggregates, &old.aggregates, dictionary, out);
        changes(Kind::Service, &self.services, &old.services, dictionary, out);
        changes(
            Kind::Operation,
            &self.operations,
            &old.operations,
            dictionary,
            out,
        );
        changes(Kind::Edge, &self.edges, &old.edges, dictionary, out);
        changes(Kind::Order, &self.orders, &old.orders, dictionary, out);
        changes(Kind::Fact, &self.facts, &old.facts, dictionary, out);
        changes(Kind::Near, &self.near, &old.near, dictionary, out);
        changes(Kind::Joint, &self.joints, &old.joints, dictionary, out);
    }
}

fn changes<K: Stored + Hash + Eq, V: Stored>(
    kind: Kind,
    new: &Shown<K, V>,
    old: &Shown<K, V>,
    dictionary: &dyn Lookup,
    give: &mut dyn FnMut(Row),
) {
    let mut rows: Vec<(u128, &K, Option<&V>)> = Vec::new();
    new.differences(old, |key, value| {
        let mut writer = Writer::new(dictionary);
        key.write(&mut writer);
        rows.push((writer.identity(), key, value));
    });
    rows.sort_unstable_by_key(|row| row.0);
    for (key, parts, value) in rows {
        let value = value.map(|value| {
            let mut writer = Writer::new(dictionary);
            parts.write(&mut writer);
            value.write(&mut writer);
            writer.finish()
        });
        give(Row { kind, key, value });
    }
}

#[cfg(test)]
pub(crate) fn test_names(names: &[&'static str]) -> impl Names + use<> {
    struct Listed(Vec<&'static str>);
    impl Names for Listed {
        fn name(&mut self, text: &str) -> Option<&'static str> {
            self.0.iter().copied().find(|name| *name == text)
        }

        fn is_detector(&self, name: &str) -> bool {
            self.0.contains(&name)
        }
    }
    Listed(names.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotspan_model::LocalDictionary;

    #[test]
    fn a_row_of_a_newer_form_is_refused_with_its_version() {
        let mut dictionary = LocalDictionary::default();
        let mut row = vec![VERSION + 1, 0];
        row.extend(writer::sum(&row));
        let refused = Reader::new(&row, &mut dictionary, &mut test_names(&[])).err();
        assert_eq!(refused, Some(Unreadable::Newer(VERSION + 1)));
    }

    #[test]
    fn kinds_keep_their_numbers() {
        for (code, kind) in (0..).zip(Kind::ALL) {
            assert_eq!((kind.code(), Kind::of(code)), (code, Some(kind)));
        }
        assert_eq!(Kind::of(Kind::ALL.len() as u8), None);
    }
}
