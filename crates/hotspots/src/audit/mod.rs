//! The audit: the system on one page, made of answers that exist already.
//!
//! It adds no knowledge of its own. Which changes come first follows from the ranked hotspots; bottlenecks, coupling and
//! gaps are the answers of the other lists put in another order. What aggregates cannot say is said to be unknown.

mod bottlenecks;
mod changes;
mod coupling;
mod gaps;
mod patterns;

use hotspan_model::{Break, Hotspot, ImpactBasis};

use crate::Answers;

pub use bottlenecks::{Bottleneck, Bottlenecks};
use changes::COMPARED;
pub use changes::Change;
pub use coupling::Coupling;
pub use gaps::Gap;
pub(crate) use patterns::patterns;
pub use patterns::{PatternCause, QueryPattern};

/// The system on one page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit<'a> {
    /// The three to five changes to make first, best first.
    pub interventions: Vec<Change<'a>>,
    /// Changes that come after them.
    pub later: usize,
    /// All hotspots it is about, by break, each by rank.
    pub breaks: Vec<(Break, Vec<&'a Hotspot>)>,
    /// Statements and cache commands, dearest first.
    pub query_patterns: &'a [QueryPattern],
    /// Where critical paths spend their time.
    pub bottlenecks: Bottlenecks<'a>,
    /// How services hang together.
    pub coupling: Coupling<'a>,
    /// What could not be seen, by service.
    pub gaps: Vec<Gap<'a>>,
    /// What this audit does not know, in sentences.
    pub not_seen: Vec<String>,
}

/// The breaks in the order of answers.
const BREAKS: [Break; 4] = [
    Break::Database,
    Break::Synchronous,
    Break::Observability,
    Break::Seams,
];

impl<'a> Audit<'a> {
    /// The audit about `hotspots`, which are those of `answers` that a reader wants to see, by rank.
    pub fn new(answers: &'a Answers, hotspots: &[&'a Hotspot]) -> Audit<'a> {
        let (mut changes, first) = changes::changes(hotspots, &answers.joints);
        let (all, later) = (changes.len(), changes.len() - first);
        changes.truncate(first);
        let of_break = |of: Break| {
            let own = hotspots.iter().filter(|hotspot| hotspot.in_break == of);
            (of, own.copied().collect())
        };
        Audit {
            not_seen: not_seen(answers, &changes, all),
            interventions: changes,
            later,
            breaks: BREAKS.into_iter().map(of_break).collect(),
            query_patterns: &answers.query_patterns,
            bottlenecks: Bottlenecks::new(answers),
            coupling: Coupling::new(answers, hotspots),
            gaps: gaps::gaps(answers, hotspots),
        }
    }
}

fn not_seen(answers: &Answers, first: &[Change<'_>], all: usize) -> Vec<String> {
    let of = &answers.coverage;
    let mut said = Vec::new();
    let saves = |change: &&Change<'_>| change.basis == ImpactBasis::Saving;
    if first.iter().filter(saves).any(|change| change.marginal.is_none()) {
        said.push(
            "What a change saves after the ones before it is given at least, where it rests on counts over traces and was \
             not replayed together with them."
                .to_owned(),
        );
    }
    if all > COMPARED {
        said.push(format!(
            "Of {all} changes the {COMPARED} of highest priority were replayed beside the ones before them."
        ));
    }
    if answers.query_patterns.is_empty() {
        said.push("No statement or cache command was seen on a critical path.".to_owned());
    }
    if of.incomplete > 0 {
        let (lacking, all) = (of.incomplete, of.traces);
        said.push(format!(
            "{lacking} of {all} traces lack spans: their findings rest on what came."
        ));
    }
    let bounded = [
        (of.sightings_beyond, "findings"),
        (of.rows_beyond, "rows of services, calls and statements"),
    ];
    for (count, what) in bounded.into_iter().filter(|(count, _)| *count > 0) {
        said.push(format!("{count} {what} found no room and are in no sum."));
    }
    if of.below_gate > 0 {
        said.push(format!(
            "{} faults were seen too seldom or cost too little to be listed.",
            of.below_gate
        ));
    }
    said.push(
        "Nothing outside the traces is known: processor and memory of servers, locks inside a database, the code itself."
            .to_owned(),
    );
    said
}
