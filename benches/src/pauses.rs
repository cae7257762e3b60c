//! How long a thread does nothing else, again and again: by its CPU clock, since a busy machine takes it away for longer.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

/// Pauses of one kind.
#[derive(Debug, Default)]
pub struct Pauses(Vec<Duration>);

impl Pauses {
    /// Does `piece` and notes how long it took.
    pub fn time(&mut self, piece: impl FnOnce()) {
        let start = now();
        piece();
        self.0.push(now().saturating_sub(start));
    }

    /// How many there were, the median, the 99th percentile and the longest.
    pub fn summary(&mut self) -> String {
        self.0.sort_unstable();
        let at = |per_mille: usize| {
            let place = (self.0.len() * per_mille).div_ceil(1_000).max(1) - 1;
            self.0.get(place).map_or(0, Duration::as_micros)
        };
        let (p50, p99, max) = (at(500), at(990), at(1_000));
        format!(
            "{} pauses of {p50} us at p50, {p99} us at p99, {max} us at most",
            self.0.len()
        )
    }
}

fn now() -> Duration {
    let time = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID);
    time.map_or(Duration::ZERO, Duration::from)
}
