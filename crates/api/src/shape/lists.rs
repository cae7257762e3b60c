//! Pages of lists, and what a hotspot adds when it is asked for alone.

use serde::Serialize;
use utoipa::ToSchema;

use super::{BeforeAfter, Coverage, Dependency, Hotspot, Operation, Role, Service, ThirdParty, Trace};

/// A page of hotspots.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct HotspotList {
    /// In the order that was asked for.
    pub hotspots: Vec<Hotspot>,
    /// How many match on all pages.
    pub total: u64,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<String>,
    /// The page is shorter than its limit, because it would have been too large; the rest follows `next_cursor`.
    pub truncated: bool,
    /// What the answer rests on.
    pub coverage: Coverage,
}

/// A page of exemplar traces.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct TraceList {
    /// By trace id.
    pub traces: Vec<Exemplar>,
    /// How many match on all pages.
    pub total: u64,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<String>,
    /// The page is shorter than its limit, because it would have been too large; the rest follows `next_cursor`.
    pub truncated: bool,
    /// What the answer rests on.
    pub coverage: Coverage,
}

/// A page of services.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ServiceList {
    /// By name.
    pub services: Vec<Service>,
    /// How many match on all pages.
    pub total: u64,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<String>,
    /// The page is shorter than its limit, because it would have been too large; the rest follows `next_cursor`.
    pub truncated: bool,
    /// What the answer rests on.
    pub coverage: Coverage,
}

/// A page of operations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct OperationList {
    /// By service and name.
    pub operations: Vec<Operation>,
    /// How many match on all pages.
    pub total: u64,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<String>,
    /// The page is shorter than its limit, because it would have been too large; the rest follows `next_cursor`.
    pub truncated: bool,
    /// What the answer rests on.
    pub coverage: Coverage,
}

/// A page of edges.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct DependencyList {
    /// By caller and callee.
    pub dependencies: Vec<Dependency>,
    /// How many match on all pages.
    pub total: u64,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<String>,
    /// The page is shorter than its limit, because it would have been too large; the rest follows `next_cursor`.
    pub truncated: bool,
    /// What the answer rests on.
    pub coverage: Coverage,
}

/// A page of the companies that are called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ThirdPartyList {
    /// By domain.
    pub third_parties: Vec<ThirdParty>,
    /// How many match on all pages.
    pub total: u64,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<String>,
    /// The page is shorter than its limit, because it would have been too large; the rest follows `next_cursor`.
    pub truncated: bool,
    /// What the answer rests on.
    pub coverage: Coverage,
}

/// A trace that hotspots refer to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Exemplar {
    /// The trace, 32 hex digits.
    pub trace_id: String,
    /// The hotspots, by rank.
    pub hotspots: Vec<ExemplarOf>,
}

/// What a trace is an exemplar of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ExemplarOf {
    /// The hotspot, 32 hex digits.
    pub hotspot_id: String,
    /// Its detector.
    pub detector: String,
    /// Its service.
    pub service: String,
    /// Why this trace.
    pub role: Role,
}

/// One hotspot with the traces that prove it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct HotspotDetail {
    /// The hotspot as lists show it.
    #[serde(flatten)]
    pub hotspot: Hotspot,
    /// The exemplar traces that are still held; none with `waterfalls=none`.
    pub waterfalls: Vec<Waterfall>,
    /// What the fix would do to each exemplar, held or not; empty with `waterfalls=none`.
    pub before_after: Vec<BeforeAfter>,
}

/// An exemplar trace with the hotspot's evidence marked on its spans.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Waterfall {
    /// Why this trace.
    pub role: Role,
    /// The trace, at most 2,000 spans of it.
    pub trace: Trace,
}

/// A page whose rows can be had without the envelope.
pub(crate) trait List: Serialize {
    /// A row. The default one names the columns of an empty list.
    type Row: Serialize + Default;

    /// The rows of the page.
    fn rows(&self) -> &[Self::Row];

    /// How many match on all pages.
    fn total(&self) -> u64;

    /// Where the next page begins.
    fn next_cursor(&self) -> Option<&str>;
}

impl List for HotspotList {
    type Row = Hotspot;

    fn rows(&self) -> &[Hotspot] {
        &self.hotspots
    }

    fn total(&self) -> u64 {
        self.total
    }

    fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }
}

impl List for TraceList {
    type Row = Exemplar;

    fn rows(&self) -> &[Exemplar] {
        &self.traces
    }

    fn total(&self) -> u64 {
        self.total
    }

    fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }
}

impl List for ServiceList {
    type Row = Service;

    fn rows(&self) -> &[Service] {
        &self.services
    }

    fn total(&self) -> u64 {
        self.total
    }

    fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }
}

impl List for OperationList {
    type Row = Operation;

    fn rows(&self) -> &[Operation] {
        &self.operations
    }

    fn total(&self) -> u64 {
        self.total
    }

    fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }
}

impl List for DependencyList {
    type Row = Dependency;

    fn rows(&self) -> &[Dependency] {
        &self.dependencies
    }

    fn total(&self) -> u64 {
        self.total
    }

    fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }
}

impl List for ThirdPartyList {
    type Row = ThirdParty;

    fn rows(&self) -> &[ThirdParty] {
        &self.third_parties
    }

    fn total(&self) -> u64 {
        self.total
    }

    fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }
}
