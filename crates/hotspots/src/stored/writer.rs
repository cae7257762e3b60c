//! One row as bytes: numbers in as many bytes as they need, texts once, in front.

use std::collections::BTreeMap;

use hotspan_model::{Identity, Lookup, Symbol};

use super::{Stored, VERSION, entry};

/// Writes one row.
pub(crate) struct Writer<'a> {
    dictionary: &'a dyn Lookup,
    body: Vec<u8>,
    /// Entries of the symbols that were met, each before the first that refers to it.
    entries: Vec<u8>,
    /// Their places.
    places: BTreeMap<u32, u64>,
    /// Their texts together.
    text: Identity,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(dictionary: &'a dyn Lookup) -> Writer<'a> {
        Writer {
            dictionary,
            body: Vec::new(),
            entries: Vec::new(),
            places: BTreeMap::new(),
            text: Identity::new("row"),
        }
    }

    /// Version, texts, body, and a sum over them.
    pub(crate) fn finish(self) -> Vec<u8> {
        let mut row = vec![VERSION];
        put(&mut row, self.places.len() as u128);
        row.extend(self.entries);
        row.extend(self.body);
        let sum = sum(&row);
        row.extend(sum);
        row
    }

    /// What was written so far, in every installation: by its texts, and not by what is known about them.
    pub(crate) fn identity(&self) -> u128 {
        over(self.text.clone(), &self.body).finish()
    }

    pub(crate) fn byte(&mut self, byte: u8) {
        self.body.push(byte);
    }

    /// Seven bits a byte, the lowest first; the last has its highest bit clear.
    pub(crate) fn number(&mut self, number: impl Into<u128>) {
        put(&mut self.body, number.into());
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.body.extend(text.as_bytes());
    }

    pub(crate) fn list<'t, T: Stored + 't>(&mut self, items: impl ExactSizeIterator<Item = &'t T>) {
        self.number(items.len() as u64);
        items.for_each(|item| item.write(self));
    }

    pub(crate) fn symbol(&mut self, symbol: Symbol) {
        let place = match self.places.get(&symbol.raw()) {
            Some(place) => *place,
            None => self.enter(symbol),
        };
        self.number(place);
    }

    /// Writes an entry, after those that it refers to: facts of facts are plain texts, so this goes two deep.
    fn enter(&mut self, symbol: Symbol) -> u64 {
        let body = std::mem::take(&mut self.body);
        let entry = self.dictionary.entry(symbol);
        entry::write(entry, self);
        let written = std::mem::replace(&mut self.body, body);
        self.entries.extend(written);
        let place = self.places.len() as u64;
        self.places.insert(symbol.raw(), place);
        let kind = self.text.clone().number(entry.vocabulary as u128);
        self.text = kind.text(&entry.text);
        place
    }
}

/// Bytes behind a row that tell whether it is as it was written: a page of a file may rot unseen.
pub(super) fn sum(row: &[u8]) -> [u8; 8] {
    let [sum @ .., _, _, _, _, _, _, _, _] = over(Identity::new("sum"), row).finish().to_be_bytes();
    sum
}

fn over(start: Identity, bytes: &[u8]) -> Identity {
    let numbers = bytes.chunks(16).map(|chunk| {
        let mut bytes = [0; 16];
        bytes[..chunk.len()].copy_from_slice(chunk);
        u128::from_be_bytes(bytes)
    });
    start.number(bytes.len() as u128).numbers(numbers)
}

fn put(out: &mut Vec<u8>, mut number: u128) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}
