//! One log line for many events: the first at once, then at most one in ten seconds with the number left out.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Shortest time between two lines.
const PAUSE: Duration = Duration::from_secs(10);

/// Tells whether an event of one kind is logged.
#[derive(Debug)]
pub struct Rarely {
    origin: Instant,
    /// When the next may be logged, in milliseconds after `origin`.
    next: AtomicU64,
    left_out: AtomicU64,
}

impl Default for Rarely {
    fn default() -> Rarely {
        Rarely {
            origin: Instant::now(),
            next: AtomicU64::new(0),
            left_out: AtomicU64::new(0),
        }
    }
}

impl Rarely {
    /// How many were left out since the last line, when this one is logged.
    pub fn is_due(&self) -> Option<u64> {
        self.is_due_at(Instant::now())
    }

    fn is_due_at(&self, now: Instant) -> Option<u64> {
        let now = u64::try_from(now.duration_since(self.origin).as_millis()).unwrap_or(u64::MAX);
        let next = self.next.load(Relaxed);
        let then = now + PAUSE.as_millis() as u64;
        let is_ours = now >= next && self.next.compare_exchange(next, then, Relaxed, Relaxed).is_ok();
        match is_ours {
            true => Some(self.left_out.swap(0, Relaxed)),
            false => {
                self.left_out.fetch_add(1, Relaxed);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_one_line_in_ten_seconds_with_its_number() {
        let rarely = Rarely::default();
        let at = |seconds| rarely.origin + Duration::from_secs(seconds);
        assert_eq!(rarely.is_due_at(at(0)), Some(0));
        for _ in 0..1_000 {
            assert_eq!(rarely.is_due_at(at(9)), None);
        }
        assert_eq!(rarely.is_due_at(at(10)), Some(1_000));
        assert_eq!(rarely.is_due_at(at(11)), None);
    }
}
