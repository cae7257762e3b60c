//! An attribute's value, still on the wire.

use std::borrow::Cow;
use std::hash::Hasher;

use hotspan_model::MILLION;

use crate::Damage;
use crate::text::ParamHasher;
use crate::wire::{Fields, Payload};

/// Levels of arrays and maps that a hash looks into.
const HASHED_DEPTH_MAX: usize = 64;

/// An `AnyValue`. Texts are not validated; arrays and maps are their messages' bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Value<'a> {
    #[default]
    None,
    Text(&'a [u8]),
    Bool(bool),
    Int(i64),
    Double(f64),
    Array(&'a [u8]),
    Map(&'a [u8]),
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    /// Reads an `AnyValue` over what was read of the same value before: the last kind that is set wins.
    pub(crate) fn read(self, message: &'a [u8]) -> Result<Value<'a>, Damage> {
        // Nearly all are one text or one small number.
        match *message {
            [0x18, int @ 0..0x80] => return Ok(Value::Int(i64::from(int))),
            [0x18, low, high @ 0..0x80] => {
                return Ok(Value::Int(i64::from(low & 0x7f) | i64::from(high) << 7));
            }
            _ => {}
        }
        let mut fields = Fields::new(message);
        let mut value = self;
        if let Some(text) = fields.expect_bytes(1) {
            value = Value::Text(text);
            if fields.is_done() {
                return Ok(value);
            }
        }
        while let Some((number, payload)) = fields.next()? {
            value = match (number, payload) {
                (1, Payload::Bytes(text)) => Value::Text(text),
                (2, Payload::Varint(bit)) => Value::Bool(bit != 0),
                (3, Payload::Varint(int)) => Value::Int(int as i64),
                (4, Payload::Fixed64(bits)) => Value::Double(f64::from_bits(bits)),
                (5, Payload::Bytes(array)) => Value::Array(array),
                (6, Payload::Bytes(map)) => Value::Map(map),
                (7, Payload::Bytes(bytes)) => Value::Bytes(bytes),
                (_, _) => value,
            };
        }
        Ok(value)
    }

    /// Whether it says nothing: no value, or an empty text.
    pub(crate) fn is_empty(self) -> bool {
        match self {
            Value::None => true,
            Value::Text(text) => text.is_empty(),
            Value::Bool(_) | Value::Int(_) | Value::Double(_) => false,
            Value::Array(bytes) | Value::Map(bytes) | Value::Bytes(bytes) => bytes.is_empty(),
        }
    }

    /// The value, or the only element of an array of one.
    fn single(self) -> Value<'a> {
        let Value::Array(array) = self else { return self };
        let mut elements = elements(array);
        match (elements.next(), elements.next()) {
            (Some(only), None) => only,
            (_, _) => self,
        }
    }

    pub(crate) fn text(self) -> Option<&'a [u8]> {
        match self.single() {
            Value::Text(text) => Some(text),
            Value::None
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Double(_)
            | Value::Array(_)
            | Value::Map(_)
            | Value::Bytes(_) => None,
        }
    }

    /// An integer, a double without fraction, or a text of digits.
    pub(crate) fn int(self) -> Option<i64> {
        match self.single() {
            Value::Int(int) => Some(int),
            // Within 2^53 a double is exact; NaN fails both comparisons.
            Value::Double(double) if double.fract() == 0.0 && double.abs() < 9e15 => Some(double as i64),
            Value::Text(text) => std::str::from_utf8(text).ok()?.trim().parse().ok(),
            Value::None
            | Value::Bool(_)
            | Value::Double(_)
            | Value::Array(_)
            | Value::Map(_)
            | Value::Bytes(_) => None,
        }
    }

    /// A number from 0 to 1, in millionths.
    pub(crate) fn millionths(self) -> Option<u64> {
        let share = match self.single() {
            Value::Double(double) => double,
            Value::Int(int @ 0..=1) => return Some(int as u64 * MILLION),
            Value::Text(text) => std::str::from_utf8(text).ok()?.trim().parse::<f64>().ok()?,
            Value::None
            | Value::Int(_)
            | Value::Bool(_)
            | Value::Array(_)
            | Value::Map(_)
            | Value::Bytes(_) => return None,
        };
        // NaN is in no range.
        (0.0..=1.0)
            .contains(&share)
            .then(|| (share * MILLION as f64).round() as u64)
    }

    pub(crate) fn bool(self) -> Option<bool> {
        match self.single() {
            Value::Bool(bit) => Some(bit),
            Value::Int(0) | Value::Text(b"false" | b"False" | b"0") => Some(false),
            Value::Int(1) | Value::Text(b"true" | b"True" | b"1") => Some(true),
            Value::None
            | Value::Text(_)
            | Value::Int(_)
            | Value::Double(_)
            | Value::Array(_)
            | Value::Map(_)
            | Value::Bytes(_) => None,
        }
    }

    /// Bytes of a text or of a message.
    pub(crate) fn len(self) -> usize {
        match self {
            Value::None | Value::Bool(_) | Value::Int(_) | Value::Double(_) => 0,
            Value::Text(bytes) | Value::Array(bytes) | Value::Map(bytes) | Value::Bytes(bytes) => bytes.len(),
        }
    }

    /// Adds the value to a hash of one process: another value than the text of the same bytes.
    #[inline(never)]
    pub(crate) fn fold<H: Hasher>(self, mut hasher: H) -> H {
        let (kind, bytes) = match self {
            Value::None => (0, &[][..]),
            Value::Bool(bit) => (1 + u8::from(bit), &[][..]),
            Value::Int(int) => (3, &int.to_le_bytes()[..]),
            Value::Double(double) => (4, &double.to_le_bytes()[..]),
            Value::Text(bytes) => (5, bytes),
            Value::Array(bytes) => (6, bytes),
            Value::Map(bytes) => (7, bytes),
            Value::Bytes(bytes) => (8, bytes),
        };
        hasher.write_u8(kind);
        hasher.write(bytes);
        hasher
    }

    /// Adds the value to a parameter hash; a number and its decimal text are different values.
    pub(crate) fn hash(self, hasher: &mut ParamHasher) {
        match self {
            Value::None => hasher.add(b""),
            Value::Bool(bit) => hasher.add(&[u8::from(bit)]),
            Value::Int(int) => hasher.add(&int.to_le_bytes()),
            Value::Double(double) => hasher.add(&double.to_bits().to_le_bytes()),
            Value::Text(bytes) | Value::Bytes(bytes) => hasher.add(bytes),
            Value::Array(_) | Value::Map(_) => self.hash_nested(hasher),
        }
    }

    /// Adds what is inside an array or map. Not its bytes: one value can be written in many ways.
    fn hash_nested(self, hasher: &mut ParamHasher) {
        let mut open: Vec<Nested<'a>> = Vec::new();
        open.extend(Nested::of(self));
        while let Some(innermost) = open.last_mut() {
            let Ok(Some(KeyValue { key, value })) = innermost.next_entry() else {
                hasher.add(b"]");
                open.pop();
                continue;
            };
            hasher.add(key);
            match Nested::of(value) {
                Some(nested) if open.len() < HASHED_DEPTH_MAX => open.push(nested),
                Some(_) => {}
                None => value.hash(hasher),
            }
        }
    }

    /// Levels of arrays and maps below this value, read without recursion: an error for damage inside, `None`
    /// for more than `max`.
    pub(crate) fn depth(self, max: usize) -> Result<Option<usize>, Damage> {
        let mut open: Vec<Nested<'a>> = Vec::new();
        let mut deepest = 0;
        open.extend(Nested::of(self));
        while let Some(innermost) = open.last_mut() {
            match innermost.next_entry()? {
                None => drop(open.pop()),
                Some(entry) => open.extend(Nested::of(entry.value)),
            }
            deepest = deepest.max(open.len());
            if deepest > max {
                return Ok(None);
            }
        }
        Ok(Some(deepest))
    }
}

/// The readable elements of an `ArrayValue`.
pub(crate) fn elements<'a>(array: &'a [u8]) -> impl Iterator<Item = Value<'a>> {
    let mut nested = Nested {
        fields: Fields::new(array),
        map: false,
    };
    std::iter::from_fn(move || nested.next_entry().ok().flatten().map(|entry| entry.value))
}

