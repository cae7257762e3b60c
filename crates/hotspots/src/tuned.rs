//! Thresholds and efforts as they were set for the workload that a row is about.

use hotspan_model::{Asked, Class, Effort, FactKind, Fingerprint, Knob, Meta, Workload};

use crate::facts::FactText;
use crate::view::Reader;

impl Reader<'_> {
    /// A threshold for an operation, or for a service as a whole.
    pub(crate) fn knob(&self, knob: &Knob, service: &str, operation: Option<&str>) -> u64 {
        let tuning = &self.settings.tuning;
        match tuning.is_uniform() {
            true => tuning.base(knob),
            false => tuning.knob(knob, self.asked(service, operation)),
        }
    }

    /// Weeks of one team for a hotspot; an empty operation stands for the service as a whole.
    pub(crate) fn effort(&self, meta: &Meta, id: Fingerprint, service: &str, operation: &str) -> Effort {
        let operation = Some(operation).filter(|operation| !operation.is_empty());
        self.settings
            .tuning
            .effort(meta, id, self.asked(service, operation))
    }

    fn asked<'n>(&self, service: &'n str, operation: Option<&'n str>) -> Asked<'n> {
        Asked {
            service,
            operation,
            workload: operation.and_then(|operation| self.workload(service, operation)),
        }
    }

    /// What an operation works for: only roots that answer or take messages are said to have served.
    fn workload(&self, service: &str, operation: &str) -> Option<Workload> {
        let served = |class: Class| {
            let first = FactText {
                kind: FactKind::Served,
                service,
                operation,
                class,
                other: None,
                what: None,
                group: 0,
            };
            let key = |text: &FactText<'_>| (text.kind, text.class) == (FactKind::Served, class);
            let same =
                |text: &FactText<'_>| key(text) && (text.service, text.operation) == (service, operation);
            let rows = self.merged.facts.range(first..);
            let mut rows = rows.take_while(|(text, _)| same(text));
            rows.any(|(_, (_, fact))| fact.traces > 0)
        };
        // Of an operation that is both, what somebody waits for speaks.
        if served(Class::Server) {
            return Some(Workload::Server);
        }
        if served(Class::Consumer) {
            return Some(Workload::Consumer);
        }
        let known = self.merged.operations.contains_key(&(service, operation));
        known.then_some(Workload::Job)
    }
}
