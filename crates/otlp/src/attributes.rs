//! The known attributes of a span, and of the scope and resource around it.

use std::hash::Hasher;

use crate::keys::{self, Field, SLOTS, Slot};
use crate::value::{Value, readable};

/// The known attributes of one span, scope or resource: a slot for each known key.
#[derive(Clone, Debug)]
pub(crate) struct Attributes<'a> {
    /// Keys that came, with whatever value.
    seen: Slots,
    /// Those of them whose value says nothing.
    empty: Slots,
    values: [Value<'a>; SLOTS],
    /// How many values came for a key that had one.
    again: u64,
}

/// A set of keys. Two words rather than one number of 128 bits, which takes longer to add one to.
type Slots = [u64; 2];

#[inline]
fn field(slots: Slots) -> u128 {
    u128::from(slots[1]) << 64 | u128::from(slots[0])
}

impl<'a> Attributes<'a> {
    pub(crate) fn new() -> Attributes<'a> {
        Attributes {
            seen: [0; 2],
            empty: [0; 2],
            values: [Value::None; SLOTS],
            again: 0,
        }
    }

    #[inline]
    pub(crate) fn clear(&mut self) {
        self.seen = [0; 2];
        self.empty = [0; 2];
    }

    /// How many values came for a key that had one, since this was asked for.
    #[inline]
    pub(crate) fn take_again(&mut self) -> u64 {
        std::mem::take(&mut self.again)
    }

    /// Keys that came with a value that says something.
    #[inline]
    fn present(&self) -> u128 {
        field(self.seen) & !field(self.empty)
    }

    /// Keeps the first value of a key, and counts the others.
    #[inline(always)]
    pub(crate) fn set(&mut self, slot: Slot, value: Value<'a>) {
        let (word, bit) = (slot.index() / 64, 1 << (slot.index() % 64));
        if self.seen[word] & bit != 0 {
            self.again += 1;
            return;
        }
        self.seen[word] |= bit;
        if value.is_empty() {
            self.empty[word] |= bit;
        }
        self.values[slot.index()] = value;
    }

    /// Keeps a text when its key has this slot.
    #[inline(never)]
    pub(crate) fn offer(&mut self, slot: Slot, key: &[u8], text: &'a [u8]) -> bool {
        let ours = slot.is_of(key);
        if ours {
            self.set(slot, Value::Text(text));
        }
        ours
    }

    /// Keeps a small number when its key is known.
    #[inline(never)]
    pub(crate) fn offer_int(&mut self, key: &[u8], int: i64) -> bool {
        let slot = keys::slot(key);
        if let Some(slot) = slot {
            self.set(slot, Value::Int(int));
        }
        slot.is_some()
    }

    /// Whether no known key came.
    pub(crate) fn is_silent(&self) -> bool {
        self.seen == [0; 2]
    }

    pub(crate) fn has_seen(&self, field: Field) -> bool {
        self::field(self.seen) & field.0 != 0
    }

    /// Whether the field came with a value that says something.
    #[inline]
    pub(crate) fn has(&self, field: Field) -> bool {
        self.present() & field.0 != 0
    }

    /// The value under the field's newest key that came, when it is a text.
    #[inline]
    pub(crate) fn newest_text(&self, field: Field) -> Option<&'a [u8]> {
        match self.newest(field) {
            Some(&Value::Text(text)) => Some(text),
            Some(_) | None => None,
        }
    }

    /// The value under the field's newest key that came.
    #[inline]
    fn newest(&self, field: Field) -> Option<&Value<'a>> {
        let slot = (self.present() & field.0).trailing_zeros();
        self.values.get(slot as usize)
    }

    /// Adds to a hash which of these fields there are, and their values.
    #[inline(always)]
    pub(crate) fn fold<H: Hasher>(&self, fields: Field, mut hasher: H) -> H {
        let slots = self.present() & fields.0;
        hasher.write_u128(slots);
        let (first, second) = self.values.split_at(64);
        for (values, slots) in [(first, slots as u64), (second, (slots >> 64) as u64)] {
            let mut slots = slots;
            while slots != 0 {
                match values.get(slots.trailing_zeros() as usize) {
                    Some(&Value::Text(text)) => hasher.write(text),
                    Some(&other) => hasher = other.fold(hasher),
                    None => {}
                }
                slots &= slots - 1;
            }
        }
        hasher
    }

    /// The first value of the field that fits; values that do not fit are marked in `misfits`.
    #[inline]
    fn first<T>(&self, field: Field, fit: impl Fn(Value<'a>) -> Option<T>, misfits: &mut u128) -> Option<T> {
        let mut slots = self.present() & field.0;
        while slots != 0 {
            let slot = slots.trailing_zeros();
            if let Some(found) = fit(self.values[slot as usize]) {
                return Some(found);
            }
            *misfits |= 1 << slot;
            slots &= slots - 1;
        }
        None
    }
}