/// An array or map that is being read.
struct Nested<'a> {
    fields: Fields<'a>,
    map: bool,
}

impl<'a> Nested<'a> {
    fn of(value: Value<'a>) -> Option<Nested<'a>> {
        let (message, map) = match value {
            Value::Array(message) => (message, false),
            Value::Map(message) => (message, true),
            Value::None
            | Value::Text(_)
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Double(_)
            | Value::Bytes(_) => return None,
        };
        Some(Nested {
            fields: Fields::new(message),
            map,
        })
    }

    /// The next element; its key is empty in an array.
    fn next_entry(&mut self) -> Result<Option<KeyValue<'a>>, Damage> {
        while let Some((number, payload)) = self.fields.next()? {
            match (number, payload) {
                (1, Payload::Bytes(entry)) if self.map => return KeyValue::read(entry).map(Some),
                (1, Payload::Bytes(element)) => {
                    let value = Value::None.read(element)?;
                    return Ok(Some(KeyValue { key: &[], value }));
                }
                (_, _) => {}
            }
        }
        Ok(None)
    }
}

/// The longest prefix of at most `bytes_max` bytes that ends where a character does.
pub(crate) fn cut(text: &[u8], bytes_max: usize) -> &[u8] {
    if text.len() <= bytes_max {
        return text;
    }
    let mut end = bytes_max;
    while end > 0 && text[end] & 0xc0 == 0x80 {
        end -= 1;
    }
    // Bytes that are no UTF-8 may continue for ever; then any cut is as good.
    if end == 0 {
        &text[..bytes_max]
    } else {
        &text[..end]
    }
}

