//! What a person said about a hotspot: accepted or silenced, by whom, why, and for how long.

use crate::{LogTime, Millionths};

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Accepted: it is listed and calls for nothing, to its end or until it costs twice as much.
    Acknowledged {
        /// Its end, when it has one.
        until: Option<LogTime>,
    },
    /// Silenced: it is in no list that does not ask for it.
    Muted {
        /// Until then.
        until: LogTime,
    },
}

impl Decision {
    /// When it ends, if time ends it.
    pub fn until(self) -> Option<LogTime> {
        match self {
            Decision::Acknowledged { until } => until,
            Decision::Muted { until } => Some(until),
        }
    }
}

/// Why a decision holds no longer. It stays so: a person decides anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Its time was over.
    Expired,
    /// What was accepted costs twice as much as it did.
    Doubled,
    /// What was accepted was fixed and came back.
    Returned,
}

impl Over {
    /// How answers call it.
    pub fn name(self) -> &'static str {
        match self {
            Over::Expired => "expired",
            Over::Doubled => "doubled",
            Over::Returned => "returned",
        }
    }
}

/// A decision about one hotspot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What was decided.
    pub decision: Decision,
    /// Why.
    pub reason: String,
    /// Who decided; empty when nobody said.
    pub by: String,
    /// When.
    pub at: LogTime,
    /// Impact of the hotspot at that time.
    pub impact: Millionths,
    /// Why it holds no longer; `None` while it does.
    pub over: Option<Over>,
}
