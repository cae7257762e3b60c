//! The operation: method and route of a server span, the masked name of any other.

use std::hash::{BuildHasher, Hash, Hasher};

use hotspan_model::{Facts, Symbol, Vocabulary};

use super::Resolver;
use super::call::{http_method, method, own_target, procedure, words};
use super::class::Work;
use crate::attributes::Known;
use crate::keys::Field;
use crate::text::names;
use crate::text::url::{self, Url};
use crate::value::{cut, readable};

/// What decides a server's operation.
#[derive(Clone, Copy, Debug, Hash)]
enum Entry<'a> {
    Route(&'a [u8], &'a [u8]),
    Path(&'a [u8], &'a [u8]),
    Procedure(Option<&'a [u8]>, &'a [u8]),
}

impl Resolver<'_> {
    /// The symbol of a server's operation; `None` when its name is all that tells.
    pub(super) fn entry(&mut self, work: Work, known: &mut Known<'_>) -> Option<Symbol> {
        match work {
            Work::Server => entry(known).map(|entry| self.operation(entry)),
            Work::Consumer
            | Work::Wait
            | Work::Plumbing(_)
            | Work::Store
            | Work::Publish
            | Work::Rpc
            | Work::Http
            | Work::Function
            | Work::Model
            | Work::UnknownOut
            | Work::Internal => None,
        }
    }

    /// The symbol of an operation that goes by its name.
    #[inline]
    pub(super) fn named_operation(&mut self, name: &[u8]) -> Symbol {
        let mut hasher = self.memory.symbols.hasher().build_hasher();
        self.origin.service.hash(&mut hasher);
        hasher.write(name);
        let hash = hasher.finish();
        match self.memory.names.get(hash) {
            Some(symbol) => symbol,
            None => self.new_name(hash, name),
        }
    }

    #[inline(never)]
    fn new_name(&mut self, hash: u64, name: &[u8]) -> Symbol {
        let whole = cut(name, self.reader.limits.name_bytes_max);
        let memory = &mut *self.memory;
        names::mask(&readable(whole), &mut memory.text);
        let owner = Some(self.origin.service);
        let symbol = self
            .dictionary
            .admit(Vocabulary::Operation, owner, &memory.text, Facts::None);
        // What is cut is counted each time.
        match whole.len() == name.len() {
            true => memory.names.insert(hash, symbol),
            false => self.reader.tally.cut += 1,
        }
        symbol
    }

    fn operation(&mut self, entry: Entry<'_>) -> Symbol {
        let owner = self.origin.service;
        let hash = self.memory.symbols.hash(("entry", owner, entry));
        if let Some(symbol) = self.memory.symbols.recall(hash) {
            return symbol;
        }
        self.write(entry);
        let memory = &mut *self.memory;
        let text = std::mem::take(&mut memory.text);
        let symbol = memory
            .symbols
            .plain(self.dictionary, Vocabulary::Operation, Some(owner), &text);
        memory.text = text;
        memory.symbols.remember(hash, symbol);
        symbol
    }

    /// Writes the operation to `memory.text`.
    fn write(&mut self, entry: Entry<'_>) {
        let memory = &mut *self.memory;
        let name_max = self.reader.limits.name_bytes_max;
        let readable = |raw| readable(cut(raw, name_max));
        match entry {
            Entry::Procedure(service, method) => {
                words(service, method, &mut memory.part);
                return names::mask(&memory.part, &mut memory.text);
            }
            Entry::Route(_, route) => names::route(&readable(route), &mut memory.part),
            Entry::Path(_, target) => {
                let mut params = memory.params();
                url::path_template(Url::parse(&readable(target)).path, &mut params, &mut memory.part);
            }
        }
        memory.text.clear();
        if let Entry::Route(method, _) | Entry::Path(method, _) = entry {
            memory.text.push_str(&http_method(method));
            memory.text.push(' ');
        }
        memory.text.push_str(&memory.part);
    }
}

fn entry<'a>(known: &mut Known<'a>) -> Option<Entry<'a>> {
    let method = method(known);
    let route = known.text(Field::HTTP_ROUTE);
    if let Some((method, route)) = method.zip(route) {
        return Some(Entry::Route(method, route));
    }
    if let Some((method, target)) = method.zip(own_target(known)) {
        return Some(Entry::Path(method, target));
    }
    if known.has(Field::RPC_METHOD) {
        let (service, method) = procedure(known);
        return Some(Entry::Procedure(service, method));
    }
    None
}
