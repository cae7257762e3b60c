//! What the API reads: the newest view, single traces, counters, readiness.

use std::sync::Arc;

use hotspan_analysis::Analyser;
use hotspan_api::{Backend, Check, FixFuture, FoundFix, FoundTrace, Metrics, TraceFuture, View};
use hotspan_model::{Assembled, FindingId, SpanDetail, TraceId};
use tokio::sync::oneshot;

use crate::shard::Question;
use crate::shared::Shared;

/// Most spans of one answered trace.
const SPANS_MAX: usize = 10_000;

/// The daemon as the API sees it.
pub(crate) struct Reader(pub(crate) Arc<Shared>);

impl Backend for Reader {
    fn view(&self) -> Arc<View> {
        self.0.view.load_full()
    }

    fn trace(&self, id: TraceId) -> TraceFuture<'_> {
        Box::pin(async move {
            let (trace, details) = self.find(id).await?;
            self.explain(trace, details).await
        })
    }

    fn fix(&self, id: TraceId, finding: FindingId) -> FixFuture<'_> {
        Box::pin(async move {
            let (trace, details) = self.find(id).await?;
            self.explain_fix(trace, details, finding).await
        })
    }

    fn metrics(&self) -> Metrics {
        Metrics {
            status: self.0.status(&self.0.snapshots()),
            snapshot_age: self.0.view_age(),
        }
    }

    fn ready(&self) -> Vec<Check> {
        let waiting = self
            .0
            .published
            .iter()
            .filter(|shard| shard.snapshot.load().is_none())
            .count();
        let check = |name, ok, detail: &str| Check {
            name,
            ok,
            detail: detail.to_owned(),
        };
        vec![
            match self.0.core.is_draining() {
                true => check("receivers", false, "draining"),
                false => check("receivers", true, "listening"),
            },
            check(
                "shards",
                waiting == 0,
                &format!("{waiting} of {} without a snapshot", self.0.published.len()),
            ),
        ]
    }
}

impl Reader {
    /// An exemplar, or whatever the trace's shard still has of it.
    async fn find(&self, id: TraceId) -> Option<(Arc<Assembled>, Vec<SpanDetail>)> {
        match self.0.exemplars.get(id) {
            Some(exemplar) => Some((Arc::clone(&exemplar.trace), exemplar.details.clone())),
            None => Some((Arc::new(self.held(id).await?), Vec::new())),
        }
    }

    /// Whatever the trace's shard still has.
    async fn held(&self, id: TraceId) -> Option<Assembled> {
        let shard = self.0.core.shard_of(id);
        let (answer, answered) = oneshot::channel();
        self.0.published[shard]
            .questions
            .push(Question { id, answer })
            .ok()?;
        self.0.outboxes[shard].wake();
        answered.await.ok()?
    }

    /// Analyses a trace off the async threads: a large one takes milliseconds.
    async fn explain(&self, trace: Arc<Assembled>, details: Vec<SpanDetail>) -> FoundTrace {
        let (dictionary, settings) = (self.0.dictionary.clone(), self.0.settings.analysis.clone());
        let explained = tokio::task::spawn_blocking(move || {
            Analyser::new(settings).explain(&trace, &dictionary, SPANS_MAX)
        });
        explained.await.ok().map(|view| (view, details))
    }

    /// The same with a replay of one finding's fix.
    async fn explain_fix(
        &self,
        trace: Arc<Assembled>,
        details: Vec<SpanDetail>,
        finding: FindingId,
    ) -> FoundFix {
        let (dictionary, settings) = (self.0.dictionary.clone(), self.0.settings.analysis.clone());
        let explained = tokio::task::spawn_blocking(move || {
            Analyser::new(settings).explain_fix(&trace, &dictionary, SPANS_MAX, finding)
        });
        let (view, after) = explained.await.ok()?;
        Some((view, details, after))
    }
}
