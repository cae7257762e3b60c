//! Near misses as they are answered: what nearly is a hotspot, and which rules never came near.

use hotspan_hotspots as hotspots;
use hotspan_model as model;
use serde::Serialize;
use utoipa::ToSchema;

use super::hotspot::texts;
use super::text::clean;
use super::{Coverage, Decimal, List, Moment};

/// A rule whose structure holds and that one gate or guard stops, on one segment operation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct NearMiss {
    /// The service.
    pub service: String,
    /// Its segment operation.
    pub operation: String,
    /// Root operations that its traces entered by, most traces first.
    pub entries: Vec<String>,
    /// Whose rule.
    pub detector: String,
    /// What stopped it: `count`, `cost`, `sightings`, `guard:` and its name, `subsumed:` and the detector that has the
    /// members, `confidence`, `ignored`, `front-end`.
    pub reason: String,
    /// What its members are.
    pub class: String,
    /// Under which template; empty for none.
    pub template: String,
    /// The fingerprint it will have as a hotspot, 32 hex digits, when traces found it and only a gate over traces
    /// stops it.
    pub hotspot_id: Option<String>,
    /// Traces that show it.
    pub traces: u64,
    /// Traces in which the operation was judged.
    pub evaluated: u64,
    /// Most members in a trace.
    pub members: u64,
    /// Every condition that was looked at.
    pub conditions: Vec<NearCondition>,
    /// The part of a threshold that is missing, 0 to 1, of the condition that lacks most; 0 when only a guard stops it.
    pub distance: Decimal,
    /// End of the last filled hour, or day.
    pub last_seen: Moment,
}

/// One threshold and the best of all traces: the value must reach it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct NearCondition {
    /// What is compared; `_ns` at the end are nanoseconds, `_millionths` shares.
    pub name: String,
    /// How much there was at most; from 256 on up to 0.8 % too low.
    pub value: u64,
    /// How much the rule wants.
    pub threshold: u64,
    /// The part of the threshold that is missing, 0 to 1.
    pub distance: Decimal,
}

/// A rule that never came near on an operation that was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct SilentRule {
    /// The service.
    pub service: String,
    /// Its segment operation.
    pub operation: String,
    /// Whose rule.
    pub detector: String,
    /// Traces in which it was evaluated.
    pub evaluated: u64,
}

/// A page of near misses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct NearMissList {
    /// By service and operation, the nearest first; at most 64 of an operation.
    pub near_misses: Vec<NearMiss>,
    /// Rules that neither spoke nor came near on the operations that `entry` names, at most 1,000; empty without
    /// `entry`.
    pub silent: Vec<SilentRule>,
    /// How many match on all pages.
    pub total: u64,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<String>,
    /// The page is shorter than its limit, because it would have been too large; the rest follows `next_cursor`.
    pub truncated: bool,
    /// What the answer rests on.
    pub coverage: Coverage,
}

impl List for NearMissList {
    type Row = NearMiss;

    fn rows(&self) -> &[NearMiss] {
        &self.near_misses
    }

    fn total(&self) -> u64 {
        self.total
    }

    fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }
}

impl From<&hotspots::NearMissAnswer> for NearMiss {
    fn from(of: &hotspots::NearMissAnswer) -> NearMiss {
        NearMiss {
            service: clean(&of.service),
            operation: clean(&of.operation),
            entries: texts(&of.entries),
            detector: of.detector.to_owned(),
            reason: of.reason.to_string(),
            class: of.class.name().to_owned(),
            template: clean(&of.template),
            hotspot_id: of.id.map(|id| id.to_string()),
            traces: of.traces,
            evaluated: of.evaluated,
            members: of.members,
            conditions: of.conditions.iter().map(NearCondition::from).collect(),
            distance: of.distance.into(),
            last_seen: of.last_seen.into(),
        }
    }
}

impl From<&model::Condition> for NearCondition {
    fn from(of: &model::Condition) -> NearCondition {
        NearCondition {
            name: of.name.to_owned(),
            value: of.value,
            threshold: of.threshold,
            distance: of.distance().into(),
        }
    }
}
