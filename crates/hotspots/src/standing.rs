//! Where a hotspot stands in its life: what its own traces tell, beside those of its operation and its versions.

use hotspan_model::{Fingerprint, ImpactBasis, LogTime, Returns, State};

use crate::aggregate::{Aggregate, Shape};
use crate::growth::worsens;
use crate::life::{Life, QUIET, spells};
use crate::versions::is_worsened;
use crate::view::Reader;

impl Reader<'_> {
    /// Its state, and how often it came back.
    pub(crate) fn state(
        &self,
        id: Fingerprint,
        row: &Aggregate,
        shape: &Shape,
        basis: ImpactBasis,
    ) -> (State, Returns) {
        let first = row.timeline.first(self.merged.newest).unwrap_or_default();
        let (_, last) = row.timeline.last().unwrap_or_default();
        let operation = self.operation(shape);
        let life = Life {
            spells: &spells(&row.timeline.hours),
            judged: &|hours| operation.map_or(0, |operation| operation.judged(hours)),
            renewed: self.renewed(row, shape, (first, last)),
            now: self.now,
            seen: (first, last),
            worsens: worsens(&row.timeline.hours, basis, self.now),
        };
        let (state, returns) = life.state();
        let young = matches!(state, State::New | State::Open);
        match young && self.is_worsened(id, shape) {
            true => (State::Worsening, returns),
            false => (state, returns),
        }
    }

    /// Whether a version made it worse.
    fn is_worsened(&self, id: Fingerprint, shape: &Shape) -> bool {
        let [service, operation] =
            [shape.at.service, shape.at.operation].map(|symbol| self.dictionary.text(symbol));
        is_worsened(self.merged, id, service, operation)
    }

    /// Traces of its operation within the hour since it was last seen, as far as a version may account for them that
    /// began after the fault and never showed it.
    fn renewed(&self, row: &Aggregate, shape: &Shape, (first, last): (LogTime, LogTime)) -> u64 {
        let Some(operation) = self.operation(shape) else {
            return 0;
        };
        let since = operation.recent.since(last);
        if since == 0 || QUIET <= self.now.since(last) || !row.versions.is_whole() {
            return 0;
        }
        let carried: Vec<&str> = row
            .versions
            .keys()
            .map(|&version| self.dictionary.text(version))
            .collect();
        let (service, operation) = (shape.at.service, shape.at.operation);
        let served = self
            .merged
            .served(self.dictionary.text(service), self.dictionary.text(operation));
        let renewed = served.filter(|(version, fact)| {
            let began = fact.calendar.first(self.merged.newest);
            !carried.contains(version) && began.is_some_and(|began| first <= began)
        });
        let traces = renewed.map(|(_, fact)| fact.traces).max();
        traces.unwrap_or(0).min(since)
    }
}