/// Bytes as text; what is no UTF-8 becomes U+FFFD.
pub(crate) fn readable(text: &[u8]) -> Cow<'_, str> {
    // Nearly all is UTF-8, which the strict check finds out sooner.
    match std::str::from_utf8(text) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(text),
    }
}

/// An attribute.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct KeyValue<'a> {
    pub(crate) key: &'a [u8],
    pub(crate) value: Value<'a>,
}

impl<'a> KeyValue<'a> {
    /// Any order, anything repeated.
    pub(crate) fn read(message: &'a [u8]) -> Result<KeyValue<'a>, Damage> {
        let mut fields = Fields::new(message);
        let mut read = KeyValue::default();
        // The usual order; lengths of two bytes, as statements have.
        if let Some(key) = fields.expect_bytes(1) {
            read.key = key;
        }
        if let Some(value) = fields.expect_bytes(2) {
            read.value = Value::None.read(value)?;
        }
        if fields.is_done() {
            return Ok(read);
        }
        while let Some((number, payload)) = fields.next()? {
            match (number, payload) {
                (1, Payload::Bytes(key)) => read.key = key,
                (2, Payload::Bytes(value)) => read.value = read.value.read(value)?,
                (_, _) => {}
            }
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(number: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![number << 3 | 2];
        prost::encoding::encode_varint(payload.len() as u64, &mut bytes);
        bytes.extend(payload);
        bytes
    }

    fn nested(levels: usize) -> Vec<u8> {
        let mut value = message(1, b"x");
        for _ in 0..levels {
            value = message(5, &message(1, &value));
        }
        value
    }

    #[test]
    fn x9_depth_is_counted_without_recursion() {
        for (levels, expected) in [
            (0, Some(0)),
            (10, Some(10)),
            (63, Some(63)),
            (64, Some(64)),
            (65, None),
            (100, None),
            (2_000, None),
        ] {
            let bytes = nested(levels);
            let value = Value::None.read(&bytes).unwrap();
            assert_eq!(value.depth(64), Ok(expected), "{levels}");
        }
    }

    #[test]
    fn types_are_forgiving() {
        assert_eq!(Value::Double(3.0).int(), Some(3));
        assert_eq!(Value::Double(f64::NAN).int(), None);
        assert_eq!(Value::Double(f64::INFINITY).int(), None);
        assert_eq!(Value::Double(1.5).int(), None);
        assert_eq!(Value::Text(b" 42").int(), Some(42));
        assert_eq!(Value::Text(b"true").bool(), Some(true));
        assert_eq!(Value::Text(b"yes").bool(), None);
        assert_eq!(Value::Int(7).text(), None);
        let one = message(1, &message(1, b"item"));
        assert_eq!(Value::Array(&one).text(), Some(&b"item"[..]));
        let two = [one.clone(), one.clone()].concat();
        assert_eq!(Value::Array(&two).text(), None);
    }

    #[test]
    fn d8_a_kind_that_is_set_twice_is_the_last() {
        let mut bytes = message(1, b"text");
        bytes.extend([3 << 3, 9]);
        assert_eq!(Value::None.read(&bytes), Ok(Value::Int(9)));
        let entry = [
            message(1, b"k"),
            message(2, &message(1, b"a")),
            message(2, &[3 << 3, 9]),
        ]
        .concat();
        assert_eq!(KeyValue::read(&entry).unwrap().value, Value::Int(9));
    }
}
