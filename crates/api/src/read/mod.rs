//! Answers from one snapshot: what HTTP and gRPC both say.

mod audit;
mod compare;
mod hotspots;
mod near;
mod say;
mod system;
mod traces;

pub(crate) use audit::audit;
pub(crate) use compare::{compare, compare_traces};
pub(crate) use hotspots::{find, hotspot, hotspots};
pub(crate) use near::near_misses;
pub(crate) use say::say;
pub(crate) use system::{dependencies, operations, services, third_parties};
pub(crate) use traces::{trace, traces};

use crate::View;
use crate::shape::Coverage;

fn coverage(view: &View) -> Coverage {
    Coverage::new(&view.answers, &view.status)
}
