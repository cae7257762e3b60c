//! Where detectors put what they found.

use hotspan_model::Report;

use crate::Replay;

/// What was found so far in one trace.
#[derive(Debug)]
pub struct Findings<'a> {
    pub(crate) report: &'a mut Report,
    pub(crate) replay: &'a mut Replay,
}