/// A span's attributes with those of its scope and its resource behind them.
#[derive(Clone, Debug)]
pub(crate) struct Known<'a> {
    pub(crate) span: Attributes<'a>,
    pub(crate) scope: Attributes<'a>,
    pub(crate) resource: Attributes<'a>,
    misfits: u128,
    /// What scope or resource has; good after [`Known::settle_around`].
    around: u128,
    /// What any of the three has; good after [`Known::settle`].
    any: u128,
    /// Whose values were asked for, where tests look.
    #[cfg(debug_assertions)]
    asked: u128,
}

/// A text, or a number that stands for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Atom<'a> {
    Text(&'a [u8]),
    Int(i64),
}

impl Atom<'_> {
    /// Writes it as text; invalid UTF-8 becomes U+FFFD.
    pub(crate) fn write(self, out: &mut String) {
        match self {
            Atom::Text(text) => out.push_str(&readable(text)),
            Atom::Int(int) => out.push_str(&int.to_string()),
        }
    }
}

impl<'a> Known<'a> {
    pub(crate) fn new() -> Known<'a> {
        Known {
            span: Attributes::new(),
            scope: Attributes::new(),
            resource: Attributes::new(),
            misfits: 0,
            around: 0,
            any: 0,
            #[cfg(debug_assertions)]
            asked: 0,
        }
    }

    /// Begins the next span of the same scope.
    #[inline]
    pub(crate) fn next_span(&mut self) {
        self.span.clear();
        self.misfits = 0;
    }

    /// How many values of known keys did not fit so far.
    #[inline]
    pub(crate) fn misfits(&self) -> u64 {
        // Hardly a span has any.
        match self.misfits {
            0 => 0,
            misfits => u64::from(misfits.count_ones()),
        }
    }

    /// Scope and resource are read.
    pub(crate) fn settle_around(&mut self) {
        self.around = self.scope.present() | self.resource.present();
    }

    /// The span is read; what there is is looked up once here, not with each question.
    #[inline]
    pub(crate) fn settle(&mut self) {
        self.any = self.span.present() | self.around;
    }

    #[inline]
    pub(crate) fn has(&self, field: Field) -> bool {
        debug_assert_eq!(
            self.any,
            self.span.present() | self.scope.present() | self.resource.present()
        );
        self.any & field.0 != 0
    }

    /// Forgets which values were asked for.
    #[inline]
    pub(crate) fn begin_asking(&mut self) {
        #[cfg(debug_assertions)]
        {
            self.asked = 0;
        }
    }

    /// In debug builds: nothing but these fields was asked for since [`Known::begin_asking`].
    #[inline]
    pub(crate) fn assert_asked_only(&self, _fields: Field) {
        #[cfg(debug_assertions)]
        assert_eq!(self.asked & !_fields.0, 0, "a field decides that is in no hash");
    }

    #[inline]
    fn note_asked(&mut self, _field: Field) {
        #[cfg(debug_assertions)]
        {
            self.asked |= _field.0;
        }
    }

    #[inline]
    fn first<T>(&mut self, field: Field, fit: impl Fn(Value<'a>) -> Option<T>) -> Option<T> {
        self.note_asked(field);
        if self.has(field) {
            self.search(field, fit)
        } else {
            None
        }
    }

    #[inline(never)]
    fn search<T>(&mut self, field: Field, fit: impl Fn(Value<'a>) -> Option<T>) -> Option<T> {
        [&self.span, &self.scope, &self.resource]
            .into_iter()
            .find_map(|attributes| attributes.first(field, &fit, &mut self.misfits))
    }

    #[inline]
    pub(crate) fn text(&mut self, field: Field) -> Option<&'a [u8]> {
        self.first(field, Value::text)
    }

    #[inline]
    pub(crate) fn int(&mut self, field: Field) -> Option<i64> {
        self.note_asked(field);
        if !self.has(field) {
            return None;
        }
        match self.span.newest(field) {
            Some(&Value::Int(int)) => Some(int),
            Some(_) | None => self.search(field, Value::int),
        }
    }

    #[inline]
    pub(crate) fn bool(&mut self, field: Field) -> Option<bool> {
        self.first(field, Value::bool)
    }

    /// A share in millionths.
    pub(crate) fn millionths(&mut self, field: Field) -> Option<u64> {
        self.first(field, Value::millionths)
    }

    /// A text or a number.
    pub(crate) fn atom(&mut self, field: Field) -> Option<Atom<'a>> {
        self.first(field, atom)
    }

    /// Whatever it is.
    pub(crate) fn any(&mut self, field: Field) -> Option<Value<'a>> {
        self.first(field, Some)
    }

    /// A text of the resource alone.
    pub(crate) fn resource_text(&mut self, field: Field) -> Option<&'a [u8]> {
        self.resource.first(field, Value::text, &mut self.misfits)
    }

    /// Whatever the resource says.
    pub(crate) fn resource_value(&mut self, field: Field) -> Option<Value<'a>> {
        self.resource.first(field, Some, &mut self.misfits)
    }

    /// A text or a number of the resource alone.
    pub(crate) fn resource_atom(&mut self, field: Field) -> Option<Atom<'a>> {
        self.resource.first(field, atom, &mut self.misfits)
    }
}

