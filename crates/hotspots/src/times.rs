//! When a trace counts, and how late it is, in the units of all timelines: worked out once a trace.

use hotspan_model::LogTime;

/// A moment in units since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Places {
    pub(crate) minute: u64,
    pub(crate) hour: u64,
    pub(crate) day: u64,
}

impl Places {
    /// Where a moment falls.
    pub(crate) fn of(at: LogTime) -> Places {
        let minute = at.0 / 60_000_000_000;
        Places {
            minute,
            hour: minute / 60,
            day: minute / (24 * 60),
        }
    }
}

/// When something counts, beside the latest data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) at: LogTime,
    pub(crate) place: Places,
    pub(crate) newest: LogTime,
    pub(crate) now: Places,
}

impl Times {
    pub(crate) fn new(at: LogTime, newest: LogTime) -> Times {
        Times {
            at,
            place: Places::of(at),
            newest,
            now: Places::of(newest),
        }
    }
}
