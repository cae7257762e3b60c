//! Refusals: `application/problem+json` with a detail that says what to do.

use std::collections::BTreeSet;

use axum::Json;
use axum::response::{IntoResponse, Response};
use hotspan_access::Denied;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use super::nearest::nearest;
use crate::shape::clean_to;

/// Most ids that are named where one is meant.
const CANDIDATES_MAX: usize = 10;
/// Most characters of a refused value that are said back.
const SAID_BACK_MAX: usize = 200;

/// Why a request was refused, and what would be accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// Kind of problem: `about:blank`, the status says it all.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The status in words.
    pub title: &'static str,
    /// HTTP status.
    pub status: u16,
    /// What to do.
    pub detail: String,
    /// The parameter, when it is about one.
    #[serde(flatten)]
    pub about: Box<Parameter>,
}

/// A refused parameter; nothing of it is there when the problem is another one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Parameter {
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// The value that was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// What is allowed in its place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<String>,
    /// The name that was probably meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearest: Option<String>,
}

impl Problem {
    fn new(status: StatusCode, detail: String) -> Problem {
        Problem {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            detail,
            ..Problem::default()
        }
    }

    /// Nothing has this id or path.
    pub(crate) fn not_found(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::NOT_FOUND, detail.into())
    }

    /// The operator does not want this surface.
    pub(crate) fn switched_off(name: &str) -> Problem {
        Problem::not_found(format!(
            "this is switched off here; add {name} to the key compat (--compat, HOTSPAN_COMPAT) and start the daemon again"
        ))
    }

    /// It shows no credential, or one that may not do this.
    pub(crate) fn denied(denied: &Denied) -> Problem {
        let status = match denied.is_unauthenticated() {
            true => StatusCode::UNAUTHORIZED,
            false => StatusCode::FORBIDDEN,
        };
        Problem::new(status, denied.to_string())
    }

    /// The path exists and the method does not.
    pub(crate) fn method_not_allowed() -> Problem {
        let detail =
            "everything here is read with GET; only /api/v1/hotspots/{id}/state is written, with POST"
                .to_owned();
        Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail)
    }

    /// No hotspot has this id.
    pub(crate) fn no_hotspot() -> Problem {
        Problem::not_found("no hotspot has this id; GET /api/v1/hotspots?min_confidence=0 lists all")
    }

    /// The body is not said to be JSON.
    pub(crate) fn not_json(kind: &str) -> Problem {
        let detail = "send a JSON object with the header `content-type: application/json`".to_owned();
        let about = Problem::about(detail, "content-type", kind, &["application/json"], None);
        about.with(StatusCode::UNSUPPORTED_MEDIA_TYPE)
    }

    /// The body does not read as a JSON object.
    pub(crate) fn bad_body(error: &serde_json::Error) -> Problem {
        let detail = format!("the body must be one JSON object: {error}");
        Problem::new(StatusCode::BAD_REQUEST, detail)
    }

    /// The body is too large, or did not come whole.
    pub(crate) fn body_too_large(bytes_max: usize) -> Problem {
        let detail = format!("the body must come whole and be at most {bytes_max} bytes; shorten the reason");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    }

    /// A page of another site sent it.
    pub(crate) fn another_site() -> Problem {
        let detail = "pages of other sites change nothing here; use this daemon's own address".to_owned();
        Problem::new(StatusCode::FORBIDDEN, detail)
    }

    /// It names another host than ours, or comes from a page of one.
    pub(crate) fn foreign(header: &str, value: &str) -> Problem {
        let detail = format!(
            "the header `{header}` must name loopback or an address of `public_url`; set public_url if agents reach \
             this daemon by another name"
        );
        Problem::about(detail, header, value, &[], None).with(StatusCode::FORBIDDEN)
    }

    /// There is no room for another note.
    pub(crate) fn full(notes_max: usize) -> Problem {
        let detail =
            format!("{notes_max} hotspots are acknowledged or muted, the most that is held; reopen some");
        Problem::new(StatusCode::CONFLICT, detail)
    }

    /// Nobody takes it now.
    pub(crate) fn busy() -> Problem {
        let detail = "too much is said at once, or the daemon is shutting down; try again".to_owned();
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    }

    /// It holds for as long as this process lives.
    pub(crate) fn unstored() -> Problem {
        let detail = "it is shown, but the store cannot be written, so that a restart would forget it; \
                      /api/v1/status says why, and saying it again later is safe";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail.to_owned())
    }

    /// The same problem under another status.
    fn with(self, status: StatusCode) -> Problem {
        Problem {
            about: self.about,
            ..Problem::new(status, self.detail)
        }
    }

    /// There is no such parameter.
    pub(crate) fn unknown_parameter(name: &str, value: &str, known: &[&str]) -> Problem {
        let name = clean_to(name, SAID_BACK_MAX);
        let guess = nearest(&name, known.iter().copied());
        let detail = match (guess, known) {
            (Some(guess), _) => format!("there is no parameter `{name}`; did you mean `{guess}`?"),
            (None, []) => format!("there is no parameter `{name}`; this takes none"),
            (None, _) => format!("there is no parameter `{name}`; leave it out or use one of those allowed"),
        };
        Problem::about(detail, &name, value, known, guess)
    }

    /// The value is none of a closed list.
    pub(crate) fn unknown_value(name: &str, value: &str, known: &[&str]) -> Problem {
        let guess = nearest(value, known.iter().copied());
        let detail = match guess {
            Some(guess) => format!("`{name}` has no such value; did you mean `{guess}`?"),
            None => format!("`{name}` has no such value; use one of those allowed"),
        };
        Problem::about(detail, name, value, known, guess)
    }

    /// The value does not read as `allowed`.
    pub(crate) fn bad_value(name: &str, value: &str, allowed: &str) -> Problem {
        let detail = format!("`{name}` must be {allowed}");
        Problem::about(detail, name, value, &[allowed], None)
    }

    /// The value is the beginning of several ids.
    pub(crate) fn ambiguous(name: &str, value: &str, ids: &BTreeSet<String>) -> Problem {
        let shown: Vec<&str> = ids.iter().take(CANDIDATES_MAX).map(String::as_str).collect();
        let detail = format!(
            "`{name}` is the beginning of {} ids; write more digits",
            ids.len()
        );
        Problem::about(detail, name, value, &shown, None)
    }

    /// The parameter is needed.
    pub(crate) fn missing(name: &str, allowed: &str) -> Problem {
        Problem::about(
            format!("`{name}` is needed: {allowed}"),
            name,
            "",
            &[allowed],
            None,
        )
    }

    /// The parameter takes one value and got several.
    pub(crate) fn given_twice(name: &str, value: &str) -> Problem {
        let detail = format!("`{name}` is given more than once and takes one value; keep one");
        Problem::about(detail, name, value, &["one value"], None)
    }

    /// An answer that cannot be written: no shape is one, but serialisation says it could be.
    pub(crate) fn unwritable(error: &serde_json::Error) -> Problem {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    }

    fn about(detail: String, name: &str, value: &str, allowed: &[&str], guess: Option<&str>) -> Problem {
        let parameter = Parameter {
            parameter: Some(name.to_owned()),
            value: Some(clean_to(value, SAID_BACK_MAX)),
            allowed: allowed.iter().map(|&allowed| allowed.to_owned()).collect(),
            nearest: guess.map(str::to_owned),
        };
        Problem {
            about: Box::new(parameter),
            ..Problem::new(StatusCode::BAD_REQUEST, detail)
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        let mut response = (status, Json(self)).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    }
}

impl From<Problem> for tonic::Status {
    fn from(problem: Problem) -> tonic::Status {
        match problem.status {
            404 => tonic::Status::not_found(problem.detail),
            409 => tonic::Status::resource_exhausted(problem.detail),
            503 => tonic::Status::unavailable(problem.detail),
            _ => tonic::Status::invalid_argument(problem.detail),
        }
    }
}