fn atom(value: Value<'_>) -> Option<Atom<'_>> {
    let text = value.text().map(Atom::Text);
    text.or_else(|| value.int().map(Atom::Int))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::slot;

    fn set<'a>(attributes: &mut Attributes<'a>, key: &str, value: Value<'a>) {
        attributes.set(slot(key.as_bytes()).unwrap(), value);
    }

    #[test]
    fn the_newest_name_counts_and_of_one_name_the_first() {
        let mut known = Known::new();
        set(&mut known.span, "db.statement", Value::Text(b"old"));
        known.settle_around();
        known.settle();
        assert_eq!(known.text(Field::DB_TEXT), Some(&b"old"[..]));
        set(&mut known.span, "db.query.text", Value::Text(b"new"));
        assert_eq!(known.span.take_again(), 0);
        set(&mut known.span, "db.query.text", Value::Text(b"newer"));
        assert_eq!(known.span.take_again(), 1);
        known.settle_around();
        known.settle();
        assert_eq!(known.text(Field::DB_TEXT), Some(&b"new"[..]));
    }

    #[test]
    fn what_is_empty_or_does_not_fit_is_as_if_absent() {
        let mut known = Known::new();
        set(&mut known.span, "db.query.text", Value::Text(b""));
        set(&mut known.span, "db.statement", Value::Text(b"old"));
        known.settle_around();
        known.settle();
        assert_eq!(known.text(Field::DB_TEXT), Some(&b"old"[..]));
        set(&mut known.span, "server.port", Value::Text(b"none"));
        set(&mut known.span, "net.peer.port", Value::Int(80));
        known.settle_around();
        known.settle();
        assert_eq!(known.int(Field::PEER_PORT), Some(80));
        assert_eq!(known.misfits(), 1);
    }

    #[test]
    fn the_span_speaks_before_its_resource() {
        let mut known = Known::new();
        set(&mut known.resource, "server.address", Value::Text(b"resource"));
        known.settle_around();
        known.settle();
        assert_eq!(known.text(Field::SERVER_ADDRESS), Some(&b"resource"[..]));
        set(&mut known.span, "server.address", Value::Text(b"span"));
        known.settle_around();
        known.settle();
        assert_eq!(known.text(Field::SERVER_ADDRESS), Some(&b"span"[..]));
        known.next_span();
        known.settle_around();
        known.settle();
        assert_eq!(known.text(Field::SERVER_ADDRESS), Some(&b"resource"[..]));
    }
}
