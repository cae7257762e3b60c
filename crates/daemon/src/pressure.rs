//! How far the daemon gives way to the load, as people are told: by what it had to do lately.

use std::time::{Duration, Instant};

use hotspan_api::{Level, Status};
use hotspan_model::{Decided, Reason};

/// A step counts as taken for so long after it was last seen: dashboards look every few seconds.
const LATELY: Duration = Duration::from_secs(10);

/// Watches the counts.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    seen: [u64; STEPS.len()],
    last: [Option<Instant>; STEPS.len()],
}

const STEPS: [Level; 4] = [Level::Evidence, Level::Closing, Level::Sampling, Level::Refusing];

impl Watch {
    /// The furthest step of late; `now` never goes back.
    pub(crate) fn level(&mut self, now: Instant, status: &Status) -> Level {
        for ((seen, last), count) in self.seen.iter_mut().zip(&mut self.last).zip(taken(status)) {
            if count > *seen {
                (*seen, *last) = (count, Some(now));
            }
        }
        let is_lately = |last: &Option<Instant>| last.is_some_and(|last| now.duration_since(last) < LATELY);
        let furthest = self.last.iter().rposition(is_lately);
        furthest.map_or(Level::None, |place| STEPS[place])
    }
}

/// How often each of [`STEPS`] was taken so far.
fn taken(status: &Status) -> [u64; STEPS.len()] {
    let decided = |reason: Decided| status.decided[reason as usize];
    [
        status.pressure.evidence_dropped,
        decided(Decided::Cap) + decided(Decided::Barrier),
        status.counts.dropped(Reason::Degraded),
        status.pressure.requests_refused,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_furthest_step_of_late_is_told_until_it_is_over() {
        let (mut watch, start) = (Watch::default(), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut status = Status::default();
        assert_eq!(watch.level(start, &status), Level::None);
        status.pressure.requests_refused = 1;
        assert_eq!(watch.level(after(1), &status), Level::Refusing);
        status.pressure.evidence_dropped = 7;
        assert_eq!(watch.level(after(5), &status), Level::Refusing);
        assert_eq!(watch.level(after(11), &status), Level::Evidence);
        assert_eq!(watch.level(after(15), &status), Level::None);
        status.decided[Decided::Cap as usize] = 1;
        assert_eq!(watch.level(after(16), &status), Level::Closing);
        status.counts.drop(Reason::Degraded, 1);
        assert_eq!(watch.level(after(17), &status), Level::Sampling);
    }
}
