//! What the API reads: the newest view, single traces, counters, readiness.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use hotspan_access::Counted;
use hotspan_analysis::Analyser;
use hotspan_api::{
    Alerts, Backend, Check, Compat, FixFuture, HeldFuture, Metrics, NotSaid, Outline, SayFuture, TraceFuture,
    View,
};
use hotspan_hotspots::{Saying, meters};
use hotspan_model::{
    AnalysisTimes, Assembled, FindingId, Fingerprint, LocalDictionary, Lookup, SpanDetail, TraceId,
};
use tokio::sync::{Semaphore, oneshot};

use crate::alerts::{Target, is_critical};
use crate::outline::outline;
use crate::shard::Question;
use crate::shared::Shared;
use crate::viewer::Told;

/// Most spans of one answered trace.
const SPANS_MAX: usize = 10_000;

/// Most traces that are analysed, and lists of outlines that are made, for readers at once; more wait. A large trace
/// takes some megabytes for as long.
const ANALYSES_MAX: usize = 4;

/// A trace that somebody asked for.
struct Found {
    trace: Arc<Assembled>,
    details: Vec<SpanDetail>,
    /// What its symbols stand for, where that is not the dictionary of the process.
    own: Option<LocalDictionary>,
}

/// One tenant's part of the daemon as the API sees it, or that of what belongs to none.
pub(crate) struct Reader {
    shared: Arc<Shared>,
    /// The tenants' parts, for whoever asks how the process as a whole is.
    beside: Vec<Arc<Shared>>,
    analyses: Arc<Semaphore>,
    public_urls: Vec<String>,
}

impl Backend for Reader {
    fn view(&self) -> Arc<View> {
        self.shared.view.load_full()
    }

    fn trace(&self, id: TraceId) -> TraceFuture<'_> {
        Box::pin(self.analysed(id, |analyser, trace, dictionary| {
            analyser.explain(trace, dictionary, SPANS_MAX)
        }))
    }

    fn held(&self) -> HeldFuture<'_> {
        Box::pin(async move {
            let turn = Arc::clone(&self.analyses).acquire_owned().await;
            let shared = Arc::clone(&self.shared);
            let outlines = tokio::task::spawn_blocking(move || {
                let outlines = outlines(&shared);
                drop(turn);
                outlines
            });
            outlines.await.unwrap_or_default()
        })
    }

    fn fix(&self, id: TraceId, finding: FindingId) -> FixFuture<'_> {
        Box::pin(async move {
            let explain = move |analyser: &mut Analyser, trace: &Assembled, dictionary: &dyn Lookup| {
                analyser.explain_fix(trace, dictionary, SPANS_MAX, finding)
            };
            let ((view, after), details) = self.analysed(id, explain).await?;
            Some((view, details, after))
        })
    }

    fn say(&self, id: Fingerprint, saying: Saying) -> SayFuture<'_> {
        Box::pin(async move {
            if self.shared.core.is_draining() {
                return Err(NotSaid::Busy);
            }
            let (answer, answered) = oneshot::channel();
            let told = Told { id, saying, answer };
            self.shared.told.push(told).map_err(|_| NotSaid::Busy)?;
            answered.await.map_err(|_| NotSaid::Busy)?
        })
    }

    fn metrics(&self) -> Metrics {
        let snapshots = self.shared.snapshots();
        let shards: Vec<_> = snapshots
            .iter()
            .map(|shard| Arc::clone(&shard.hotspots))
            .collect();
        let mut analysis = AnalysisTimes::default();
        for shard in &snapshots {
            analysis.add(&shard.times);
        }
        Metrics {
            analysis,
            status: self.shared.status(&snapshots),
            snapshot_age: self.shared.view_age(),
            meters: meters(&shards, &self.shared.dictionary),
            exposed: self.shared.exposed,
            alerts: self.alerts(),
            // Who was turned away at the door was of no tenant.
            access: match self.shared.tenant {
                None => self.shared.access.counted(),
                Some(_) => Counted::default(),
            },
            tenants: self
                .beside
                .iter()
                .map(|part| part.status(&part.snapshots()))
                .collect(),
        }
    }

    fn ready(&self) -> Vec<Check> {
        let parts = || [&self.shared].into_iter().chain(&self.beside);
        let shards = || parts().flat_map(|part| &part.published);
        let waiting = shards().filter(|shard| shard.snapshot.load().is_none()).count();
        let check = |name, ok, detail: &str| Check {
            name,
            ok,
            detail: detail.to_owned(),
        };
        vec![
            match self.shared.core.is_leaving() {
                true => check("receivers", false, "shutting down"),
                false => check("receivers", true, "listening"),
            },
            check(
                "shards",
                waiting == 0,
                &format!("{waiting} of {} without a snapshot", shards().count()),
            ),
            // A view that was made before the shards had anything shows nothing of what is kept.
            match parts().all(|part| !part.view.load().status.shards.is_empty()) {
                false => check("answers", false, "the first is being made"),
                true => check("answers", true, "there"),
            },
            // Spans are taken and analysed all the same: turned away, they would be lost at once.
            check("store", true, &self.store()),
            self.log(),
        ]
    }

    fn compat(&self) -> Compat {
        self.shared.compat
    }

    fn public_urls(&self) -> &[String] {
        &self.public_urls
    }
}

