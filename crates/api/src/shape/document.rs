//! The one document of `hotspan analyze -o json`: hotspots, audit, coverage.

use hotspan_hotspots::{Answers, audit};
use hotspan_model as model;
use serde::Serialize;

use super::{Audit, Coverage, Hotspot};

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

impl Document {
    /// The document about these hotspots of `answers`, given by rank.
    pub fn new(answers: &Answers, hotspots: &[&model::Hotspot], coverage: Coverage) -> Document {
        let audit = audit::Audit::new(answers, hotspots);
        Document {
            hotspots: hotspots.iter().map(|&hotspot| Hotspot::from(hotspot)).collect(),
            audit: Audit::new(&audit, coverage.clone()),
            coverage,
        }
    }
}
