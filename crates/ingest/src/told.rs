//! What this process tells of the requests that it answers.

use hotspan_telemetry::Began;

use crate::{Answer, Core, Transport};

impl Core {
    /// A request was answered. One that tells of this process is not told of: that would go round for ever.
    pub(crate) fn told(&self, began: Began, transport: Transport, bytes: u64, outcome: &Answer) {
        if outcome.as_ref().is_ok_and(|accepted| accepted.is_own) {
            return;
        }
        self.settings.traces.end_served(began, "receive", |span| {
            span.text("hotspan.transport", transport.name());
            span.count("hotspan.request.bytes", bytes);
            match outcome {
                Ok(accepted) => {
                    span.text("hotspan.outcome", "accepted");
                    span.count("hotspan.spans.rejected", accepted.rejected);
                }
                Err(refusal) => {
                    span.text("hotspan.outcome", refusal.name());
                    span.failed(refusal.name());
                }
            }
        });
    }
}
