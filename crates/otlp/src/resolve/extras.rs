//! What few spans have: places in the code, rows, sizes, other status codes, summaries.

use hotspan_model::{Extras, Nanos, Side, Summary, Symbol, Vocabulary};

use super::{Resolver, nanos};
use crate::attributes::{Atom, Known};
use crate::keys::Field;
use crate::parts::Parts;
use crate::text::names;
use crate::value::{Value, cut, elements};

/// Every field that extras are made of.
pub(super) const SIDES: Field = Field(
    Field::FUNCTION.0
        | Field::FUNCTION_OLD.0
        | Field::FILE.0
        | Field::STACK.0
        | Field::EXCEPTION.0
        | Field::ERROR_TYPE.0
        | Field::DB_STATUS.0
        | Field::RPC_STATUS.0
        | Field::GROUP.0
        | Field::IGNORE.0
        | Field::DB_ROWS.0
        | Field::RESEND.0,
);

/// Adds the span's extras, when it has any.
pub(super) fn push<'a>(
    resolver: &mut Resolver<'_>,
    parts: &Parts<'a>,
    known: &mut Known<'a>,
    batch: u32,
    sides: &mut Vec<Side>,
) {
    if !known.has(SIDES) && parts.exception.is_none() && batch <= 1 {
        return;
    }
    let count = |value: Option<i64>| value.and_then(|value| u32::try_from(value).ok());
    let exception = known.text(Field::EXCEPTION).or(parts.exception);
    let exception = exception.or_else(|| known.text(Field::ERROR_TYPE).filter(|kind| !is_number(kind)));
    let status = known
        .atom(Field::DB_STATUS)
        .or_else(|| known.atom(Field::RPC_STATUS));
    let status = status.filter(|status| !is_good(*status));
    let extras = Extras {
        code: resolver.code(known),
        stack: known.text(Field::STACK).map_or(0, |stack| resolver.stack(stack)),
        exception: exception.map(|kind| resolver.masked(Atom::Text(kind))),
        status: status.map(|status| resolver.masked(status)),
        group: known
            .text(Field::GROUP)
            .map(|group| resolver.masked(Atom::Text(group))),
        ignore: known.any(Field::IGNORE).map(|value| resolver.ignore(value)),
        rows: count(known.int(Field::DB_ROWS)),
        batch: (batch > 1).then_some(batch),
        resend: count(known.int(Field::RESEND)),
    };
    if extras != Extras::default() {
        sides.push(Side::Extras(extras));
    }
}

/// Adds what an upstream pruner wrote, when the span is its summary.
pub(super) fn push_summary(parts: &Parts<'_>, known: &mut Known<'_>, sides: &mut Vec<Side>) -> bool {
    if known.bool(Field::IS_SUMMARY) != Some(true) {
        return false;
    }
    let own = Nanos(parts.end.saturating_sub(parts.start));
    let count = known
        .int(Field::SUMMARY_COUNT)
        .and_then(|count| u64::try_from(count).ok());
    let count = count.unwrap_or(1).max(1);
    let average = nanos(known, Field::SUMMARY_AVERAGE).unwrap_or(Nanos(own.0 / count));
    sides.push(Side::Summary(Summary {
        count,
        total: nanos(known, Field::SUMMARY_TOTAL).unwrap_or(Nanos(average.0.saturating_mul(count))),
        min: nanos(known, Field::SUMMARY_MIN).unwrap_or(average),
        max: nanos(known, Field::SUMMARY_MAX).unwrap_or(average),
        median: nanos(known, Field::SUMMARY_MEDIAN),
    }));
    true
}

impl Resolver<'_> {
    /// `file:line function` of the calling code.
    fn code(&mut self, known: &mut Known<'_>) -> Option<Symbol> {
        let function = known.text(Field::FUNCTION);
        let old = known.text(Field::FUNCTION_OLD);
        let namespace = known.text(Field::FUNCTION_NAMESPACE);
        let file = known.text(Field::FILE);
        let line = known.int(Field::LINE);
        function.or(old).or(file)?;
        let hash = self
            .memory
            .symbols
            .hash(("code", function, old, namespace, file, line));
        if let Some(symbol) = self.memory.symbols.recall(hash) {
            return Some(symbol);
        }
        let mut text = String::new();
        if let Some(file) = file {
            Atom::Text(cut(file, self.reader.limits.key_bytes_max)).write(&mut text);
        }
        if let Some(line) = line {
            text.push(':');
            Atom::Int(line).write(&mut text);
        }
        if !text.is_empty() && function.or(old).is_some() {
            text.push(' ');
        }
        match (function, old) {
            (Some(function), _) => {
                Atom::Text(cut(function, self.reader.limits.key_bytes_max)).write(&mut text)
            }
            (None, Some(old)) => {
                if let Some(namespace) = namespace {
                    Atom::Text(cut(namespace, self.reader.limits.key_bytes_max)).write(&mut text);
                    text.push('.');
                }
                Atom::Text(cut(old, self.reader.limits.key_bytes_max)).write(&mut text);
            }
            (None, None) => {}
        }
        let owner = Some(self.origin.service);
        let symbol = self
            .memory
            .symbols
            .plain(self.dictionary, Vocabulary::Text, owner, &text);
        self.memory.symbols.remember(hash, symbol);
        Some(symbol)
    }

    /// A hash of a stack trace; never 0, which says that there is none.
    fn stack(&self, stack: &[u8]) -> u64 {
        let mut hasher = self.memory.params();
        hasher.add(stack);
        hasher.finish().0.max(1)
    }

    /// The symbol of a masked name.
    fn masked(&mut self, raw: Atom<'_>) -> Symbol {
        let owner = self.origin.service;
        let hash = self.memory.symbols.hash(("masked", owner, raw));
        if let Some(symbol) = self.memory.symbols.recall(hash) {
            return symbol;
        }
        let memory = &mut *self.memory;
        memory.part.clear();
        match raw {
            Atom::Int(_) => raw.write(&mut memory.part),
            Atom::Text(text) => {
                let name = String::from_utf8_lossy(cut(text, self.reader.limits.name_bytes_max));
                names::mask(&name, &mut memory.part);
            }
        }
        let symbol = memory
            .symbols
            .plain(self.dictionary, Vocabulary::Text, Some(owner), &memory.part);
        memory.symbols.remember(hash, symbol);
        symbol
    }

    /// The detectors that `hotspan.ignore` names, joined by commas.
    fn ignore(&mut self, value: Value<'_>) -> Symbol {
        let mut text = String::new();
        let mut add = |name: &[u8]| {
            if !text.is_empty() {
                text.push(',');
            }
            Atom::Text(cut(name.trim_ascii(), self.reader.limits.key_bytes_max)).write(&mut text);
        };
        match value {
            Value::Array(array) => elements(array).filter_map(Value::text).take(64).for_each(add),
            Value::Text(list) => list.split(|&byte| byte == b',').take(64).for_each(add),
            // `true` stands for all of them.
            Value::Bool(_) | Value::Int(_) | Value::Double(_) => add(b"*"),
            Value::None | Value::Map(_) | Value::Bytes(_) => {}
        }
        let owner = Some(self.origin.service);
        self.memory
            .symbols
            .plain(self.dictionary, Vocabulary::Text, owner, &text)
    }
}

fn is_number(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_digit)
}

/// Whether a status code says that all went well.
fn is_good(status: Atom<'_>) -> bool {
    matches!(status, Atom::Int(0) | Atom::Text(b"0" | b"OK" | b"ok" | b"00000"))
}
