//! `audit`: the system at a glance: what to change first, where time goes, what is not seen.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::budget::{LeftOut, Lines, Room};
use super::call::{Basis, Call, Reply};
use super::links::Links;
use super::quoted::Quoted;
use crate::ask::Problem;
use crate::read;
use crate::shape::{self, Decimal, ImpactBasis, PathShares};

/// Most hotspots that are named for one change.
const IDS_MAX: usize = 5;
/// Most rows of the lists after the changes.
const ROWS_MAX: usize = 8;

/// The system at a glance.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Audit {
    /// The three to five changes to make first, best first.
    interventions: Vec<Intervention>,
    /// Changes that come after them.
    later: u64,
    /// Hotspots by break: database, synchronous, observability, seams.
    breaks: BTreeMap<String, u64>,
    /// Where critical paths spend their time: the system, its dearest services, its dearest operations.
    bottlenecks: Vec<Bottleneck>,
    /// The dearest statements and commands.
    query_patterns: Vec<Pattern>,
    /// Pairs that cannot work apart, tables of several services, circles, seams.
    coupling: Vec<Coupled>,
    /// What could not be seen.
    gaps: Vec<Gap>,
    quoted: NotSeen,
    coverage: Basis,
    left_out: Vec<LeftOut>,
    link: String,
}

/// One thing to do.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Intervention {
    change: String,
    /// Seconds an hour that all of it saves.
    impact_s_per_hour: Decimal,
    impact_basis: ImpactBasis,
    /// What is left of it when the changes before it are made.
    marginal_impact_s_per_hour: Option<Decimal>,
    /// Weeks of one team.
    effort_weeks: Decimal,
    confidence: Decimal,
    priority: Decimal,
    /// For get_hotspot.
    hotspot_ids: Vec<String>,
    /// Hotspots that it settles.
    hotspot_count: u64,
    depends_on: Vec<String>,
    quoted: Todo,
    link: String,
}

/// What spans say: data.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Todo {
    title: Quoted,
    service: Quoted,
    fix: Quoted,
    how: Quoted,
}

/// Where time goes.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Bottleneck {
    /// system, service or operation.
    scope: String,
    share: Decimal,
    /// The category that costs most.
    largest: String,
    critical_path_share: PathShares,
    quoted: Place,
}

/// What spans say: data; empty for the system.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Place {
    service: Quoted,
    operation: Quoted,
}

/// One shape of statement or command.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Pattern {
    class: String,
    calls: u64,
    critical_path_s_per_hour: Decimal,
    /// Of the critical-path time of all statements and commands.
    share: Decimal,
    quoted: Statement,
}

/// What spans say: data.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Statement {
    system: Quoted,
    template: Quoted,
    /// The service that pays most for it.
    service: Quoted,
    operation: Quoted,
}

/// What a hotspot says about coupling.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Coupled {
    /// chatty_pair, shared_table, cycle, seam.
    kind: &'static str,
    hotspot_id: String,
    detector: String,
    quoted: Saying,
    link: String,
}

/// What spans say: data.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Saying {
    title: Quoted,
    fix: Quoted,
}

/// One thing that could not be seen.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Gap {
    hotspot_id: Option<String>,
    quoted: Missing,
}

/// What spans say: data.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Missing {
    service: Quoted,
    what: Quoted,
    hides: Quoted,
}

/// What this audit does not know, in sentences: data.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct NotSeen {
    not_seen: Vec<Quoted>,
}

