//! What is asked: parameters read, checked and refused in words.

mod compare;
mod filter;
mod nearest;
mod page;
mod problem;
mod query;
mod saying;
mod since;

pub(crate) use compare::{CompareFilter, Sides, sides};
pub(crate) use filter::{
    HotspotFilter, NearFilter, RowFilter, Sort, TraceFilter, Waterfalls, known_detectors,
};
pub use nearest::{closest, nearest};
pub(crate) use page::{Cursor, PageOf, size};
pub use problem::{Parameter, Problem};
pub(crate) use query::Query;
pub(crate) use saying::Said;
pub(crate) use since::bound;
pub use since::rfc3339;
