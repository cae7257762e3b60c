//! Answers from one snapshot: what HTTP and gRPC both say.

mod audit;
mod compare;
mod hotspots;
mod near;
mod say;
mod system;
mod traces;

pub(crate) use audit::audit;
pub(crate) use compare::{change_rows, compare, compare_traces};
pub(crate) use hotspots::{find, hotspot, hotspot_rows, hotspots};
pub(crate) use near::{near_misses, near_rows, near_rules};
pub(crate) use say::say;
pub(crate) use system::{
    dependencies, dependency_rows, operations, services, third_parties, third_party_rows,
};
pub(crate) use traces::{ABSENT, trace, trace_rows, traces};

use crate::View;
use crate::shape::Coverage;

/// What an answer from this snapshot rests on.
pub(crate) fn coverage(view: &View) -> Coverage {
    Coverage::new(&view.answers, &view.status)
}
