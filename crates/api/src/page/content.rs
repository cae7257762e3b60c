//! What the page says, in order.

use hotspan_model::{self as model, Nanos};

use super::Kind::{Number, Term, Words};
use super::bars::Bar;
use super::map::Map;
use super::{Block, CHARS_MAX};
use crate::shape::{
    Audit, Bottleneck, Break, Coupling, Decimal, Dependency, ImpactBasis, Intervention, Said, Tail, clean_to,
};

/// Hotspots of one break that are not among the first changes.
const REST: usize = 20;
/// Edges in the table of calls.
const CALLS: usize = 15;

/// The page about `hotspots`, which are those of the audit.
pub(super) fn content(audit: &Audit, hotspots: &[&model::Hotspot]) -> Vec<Block> {
    let mut page = vec![Block::Text(basis(audit, hotspots.len()))];
    changes(audit, hotspots, &mut page);
    rest(audit, hotspots, &mut page);
    patterns(audit, &mut page);
    bottlenecks(audit, &mut page);
    coupling(&audit.coupling, &mut page);
    gaps(audit, &mut page);
    page.push(Block::Section("Not seen"));
    page.push(Block::List(audit.not_seen.clone()));
    page
}

/// A text in the length that a page has room for.
fn short(text: &str) -> String {
    clean_to(text, CHARS_MAX)
}

fn basis(audit: &Audit, hotspots: usize) -> String {
    let of = &audit.coverage;
    let (traces, spans) = (of.traces.analysed, of.spans.analysed);
    let range = match (of.first, of.last) {
        (Some(first), Some(last)) => format!(", {} to {}", first.to_minute(), last.to_minute()),
        _ => String::new(),
    };
    let weight = match of.traces.weighted.tenths() {
        weighted if weighted == format!("{traces}.0") => String::new(),
        weighted => format!(", which stand for {weighted} by their sampling"),
    };
    format!(
        "{hotspots} hotspots in {traces} traces of {spans} spans{range}{weight}. Impacts and rates are over the last {} \
         hours of them; {} of the traces are complete.",
        of.window_hours.tenths(),
        of.complete_share.percent(),
    )
}

fn changes(audit: &Audit, hotspots: &[&model::Hotspot], page: &mut Vec<Block>) {
    page.push(Block::Section("Make these changes first"));
    if audit.interventions.is_empty() {
        page.push(Block::Text("Nothing calls for a change.".to_owned()));
    }
    for (number, change) in (1..).zip(&audit.interventions) {
        page.push(Block::Item {
            number,
            title: short(&change.title),
            facts: facts(change, audit, hotspots),
        });
    }
    if audit.later > 0 {
        page.push(Block::Text(format!(
            "{} more changes come after them.",
            audit.later
        )));
    }
}

fn facts(change: &Intervention, audit: &Audit, hotspots: &[&model::Hotspot]) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("Service", short(&change.service)),
        ("Fix", fix(&change.fix.summary, &change.fix.how)),
        (worth(change.impact_basis), impact(change)),
        (
            "Effort",
            format!(
                "{} weeks, confidence {}, priority {}",
                change.effort_weeks.tenths(),
                change.confidence.percent(),
                change.priority.tenths()
            ),
        ),
    ];
    let first = hotspots
        .iter()
        .find(|hotspot| change.hotspots.first() == Some(&hotspot.id.to_string()));
    if let Some(tail) = first
        .and_then(|first| first.tail)
        .filter(|tail| tail.excess().0 > 0)
    {
        facts.push(("Slow ones", Tail::from(tail).says));
    }
    if change.hotspots.len() > 1 {
        facts.push((
            "Settles",
            format!("{} hotspots with one fix", change.hotspots.len()),
        ));
    }
    for (name, others) in [("After", &change.depends_on), ("Overlaps", &change.overlaps)] {
        if !others.is_empty() {
            let named: Vec<String> = others.iter().map(|id| named(id, audit, hotspots)).collect();
            facts.push((name, named.join("; ")));
        }
    }
    facts
}

fn fix(summary: &str, how: &str) -> String {
    match how.is_empty() {
        true => short(summary),
        false => format!("{}: {}", short(summary), clean_to(how, 2 * CHARS_MAX)),
    }
}

