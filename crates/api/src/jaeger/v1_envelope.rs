//! What answers and refusals of v1 are wrapped in.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::ask::Problem;
use crate::compat;

/// What every answer of v1 is wrapped in.
#[derive(Debug, Serialize)]
pub(super) struct Envelope<T> {
    data: Option<T>,
    total: usize,
    limit: usize,
    offset: usize,
    errors: Option<Vec<Failure>>,
}

/// Why something is not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Failure {
    code: u16,
    msg: String,
    #[serde(rename = "traceID", skip_serializing_if = "Option::is_none")]
    trace_id: Option<String>,
}

impl<T: Serialize> Envelope<Vec<T>> {
    /// The answer of a list.
    pub(super) fn of(data: Vec<T>) -> Json<Envelope<Vec<T>>> {
        Envelope::partly(data, Vec::new())
    }

    /// A list of names, which alone are counted.
    pub(super) fn counted(data: Vec<T>) -> Json<Envelope<Vec<T>>> {
        let Json(envelope) = Envelope::of(data);
        Json(Envelope {
            total: envelope.data.as_ref().map_or(0, Vec::len),
            ..envelope
        })
    }

    /// A list of which some things are missing.
    pub(super) fn partly(data: Vec<T>, errors: Vec<Failure>) -> Json<Envelope<Vec<T>>> {
        Json(Envelope {
            total: 0,
            data: Some(data),
            limit: 0,
            offset: 0,
            errors: (!errors.is_empty()).then_some(errors),
        })
    }
}

impl Failure {
    pub(super) fn new(status: StatusCode, msg: impl Into<String>) -> Failure {
        Failure {
            code: status.as_u16(),
            msg: msg.into(),
            trace_id: None,
        }
    }

    /// The same about one trace.
    pub(super) fn of_trace(self, id: String) -> Failure {
        Failure {
            trace_id: Some(id),
            ..self
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Failure {
        Failure {
            code: problem.status,
            msg: compat::sentence(&problem),
            trace_id: None,
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.code).unwrap_or(StatusCode::BAD_REQUEST);
        let envelope = Envelope::<()> {
            data: None,
            total: 0,
            limit: 0,
            offset: 0,
            errors: Some(vec![self]),
        };
        (status, Json(envelope)).into_response()
    }
}
