//! Who may ask: a page of another site, or a name that was bent to this address, may not.

use std::net::IpAddr;

use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, Uri, header};

use crate::ask::Problem;

/// Refuses a request for a name that is not ours, or from a page that is not.
pub(super) fn check(asked: &Parts, public: &[String]) -> Result<(), Problem> {
    let host = text(&asked.headers, &header::HOST).or(asked.uri.authority().map(Authority::as_str));
    let host = host.unwrap_or_default();
    if !host.parse().is_ok_and(|authority| is_ours(&authority, public)) {
        return Err(Problem::foreign("Host", host));
    }
    match text(&asked.headers, &header::ORIGIN) {
        None if !asked.headers.contains_key(header::ORIGIN) => Ok(()),
        Some(origin) if is_our_page(origin, public) => Ok(()),
        other => Err(Problem::foreign("Origin", other.unwrap_or_default())),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn is_our_page(origin: &str, public: &[String]) -> bool {
    let uri: Option<Uri> = origin.parse().ok();
    uri.as_ref()
        .and_then(Uri::authority)
        .is_some_and(|authority| is_ours(authority, public))
}

/// Loopback, or the name of a public address.
fn is_ours(authority: &Authority, public: &[String]) -> bool {
    let host = bare(authority.host());
    let is_loopback = host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    let is_public = || {
        public
            .iter()
            .filter_map(|url| url.parse::<Uri>().ok())
            .any(|url| {
                url.host()
                    .is_some_and(|name| bare(name).eq_ignore_ascii_case(host))
            })
    };
    is_loopback || host.eq_ignore_ascii_case("localhost") || is_public()
}

fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn allowed(host: &str, origin: Option<&str>) -> bool {
        let mut request = Request::builder().uri("/mcp").header("host", host);
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        check(&parts, &["https://spans.shop.test/hotspan".to_owned()]).is_ok()
    }

    #[test]
    fn loopback_and_public_names_are_ours_and_nothing_else_is() {
        for host in [
            "localhost",
            "LOCALHOST:4319",
            "127.0.0.1:1",
            "[::1]:4319",
            "spans.shop.test:443",
        ] {
            assert!(allowed(host, None), "{host}");
        }
        for host in [
            "",
            "evil.test",
            "localhost.evil.test",
            "10.0.0.7:4319",
            "spans.shop.test.evil.test",
            "a b",
        ] {
            assert!(!allowed(host, None), "{host}");
        }
    }

    #[test]
    fn pages_of_other_sites_are_refused() {
        for origin in ["http://localhost:6274", "https://spans.shop.test"] {
            assert!(allowed("localhost", Some(origin)), "{origin}");
        }
        for origin in [
            "https://evil.test",
            "null",
            "",
            "http://localhost.evil.test",
            "file://",
        ] {
            assert!(!allowed("localhost", Some(origin)), "{origin}");
        }
    }
}
