//! In which form a list is written: JSON with its envelope, JSON lines, CSV.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::flat::{Flat, csv, flat};
use crate::ask::{Problem, Query};
use crate::shape::List;

/// How many rows all pages have, where there is no envelope to say it.
static TOTAL: HeaderName = HeaderName::from_static("x-total-count");
/// Where the next page begins, where there is no envelope to say it.
static NEXT: HeaderName = HeaderName::from_static("x-next-cursor");

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Format {
    #[default]
    Json,
    JsonLines,
    Csv,
}

/// The form that is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Form {
    format: Format,
    flat: bool,
}

/// A list with its envelope, or with `flat=true` bare rows without nesting.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum Listed<L> {
    /// The page.
    Page(L),
    /// One object a row: nested keys joined by `_`, arrays as counts.
    Flat(Vec<Flat>),
}

impl Form {
    pub(super) fn read(query: &mut Query) -> Result<Form, Problem> {
        let formats = [
            ("json", Format::Json),
            ("jsonl", Format::JsonLines),
            ("csv", Format::Csv),
        ];
        Ok(Form {
            format: query.one_word("format", &formats)?.unwrap_or_default(),
            flat: query
                .one_word("flat", &[("true", true), ("false", false)])?
                .unwrap_or_default(),
        })
    }

    /// The list in this form.
    pub(super) fn write<L: List>(self, list: L) -> Response {
        let (total, next) = (list.total(), list.next_cursor().map(str::to_owned));
        let mut response = match (self.format, self.flat) {
            (Format::Json, false) => return Json(Listed::Page(list)).into_response(),
            (Format::Json, true) => {
                Json(Listed::<L>::Flat(list.rows().iter().map(flat).collect())).into_response()
            }
            (Format::JsonLines, false) => lines(list.rows()),
            (Format::JsonLines, true) => lines(&list.rows().iter().map(flat).collect::<Vec<_>>()),
            (Format::Csv, _) => text("text/csv; charset=utf-8", csv(list.rows())),
        };
        let headers = response.headers_mut();
        headers.insert(TOTAL.clone(), HeaderValue::from(total));
        if let Some(Ok(next)) = next.map(HeaderValue::try_from) {
            headers.insert(NEXT.clone(), next);
        }
        response
    }
}

/// One JSON value a line.
fn lines<T: Serialize>(rows: &[T]) -> Response {
    let mut body = String::new();
    for row in rows {
        match serde_json::to_string(row) {
            Ok(line) => body.extend([line.as_str(), "\n"]),
            Err(error) => return Problem::unwritable(&error).into_response(),
        }
    }
    text("application/x-ndjson", body)
}

fn text(kind: &'static str, body: String) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], body).into_response()
}
