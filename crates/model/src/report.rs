//! The arrow from analysis to hotspots: all that one trace contributes to what is known about the system.
//!
//! Everything here is added once and, when a new version of the trace comes, subtracted once; so it is built
//! from the trace alone and holds no minimum, maximum or mean.

use crate::{
    Class, DefectKind, FactRow, Finding, Fingerprint, Inputs, LinkRow, LogTime, Millionths, Nanos, NearMiss,
    SpanId, SpanRow, Symbol, TraceId,
};

/// A service and one of its operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OpRef {
    /// The service.
    pub service: Symbol,
    /// Its operation.
    pub operation: Symbol,
}

/// Where critical-path time goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Category {
    /// The service's own work.
    OwnTime,
    /// Databases.
    Db,
    /// Caches.
    Cache,
    /// Calls to services of the same owner.
    Internal,
    /// Calls to other companies.
    ThirdParty,
    /// Waiting in a queue.
    Queue,
    /// Nothing is known.
    Gap,
}

impl Category {
    /// All of them, in order; `category as usize` is its place.
    pub const ALL: [Category; 7] = [
        Category::OwnTime,
        Category::Db,
        Category::Cache,
        Category::Internal,
        Category::ThirdParty,
        Category::Queue,
        Category::Gap,
    ];

    /// How answers call it.
    pub fn name(self) -> &'static str {
        match self {
            Category::OwnTime => "self",
            Category::Db => "db",
            Category::Cache => "cache",
            Category::Internal => "internal",
            Category::ThirdParty => "third_party",
            Category::Queue => "queue",
            Category::Gap => "gap",
        }
    }
}

/// One segment: the spans of one service below one server or consumer span (or unit root).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentRow {
    /// The service and its segment operation.
    pub at: OpRef,
    /// Its version.
    pub version: Option<Symbol>,
    /// The segment root's duration.
    pub duration: Nanos,
    /// The segment root failed.
    pub failed: bool,
    /// The duration may enter statistics (no `implausible`, `no_time`, `negative_duration`).
    pub timed: bool,
    /// It is the root of the primary unit: how requests entered.
    pub entry: bool,
    /// Critical-path time of the segment's own spans in its unit, by category.
    pub path: [Nanos; Category::ALL.len()],
}

/// Spans of one service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceRow {
    /// The service.
    pub service: Symbol,
    /// Its version.
    pub version: Option<Symbol>,
    /// What its name is unique in: a product, a tenant, a team.
    pub namespace: Option<Symbol>,
    /// Spans, folded ones included.
    pub spans: u64,
    /// Failed ones.
    pub failed: u64,
    /// Spans that name a parent which was never received.
    pub orphans: u64,
    /// What they tell.
    pub inputs: Inputs,
    /// Spans that another one of the service names as its parent.
    pub parents: u64,
    /// Those of them that were never received.
    pub lost_parents: u64,
}

/// Critical-path time of the primary unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathRow {
    /// Whose span it was.
    pub service: Symbol,
    /// Where the time went.
    pub category: Category,
    /// How much.
    pub time: Nanos,
}

/// Whom an outgoing operation reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// A service whose server or consumer span is in the trace.
    Service(Symbol),
    /// A callee that only its address names.
    Callee(Symbol),
}

/// Outgoing operations of one segment's service to one target under one template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallRow {
    /// Who calls, in which segment operation.
    pub from: OpRef,
    /// Who is called.
    pub target: Target,
    /// The callee as the client span names it, beside a service that answered.
    pub callee: Option<Symbol>,
    /// db, cache, call or publish.
    pub class: Class,
    /// Under which template.
    pub template: Option<Symbol>,
    /// How many.
    pub calls: u64,
    /// How many failed.
    pub failed: u64,
    /// Summed client time.
    pub time: Nanos,
    /// Critical-path time in their subtrees.
    pub path: Nanos,
    /// Longest single critical-path time, for the distribution over traces.
    pub path_in_trace: Nanos,
    /// The first of them that is a single span.
    pub span: Option<SpanId>,
    /// What `hotspan.ignore` says on the first of them.
    pub ignored: Option<Symbol>,
}

/// How two child operations of one parent lay to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HandOffOutcome {
    /// Every a ended before every b.
    ABeforeB,
    /// Every b ended before every a.
    BBeforeA,
    /// Neither.
    Overlap,
}

