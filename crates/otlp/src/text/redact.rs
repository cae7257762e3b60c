//! What an exemplar shows of an attribute. Doubt redacts.

/// What stands for a value that is not shown.
pub const REDACTED: &str = "(redacted)";

/// An attribute's value as far as it can be shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// A string.
    Text(&'a str),
    /// An integer.
    Int(i64),
    /// A floating-point number.
    Double(f64),
    /// A truth value.
    Bool(bool),
    /// Bytes, arrays, maps.
    Other,
}

/// The text that stands for the value of `key`. `system` is the span's `db.system` (its dialect); `allow` are the
/// keys that the operator allows by name.
pub fn shown(_key: &str, _value: Value<'_>, _system: &str, _allow: &[String]) -> String {
    REDACTED.to_owned()
}
