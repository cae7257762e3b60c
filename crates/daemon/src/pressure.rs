//! How far the daemon gives way to the load, as people are told: by what it had to do lately.

use std::time::{Duration, Instant};

use hotspan_api::Level;

/// A step counts as taken for so long after it was last seen: dashboards look every few seconds.
const LATELY: Duration = Duration::from_secs(10);

/// How often each step was taken so far, mildest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    /// Requests whose bytes were given up early.
    pub(crate) evidence: u64,
    /// Traces that were decided for want of room.
    pub(crate) closing: u64,
    /// Spans of traces that were left out.
    pub(crate) sampling: u64,
    /// Requests that were refused for want of room.
    pub(crate) refusing: u64,
}

/// Watches the counts.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    seen: [u64; STEPS.len()],
    last: [Option<Instant>; STEPS.len()],
}

const STEPS: [Level; 4] = [Level::Evidence, Level::Closing, Level::Sampling, Level::Refusing];

impl Watch {
    /// The furthest step of late; `now` never goes back.
    pub(crate) fn level(&mut self, now: Instant, taken: &Taken) -> Level {
        let counts = [taken.evidence, taken.closing, taken.sampling, taken.refusing];
        for ((seen, last), count) in self.seen.iter_mut().zip(&mut self.last).zip(counts) {
            if count > *seen {
                (*seen, *last) = (count, Some(now));
            }
        }
        let is_lately = |last: &Option<Instant>| last.is_some_and(|last| now.duration_since(last) < LATELY);
        let furthest = self.last.iter().rposition(is_lately);
        furthest.map_or(Level::None, |place| STEPS[place])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_furthest_step_of_late_is_told_until_it_is_over() {
        let (mut watch, start) = (Watch::default(), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut taken = Taken::default();
        assert_eq!(watch.level(start, &taken), Level::None);
        taken.refusing = 1;
        assert_eq!(watch.level(after(1), &taken), Level::Refusing);
        taken.evidence = 7;
        assert_eq!(watch.level(after(5), &taken), Level::Refusing);
        assert_eq!(watch.level(after(11), &taken), Level::Evidence);
        assert_eq!(watch.level(after(15), &taken), Level::None);
    }
}
