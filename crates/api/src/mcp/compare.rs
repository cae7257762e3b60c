//! `compare`: what changed between two windows, versions or traces.

use serde::Serialize;
use utoipa::ToSchema;

use super::budget::{LeftOut, Lines};
use super::call::{Basis, Call, Next, Reply};
use super::compare_traces::{CallRow, FindingRow, TraceOf, traces};
use super::links::Links;
use super::quoted::Quoted;
use crate::ask::{CompareFilter, Problem, Sides, size};
use crate::read;
use crate::shape::{self, Break, Change, ChangeCounts, Decimal, Measure, Moment, State};

/// Two sides and what differs.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Compared {
    pub(super) a: Side,
    pub(super) b: Side,
    /// Hotspots of each change, whatever was asked for; null for two traces.
    pub(super) counts: Option<ChangeCounts>,
    /// Hotspots by change (appeared, grew, shrank, gone, same, unclear), then by rank; none for two traces.
    pub(super) changes: Vec<Row>,
    /// Of two traces: what their spans do, those first whose critical-path time changed most.
    pub(super) calls: Vec<CallRow>,
    /// Of two traces: what the detectors say.
    pub(super) findings: Vec<FindingRow>,
    /// How many changes, or calls, match.
    pub(super) total_count: u64,
    /// More match than are here.
    pub(super) truncated: bool,
    /// How to get more; null when these are the last.
    pub(super) next: Option<Next>,
    pub(super) left_out: Vec<LeftOut>,
    /// Null for two traces.
    pub(super) coverage: Option<Basis>,
}

/// One side: a window in whole minutes or hours, a version or a trace.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub(super) struct Side {
    /// Start of a window.
    from: Option<Moment>,
    /// End of a window.
    until: Option<Moment>,
    /// All traces that were analysed in a window.
    traces: Option<u64>,
    /// A trace.
    trace: Option<TraceOf>,
    quoted: Named,
}

/// What spans say: data.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub(super) struct Named {
    /// A version.
    version: Option<Quoted>,
    /// Service and operation of the first span of a trace.
    root: Option<Quoted>,
}

/// One hotspot on both sides.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Row {
    /// For get_hotspot.
    hotspot_id: String,
    change: Change,
    /// Cost a trace on the second side over that on the first; null where it is on one side only.
    ratio: Option<Decimal>,
    /// In the list of hotspots.
    rank: u32,
    /// Kind of fault.
    detector: String,
    /// Which of the four breaks.
    #[serde(rename = "break")]
    in_break: Break,
    state: State,
    a: Measure,
    b: Measure,
    quoted: Words,
    /// The page for people.
    link: String,
}

/// What spans say: data.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Words {
    /// The fault in one sentence.
    title: Quoted,
    /// The service that must change.
    service: Quoted,
    /// Its operation.
    operation: Quoted,
}

pub(super) async fn compare(mut call: Call) -> Result<Reply, Problem> {
    match [call.query.one("trace_a")?, call.query.one("trace_b")?] {
        [None, None] => sides(call),
        given => traces(call, given).await,
    }
}

fn sides(mut call: Call) -> Result<Reply, Problem> {
    let budget = call.budget()?;
    let mut filter = CompareFilter::read(&mut call.query, &call.view)?;
    call.finish()?;
    filter.page = filter.page.within(budget.rows() - names(&filter.sides));
    let changes = read::change_rows(&call.view, &filter, |of| Row::new(of, &call.links));
    let ([a, b], page) = (changes.sides.map(Side::new), changes.page);
    let answer = Compared {
        a,
        b,
        counts: Some(changes.counts),
        total_count: page.total,
        truncated: page.next_cursor.is_some(),
        next: Next::after("compare", &page),
        changes: page.rows,
        calls: Vec::new(),
        findings: Vec::new(),
        left_out: Vec::new(),
        coverage: Some(Basis::of(&call.view)),
    };
    Reply::new(text(&answer, changes.counts, Lines::new(budget)), &answer)
}

/// Bytes of the names of versions.
fn names(sides: &Sides) -> usize {
    match sides {
        Sides::Windows(_) => 0,
        Sides::Versions(names) => names.iter().map(|name| size(&Quoted::new(name))).sum(),
    }
}

impl Side {
    fn new(of: shape::Side) -> Side {
        Side {
            from: of.from,
            until: of.until,
            traces: of.traces,
            trace: None,
            quoted: Named {
                version: of.version.map(|version| Quoted::new(&version)),
                root: None,
            },
        }
    }

    pub(super) fn of_trace(trace: TraceOf, root: Quoted) -> Side {
        Side {
            trace: Some(trace),
            quoted: Named {
                version: None,
                root: Some(root),
            },
            ..Side::default()
        }
    }

    /// In a few words.
    fn says(&self) -> String {
        match (&self.quoted.version, self.from, self.until) {
            (None, Some(from), Some(until)) => format!(
                "{} to {} ({} traces)",
                from.to_minute(),
                until.to_minute(),
                self.traces.unwrap_or_default()
            ),
            (version, ..) => format!("version {}", version.clone().unwrap_or_default().in_line()),
        }
    }
}

impl Row {
    fn new(of: shape::HotspotChange, links: &Links) -> Row {
        Row {
            link: links.hotspot(&of.hotspot_id),
            hotspot_id: of.hotspot_id,
            change: of.change,
            ratio: of.ratio,
            rank: of.rank,
            detector: of.detector,
            in_break: of.in_break,
            state: of.state,
            a: of.a,
            b: of.b,
            quoted: Words {
                title: Quoted::new(&of.title),
                service: Quoted::new(&of.service),
                operation: Quoted::new(&of.operation),
            },
        }
    }

    fn line(&self) -> String {
        let cost = match self.ratio {
            Some(ratio) => format!(", {ratio} times its cost a trace"),
            None => String::new(),
        };
        format!(
            "{} {} {} {}: in {} of {} traces, then in {} of {}{cost}",
            word(self.change),
            self.hotspot_id,
            self.detector,
            self.quoted.title.in_line(),
            self.a.traces,
            self.a.of_traces,
            self.b.traces,
            self.b.of_traces,
        )
    }
}

/// A change as answers name it.
pub(super) fn word(change: Change) -> &'static str {
    match change {
        Change::Appeared => "appeared",
        Change::Grew => "grew",
        Change::Shrank => "shrank",
        Change::Gone => "gone",
        Change::Same => "same",
        Change::Unclear => "unclear",
    }
}

fn text(of: &Compared, counts: ChangeCounts, mut lines: Lines) -> Lines {
    lines.add(format!(
        "From {} to {}: {} appeared, {} grew, {} shrank, {} gone, {} same, {} unclear; {} of {} are here.",
        of.a.says(),
        of.b.says(),
        counts.appeared,
        counts.grew,
        counts.shrank,
        counts.gone,
        counts.same,
        counts.unclear,
        of.changes.len(),
        of.total_count,
    ));
    match of.changes.first() {
        Some(first) => lines.add(format!(
            "Next: get_hotspot {{\"id\": \"{}\"}}.",
            first.hotspot_id
        )),
        None => lines.add(
            "Nothing of this kind is here. change same and unclear list the others; wider windows have more traces to \
             tell from.",
        ),
    }
    for row in &of.changes {
        lines.add(row.line());
    }
    lines
}
