//! The page for people: documents that say the main thing before any script runs, and the assets they name.

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::routes::{INDEX, segment};
use super::{Shared, headline, snapshot};
use crate::ask::Problem;

/// Only what this process serves is loaded or asked, nothing in a document runs, no text becomes markup, and no other
/// site shows the page as a part of itself.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types 'none'",
);
/// An asset is never another under the same name.
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// The pages, by path.
pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/", get(home))
        .route("/hotspots/{id}", get(hotspot))
        .route(
            "/traces/{trace_id}",
            get(async || document("../", "Trace", StatusCode::OK)),
        )
        .route("/traces", get(async || document("./", "Traces", StatusCode::OK)))
        .route("/audit", get(async || document("./", "Audit", StatusCode::OK)))
        .route(
            "/services",
            get(async || document("./", "Services", StatusCode::OK)),
        )
        .route(
            "/operation",
            get(async || document("./", "Operation", StatusCode::OK)),
        )
        .route(
            "/third-parties",
            get(async || document("./", "Third parties", StatusCode::OK)),
        )
        .route(
            "/compare",
            get(async || document("./", "Compare", StatusCode::OK)),
        )
        .route(
            "/ingest",
            get(async || document("./", "Ingest health", StatusCode::OK)),
        )
        .route("/assets/{name}", get(asset))
}

/// The hotspots; for who does not read HTML, what there is in a few lines.
async fn home(State(backend): State<Shared>, headers: HeaderMap) -> Response {
    let mut response = match reads_html(&headers) {
        true => page(
            "./",
            "Hotspots",
            &headline::of_list(&backend.view()),
            StatusCode::OK,
        ),
        false => INDEX.into_response(),
    };
    let varies = HeaderValue::from_static("Accept");
    response.headers_mut().insert(header::VARY, varies);
    response
}

async fn hotspot(State(backend): State<Shared>, id: Result<Path<String>, PathRejection>) -> Response {
    let view = backend.view();
    match crate::read::find(&view, &segment(id)) {
        Some(of) => page(
            "../",
            &headline::title(of),
            &headline::of_hotspot(of),
            StatusCode::OK,
        ),
        None => document("../", "No such hotspot", StatusCode::NOT_FOUND),
    }
}

/// A page whose first words are its name.
fn document(root: &str, name: &str, status: StatusCode) -> Response {
    page(root, name, &format!("<h1>{name}</h1>"), status)
}

fn page(root: &str, title: &str, headline: &str, status: StatusCode) -> Response {
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        ),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    let body = hotspan_ui::document(root, title, headline);
    (status, headers, body).into_response()
}

async fn asset(name: Result<Path<String>, PathRejection>, asked: HeaderMap) -> Response {
    let Some(asset) = hotspan_ui::asset(&segment(name)) else {
        return Problem::not_found("there is no such asset; load the page anew").into_response();
    };
    let tag = format!("\"{}\"", asset.tag);
    let mut response = match (snapshot::knows(&asked, &tag), inflates(&asked)) {
        (true, _) => StatusCode::NOT_MODIFIED.into_response(),
        (false, true) => ([(header::CONTENT_ENCODING, "gzip")], asset.gzip.as_slice()).into_response(),
        (false, false) => asset.plain.as_ref().into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    headers.insert(header::CACHE_CONTROL, FOREVER);
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// Browsers ask for HTML by name; `*/*` of other clients means no more than that they take it.
fn reads_html(asked: &HeaderMap) -> bool {
    mentions(asked, header::ACCEPT, "text/html")
}

fn inflates(asked: &HeaderMap) -> bool {
    mentions(asked, header::ACCEPT_ENCODING, "gzip")
}

/// Whether a list of preferences has the word, and does not refuse it.
fn mentions(asked: &HeaderMap, name: header::HeaderName, word: &str) -> bool {
    let values = asked.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let mut items = values.flat_map(|value| value.split(','));
    items.any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let named = parts.next().is_some_and(|named| named.eq_ignore_ascii_case(word));
        named
            && !parts.any(|part| {
                part.strip_prefix("q=")
                    .is_some_and(|q| q.trim_matches(['0', '.']).is_empty())
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_encoding_is_not_used() {
        let mut asked = HeaderMap::new();
        asked.insert(
            header::ACCEPT_ENCODING,
            HeaderValue::from_static("br, GZIP;q=0.5"),
        );
        assert!(inflates(&asked));
        asked.insert(
            header::ACCEPT_ENCODING,
            HeaderValue::from_static("br, gzip;q=0.0"),
        );
        assert!(!inflates(&asked));
    }
}
