//! Which fields can be asked about, and which values they have.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{AppendHeaders, IntoResponse, Response};
use serde_json::{Value as JsonValue, json};

use super::ql::Field;
use super::refusal::Refusal;
use super::search::window;
use crate::Backend;
use crate::ask::{Problem, Query};
use crate::compat::{self, LIMIT_MAX, Span, Status, Summary, kind_name, of_resource, of_span};

/// Most names or values of one answer.
const NAMES_MAX: usize = 1_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Resource,
    Span,
    Intrinsic,
    /// Scopes that exist and of which nothing is kept.
    Empty,
}

const SCOPES: [(&str, Scope); 6] = [
    ("resource", Scope::Resource),
    ("span", Scope::Span),
    ("intrinsic", Scope::Intrinsic),
    ("event", Scope::Empty),
    ("link", Scope::Empty),
    ("instrumentation", Scope::Empty),
];

/// Names of fields by scope, of the newest traces.
pub(super) async fn tags(
    State(backend): State<Arc<dyn Backend>>,
    mut query: Query,
) -> Result<Response, Refusal> {
    let asked = query.one_word("scope", &SCOPES)?;
    let wanted = window(&mut query)?;
    let mut resource = BTreeSet::from(["service.name".to_owned()]);
    let mut span = BTreeSet::new();
    let found = compat::search(&*backend, &wanted, LIMIT_MAX, |trace| {
        for of in &trace.spans {
            resource.extend(of.resource.attributes.iter().map(|(key, _)| key.clone()));
            span.extend(of.attributes.iter().map(|(key, _)| key.clone()));
        }
        Some(((), 0))
    });
    let cut = found.await.truncated;
    let intrinsics = Field::intrinsics().map(str::to_owned).collect();
    let scopes = [
        ("resource", Scope::Resource, resource),
        ("span", Scope::Span, span),
        ("intrinsic", Scope::Intrinsic, intrinsics),
    ];
    let scopes: Vec<JsonValue> = scopes
        .into_iter()
        .filter(|(_, scope, _)| asked.is_none_or(|asked| asked == *scope))
        .map(|(name, _, tags)| {
            let tags: Vec<String> = tags.into_iter().take(NAMES_MAX).collect();
            json!({"name": name, "tags": tags})
        })
        .collect();
    let cut = AppendHeaders(compat::truncated(cut));
    Ok((cut, Json(json!({"scopes": scopes}))).into_response())
}

/// Values of one field in the newest traces.
pub(super) async fn values(
    State(backend): State<Arc<dyn Backend>>,
    tag: Result<Path<String>, PathRejection>,
    mut query: Query,
) -> Result<Response, Refusal> {
    let name = tag.map(|Path(tag)| tag).unwrap_or_default();
    let allowed = "a field like `resource.service.name`, `span.http.route`, `.http.route` or `name`";
    let field = Field::new(&name).ok_or_else(|| Problem::bad_value("tag", &name, allowed))?;
    let wanted = window(&mut query)?;
    let mut values: BTreeSet<String> = BTreeSet::new();
    let found = compat::search(&*backend, &wanted, LIMIT_MAX, |trace| {
        let summary = Summary::new(&trace);
        for span in &trace.spans {
            if values.len() < NAMES_MAX {
                values.extend(of_field(&field, span, &summary));
            }
        }
        Some(((), 0))
    });
    let cut = found.await.truncated;
    let kind = match field {
        Field::Status | Field::Kind => "keyword",
        Field::Resource(_)
        | Field::Span(_)
        | Field::Any(_)
        | Field::Name
        | Field::Duration
        | Field::RootName
        | Field::RootServiceName
        | Field::TraceDuration => "string",
    };
    let values = values
        .into_iter()
        .map(|value| json!({"type": kind, "value": value}));
    let answer = json!({"tagValues": values.collect::<Vec<_>>()});
    Ok((AppendHeaders(compat::truncated(cut)), Json(answer)).into_response())
}

/// The values of a field on a span; lengths have too many to list.
fn of_field(field: &Field, span: &Span, summary: &Summary<'_>) -> Vec<String> {
    let owned = |values: Vec<std::borrow::Cow<'_, str>>| {
        values
            .into_iter()
            .map(std::borrow::Cow::into_owned)
            .collect::<Vec<_>>()
    };
    match field {
        Field::Resource(key) => owned(of_resource(span, key)),
        Field::Span(key) => owned(of_span(span, key)),
        Field::Any(key) => {
            let mut values = owned(of_span(span, key));
            values.extend(owned(of_resource(span, key)));
            values
        }
        Field::Name => vec![span.name.clone()],
        Field::Kind => vec![kind_name(span.kind).to_owned()],
        Field::Status => vec![status_name(span.status).to_owned()],
        Field::RootName => vec![summary.root_name.to_owned()],
        Field::RootServiceName => vec![summary.root_service.to_owned()],
        Field::Duration | Field::TraceDuration => Vec::new(),
    }
}

fn status_name(status: Status) -> &'static str {
    match status {
        Status::Unset => "unset",
        Status::Ok => "ok",
        Status::Error => "error",
    }
}
