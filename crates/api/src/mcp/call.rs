//! One call of a tool: what it asks, whom, and what it answers.

use std::pin::Pin;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::budget::{BYTES, Budget, Lines};
use super::links::Links;
use super::prefix::unique;
use crate::ask::{PageOf, Problem, Query};
use crate::shape::{Coverage, Decimal, Trace};
use crate::{Backend, View, read};

/// What names a trace.
pub(super) const TRACE: &str =
    "the id of a trace, or its first digits if it is evidence of a hotspot; search_traces names those";

/// A tool at work.
pub(super) type Answer = Pin<Box<dyn Future<Output = Result<Reply, Problem>> + Send>>;

/// What a tool is asked.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) backend: Arc<dyn Backend>,
    pub(super) view: Arc<View>,
    pub(super) query: Query,
    pub(super) links: Links,
}

/// What a tool answers.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) text: String,
    pub(super) content: Value,
}

impl Call {
    /// Reads `max_bytes`.
    pub(super) fn budget(&mut self) -> Result<Budget, Problem> {
        Budget::read(&mut self.query, BYTES)
    }

    /// Refuses the first argument that nobody asked for; nothing is read after it.
    pub(super) fn finish(&mut self) -> Result<(), Problem> {
        std::mem::take(&mut self.query).finish()
    }

    /// Reads an argument that must be there.
    pub(super) fn needed(&mut self, name: &'static str, allowed: &str) -> Result<String, Problem> {
        let given = self.query.one(name)?;
        given.ok_or_else(|| Problem::missing(name, allowed))
    }

    /// The whole id of a hotspot.
    pub(super) fn hotspot_id(&self, name: &str, prefix: &str) -> Result<String, Problem> {
        let ids = self.view.answers.hotspots.iter();
        let found = unique(name, prefix, ids.map(|hotspot| hotspot.id.to_string()))?;
        found.ok_or_else(|| {
            Problem::not_found(format!(
                "no hotspot has an id that begins with `{prefix}`; list_hotspots with min_confidence 0 names all"
            ))
        })
    }

    /// Reads `trace_id`, the last argument, and the trace that it means.
    pub(super) async fn trace(&mut self) -> Result<Trace, Problem> {
        let id = self.needed("trace_id", TRACE)?;
        self.finish()?;
        let id = self.trace_id("trace_id", &id)?;
        read::trace(&*self.backend, &id).await.map_err(|problem| {
            Problem::not_found(format!("{}; search_traces names exemplars", problem.detail))
        })
    }

    /// The whole id of a trace: of one that is evidence by its first digits, of any other by all of them.
    pub(super) fn trace_id(&self, name: &str, prefix: &str) -> Result<String, Problem> {
        let evidence = self
            .view
            .answers
            .hotspots
            .iter()
            .flat_map(|hotspot| &hotspot.evidence);
        let found = unique(name, prefix, evidence.map(|of| of.trace.to_string()))?;
        Ok(found.unwrap_or_else(|| prefix.to_owned()))
    }
}

impl Reply {
    pub(super) fn new(lines: Lines, content: &impl Serialize) -> Result<Reply, Problem> {
        let content = serde_json::to_value(content).map_err(|error| Problem::unwritable(&error))?;
        Ok(Reply {
            text: lines.finish(),
            content,
        })
    }
}

/// Where a list goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Next {
    /// Call the same tool with the same arguments and this.
    cursor: String,
    /// What that gets.
    how: String,
}

impl Next {
    /// After a page of `tool`; `None` after the last.
    pub(super) fn after<T>(tool: &str, page: &PageOf<T>) -> Option<Next> {
        let (shown, total) = (page.rows.len(), page.total);
        page.next_cursor.clone().map(|cursor| Next {
            cursor,
            how: format!(
                "{shown} of {total} are here; for more call {tool} with the same arguments and this cursor, or with \
                 a larger max_bytes or limit; to see fewer, filter"
            ),
        })
    }
}

/// What an answer rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Basis {
    /// Traces analysed.
    traces: u64,
    /// Share of them that lack nothing.
    complete_share: Decimal,
    /// Hours that impacts and rates are taken over.
    window_hours: Decimal,
    /// Services of which something could not be seen.
    partly_blind_services: u64,
    /// What gives way to the load: none, evidence, closing, sampling, refusing.
    pressure: String,
}

impl Basis {
    pub(super) fn of(view: &View) -> Basis {
        let of: Coverage = read::coverage(view);
        Basis {
            traces: of.traces.analysed,
            complete_share: of.complete_share,
            window_hours: of.window_hours,
            partly_blind_services: of.services.len() as u64,
            pressure: of.pressure.level,
        }
    }

    /// In a few words.
    pub(super) fn says(&self) -> String {
        format!(
            "from {} traces, {} complete, {} services partly blind",
            self.traces,
            self.complete_share.percent(),
            self.partly_blind_services
        )
    }
}
