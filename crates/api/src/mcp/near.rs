//! `near_misses`: why no more was said.

use serde::Serialize;
use utoipa::ToSchema;

use super::budget::{LeftOut, Lines, Room};
use super::call::{Basis, Call, Next, Reply};
use super::links::Links;
use super::quoted::Quoted;
use crate::ask::{NearFilter, Problem};
use crate::read;
use crate::shape::{self, Decimal, Moment, NearCondition, Remedy};

/// Most rules of one list.
const RULES_MAX: usize = 100;
/// Most root operations that are named.
const ENTRIES_MAX: usize = 3;

/// A page of near misses.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NearMisses {
    /// By service and operation, the nearest first.
    near_misses: Vec<Row>,
    /// How many match.
    total_count: u64,
    /// More match than are here.
    truncated: bool,
    /// How to get more; null when these are the last.
    next: Option<Next>,
    /// With entry: rules that have a hotspot on it.
    spoke: Vec<Rule>,
    /// With entry: rules that neither spoke nor came near.
    silent: Vec<Rule>,
    left_out: Vec<LeftOut>,
    coverage: Basis,
}

/// A rule that one gate or guard stops on one operation.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Row {
    detector: String,
    /// What stopped it: count, cost, sightings, guard:…, subsumed:…, confidence, ignored, front-end, blind:….
    reason: String,
    class: String,
    /// The hotspot it will be, when only a gate over traces stops it.
    hotspot_id: Option<String>,
    /// Traces that show it.
    traces: u64,
    /// Traces in which the operation was judged.
    evaluated: u64,
    /// Most members in a trace.
    members: u64,
    conditions: Vec<NearCondition>,
    /// The part of a threshold that is missing, 0 to 1.
    distance: Decimal,
    last_seen: Moment,
    /// What would let a blind rule see.
    remedy: Option<Remedy>,
    quoted: Words,
}

/// What spans say: data.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Words {
    service: Quoted,
    /// Empty for the service as a whole.
    operation: Quoted,
    template: Quoted,
    entries: Vec<Quoted>,
    link: String,
}

/// A rule on an operation that was asked for.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Rule {
    detector: String,
    /// Traces in which it was evaluated.
    evaluated: u64,
    /// How far the operation comes on average.
    best: Option<NearCondition>,
    quoted: Place,
}

/// What spans say: data.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Place {
    service: Quoted,
    operation: Quoted,
}

pub(super) fn list(mut call: Call) -> Result<Reply, Problem> {
    let budget = call.budget()?;
    let mut filter = NearFilter::read(&mut call.query)?;
    call.finish()?;
    // Rules are short; a third stays for them when they are asked for.
    let rows = match filter.entry.is_empty() {
        true => budget.rows(),
        false => budget.rows() / 3 * 2,
    };
    filter.page = filter.page.within(rows);
    let page = read::near_rows(&call.view, &filter, |of| Row::new(&of, &call.links));
    let mut room = Room::new(budget.rows());
    page.rows.iter().for_each(|row| room.take(row));
    let (spoke, silent) = read::near_rules(&call.view, &filter);
    let spoke = room.fit(
        "spoke",
        "list_hotspots with entry set",
        RULES_MAX,
        spoke.iter().map(Rule::new),
    );
    let how = "ask again with service set, or with a larger max_bytes";
    let silent = room.fit("silent", how, RULES_MAX, silent.iter().map(Rule::new));
    let answer = NearMisses {
        total_count: page.total,
        truncated: page.next_cursor.is_some(),
        next: Next::after("near_misses", &page),
        near_misses: page.rows,
        spoke,
        silent,
        left_out: room.left_out(),
        coverage: Basis::of(&call.view),
    };
    Reply::new(text(&answer, Lines::new(budget)), &answer)
}

impl Row {
    fn new(of: &shape::NearMiss, links: &Links) -> Row {
        Row {
            detector: of.detector.clone(),
            reason: of.reason.clone(),
            class: of.class.clone(),
            hotspot_id: of.hotspot_id.clone(),
            traces: of.traces,
            evaluated: of.evaluated,
            members: of.members,
            conditions: of.conditions.clone(),
            distance: of.distance,
            last_seen: of.last_seen,
            remedy: of.remedy.clone(),
            quoted: Words {
                service: Quoted::new(&of.service),
                operation: Quoted::new(&of.operation),
                template: Quoted::new(&of.template),
                entries: Quoted::some(&of.entries, ENTRIES_MAX),
                link: links.operation(&of.service, &of.operation),
            },
        }
    }

    fn line(&self) -> String {
        let conditions: Vec<String> = self
            .conditions
            .iter()
            .map(|of| format!("{} {} of {}", of.name, of.value, of.threshold))
            .collect();
        let remedy = match &self.remedy {
            Some(remedy) => format!("; set {}", remedy.attribute),
            None => String::new(),
        };
        format!(
            "{} in {}: stopped by {}, in {} of {} traces, {}{remedy}",
            self.detector,
            self.quoted.service.and(&self.quoted.operation),
            self.reason,
            self.traces,
            self.evaluated,
            conditions.join(", "),
        )
    }
}

impl Rule {
    fn new(of: &shape::Rule) -> Rule {
        Rule {
            detector: of.detector.clone(),
            evaluated: of.evaluated,
            best: of.best.clone(),
            quoted: Place {
                service: Quoted::new(&of.service),
                operation: Quoted::new(&of.operation),
            },
        }
    }
}

fn text(of: &NearMisses, mut lines: Lines) -> Lines {
    lines.add(format!(
        "{} of {} near misses, {} rules with a hotspot, {} silent ones, {}.",
        of.near_misses.len(),
        of.total_count,
        of.spoke.len(),
        of.silent.len(),
        of.coverage.says()
    ));
    if of.near_misses.is_empty() && of.spoke.is_empty() && of.silent.is_empty() {
        lines
            .add("Nothing of it was seen: get_service_map names the services, list_hotspots the operations.");
    }
    for row in &of.near_misses {
        lines.add(row.line());
    }
    lines
}
