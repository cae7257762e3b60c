//! Two windows, two versions or two traces side by side.

use hotspan_hotspots::compare as hotspots;
use hotspan_model as model;
use serde::Serialize;
use utoipa::ToSchema;

use super::text::clean;
use super::{Break, Coverage, Decimal, List, Moment, State};

/// Most rows of two traces, of calls and of findings each.
const ROWS_MAX: usize = 500;

/// A page of what changed between two sides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Comparison {
    /// The first side.
    pub a: Side,
    /// The second side.
    pub b: Side,
    /// How many hotspots there are of each change, those that are not on the page included.
    pub counts: ChangeCounts,
    /// By change (appeared, grew, shrank, gone, same, unclear), then by rank.
    pub changes: Vec<HotspotChange>,
    /// How many match on all pages.
    pub total: u64,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<String>,
    /// The page is shorter than its limit, because it would have been too large; the rest follows `next_cursor`.
    pub truncated: bool,
    /// What the answer rests on.
    pub coverage: Coverage,
}

/// One side: a window in whole minutes or hours, or a version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Side {
    /// Start of a window; null for a version.
    pub from: Option<Moment>,
    /// End of a window; null for a version.
    pub until: Option<Moment>,
    /// All traces that were analysed in a window; null for a version.
    pub traces: Option<u64>,
    /// The version; null for a window.
    pub version: Option<String>,
}

/// Hotspots by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ChangeCounts {
    /// On the second side only.
    pub appeared: u64,
    /// Dearer a trace on the second side.
    pub grew: u64,
    /// Cheaper.
    pub shrank: u64,
    /// On the first side only.
    pub gone: u64,
    /// The same, as far as the traces tell.
    pub same: u64,
    /// On one side, while the other has too few traces to show it.
    pub unclear: u64,
}

/// What became of something from one side to the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// On the second side only.
    #[default]
    Appeared,
    /// Dearer on the second side.
    Grew,
    /// Cheaper.
    Shrank,
    /// On the first side only.
    Gone,
    /// The same, as far as the traces tell.
    Same,
    /// On one side, while the other has too few traces to show it.
    Unclear,
}

/// One hotspot on both sides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct HotspotChange {
    /// The hotspot, 32 hex digits.
    pub hotspot_id: String,
    /// What became of it.
    pub change: Change,
    /// Cost a trace on the second side over that on the first; null where it is on one side only.
    pub ratio: Option<Decimal>,
    /// Its rank in the list of hotspots.
    pub rank: u32,
    /// Its detector.
    pub detector: String,
    /// Its break.
    #[serde(rename = "break")]
    pub in_break: Break,
    /// The fault in one sentence.
    pub title: String,
    /// The service that must change.
    pub service: String,
    /// Its segment operation.
    pub operation: String,
    /// Where it is in its life.
    pub state: State,
    /// On the first side.
    pub a: Measure,
    /// On the second side.
    pub b: Measure,
}

/// What one side has of a hotspot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Measure {
    /// Traces with the fault.
    pub traces: u64,
    /// All traces: of every service in a window, of the hotspot's service in a version; 0 where the side cannot tell.
    pub of_traces: u64,
    /// Critical-path time of the fault; null between versions.
    pub critical_path_ns: Option<u64>,
}

/// Two traces side by side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct TraceComparison {
    /// The first trace.
    pub a: TraceSide,
    /// The second trace.
    pub b: TraceSide,
    /// What spans do, by service, operation and template; those first whose critical-path time changed most.
    pub calls: Vec<CallChange>,
    /// What the detectors say, by hotspot.
    pub findings: Vec<FindingChange>,
    /// Spans, calls or findings were left out.
    pub truncated: bool,
}

/// One of two traces.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct TraceSide {
    /// Which, 32 hex digits.
    pub trace_id: String,
    /// Service of its first span.
    pub service: String,
    /// Operation of its first span.
    pub operation: String,
    /// Duration of the primary root.
    pub duration_ns: u64,
    /// How many spans it has.
    pub span_count: u64,
    /// Its findings may rest on missing spans.
    pub incomplete: bool,
}

/// One kind of span in both traces.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct CallChange {
    /// Its service.
    pub service: String,
    /// What it does.
    pub operation: String,
    /// The grouping key of an outgoing operation, else empty.
    pub template: String,
    /// What it was classified as.
    pub class: String,
    /// What became of it: by its critical-path time (a fifth and 1 ms) or its number (a fifth and 2).
    pub change: Change,
    /// In the first trace.
    pub a: CallSum,
    /// In the second trace.
    pub b: CallSum,
}

/// All spans of one kind in one trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct CallSum {
    /// How many.
    pub count: u64,
    /// Those that failed.
    pub failed: u64,
    /// Their durations, summed.
    pub duration_ns: u64,
    /// Their critical-path time.
    pub critical_path_ns: u64,
}

