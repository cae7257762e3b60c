//! Which snapshot an answer comes from, as HTTP says it: ETag and 304.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::View;

/// The answer with the snapshot's tag; or, when the client has it already, only the tag.
pub(super) fn tagged(view: &View, asked: &HeaderMap, answer: impl FnOnce() -> Response) -> Response {
    // A restart begins to count again, and so does each tenant: the tag names the process and the tenant too.
    let of = &view.status;
    let tenant = of
        .tenant
        .as_deref()
        .map(|name| format!(".{name}"))
        .unwrap_or_default();
    let tag = format!("\"{:x}-{:x}{tenant}\"", of.started.0, view.version);
    let mut response = match knows(asked, &tag) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => answer(),
    };
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    let revalidate = HeaderValue::from_static("no-cache");
    response.headers_mut().insert(header::CACHE_CONTROL, revalidate);
    response
}

/// Whether `If-None-Match` names the tag.
pub(super) fn knows(asked: &HeaderMap, tag: &str) -> bool {
    let values = asked
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut tags = values.flat_map(|value| value.split(',')).map(str::trim);
    tags.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}
