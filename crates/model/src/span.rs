//! The span record: 64 bytes, one cache line.

use crate::{Bits, Class, Flag, Kind, Nanos, ParamHash, SpanId, Symbol, Timestamp};

/// One span as the line carries it. Its trace id and sampling threshold are the trace's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its id.
    pub id: SpanId,
    /// Its parent; `None` for a root, and with [`Flag::BadParent`] for a parent that cannot be read.
    pub parent: Option<SpanId>,
    /// When it says it started; 0 means it did not say.
    pub start: Timestamp,
    /// How long it says it took.
    pub duration: Nanos,
    /// Its literal values, hashed; meaningful when [`Bits::visibility`] is `Visible`.
    pub params: ParamHash,
    /// What it does: method and route, RPC method, or masked name.
    pub operation: Symbol,
    /// Whose it is: resource and scope as one.
    pub source: Symbol,
    /// The grouping key of an outgoing operation.
    pub template: Option<Symbol>,
    /// Whom an outgoing operation goes to; of a server span, its own path template.
    pub callee: Option<Symbol>,
    /// Kind, class, status, flags.
    pub bits: Bits,
    /// Free for whoever holds the span: the next slot of a chain. Zero in a batch, meaningless in a comparison.
    pub next: u32,
}

impl Span {
    /// When it says it ended.
    pub fn end(&self) -> Timestamp {
        self.start.after(self.duration)
    }

    /// The span kind.
    pub fn kind(&self) -> Kind {
        self.bits.kind()
    }

    /// The class.
    pub fn class(&self) -> Class {
        self.bits.class()
    }

    /// Whether `flag` is set.
    pub fn has(&self, flag: Flag) -> bool {
        self.bits.has(flag)
    }

    /// Whether it names no parent at all.
    pub fn is_root(&self) -> bool {
        self.parent.is_none() && !self.has(Flag::BadParent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_one_cache_line() {
        assert_eq!(size_of::<Span>(), 64);
    }
}
