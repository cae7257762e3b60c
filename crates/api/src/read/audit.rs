//! The system on one page.

use hotspan_hotspots::audit::Audit;
use hotspan_model::Hotspot;

use super::coverage;
use crate::{View, shape};

/// The audit of the hotspots that a reader sees unasked, and these.
pub(crate) fn audit(view: &View) -> (shape::Audit, Vec<&Hotspot>) {
    let answers = &view.answers;
    let listed: Vec<&Hotspot> = answers.hotspots.iter().take(answers.listed).collect();
    let audit = Audit::new(answers, &listed);
    (shape::Audit::new(&audit, coverage(view)), listed)
}
