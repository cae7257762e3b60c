//! Merges the shards' snapshots into the one view that answers come from, and owns what people say of hotspots.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Thread;
use std::time::{Duration, Instant};

use hotspan_api::{Detectors, LinkTemplate, NotSaid, View};
use hotspan_hotspots::{BY_CHARS_MAX, Notes, REASON_CHARS_MAX, Saying, Unsaid, answers};
use hotspan_model::{Fingerprint, Hotspot, LogTime, Meta};
use hotspan_pipeline::Snapshot;
use hotspan_store::Said;
use tokio::sync::oneshot;

use crate::pressure::Watch;
use crate::shared::Shared;
use crate::storage::Save;

/// A view costs at most this share of one core: it rests so many times as long as it worked.
const REST: u32 = 9;
/// What people say that waits for the next view; beyond, they are told to try again.
pub(crate) const TOLD_MAX: usize = 64;

/// A person says something of a hotspot.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) id: Fingerprint,
    pub(crate) saying: Saying,
    /// Answered when a view shows it, and the store has it.
    pub(crate) answer: oneshot::Sender<Result<(), NotSaid>>,
}

/// The same, noted.
struct Heard {
    said: Said,
    outcome: Result<(), Unsaid>,
    answer: oneshot::Sender<Result<(), NotSaid>>,
}

/// Makes views for as long as it is wanted.
pub(crate) struct Viewer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) interval: Duration,
    pub(crate) stop: Arc<AtomicBool>,
    /// Who stores what people say, if anybody does.
    pub(crate) writer: Option<Thread>,
}

/// What is the same in every view.
struct Known {
    catalogue: Vec<&'static Meta>,
    /// Their ids, sorted.
    ids: Vec<&'static str>,
    /// Those of detectors that compare traces.
    over_traces: BTreeSet<&'static str>,
    detectors: Arc<Detectors>,
    links: Arc<[LinkTemplate]>,
}

impl Viewer {
    /// Runs until `stop` is set and the thread is unparked; the last view is made after that.
    pub(crate) fn run(self) {
        let known = self.known();
        let mut notes = self.shared.storing.notes.load().as_ref().clone();
        // What was shown last: versions of the shards, and the counters, which also move when nothing reaches a shard.
        let (mut seen, mut version) = (None, 0);
        let mut watch = Watch::default();
        loop {
            let stopping = self.stop.load(Ordering::SeqCst);
            let start = Instant::now();
            let (shared, snapshots) = (&self.shared, self.shared.snapshots());
            let at = snapshots.iter().map(|shard| shard.at.time).max();
            let at = at.unwrap_or(LogTime(0));
            let told = self.hear(&mut notes, at);
            let versions: Vec<_> = snapshots.iter().map(|shard| shard.hotspots.version).collect();
            let mut status = shared.status(&snapshots);
            let level = watch.level(start, &status);
            shared.level.store(level as usize, Ordering::Relaxed);
            status.pressure.level = level;
            let state = Some((versions, status.clone()));
            if state != seen || !told.is_empty() || notes.is_due(at) {
                let began = shared.traces.begin();
                version += 1;
                shared.view.store(Arc::new(View {
                    version,
                    status,
                    ..self.view(&known, &snapshots, &mut notes, at)
                }));
                self.show(&known);
                shared.viewed(start);
                shared.traces.end(began, "snapshot", |span| {
                    let hotspots = shared.view.load().answers.hotspots.len();
                    span.count("hotspan.hotspots", hotspots as u64);
                });
                seen = state;
            }
            if *shared.storing.notes.load_full() != notes {
                shared.storing.notes.store(Arc::new(notes.clone()));
            }
            told.into_iter().for_each(|heard| self.answer(heard));
            if stopping {
                return;
            }
            std::thread::park_timeout(self.interval.max(start.elapsed() * REST));
        }
    }

    fn known(&self) -> Known {
        let catalogue = hotspan_pipeline::catalogue();
        let mut ids: Vec<&'static str> = catalogue.iter().map(|meta| meta.id).collect();
        ids.sort_unstable();
        let detectors = Arc::new(Detectors {
            catalogue: catalogue.clone(),
            shared_knobs: hotspan_pipeline::shared_knobs(),
            tuning: Arc::new(self.shared.settings.hotspots.tuning.clone()),
        });
        Known {
            catalogue,
            ids,
            over_traces: hotspan_hotspots::catalogue().iter().map(|meta| meta.id).collect(),
            detectors,
            links: self.shared.alerts.load().links.clone().into(),
        }
    }

    /// Tells each shard which of its traces detectors over traces show, so that they stay.
    fn show(&self, known: &Known) {
        let view = self.shared.view.load();
        let mut shown = vec![BTreeSet::new(); self.shared.published.len()];
        let over_traces = |of: &&Hotspot| known.over_traces.contains(of.detector);
        let hotspots = view.answers.hotspots.iter().filter(over_traces);
        for evidence in hotspots.flat_map(|of| &of.evidence) {
            shown[self.shared.core.shard_of(evidence.trace)].insert(evidence.trace);
        }
        for (shard, shown) in self.shared.published.iter().zip(shown) {
            if **shard.shown.load() != shown {
                shard.shown.store(Arc::new(shown));
            }
        }
    }

    /// Notes what was said since the last view, of the hotspots in it; to be answered when the next one shows it.
    fn hear(&self, notes: &mut Notes, at: LogTime) -> Vec<Heard> {
        let view = self.shared.view.load();
        let told = std::iter::from_fn(|| self.shared.told.pop()).take(TOLD_MAX);
        told.map(|told| {
            let said = Said {
                at,
                hotspot: told.id,
                decision: told.saying.decision,
                reason: cut(&told.saying.reason, REASON_CHARS_MAX),
                by: cut(&told.saying.by, BY_CHARS_MAX),
            };
            let answer = told.answer;
            let outcome = notes.say(&view.answers, told.id, told.saying, at);
            Heard {
                said,
                outcome,
                answer,
            }
        })
        .collect()
    }

    /// Answers who spoke: what they said is shown now, and must be stored before they hear so.
    fn answer(&self, heard: Heard) {
        let Heard {
            said,
            outcome,
            answer,
        } = heard;
        let unheard = match (outcome, &self.writer) {
            (Ok(()), Some(writer)) => {
                let waits = self.shared.storing.saves.push(Save { said, answer });
                writer.unpark();
                match waits {
                    Ok(()) => return,
                    Err(save) => save.answer.send(Err(NotSaid::Unstored)),
                }
            }
            (outcome, _) => answer.send(outcome.map_err(NotSaid::Unsaid)),
        };
        if unheard.is_err() {
            tracing::debug!("the reader went away");
        }
    }

    /// What is answered, beside the counters.
    fn view(&self, known: &Known, snapshots: &[Arc<Snapshot>], notes: &mut Notes, at: LogTime) -> View {
        let parts: Vec<_> = snapshots
            .iter()
            .map(|shard| Arc::clone(&shard.hotspots))
            .collect();
        let (dictionary, settings) = (&self.shared.dictionary, &self.shared.settings.hotspots);
        let mut answers = answers(&parts, dictionary, &known.catalogue, Some(at), settings);
        notes.apply(&mut answers, at);
        View {
            at,
            answers,
            detectors: known.ids.clone(),
            known: Arc::clone(&known.detectors),
            links: Arc::clone(&known.links),
            ..View::default()
        }
    }
}

fn cut(text: &str, chars_max: usize) -> String {
    text.chars().take(chars_max).collect()
}