fn worth(basis: ImpactBasis) -> &'static str {
    match basis {
        ImpactBasis::Saving => "Saves",
        ImpactBasis::Exposure => "Exposed",
    }
}

fn impact(change: &Intervention) -> String {
    let own = change.impact_s_per_hour.tenths();
    let left = match (change.impact_basis, change.marginal_impact_s_per_hour) {
        (ImpactBasis::Exposure, _) => {
            return format!("{own} s an hour by convention (0.02 of what lies open), no saving");
        }
        (ImpactBasis::Saving, Some(left)) if left == change.impact_s_per_hour => {
            return format!("{own} s an hour");
        }
        (ImpactBasis::Saving, Some(left)) => left.tenths(),
        (ImpactBasis::Saving, None) => format!("at least {}", change.marginal_at_least_s_per_hour.tenths()),
    };
    format!("{own} s an hour alone, {left} after the changes above")
}

/// A change by its number in the list, or by that of its hotspot in the rest.
fn named(id: &str, audit: &Audit, hotspots: &[&model::Hotspot]) -> String {
    let place = audit.interventions.iter().position(|change| change.change == id);
    if let Some(place) = place {
        return format!("change {}", place + 1);
    }
    let hotspot = hotspots.iter().find(|hotspot| hotspot.id.to_string() == id);
    hotspot.map_or_else(
        || format!("hotspot {id}"),
        |hotspot| format!("#{} below ({})", hotspot.rank, short(&hotspot.title)),
    )
}

fn rest(audit: &Audit, hotspots: &[&model::Hotspot], page: &mut Vec<Block>) {
    page.push(Block::Section("The rest, by break"));
    let first: Vec<&str> = audit
        .interventions
        .iter()
        .flat_map(|change| change.hotspots.iter().map(String::as_str))
        .collect();
    for of in Break::ALL {
        let mut rows = Vec::new();
        for hotspot in hotspots.iter().filter(|hotspot| hotspot.in_break == of) {
            if !first.contains(&hotspot.id.to_string().as_str()) {
                rows.push(row(hotspot));
            }
        }
        if rows.is_empty() {
            continue;
        }
        let more = rows.len().saturating_sub(REST);
        rows.truncate(REST);
        page.push(Block::Part(break_title(of).to_owned()));
        let heads = vec![
            ("#", Number),
            ("Service", Term),
            ("What", Words),
            ("Fix", Words),
            ("s/hour", Number),
            ("of", Term),
            ("Sure", Number),
        ];
        page.push(Block::Table { heads, rows });
        if more > 0 {
            page.push(Block::Text(format!("{more} more are in the JSON.")));
        }
    }
}

fn row(hotspot: &model::Hotspot) -> Vec<String> {
    vec![
        hotspot.rank.to_string(),
        short(&hotspot.service),
        short(&hotspot.title),
        short(&hotspot.fix.summary),
        Decimal::from(hotspot.impact_s_per_hour).tenths(),
        match hotspot.impact_basis {
            model::ImpactBasis::Saving => "saving",
            model::ImpactBasis::Exposure => "exposure",
        }
        .to_owned(),
        Decimal::from(hotspot.confidence).percent(),
    ]
}

fn break_title(of: model::Break) -> &'static str {
    match of {
        model::Break::Database => "The database as application server",
        model::Break::Synchronous => "Synchronous everything",
        model::Break::Observability => "No observability",
        model::Break::Seams => "A monolith with no seams",
    }
}

fn patterns(audit: &Audit, page: &mut Vec<Block>) {
    page.push(Block::Section("Query patterns"));
    if audit.query_patterns.is_empty() {
        page.push(Block::Text("No statement or cache command was seen.".to_owned()));
        return;
    }
    page.push(Block::Text(
        "The statements and cache commands that requests wait for most, and the operations that cause them."
            .to_owned(),
    ));
    let rows = audit.query_patterns.iter().map(|of| {
        let mut causes: Vec<String> = of
            .operations
            .iter()
            .map(|cause| {
                let seconds = cause.critical_path_s_per_hour.tenths();
                format!(
                    "{} {} ({seconds})",
                    short(&cause.service),
                    short(&cause.operation)
                )
            })
            .collect();
        if of.more_operations > 0 {
            causes.push(format!("{} more", of.more_operations));
        }
        vec![
            short(&of.template),
            of.system.clone(),
            of.calls.to_string(),
            of.critical_path_s_per_hour.tenths(),
            of.share.percent(),
            causes.join(", "),
        ]
    });
    let rows = rows.collect();
    let heads = vec![
        ("Template", Words),
        ("System", Term),
        ("Calls", Number),
        ("s/hour", Number),
        ("Share", Number),
        ("Caused by (s/hour)", Words),
    ];
    page.push(Block::Table { heads, rows });
}

