//! The one document of `hotspan analyze -o json`: hotspots, audit, coverage.

use std::collections::BTreeMap;

use hotspan_model as model;
use serde::Serialize;
use serde_json::Value;

use super::{Break, Coverage, Hotspot};

/// Everything known about a recording.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Document {
    /// By rank.
    pub hotspots: Vec<Hotspot>,
    /// The system on one page.
    pub audit: Audit,
    /// What it rests on.
    pub coverage: Coverage,
}

/// The system on one page. Lists that nothing fills yet are there and empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Audit {
    /// Changes, best first.
    pub interventions: Vec<Value>,
    /// Ids of hotspots by break, each by rank; every break is there.
    pub breaks: BTreeMap<&'static str, Vec<String>>,
    /// Query shapes and what they cost.
    pub query_patterns: Vec<Value>,
    /// Pools, locks and queues.
    pub bottlenecks: Vec<Value>,
    /// How services hang together.
    pub coupling: Coupling,
    /// What cannot be seen.
    pub observability_gaps: Vec<Value>,
    /// What it rests on.
    pub coverage: Coverage,
}

/// How services hang together.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Coupling {
    /// Pairs of services that call each other often.
    pub calls: Vec<Value>,
    /// Tables that several services use.
    pub shared_tables: Vec<Value>,
    /// Services that call each other in circles.
    pub cycles: Vec<Value>,
    /// Where a seam could run.
    pub seams: Vec<Value>,
}

impl Document {
    /// The document about these hotspots, given by rank.
    pub fn new<'a>(hotspots: impl IntoIterator<Item = &'a model::Hotspot>, coverage: Coverage) -> Document {
        let hotspots: Vec<Hotspot> = hotspots.into_iter().map(Hotspot::from).collect();
        let mut breaks: BTreeMap<&'static str, Vec<String>> =
            Break::ALL.into_iter().map(|of| (of.name(), Vec::new())).collect();
        for of in Break::ALL {
            let ids = hotspots.iter().filter(|hotspot| hotspot.in_break == of.into());
            breaks.insert(of.name(), ids.map(|hotspot| hotspot.id.clone()).collect());
        }
        Document {
            hotspots,
            audit: Audit {
                breaks,
                coverage: coverage.clone(),
                ..Audit::default()
            },
            coverage,
        }
    }
}
