//! What is known about a detector before any trace: its name, its break, how it words its hotspots.

use crate::{Break, CalleeView, Effort, Fix, Nanos, Params};

/// What a detector needs before it opens a hotspot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One trace suffices.
    Trace,
    /// Found in a trace, judged over traces.
    Both,
    /// Needs state over traces.
    Cross,
}

impl Scope {
    /// How answers call it.
    pub fn name(self) -> &'static str {
        match self {
            Scope::Trace => "trace",
            Scope::Both => "both",
            Scope::Cross => "cross",
        }
    }
}

/// How the saving of a hotspot follows from those of its traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SavingRule {
    /// Medians of what replay said of each trace.
    Replayed,
    /// Means of what a limit on the members' critical-path time would save: likely at its median over the traces,
    /// at most at half of that, at least at its third quartile.
    CappedAtMedian,
}

/// A threshold that users may tune.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Knob {
    /// Key in the configuration, with its unit.
    pub name: &'static str,
    /// Default value.
    pub default: u64,
    /// What it decides.
    pub what: &'static str,
}

/// One row of the detectors' table.
#[derive(Clone, Copy, Debug)]
pub struct Meta {
    /// The problem, in kebab case; never the remedy.
    pub id: &'static str,
    /// The problem in one line.
    pub title: &'static str,
    /// Which of the four breaks.
    pub in_break: Break,
    /// What one trace proves.
    pub scope: Scope,
    /// Needs sightings whatever the cost: one slow call is an incident, not a structure.
    pub habit: bool,
    /// Weeks of one team.
    pub effort: Effort,
    /// How savings add up over traces.
    pub saving: SavingRule,
    /// What users may tune.
    pub knobs: &'static [Knob],
    /// The fault of one hotspot in one sentence.
    pub sentence: fn(&Facets<'_>) -> String,
    /// What to change.
    pub fix: fn(&Facets<'_>) -> Fix,
}

/// What is known about one hotspot when it is put in words.
#[derive(Clone, Copy, Debug)]
pub struct Facets<'a> {
    /// The service that must change.
    pub service: &'a str,
    /// Its segment operation.
    pub operation: &'a str,
    /// Whom the members call.
    pub callee: &'a CalleeView,
    /// Short name of the template: its summary, or itself.
    pub summary: &'a str,
    /// Distinct templates of a chain, in order of time.
    pub templates: &'a [&'a str],
    /// Median members a trace.
    pub calls: u64,
    /// Most traces run them in parallel.
    pub parallel: bool,
    /// What the arguments show, of the newest exemplar.
    pub params: Params,
    /// Median critical-path time a trace.
    pub path: Nanos,
    /// Median duration of the segment root.
    pub segment: Nanos,
    /// The members change data.
    pub writes: bool,
    /// Name of the vendor, when the catalogue knows it.
    pub vendor: Option<&'a str>,
    /// Instrumentation scopes of the members, most frequent first.
    pub scopes: &'a [&'a str],
    /// SDK language, empty when unknown.
    pub language: &'a str,
    /// Weakest label of a chain's hand-offs: `explicit`, `always`, `here_only`, `contradicted`; else empty.
    pub evidence: &'a str,
}