/// A hotspot that one of the traces shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct FindingChange {
    /// The hotspot, 32 hex digits.
    pub hotspot_id: String,
    /// Whose finding it is.
    pub detector: String,
    /// The service that must change.
    pub service: String,
    /// Calls in the first trace; 0 when it is not found there.
    pub calls_a: u64,
    /// Calls in the second trace.
    pub calls_b: u64,
    /// What the fix would likely save of the first trace.
    pub saving_a_ns: u64,
    /// What it would likely save of the second.
    pub saving_b_ns: u64,
}

impl ChangeCounts {
    /// One more of this change.
    pub(crate) fn add(&mut self, change: hotspots::Change) {
        *match change {
            hotspots::Change::Appeared => &mut self.appeared,
            hotspots::Change::Grew => &mut self.grew,
            hotspots::Change::Shrank => &mut self.shrank,
            hotspots::Change::Gone => &mut self.gone,
            hotspots::Change::Same => &mut self.same,
            hotspots::Change::Unclear => &mut self.unclear,
        } += 1;
    }
}

impl From<hotspots::Change> for Change {
    fn from(of: hotspots::Change) -> Change {
        match of {
            hotspots::Change::Appeared => Change::Appeared,
            hotspots::Change::Grew => Change::Grew,
            hotspots::Change::Shrank => Change::Shrank,
            hotspots::Change::Gone => Change::Gone,
            hotspots::Change::Same => Change::Same,
            hotspots::Change::Unclear => Change::Unclear,
        }
    }
}

impl From<&hotspots::Compared<'_>> for HotspotChange {
    fn from(of: &hotspots::Compared<'_>) -> HotspotChange {
        let hotspot = of.hotspot;
        HotspotChange {
            hotspot_id: hotspot.id.to_string(),
            change: of.change.into(),
            ratio: of.ratio.map(Decimal::from),
            rank: hotspot.rank,
            detector: hotspot.detector.to_owned(),
            in_break: hotspot.in_break.into(),
            title: clean(&hotspot.title),
            service: clean(&hotspot.service),
            operation: clean(&hotspot.operation),
            state: hotspot.state.into(),
            a: of.sides[0].into(),
            b: of.sides[1].into(),
        }
    }
}

impl From<hotspots::Measure> for Measure {
    fn from(of: hotspots::Measure) -> Measure {
        Measure {
            traces: of.traces,
            of_traces: of.of,
            critical_path_ns: of.path.map(|path| path.0),
        }
    }
}

impl TraceComparison {
    /// Compares two traces.
    pub(crate) fn new(a: &model::TraceView, b: &model::TraceView) -> TraceComparison {
        let changes = hotspots::traces(a, b);
        let is_cut = ROWS_MAX < changes.calls.len().max(changes.findings.len());
        TraceComparison {
            a: a.into(),
            b: b.into(),
            calls: changes
                .calls
                .iter()
                .take(ROWS_MAX)
                .map(CallChange::from)
                .collect(),
            findings: changes
                .findings
                .iter()
                .take(ROWS_MAX)
                .map(FindingChange::from)
                .collect(),
            truncated: is_cut || a.truncated || b.truncated,
        }
    }
}

impl From<&model::TraceView> for TraceSide {
    fn from(of: &model::TraceView) -> TraceSide {
        let first = of.spans.first();
        TraceSide {
            trace_id: of.trace.to_string(),
            service: first.map(|span| clean(&span.service)).unwrap_or_default(),
            operation: first.map(|span| clean(&span.operation)).unwrap_or_default(),
            duration_ns: of.duration.0,
            span_count: of.span_count,
            incomplete: of.incomplete,
        }
    }
}

impl From<&hotspots::CallChange> for CallChange {
    fn from(of: &hotspots::CallChange) -> CallChange {
        CallChange {
            service: clean(&of.service),
            operation: clean(&of.operation),
            template: clean(&of.template),
            class: of.class.name().to_owned(),
            change: of.change.into(),
            a: of.sides[0].into(),
            b: of.sides[1].into(),
        }
    }
}

impl From<hotspots::CallSum> for CallSum {
    fn from(of: hotspots::CallSum) -> CallSum {
        CallSum {
            count: of.count,
            failed: of.failed,
            duration_ns: of.duration.0,
            critical_path_ns: of.path.0,
        }
    }
}

impl From<&hotspots::FindingChange> for FindingChange {
    fn from(of: &hotspots::FindingChange) -> FindingChange {
        FindingChange {
            hotspot_id: of.hotspot.to_string(),
            detector: of.detector.to_owned(),
            service: clean(&of.service),
            calls_a: of.calls[0],
            calls_b: of.calls[1],
            saving_a_ns: of.saving[0].0,
            saving_b_ns: of.saving[1].0,
        }
    }
}

impl List for Comparison {
    type Row = HotspotChange;

    fn rows(&self) -> &[HotspotChange] {
        &self.changes
    }

    fn total(&self) -> u64 {
        self.total
    }

    fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }
}
