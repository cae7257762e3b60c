//! Merges the shards' snapshots into the one view that answers come from.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hotspan_api::{Detectors, View};
use hotspan_hotspots::answers;
use hotspan_model::LogTime;

use crate::shared::Shared;

/// A view costs at most this share of one core: it rests so many times as long as it worked.
const REST: u32 = 9;

/// Makes views for as long as it is wanted.
pub(crate) struct Viewer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) interval: Duration,
    pub(crate) stop: Arc<AtomicBool>,
}

impl Viewer {
    /// Runs until `stop` is set and the thread is unparked; the last view is made after that.
    pub(crate) fn run(self) {
        let catalogue = hotspan_pipeline::catalogue();
        let mut detectors: Vec<&'static str> = catalogue.iter().map(|meta| meta.id).collect();
        detectors.sort_unstable();
        let known = Arc::new(Detectors {
            catalogue: catalogue.clone(),
            shared_knobs: hotspan_pipeline::shared_knobs(),
            tuning: Arc::new(self.shared.settings.hotspots.tuning.clone()),
        });
        // What was shown last: versions of the shards, and the counters, which also move when nothing reaches a shard.
        let (mut seen, mut version) = (None, 0);
        loop {
            let stopping = self.stop.load(Ordering::SeqCst);
            let start = Instant::now();
            let (shared, snapshots) = (&self.shared, self.shared.snapshots());
            let versions: Vec<_> = snapshots.iter().map(|shard| shard.hotspots.version).collect();
            let state = Some((versions, shared.status(&snapshots)));
            if let Some((_, status)) = &state
                && state != seen
            {
                version += 1;
                let at = snapshots
                    .iter()
                    .map(|shard| shard.at.time)
                    .max()
                    .unwrap_or(LogTime(0));
                let parts: Vec<_> = snapshots
                    .iter()
                    .map(|shard| Arc::clone(&shard.hotspots))
                    .collect();
                shared.view.store(Arc::new(View {
                    version,
                    at,
                    answers: answers(
                        &parts,
                        &shared.dictionary,
                        &catalogue,
                        Some(at),
                        &shared.settings.hotspots,
                    ),
                    status: status.clone(),
                    detectors: detectors.clone(),
                    known: Arc::clone(&known),
                }));
                shared.viewed(start);
                seen = state;
            }
            if stopping {
                return;
            }
            std::thread::park_timeout(self.interval.max(start.elapsed() * REST));
        }
    }
}
