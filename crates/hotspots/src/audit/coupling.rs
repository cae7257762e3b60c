//! How services hang together: who calls whom, and what the detectors over traces say about it.

use hotspan_model::Hotspot;

use crate::{Answers, Dependency};

/// Edges that an audit shows.
const CALLS: usize = 60;

/// How services hang together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coupling<'a> {
    /// The edges with the most critical-path time, at most 60.
    pub calls: Vec<&'a Dependency>,
    /// Edges that are not among them.
    pub more_calls: usize,
    /// Pairs that cannot work apart.
    pub chatty: Vec<&'a Hotspot>,
    /// Tables and databases of several services.
    pub shared: Vec<&'a Hotspot>,
    /// Circles of calls.
    pub cycles: Vec<&'a Hotspot>,
    /// Where a monolith could be cut, or that it cannot yet.
    pub seams: Vec<&'a Hotspot>,
}

impl<'a> Coupling<'a> {
    pub(super) fn new(answers: &'a Answers, hotspots: &[&'a Hotspot]) -> Coupling<'a> {
        let mut calls: Vec<&'a Dependency> = answers.dependencies.iter().collect();
        // Stable, so that equal ones stay in order of their names.
        calls.sort_by_key(|call| std::cmp::Reverse((call.path, call.calls)));
        let more_calls = calls.len().saturating_sub(CALLS);
        calls.truncate(CALLS);
        let by = |detectors: &[&str]| {
            let said = hotspots
                .iter()
                .filter(|hotspot| detectors.contains(&hotspot.detector));
            said.copied().collect()
        };
        Coupling {
            calls,
            more_calls,
            chatty: by(&["chatty-pair"]),
            shared: by(&["shared-table", "shared-database"]),
            cycles: by(&["dependency-cycle"]),
            seams: by(&["seam-candidate"]),
        }
    }
}