fn bottlenecks(audit: &Audit, page: &mut Vec<Block>) {
    page.push(Block::Section("Bottlenecks"));
    page.push(Block::Text(
        "Where critical paths spend their time: what a request waits for, not what keeps machines busy."
            .to_owned(),
    ));
    let parts = [
        ("system", "The system"),
        ("service", "Services"),
        ("operation", "Operations"),
    ];
    for (scope, title) in parts {
        let rows: Vec<&Bottleneck> = audit
            .bottlenecks
            .iter()
            .filter(|row| row.scope == scope)
            .collect();
        let bars: Vec<Bar> = rows.iter().map(|row| Bar::new(row)).collect();
        if bars.iter().all(|bar| bar.time == 0) {
            continue;
        }
        page.push(Block::Part(title.to_owned()));
        let cells = bars.iter().map(|bar| {
            let time = Nanos(bar.time).to_string();
            vec![bar.name.clone(), time, bar.share.percent(), bar.said()]
        });
        let rows = cells.collect();
        let heads = vec![
            ("Where", Words),
            ("Time", Number),
            ("Share", Number),
            ("Of it", Words),
        ];
        page.push(Block::Bars(bars));
        page.push(Block::Table { heads, rows });
    }
}

fn coupling(of: &Coupling, page: &mut Vec<Block>) {
    page.push(Block::Section("Coupling"));
    if of.calls.is_empty() {
        page.push(Block::Text("No calls were seen.".to_owned()));
    } else {
        page.push(Block::Map(Map::new(&of.calls)));
        let rows = of.calls.iter().take(CALLS).map(|call| {
            vec![
                short(&call.from),
                short(&call.to),
                kind(call),
                call.calls.to_string(),
                call.failed.to_string(),
                Nanos(call.critical_path_ns).to_string(),
            ]
        });
        let rows = rows.collect();
        let heads = vec![
            ("From", Term),
            ("To", Term),
            ("Kind", Words),
            ("Calls", Number),
            ("Failed", Number),
            ("Critical path", Number),
        ];
        page.push(Block::Table { heads, rows });
        let more = (of.calls.len().saturating_sub(CALLS) as u64).saturating_add(of.more_calls);
        if more > 0 {
            page.push(Block::Text(format!("{more} more edges are not in this table.")));
        }
    }
    for (title, said) in [
        ("Shared tables and databases", &of.shared_tables),
        ("Cycles", &of.cycles),
        ("Pairs that cannot work apart", &of.chatty_pairs),
        ("Where a seam could run", &of.seams),
    ] {
        page.push(Block::Part(title.to_owned()));
        page.push(match said.is_empty() {
            true => Block::Text("None was seen.".to_owned()),
            false => Block::List(said.iter().map(sentence).collect()),
        });
    }
}

fn kind(call: &Dependency) -> String {
    let (peer, class) = (call.peer.replace('_', " "), &call.class);
    match peer == "datastore" {
        true => class.clone(),
        false => format!("{peer} {class}"),
    }
}

fn sentence(said: &Said) -> String {
    format!(
        "{}: {}. Fix: {}",
        short(&said.service),
        short(&said.title),
        short(&said.fix.summary)
    )
}

fn gaps(audit: &Audit, page: &mut Vec<Block>) {
    page.push(Block::Section("Observability gaps"));
    if audit.observability_gaps.is_empty() {
        page.push(Block::Text("No gap was found in what services send.".to_owned()));
        return;
    }
    let gaps = audit.observability_gaps.iter();
    let rows = gaps.map(|gap| vec![short(&gap.service), short(&gap.what), gap.hides.clone()]);
    let rows = rows.collect();
    let heads = vec![
        ("Service", Term),
        ("What could not be seen", Words),
        ("What that hides", Words),
    ];
    page.push(Block::Table { heads, rows });
}
