//! Shapes to messages, field by field: the same names, so that the two APIs cannot drift apart unseen.

mod audit;
mod before_after;
mod compare;
mod coverage;
mod hotspot;
mod lists;
mod near;
mod status;
mod system;
mod trace;
mod words;

use prost_types::Timestamp;

use crate::shape::Moment;

fn all<A, B: From<A>>(of: Vec<A>) -> Vec<B> {
    of.into_iter().map(B::from).collect()
}

fn timestamp(Moment(nanos): Moment) -> Timestamp {
    Timestamp {
        // Both parts of any u64 of nanoseconds fit.
        seconds: (nanos / 1_000_000_000) as i64,
        nanos: (nanos % 1_000_000_000) as i32,
    }
}
