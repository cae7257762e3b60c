//! How much of a span is read.

/// Limits of decoding; a knob each. What lies beyond is cut or dropped, and counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of an attribute value.
    pub value_bytes_max: usize,
    /// Bytes of a statement or URL.
    pub statement_bytes_max: usize,
    /// Bytes of an attribute key.
    pub key_bytes_max: usize,
    /// Bytes of a span name.
    pub name_bytes_max: usize,
    /// Attributes of a span; keys that are read count whatever their place.
    pub attributes_max: usize,
    /// Events of a span.
    pub events_max: usize,
    /// Links of a span.
    pub links_max: usize,
    /// Levels of arrays and maps in a value.
    pub value_depth_max: usize,
    /// Bytes of `tracestate` that are read.
    pub tracestate_bytes_max: usize,
    /// Entries of each of the decoder's memos.
    pub memo_entries_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            value_bytes_max: 4 << 10,
            statement_bytes_max: 16 << 10,
            key_bytes_max: 256,
            name_bytes_max: 1 << 10,
            attributes_max: 128,
            events_max: 128,
            links_max: 128,
            value_depth_max: 64,
            tracestate_bytes_max: 4 << 10,
            memo_entries_max: 16 << 10,
        }
    }
}
