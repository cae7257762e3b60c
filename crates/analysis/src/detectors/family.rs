//! The repeated-operation family: one rule with one verdict.

use hotspan_model::{Class, Meta};

use super::Findings;
use crate::context::Context;

/// Reports every group of `class` that is an N+1.
pub(super) fn detect(meta: &'static Meta, class: Class, cx: &Context<'_>, out: &mut Findings<'_>) {
    let _ = (meta, class, cx, out);
}
