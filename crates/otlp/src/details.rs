//! Exemplars: the spans of one trace with every attribute key.

use hotspan_model::{SpanDetail, TraceId};

use crate::{Encoding, Limits};

/// Walks a request again and adds every span of `trace` with all its attribute keys; values are redacted but for
/// the keys in `allow`. A request that cannot be decoded adds nothing.
pub fn details(
    request: &[u8],
    encoding: Encoding,
    trace: TraceId,
    limits: &Limits,
    allow: &[String],
    out: &mut Vec<SpanDetail>,
) {
    let _ = (request, encoding, trace, limits, allow, out);
}
