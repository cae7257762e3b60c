//! The audit as it is answered: the system on one page.

use std::collections::BTreeMap;

use hotspan_hotspots::audit;
use hotspan_model as model;
use serde::Serialize;
use utoipa::ToSchema;

use super::hotspot::texts;
use super::text::clean;
use super::{Coverage, Decimal, Dependency, Fix, ImpactBasis, PathNanos, PathShares};

/// The system on one page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Audit {
    /// The three to five changes to make first, best first.
    pub interventions: Vec<Intervention>,
    /// Changes that come after them.
    pub later: u64,
    /// Ids of hotspots by break, each by rank; every break is there.
    #[schema(value_type = BTreeMap<String, Vec<String>>)]
    pub breaks: BTreeMap<&'static str, Vec<String>>,
    /// Statements and cache commands that cost the most critical-path time, dearest first, at most 20.
    pub query_patterns: Vec<QueryPattern>,
    /// Where critical paths spend their time: the system, then its dearest services, then its dearest operations.
    pub bottlenecks: Vec<Bottleneck>,
    /// How services hang together.
    pub coupling: Coupling,
    /// What could not be seen, by service, at most 50.
    pub observability_gaps: Vec<Gap>,
    /// What this audit does not know, in sentences.
    pub not_seen: Vec<String>,
    /// What it rests on.
    pub coverage: Coverage,
}

/// One thing to do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Intervention {
    /// Its id: the `change` of its hotspots, or the one hotspot's own.
    pub change: String,
    /// The fault in one sentence.
    pub title: String,
    /// What to do.
    pub fix: Fix,
    /// The service that must change.
    pub service: String,
    /// Ids of the hotspots it settles, by rank.
    pub hotspots: Vec<String>,
    /// Seconds an hour that all of it saves together.
    pub impact_s_per_hour: Decimal,
    /// What the impact is made of.
    pub impact_basis: ImpactBasis,
    /// What is left of it when the changes before it are made; null where nobody replayed them together.
    pub marginal_impact_s_per_hour: Option<Decimal>,
    /// The same, at least; 0 for an exposure.
    pub marginal_at_least_s_per_hour: Decimal,
    /// Weeks of one team, once for all of it.
    pub effort_weeks: Decimal,
    /// That of its least sure hotspot.
    pub confidence: Decimal,
    /// Impact x confidence / effort.
    pub priority: Decimal,
    /// Changes to make before.
    pub depends_on: Vec<String>,
    /// Changes before it that take something from it.
    pub overlaps: Vec<String>,
}

/// One shape of statement or command, whoever runs it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct QueryPattern {
    /// db or cache.
    pub class: String,
    /// `postgresql`, `redis`; empty when unknown.
    pub system: String,
    /// The text with placeholders.
    pub template: String,
    /// Calls in the window, not adjusted for sampling.
    pub calls: u64,
    /// Critical-path seconds an hour in the window, weighted.
    pub critical_path_s_per_hour: Decimal,
    /// Its share of the critical-path time of all statements and commands.
    pub share: Decimal,
    /// The operations that run it, dearest first, at most 5.
    pub operations: Vec<PatternOperation>,
    /// Operations that are not among them.
    pub more_operations: u64,
}

/// One operation that runs it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct PatternOperation {
    /// Its service.
    pub service: String,
    /// Its name.
    pub operation: String,
    /// Calls in the window, not adjusted for sampling.
    pub calls: u64,
    /// Critical-path seconds an hour in the window, weighted.
    pub critical_path_s_per_hour: Decimal,
}

/// Where critical paths spend their time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Bottleneck {
    /// `system`, `service` or `operation`.
    pub scope: String,
    /// The service; null for the system.
    pub service: Option<String>,
    /// The operation; null for all of them.
    pub operation: Option<String>,
    /// Share of all services' time for a service, of all operations' time for an operation.
    pub share: Decimal,
    /// The category that costs most.
    pub largest: String,
    /// Weighted critical-path time by category.
    pub critical_path_ns: PathNanos,
    /// The same as shares.
    pub critical_path_share: PathShares,
}

/// How services hang together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Coupling {
    /// The edges with the most critical-path time, at most 60.
    pub calls: Vec<Dependency>,
    /// Edges that are not among them.
    pub more_calls: u64,
    /// Pairs that cannot work apart.
    pub chatty_pairs: Vec<Said>,
    /// Tables and databases of several services.
    pub shared_tables: Vec<Said>,
    /// Services that call each other in circles.
    pub cycles: Vec<Said>,
    /// Where a seam could run, or that none can yet.
    pub seams: Vec<Said>,
}

/// What a hotspot says about coupling.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Said {
    /// The hotspot.
    pub hotspot: String,
    /// Its service.
    pub service: String,
    /// Its detector.
    pub detector: String,
    /// Its sentence.
    pub title: String,
    /// What to do.
    pub fix: Fix,
}

