//! How long detectors take, for callers who bring a clock: this crate has none, and nothing here is decided by it.

use hotspan_model::{AnalysisTimes, Nanos};

/// Of so many analyses one is timed, and stands for all of them. A look at a clock for each detector of each trace
/// would cost as much as the cheap ones do.
const EVERY: u64 = 64;

/// Times one analysis in [`EVERY`]; without a clock none.
#[derive(Debug, Default)]
pub(crate) struct Stopwatch {
    clock: Option<fn() -> Nanos>,
    analyses: u64,
    /// When the analysis that is timed began, and when it was looked at last.
    running: Option<(Nanos, Nanos)>,
    times: AnalysisTimes,
}

impl Stopwatch {
    pub(crate) fn new(clock: fn() -> Nanos, detectors: usize) -> Stopwatch {
        Stopwatch {
            clock: Some(clock),
            times: AnalysisTimes {
                detectors: vec![Nanos(0); detectors],
                ..AnalysisTimes::default()
            },
            ..Stopwatch::default()
        }
    }

    pub(crate) fn times(&self) -> &AnalysisTimes {
        &self.times
    }

    /// An analysis begins.
    #[inline]
    pub(crate) fn begin(&mut self) {
        let Some(clock) = self.clock else { return };
        self.running = self.analyses.is_multiple_of(EVERY).then(|| {
            let now = clock();
            (now, now)
        });
        self.analyses += 1;
    }

    /// What took the time up to now is no detector.
    #[inline]
    pub(crate) fn lap(&mut self) {
        if let (Some(clock), Some((_, last))) = (self.clock, &mut self.running) {
            *last = clock();
        }
    }

    /// The detector of this place took it.
    #[inline]
    pub(crate) fn detector(&mut self, place: usize) {
        if let (Some(clock), Some((_, last))) = (self.clock, &mut self.running) {
            let now = clock();
            self.times.detectors[place].0 += now.0.saturating_sub(last.0) * EVERY;
            *last = now;
        }
    }

    /// The analysis is over.
    #[inline]
    pub(crate) fn end(&mut self) {
        if let (Some(clock), Some((began, _))) = (self.clock, self.running.take()) {
            self.times.note(Nanos(clock().0.saturating_sub(began.0)), EVERY);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        static NOW: Cell<u64> = const { Cell::new(0) };
    }

    /// A clock that goes on by 10 us with each look.
    fn clock() -> Nanos {
        NOW.with(|now| {
            now.set(now.get() + 10_000);
            Nanos(now.get())
        })
    }

    #[test]
    fn one_analysis_in_many_is_timed_and_stands_for_all() {
        let mut watch = Stopwatch::new(clock, 2);
        for _ in 0..=EVERY {
            watch.begin();
            watch.lap();
            watch.detector(0);
            watch.detector(1);
            watch.end();
        }
        let times = watch.times();
        assert_eq!(times.detectors, [Nanos(2 * 10_000 * EVERY); 2]);
        assert_eq!(times.buckets, [0, 2 * EVERY, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(times.sum, Nanos(2 * 40_000 * EVERY));
    }
}
