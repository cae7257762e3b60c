//! How many spans a second a tenant may send. What a request has is known when it was read, so it is let in while nothing
//! is owed and pays afterwards; the next ones wait until that is paid.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::{Core, Refusal};

/// What may be sent at once after a pause: as much as in this time.
const BURST: Duration = Duration::from_secs(1);
/// Bounds of the delay that a refused client is asked for.
const DELAY_MIN: Duration = Duration::from_secs(1);
const DELAY_MAX: Duration = Duration::from_secs(30);

impl Core {
    /// Whether spans are taken now.
    pub(crate) fn takes_spans(&self) -> Result<(), Refusal> {
        self.is_open()?;
        match &self.rate {
            Some(rate) => rate.admits(Instant::now()).map_err(Refusal::OverRate),
            None => Ok(()),
        }
    }

    /// So many spans were taken.
    pub(crate) fn pay(&self, spans: u64) {
        if let Some(rate) = &self.rate {
            rate.pay(spans, Instant::now());
        }
    }
}

/// A limit, and what was sent against it.
#[derive(Debug)]
pub(crate) struct Rate {
    span: Duration,
    origin: Instant,
    /// When all that was sent is paid, in nanoseconds after `origin`.
    paid: AtomicU64,
}

impl Rate {
    pub(crate) fn new(spans_per_second: NonZeroU32) -> Rate {
        Rate {
            span: Duration::from_secs(1) / spans_per_second.get(),
            origin: Instant::now(),
            paid: AtomicU64::new(0),
        }
    }

    /// Whether a request is let in; the error says when it may come again.
    pub(crate) fn admits(&self, now: Instant) -> Result<(), Duration> {
        let owed = Duration::from_nanos(self.paid.load(Relaxed)).saturating_sub(now - self.origin);
        match owed.checked_sub(BURST) {
            None | Some(Duration::ZERO) => Ok(()),
            Some(wait) => Err(wait.clamp(DELAY_MIN, DELAY_MAX)),
        }
    }

    /// So many spans were let in.
    pub(crate) fn pay(&self, spans: u64, now: Instant) {
        let price = nanos(self.span).saturating_mul(spans);
        let now = nanos(now - self.origin);
        let add = |paid: u64| Some(paid.max(now).saturating_add(price));
        // `add` never declines.
        self.paid
            .fetch_update(Relaxed, Relaxed, add)
            .unwrap_or_else(|paid| paid);
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s05_a_second_of_spans_is_a_burst_and_more_waits_until_it_is_paid() {
        let rate = Rate::new(NonZeroU32::new(100).unwrap());
        let at = |millis| rate.origin + Duration::from_millis(millis);
        rate.pay(100, at(0));
        assert_eq!(rate.admits(at(0)), Ok(()), "a second's worth is a burst");
        rate.pay(250, at(0));
        assert_eq!(rate.admits(at(0)), Err(Duration::from_millis(2_500)));
        assert_eq!(rate.admits(at(2_400)), Err(DELAY_MIN));
        assert_eq!(rate.admits(at(2_500)), Ok(()));
        rate.pay(1_000_000, at(2_500));
        assert_eq!(rate.admits(at(2_500)), Err(DELAY_MAX));
    }

    #[test]
    fn a_long_pause_saves_no_more_than_a_burst() {
        let rate = Rate::new(NonZeroU32::new(10).unwrap());
        let at = |seconds| rate.origin + Duration::from_secs(seconds);
        let mut sent = 0;
        while rate.admits(at(3_600)).is_ok() {
            rate.pay(1, at(3_600));
            sent += 1;
        }
        assert_eq!(sent, 11);
    }
}