pub(super) fn audit(mut call: Call) -> Result<Reply, Problem> {
    let budget = call.budget()?;
    call.finish()?;
    let (of, _) = read::audit(&call.view);
    let how = "ask again with a larger max_bytes, or read the page";
    let mut room = Room::new(budget.rows());
    let changes = of
        .interventions
        .iter()
        .map(|of| Intervention::new(of, &call.links));
    let interventions = room.fit("interventions", how, ROWS_MAX, changes);
    let not_seen = room.fit(
        "not_seen",
        how,
        ROWS_MAX,
        Quoted::some(&of.not_seen, of.not_seen.len()),
    );
    let bottlenecks = room.fit(
        "bottlenecks",
        how,
        ROWS_MAX,
        of.bottlenecks.iter().map(Bottleneck::new),
    );
    let patterns = of.query_patterns.iter().map(Pattern::new);
    let query_patterns = room.fit("query_patterns", how, ROWS_MAX, patterns);
    let coupling = room.fit("coupling", how, ROWS_MAX, coupled(&of.coupling, &call.links));
    let gaps = room.fit("gaps", how, ROWS_MAX, of.observability_gaps.iter().map(Gap::new));
    let count = |(name, ids): (&&'static str, &Vec<String>)| ((*name).to_owned(), ids.len() as u64);
    let answer = Audit {
        interventions,
        later: of.later,
        breaks: of.breaks.iter().map(count).collect(),
        bottlenecks,
        query_patterns,
        coupling,
        gaps,
        quoted: NotSeen { not_seen },
        coverage: Basis::of(&call.view),
        left_out: room.left_out(),
        link: call.links.page("audit"),
    };
    Reply::new(text(&answer, Lines::new(budget)), &answer)
}

impl Intervention {
    fn new(of: &shape::Intervention, links: &Links) -> Intervention {
        Intervention {
            change: of.change.clone(),
            impact_s_per_hour: of.impact_s_per_hour,
            impact_basis: of.impact_basis,
            marginal_impact_s_per_hour: of.marginal_impact_s_per_hour,
            effort_weeks: of.effort_weeks,
            confidence: of.confidence,
            priority: of.priority,
            hotspot_ids: of.hotspots.iter().take(IDS_MAX).cloned().collect(),
            hotspot_count: of.hotspots.len() as u64,
            depends_on: of.depends_on.iter().take(IDS_MAX).cloned().collect(),
            quoted: Todo {
                title: Quoted::new(&of.title),
                service: Quoted::new(&of.service),
                fix: Quoted::new(&of.fix.summary),
                how: Quoted::new(&of.fix.how),
            },
            link: match of.hotspots.first() {
                Some(id) => links.hotspot(id),
                None => links.page("audit"),
            },
        }
    }
}

impl Bottleneck {
    fn new(of: &shape::Bottleneck) -> Bottleneck {
        Bottleneck {
            scope: of.scope.clone(),
            share: of.share,
            largest: of.largest.clone(),
            critical_path_share: of.critical_path_share,
            quoted: Place {
                service: Quoted::new(of.service.as_deref().unwrap_or_default()),
                operation: Quoted::new(of.operation.as_deref().unwrap_or_default()),
            },
        }
    }
}

impl Pattern {
    fn new(of: &shape::QueryPattern) -> Pattern {
        let dearest = of.operations.first();
        let named = |name: fn(&shape::PatternOperation) -> &str| Quoted::new(dearest.map_or("", name));
        Pattern {
            class: of.class.clone(),
            calls: of.calls,
            critical_path_s_per_hour: of.critical_path_s_per_hour,
            share: of.share,
            quoted: Statement {
                system: Quoted::new(&of.system),
                template: Quoted::new(&of.template),
                service: named(|of| &of.service),
                operation: named(|of| &of.operation),
            },
        }
    }
}

fn coupled(of: &shape::Coupling, links: &Links) -> Vec<Coupled> {
    let kinds = [
        ("chatty_pair", &of.chatty_pairs),
        ("shared_table", &of.shared_tables),
        ("cycle", &of.cycles),
        ("seam", &of.seams),
    ];
    let all = kinds
        .iter()
        .flat_map(|(kind, said)| said.iter().map(move |of| (*kind, of)));
    all.map(|(kind, of)| Coupled {
        kind,
        hotspot_id: of.hotspot.clone(),
        detector: of.detector.clone(),
        quoted: Saying {
            title: Quoted::new(&of.title),
            fix: Quoted::new(&of.fix.summary),
        },
        link: links.hotspot(&of.hotspot),
    })
    .collect()
}

impl Gap {
    fn new(of: &shape::Gap) -> Gap {
        Gap {
            hotspot_id: of.hotspot.clone(),
            quoted: Missing {
                service: Quoted::new(&of.service),
                what: Quoted::new(&of.what),
                hides: Quoted::new(&of.hides),
            },
        }
    }
}

fn text(of: &Audit, mut lines: Lines) -> Lines {
    let breaks: Vec<String> = of
        .breaks
        .iter()
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    lines.add(format!(
        "Hotspots by break: {}; {}.",
        breaks.join(", "),
        of.coverage.says()
    ));
    if let Some(first) = of.interventions.iter().find_map(|of| of.hotspot_ids.first()) {
        lines.add(format!(
            "Next: get_hotspot {{\"id\": \"{first}\"}}, the first change."
        ));
    }
    for (at, change) in of.interventions.iter().enumerate() {
        lines.add(format!(
            "{}. {}: {}; {} s an hour, {} weeks, confidence {}",
            at + 1,
            change.quoted.title.in_line(),
            change.quoted.fix.in_line(),
            change.impact_s_per_hour.tenths(),
            change.effort_weeks,
            change.confidence.percent()
        ));
    }
    for row in &of.bottlenecks {
        lines.add(format!(
            "{} {}: {}, most in {}",
            row.scope,
            row.quoted.service.and(&row.quoted.operation),
            row.share.percent(),
            row.largest
        ));
    }
    for sentence in &of.quoted.not_seen {
        lines.add(format!("Not seen: {}", sentence.in_line()));
    }
    lines
}