impl Reader {
    pub(crate) fn new(shared: Arc<Shared>, beside: Vec<Arc<Shared>>, public_urls: Vec<String>) -> Reader {
        Reader {
            shared,
            beside,
            public_urls,
            analyses: Arc::new(Semaphore::new(ANALYSES_MAX)),
        }
    }

    /// How storing goes. Whoever asks shows no credential, so tenants are counted and not named.
    fn store(&self) -> String {
        let failing = |part: &&Arc<Shared>| part.storing.status.failing().is_some();
        let beside = self.beside.iter().filter(failing).count();
        match (self.shared.storing.status.failing(), beside) {
            (Some(why), _) => format!("failing: {why}"),
            (None, 0) => "nothing fails".to_owned(),
            (None, some) => format!("failing for {some} of {} tenants", self.beside.len()),
        }
    }

    /// Whether logs were read again; the first that is not through speaks.
    fn log(&self) -> Check {
        let parts = [&self.shared].into_iter().chain(&self.beside);
        let logs = parts
            .filter_map(|part| part.wal.as_ref())
            .map(|wal| wal.status.progress());
        let said = logs.reduce(|said, next| if said.0 { next } else { said });
        let (ok, detail) = said.unwrap_or((true, "in memory".to_owned()));
        Check {
            name: "log",
            ok,
            detail,
        }
    }

    /// What became of alerts.
    fn alerts(&self) -> Alerts {
        let (shared, counts) = (&self.shared, &self.shared.alert_counts);
        let of = |numbers: &[AtomicU64; Target::ALL.len()]| {
            Target::ALL.map(|target| (target.name(), numbers[target as usize].load(Relaxed)))
        };
        let (view, settings) = (shared.view.load(), shared.alerts.load());
        let services = view.answers.services.iter().map(|row| &row.service);
        Alerts {
            critical_services: services
                .filter(|service| is_critical(service, &settings))
                .cloned()
                .collect(),
            firing: counts.firing.load(Relaxed),
            sent: of(&counts.sent).into(),
            failed: of(&counts.failed).into(),
        }
    }

    /// An exemplar, or whatever the trace's shard still has of it, or what is stored.
    async fn find(&self, id: TraceId) -> Option<Found> {
        if let Some(exemplar) = self.shared.exemplars.get(id) {
            return Some(Found {
                trace: Arc::clone(&exemplar.trace),
                details: exemplar.details.clone(),
                own: None,
            });
        }
        if let Some(trace) = self.held(id).await {
            return Some(Found {
                trace: Arc::new(trace),
                details: Vec::new(),
                own: None,
            });
        }
        let shared = Arc::clone(&self.shared);
        let stored = tokio::task::spawn_blocking(move || shared.storing.traces.get(id));
        let stored = stored.await.ok()??;
        Some(Found {
            trace: Arc::new(stored.trace),
            details: stored.details,
            own: Some(stored.dictionary),
        })
    }

    /// Whatever the trace's shard still has.
    async fn held(&self, id: TraceId) -> Option<Assembled> {
        let shard = self.shared.core.shard_of(id);
        let (answer, answered) = oneshot::channel();
        self.shared.published[shard]
            .questions
            .push(Question { id, answer })
            .ok()?;
        self.shared.outboxes[shard].wake();
        answered.await.ok()?
    }

    /// Analyses a trace off the async threads, when it is its turn: a large one takes milliseconds.
    async fn analysed<T: Send + 'static>(
        &self,
        id: TraceId,
        read: impl FnOnce(&mut Analyser, &Assembled, &dyn Lookup) -> T + Send + 'static,
    ) -> Option<(T, Vec<SpanDetail>)> {
        let turn = Arc::clone(&self.analyses).acquire_owned().await.ok()?;
        let Found { trace, details, own } = self.find(id).await?;
        let (dictionary, settings) = (
            self.shared.dictionary.clone(),
            self.shared.settings.analysis.clone(),
        );
        let answer = tokio::task::spawn_blocking(move || {
            let dictionary: &dyn Lookup = match &own {
                Some(own) => own,
                None => &dictionary,
            };
            let answer = read(&mut Analyser::new(settings), &trace, dictionary);
            // Whoever asked may be gone; the turn ends with the work.
            drop(turn);
            answer
        });
        Some((answer.await.ok()?, details))
    }
}

/// Outlines of what the newest view refers to, as far as it is held or stored, latest start first. Some milliseconds
/// for thousands of traces.
fn outlines(shared: &Shared) -> Vec<Outline> {
    let view = shared.view.load_full();
    let evidence = view.answers.hotspots.iter().flat_map(|hotspot| &hotspot.evidence);
    let ids: BTreeSet<TraceId> = evidence.map(|of| of.trace).collect();
    let (mut outlines, mut others) = (Vec::new(), Vec::new());
    for id in ids {
        match shared.exemplars.get(id) {
            Some(exemplar) => outlines.extend(outline(id, &exemplar.trace, &shared.dictionary)),
            None => others.push(id),
        }
    }
    outlines.extend(shared.storing.traces.outlines(others));
    outlines.sort_by_key(|of| (std::cmp::Reverse(of.start), of.trace));
    outlines
}
