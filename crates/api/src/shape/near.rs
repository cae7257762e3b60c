//! Near misses as they are answered: what nearly is a hotspot, and which rules never came near.

use hotspan_hotspots as hotspots;
use hotspan_model as model;
use serde::Serialize;
use utoipa::ToSchema;

use super::hotspot::texts;
use super::text::clean;
use super::{Coverage, Decimal, List, Moment, Trace};

/// A rule whose structure holds and that one gate or guard stops, on one segment operation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct NearMiss {
    /// The service.
    pub service: String,
    /// Its segment operation; empty for the service as a whole, which rules over traces judge.
    pub operation: String,
    /// Root operations that its traces entered by, most traces first.
    pub entries: Vec<String>,
    /// Whose rule.
    pub detector: String,
    /// What stopped it: `count`, `cost`, `sightings`, `guard:` and its name, `subsumed:` and the detector that has the
    /// members, `confidence`, `ignored`, `front-end`, `blind:` and what the rule does not see.
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
    /// What would let a blind rule see; null for the others.
    pub remedy: Option<Remedy>,
}

/// The attribute that a rule lacks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Remedy {
    /// As it is called today.
    pub attribute: String,
    /// As it used to be called; empty when it always had its name.
    pub older: String,
    /// What to do, in one clause.
    pub how: String,
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

/// A near miss as a single trace shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct NearMissHere {
    /// The service.
    pub service: String,
    /// Its segment operation.
    pub operation: String,
    /// Whose rule.
    pub detector: String,
    /// What stopped it, as in the list of near misses.
    pub reason: String,
    /// Under which template its members are; empty for none.
    pub template: String,
    /// How many members.
    pub members: u64,
    /// Every condition that was looked at.
    pub conditions: Vec<NearCondition>,
}

/// A trace, and the rules that neither spoke in it nor came near.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// The trace, with what was found and what nearly was.
    #[serde(flatten)]
    pub trace: Trace,
    /// Ids of the detectors that saw nothing like their fault.
    pub silent: Vec<&'static str>,
}

/// A rule on an operation that was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Rule {
    /// The service.
    pub service: String,
    /// Its segment operation; empty for rules over traces, which judge services.
    pub operation: String,
    /// Whose rule.
    pub detector: String,
    /// Traces in which it was evaluated.
    pub evaluated: u64,
    /// How far the operation comes on average, by what it does most; null where nothing like the fault is counted.
    pub best: Option<NearCondition>,
}

/// A page of near misses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct NearMissList {
    /// By service and operation, the nearest first; at most 64 of an operation.
    pub near_misses: Vec<NearMiss>,
    /// Rules that neither spoke nor came near on the operations that `entry` names, at most 1,000; empty without
    /// `entry`.
    pub silent: Vec<Rule>,
    /// Rules that have a hotspot on the operations that `entry` names, at most 1,000; empty without `entry`.
    pub spoke: Vec<Rule>,
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
            remedy: of.remedy.map(Remedy::from),
        }
    }
}

impl From<hotspots::Remedy> for Remedy {
    fn from(of: hotspots::Remedy) -> Remedy {
        Remedy {
            attribute: of.attribute.to_owned(),
            older: of.older.to_owned(),
            how: of.how.to_owned(),
        }
    }
}

impl From<&model::NearMissView> for NearMissHere {
    fn from(of: &model::NearMissView) -> NearMissHere {
        NearMissHere {
            service: clean(&of.service),
            operation: clean(&of.operation),
            detector: of.detector.to_owned(),
            reason: of.reason.to_string(),
            template: clean(&of.template),
            members: of.members,
            conditions: of.conditions.iter().map(NearCondition::from).collect(),
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