/// One parent span in which both operations occur. For `a < b` by text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandOff {
    /// Identity hash of (parent call path, a, b).
    pub key: u128,
    /// How they lay.
    pub outcome: HandOffOutcome,
    /// B ran although A failed: B does not need A's answer.
    pub survived_failure: bool,
}

/// Faults of one unit that one [`JointRow`] is about at most.
pub const JOINT_MAX: usize = 4;

/// What faults of one unit would save together, where that is less than what each saves alone adds up to. Faults that
/// share no row add up.
///
/// Invariant: one more fault never saves less, and never more than it saves alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct JointRow {
    /// Their hotspots, ascending; places beyond the last hold zeros.
    pub faults: [Fingerprint; JOINT_MAX],
    /// What each set of them likely saves; bit `i` of the place stands for `faults[i]`. Zero for sets that name a place
    /// beyond the last.
    pub savings: [Nanos; 1 << JOINT_MAX],
    /// Somebody waits for the unit.
    pub awaited: bool,
}

/// What one version of one trace contributes. Buffers are reused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Which trace. `None` only in an unused buffer.
    pub trace: Option<TraceId>,
    /// Version of the trace.
    pub version: u32,
    /// How many traces it stands for (`ot=th`).
    pub weight: Millionths,
    /// When it counts for windows and trends: live, log time of the decision; offline, the claimed end.
    pub at: LogTime,
    /// Findings may rest on missing spans.
    pub incomplete: bool,
    /// How the primary unit was entered.
    pub entry: Option<OpRef>,
    /// Duration of the primary root.
    pub duration: Nanos,
    /// Spans in it, folded ones included.
    pub spans: u64,
    /// One row a segment.
    pub segments: Vec<SegmentRow>,
    /// One row a service and version.
    pub services: Vec<ServiceRow>,
    /// One row a service and category.
    pub path: Vec<PathRow>,
    /// One row a caller operation, target, class and template.
    pub calls: Vec<CallRow>,
    /// One row a name, kind and outcome of spans.
    pub metered: Vec<SpanRow>,
    /// One row a pair of caller and callee, and class.
    pub links: Vec<LinkRow>,
    /// Ordering evidence.
    pub hand_offs: Vec<HandOff>,
    /// What means something only beside other traces.
    pub facts: Vec<FactRow>,
    /// How many defects of each kind.
    pub defects: [u32; DefectKind::ALL.len()],
    /// What they would say if `hotspan.ignore` did not accept it in the code.
    pub ignored: u32,
    /// What the detectors say.
    pub findings: Vec<Finding>,
    /// What fixing several of them together saves.
    pub joints: Vec<JointRow>,
    /// What they nearly said.
    pub near_misses: Vec<NearMiss>,
    /// Member spans of findings.
    pub members: Vec<SpanId>,
    /// Templates of chains.
    pub templates: Vec<Symbol>,
}

impl Report {
    /// Forgets the trace and keeps the buffers.
    pub fn clear(&mut self) {
        let Report {
            trace,
            version,
            weight,
            at,
            incomplete,
            entry,
            duration,
            spans,
            segments,
            services,
            path,
            calls,
            metered,
            links,
            hand_offs,
            facts,
            defects,
            ignored,
            findings,
            joints,
            near_misses,
            members,
            templates,
        } = self;
        (*trace, *version, *weight, *at) = (None, 0, Millionths(0), LogTime(0));
        (*incomplete, *entry, *duration, *spans) = (false, None, Nanos::ZERO, 0);
        (*defects, *ignored) = ([0; DefectKind::ALL.len()], 0);
        segments.clear();
        services.clear();
        path.clear();
        calls.clear();
        metered.clear();
        links.clear();
        hand_offs.clear();
        facts.clear();
        findings.clear();
        joints.clear();
        near_misses.clear();
        members.clear();
        templates.clear();
    }

    /// The member spans of one of its findings.
    pub fn members_of(&self, finding: &Finding) -> &[SpanId] {
        &self.members[finding.members.start as usize..finding.members.end as usize]
    }

    /// The templates of one of its findings that is a chain.
    pub fn templates_of(&self, finding: &Finding) -> &[Symbol] {
        &self.templates[finding.templates.start as usize..finding.templates.end as usize]
    }

    /// The hand-offs of one of its findings that is a chain.
    pub fn hand_offs_of(&self, finding: &Finding) -> &[HandOff] {
        &self.hand_offs[finding.hand_offs.start as usize..finding.hand_offs.end as usize]
    }
}