/// One thing that could not be seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Gap {
    /// Of which service.
    pub service: String,
    /// What is missing.
    pub what: String,
    /// What cannot be judged without it.
    pub hides: String,
    /// The hotspot that says so, if one does.
    pub hotspot: Option<String>,
}

impl Audit {
    /// The audit and what it rests on.
    pub fn new(of: &audit::Audit<'_>, coverage: Coverage) -> Audit {
        let breaks = of.breaks.iter();
        Audit {
            interventions: of.interventions.iter().map(Intervention::from).collect(),
            later: number(of.later),
            breaks: breaks
                .map(|(of, hotspots)| {
                    (
                        of.name(),
                        hotspots.iter().map(|hotspot| hotspot.id.to_string()).collect(),
                    )
                })
                .collect(),
            query_patterns: of.query_patterns.iter().map(QueryPattern::from).collect(),
            bottlenecks: bottlenecks(&of.bottlenecks),
            coupling: Coupling::from(&of.coupling),
            observability_gaps: of.gaps.iter().map(Gap::from).collect(),
            not_seen: texts(&of.not_seen),
            coverage,
        }
    }
}

fn number(of: usize) -> u64 {
    u64::try_from(of).unwrap_or(u64::MAX)
}

fn bottlenecks(of: &audit::Bottlenecks<'_>) -> Vec<Bottleneck> {
    let system = std::iter::once(("system", &of.system));
    let services = of.services.iter().map(|row| ("service", row));
    let operations = of.operations.iter().map(|row| ("operation", row));
    let rows = system.chain(services).chain(operations);
    rows.map(|(scope, row)| Bottleneck {
        scope: scope.to_owned(),
        service: (!row.service.is_empty()).then(|| clean(row.service)),
        operation: (!row.operation.is_empty()).then(|| clean(row.operation)),
        share: row.share.into(),
        largest: row.largest().name().to_owned(),
        critical_path_ns: row.path.into(),
        critical_path_share: row.shares().into(),
    })
    .collect()
}

impl From<&audit::Change<'_>> for Intervention {
    fn from(of: &audit::Change<'_>) -> Intervention {
        let first = of.hotspots.first();
        Intervention {
            change: of.id(),
            title: first.map_or_else(String::new, |first| clean(&first.title)),
            fix: first.map(|first| Fix::from(&first.fix)).unwrap_or_default(),
            service: first.map_or_else(String::new, |first| clean(&first.service)),
            hotspots: of.hotspots.iter().map(|hotspot| hotspot.id.to_string()).collect(),
            impact_s_per_hour: of.impact.into(),
            impact_basis: of.basis.into(),
            marginal_impact_s_per_hour: of.marginal.map(Decimal::from),
            marginal_at_least_s_per_hour: of.marginal_at_least.into(),
            effort_weeks: of.effort.into(),
            confidence: of.confidence.into(),
            priority: of.priority.into(),
            depends_on: of.depends_on.clone(),
            overlaps: of.overlaps.clone(),
        }
    }
}

impl From<&audit::QueryPattern> for QueryPattern {
    fn from(of: &audit::QueryPattern) -> QueryPattern {
        QueryPattern {
            class: of.class.name().to_owned(),
            system: clean(&of.system),
            template: clean(&of.template),
            calls: of.calls,
            critical_path_s_per_hour: of.path_s_per_hour.into(),
            share: of.share.into(),
            operations: of
                .causes
                .iter()
                .map(|cause| PatternOperation {
                    service: clean(&cause.service),
                    operation: clean(&cause.operation),
                    calls: cause.calls,
                    critical_path_s_per_hour: cause.path_s_per_hour.into(),
                })
                .collect(),
            more_operations: number(of.more_causes),
        }
    }
}

impl From<&audit::Coupling<'_>> for Coupling {
    fn from(of: &audit::Coupling<'_>) -> Coupling {
        let said = |of: &[&model::Hotspot]| of.iter().map(|&hotspot| Said::from(hotspot)).collect();
        Coupling {
            calls: of.calls.iter().map(|&call| Dependency::from(call)).collect(),
            more_calls: number(of.more_calls),
            chatty_pairs: said(&of.chatty),
            shared_tables: said(&of.shared),
            cycles: said(&of.cycles),
            seams: said(&of.seams),
        }
    }
}

impl From<&model::Hotspot> for Said {
    fn from(of: &model::Hotspot) -> Said {
        Said {
            hotspot: of.id.to_string(),
            service: clean(&of.service),
            detector: of.detector.to_owned(),
            title: clean(&of.title),
            fix: Fix::from(&of.fix),
        }
    }
}

impl From<&audit::Gap<'_>> for Gap {
    fn from(of: &audit::Gap<'_>) -> Gap {
        Gap {
            service: clean(of.service),
            what: clean(&of.what),
            hides: of.hides.to_owned(),
            hotspot: of.hotspot.map(|hotspot| hotspot.id.to_string()),
        }
    }
}
