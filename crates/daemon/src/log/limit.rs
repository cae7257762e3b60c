//! At most ten lines a second of each kind: a flood of one neither hides the others nor fills a disk.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dashmap::DashMap;
use tracing::callsite::Identifier;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

/// Lines of one kind that are written in one second.
const LINES_MAX: u64 = 10;
/// Kinds of which one second's left out lines are told each; the rest is told as one.
const TOLD_MAX: usize = 5;

/// Counts lines by the place in the code that says them, so by a number of kinds that the code bounds.
#[derive(Clone, Debug)]
pub(crate) struct Limit {
    began: Instant,
    kinds: Arc<DashMap<Identifier, Kind>>,
}

#[derive(Debug)]
struct Kind {
    said: &'static Metadata<'static>,
    second: u64,
    lines: u64,
    left_out: u64,
}

impl Limit {
    pub(super) fn new() -> Limit {
        Limit {
            began: Instant::now(),
            kinds: Arc::default(),
        }
    }

    /// Whether a line is written that is said in this second since the start.
    fn admits(&self, said: &'static Metadata<'static>, second: u64) -> bool {
        let mut kind = self.kinds.entry(said.callsite()).or_insert(Kind {
            said,
            second,
            lines: 0,
            left_out: 0,
        });
        if kind.second != second {
            (kind.second, kind.lines) = (second, 0);
        }
        kind.lines += 1;
        let admitted = kind.lines <= LINES_MAX;
        kind.left_out += u64::from(!admitted);
        admitted
    }

    /// What was left out since this was last asked, most first.
    fn left_out(&self) -> Vec<(&'static Metadata<'static>, u64)> {
        let taken = self.kinds.iter_mut();
        let taken = taken.map(|mut kind| (kind.said, std::mem::take(&mut kind.left_out)));
        let mut taken: Vec<_> = taken.filter(|&(_, lines)| lines > 0).collect();
        taken.sort_by_key(|&(said, lines)| (std::cmp::Reverse(lines), said.name()));
        taken
    }

    /// Says once a second what was left out, for as long as it is polled.
    pub(crate) async fn tell(self) {
        let mut pace = tokio::time::interval(Duration::from_secs(1));
        loop {
            pace.tick().await;
            let left_out = self.left_out();
            for (said, lines) in left_out.iter().take(TOLD_MAX) {
                tracing::warn!(
                    lines,
                    like = said.name(),
                    module = said.target(),
                    "log lines left out"
                );
            }
            let rest: u64 = left_out.iter().skip(TOLD_MAX).map(|(_, lines)| lines).sum();
            if rest > 0 {
                tracing::warn!(lines = rest, "log lines of other kinds left out");
            }
        }
    }
}

impl<S: Subscriber> Layer<S> for Limit {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        self.admits(event.metadata(), self.began.elapsed().as_secs())
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    /// Gives what two different lines are known by.
    fn kinds() -> [&'static Metadata<'static>; 2] {
        let limit = Limit::new();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(limit.clone()), || {
            tracing::error!("one");
            tracing::error!("other");
        });
        let mut kinds: Vec<_> = limit.kinds.iter().map(|kind| kind.said).collect();
        kinds.sort_by_key(|said| said.line());
        kinds.try_into().expect("two lines are two kinds")
    }

    #[test]
    fn a_flood_of_one_kind_leaves_room_for_others_and_is_counted() {
        let ([flood, other], limit) = (kinds(), Limit::new());
        let written = |second, kind, lines: u64| (0..lines).filter(|_| limit.admits(kind, second)).count();
        assert_eq!(written(7, flood, 1_000), 10);
        assert_eq!(written(7, other, 3), 3);
        assert_eq!(limit.left_out(), [(flood, 990)]);
        assert_eq!(limit.left_out(), []);
        assert_eq!(written(8, flood, 5), 5);
    }
}
