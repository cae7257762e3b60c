//! Refusals: one sentence as plain text, which the data sources show as it is.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::ql::Unsupported;
use crate::ask::Problem;
use crate::compat;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    status: StatusCode,
    sentence: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, sentence: impl Into<String>) -> Refusal {
        Refusal {
            status,
            sentence: sentence.into(),
        }
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Refusal {
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST);
        Refusal::new(status, compat::sentence(&problem))
    }
}

impl From<Unsupported> for Refusal {
    fn from(of: Unsupported) -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, of.to_string())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, self.sentence).into_response()
    }
}

pub(super) async fn no_metrics() -> Refusal {
    let instead =
        "TraceQL metrics are not computed here: scrape /metrics, or ask Prometheus, for rates and latencies";
    Refusal::new(StatusCode::NOT_IMPLEMENTED, instead)
}

pub(super) async fn no_such_path() -> Refusal {
    let known = "there is no such path; under /tempo there are /api/echo, /api/traces/{id}, /api/v2/traces/{id}, \
                 /api/search, /api/v2/search/tags and /api/mcp";
    Refusal::new(StatusCode::NOT_FOUND, known)
}

pub(super) async fn only_get() -> Refusal {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "everything here is read with GET")
}
