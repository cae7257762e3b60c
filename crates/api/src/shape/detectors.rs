//! The detectors with their thresholds and efforts, as they were built and as they are set.

use hotspan_model as model;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Break, Decimal};
use crate::Detectors;

/// Every detector, and what was set of its thresholds and efforts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct DetectorList {
    /// In order of evaluation: those of one trace, then those over traces.
    pub detectors: Vec<Detector>,
    /// Thresholds that all of them share.
    pub shared_knobs: Vec<Knob>,
    /// Thresholds that were set, least precise first: the last that is about an operation holds there.
    pub knob_rules: Vec<KnobRule>,
    /// Efforts that were set, least precise first, those of single hotspots last.
    pub effort_rules: Vec<EffortRule>,
}

/// One detector.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Detector {
    /// Its id.
    pub detector: String,
    /// Which of the four breaks.
    #[serde(rename = "break")]
    pub in_break: Break,
    /// The problem in one line.
    pub title: String,
    /// What proves it: `trace`, `both` (found in a trace, judged over traces) or `cross` (over traces).
    pub scope: String,
    /// It needs sightings whatever they cost.
    pub habit: bool,
    /// Weeks of one team, where no workload has its own.
    pub effort_weeks: Decimal,
    /// The same when nothing is set.
    pub effort_weeks_default: Decimal,
    /// Its own thresholds.
    pub knobs: Vec<Knob>,
}

/// A threshold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Knob {
    /// Its name, which ends in its unit; a count has none.
    pub knob: String,
    /// What it decides.
    pub what: String,
    /// Value when nothing is set.
    pub default: u64,
    /// Value where no workload has its own.
    pub value: u64,
    /// Lowest value that makes sense.
    pub least: u64,
    /// Highest value that makes sense.
    pub most: u64,
}

/// A threshold that was set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct KnobRule {
    /// Which.
    pub knob: String,
    /// Its value there.
    pub value: u64,
    /// For which segments.
    #[serde(flatten)]
    pub selector: Selector,
}

/// An effort that was set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct EffortRule {
    /// Id of a detector, or of a hotspot, or `*` for every detector.
    pub of: String,
    /// Weeks of one team.
    pub effort_weeks: Decimal,
    /// For which segments.
    #[serde(flatten)]
    pub selector: Selector,
}

/// Which segments a rule is about; null leaves all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Selector {
    /// Pattern of services.
    pub service: Option<String>,
    /// Pattern of segment operations.
    pub operation: Option<String>,
    /// `server`, `consumer` or `job`.
    pub kind: Option<String>,
}

impl From<&Detectors> for DetectorList {
    fn from(of: &Detectors) -> DetectorList {
        let tuning = &of.tuning;
        let detectors = of.catalogue.iter().map(|meta| detector(meta, tuning));
        let shared = of.shared_knobs.iter().map(|shared| knob(shared, tuning));
        let knob_rules = tuning.knobs().iter().map(|rule| KnobRule {
            knob: rule.knob.name.to_owned(),
            value: rule.value,
            selector: selector(&rule.selector),
        });
        let of_detectors = tuning.efforts().iter().map(|rule| EffortRule {
            of: rule.detector.unwrap_or("*").to_owned(),
            effort_weeks: rule.effort.into(),
            selector: selector(&rule.selector),
        });
        let of_hotspots = tuning.hotspots().iter().map(|&(id, effort)| EffortRule {
            of: id.to_string(),
            effort_weeks: effort.into(),
            selector: Selector::default(),
        });
        DetectorList {
            detectors: detectors.collect(),
            shared_knobs: shared.collect(),
            knob_rules: knob_rules.collect(),
            effort_rules: of_detectors.chain(of_hotspots).collect(),
        }
    }
}

fn detector(meta: &model::Meta, tuning: &model::Tuning) -> Detector {
    Detector {
        detector: meta.id.to_owned(),
        in_break: meta.in_break.into(),
        title: meta.title.to_owned(),
        scope: meta.scope.name().to_owned(),
        habit: meta.habit,
        effort_weeks: tuning.base_effort(meta).into(),
        effort_weeks_default: meta.effort.into(),
        knobs: meta.knobs.iter().map(|own| knob(own, tuning)).collect(),
    }
}

fn knob(of: &model::Knob, tuning: &model::Tuning) -> Knob {
    let range = of.range();
    Knob {
        knob: of.name.to_owned(),
        what: of.what.to_owned(),
        default: of.default,
        value: tuning.base(of),
        least: *range.start(),
        most: *range.end(),
    }
}

fn selector(of: &model::Selector) -> Selector {
    let text = |pattern: &Option<model::Pattern>| pattern.as_ref().map(|pattern| pattern.text().to_owned());
    Selector {
        service: text(&of.service),
        operation: text(&of.operation),
        kind: of.workload.map(|workload| workload.name().to_owned()),
    }
}
