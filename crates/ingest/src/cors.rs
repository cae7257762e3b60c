//! Pages of which other sites may send telemetry from a browser: none, unless the configuration lists them.

use std::time::Duration;

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};

/// Who may send from a browser, and with which headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cors {
    /// The sites.
    pub origins: Origins,
    /// Headers that their pages may set.
    pub headers: Vec<HeaderName>,
    /// How long browsers remember the permission.
    pub max_age: Duration,
}

/// Sites as `scheme://host`, with `*.` for every name below a host, or `*` for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins(Vec<Site>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Site {
    All,
    /// Exactly this origin.
    One(String),
    /// What is before and after the name of one or several labels.
    Below {
        scheme: String,
        rest: String,
    },
}

impl Origins {
    /// Sites by commas; the error says what is wrong.
    pub fn read(text: &str) -> Result<Origins, String> {
        let sites = text.split(',').map(str::trim).filter(|site| !site.is_empty());
        sites.map(site).collect::<Result<_, _>>().map(Origins)
    }

    fn permits(&self, origin: &str) -> bool {
        let origin = origin.to_ascii_lowercase();
        self.0.iter().any(|site| match site {
            Site::All => true,
            Site::One(one) => *one == origin,
            Site::Below { scheme, rest } => {
                let name = origin
                    .strip_prefix(scheme)
                    .and_then(|name| name.strip_suffix(rest));
                let is_label = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
                name.is_some_and(|name| !name.is_empty() && name.bytes().all(is_label))
            }
        })
    }
}

fn site(text: &str) -> Result<Site, String> {
    if text == "*" {
        return Ok(Site::All);
    }
    let wrong = || format!("{text} is no site; write say https://shop.example.com or https://*.example.com");
    let text = text.trim_end_matches('/').to_ascii_lowercase();
    let uri: Uri = text.replacen("://*.", "://", 1).parse().map_err(|_| wrong())?;
    let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
    let is_bare = uri.path() == "/" && uri.query().is_none() && !text.contains('@');
    if !is_web
        || !is_bare
        || uri
            .host()
            .is_none_or(|host| host.is_empty() || host.contains('*'))
    {
        return Err(wrong());
    }
    Ok(match text.split_once("://*") {
        Some((scheme, rest)) => Site::Below {
            scheme: format!("{scheme}://"),
            rest: rest.to_owned(),
        },
        None => Site::One(text),
    })
}

impl Cors {
    /// The site of whose page a request comes, when it may send.
    pub(crate) fn permitted(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(ORIGIN)?;
        self.origins
            .permits(origin.to_str().ok()?)
            .then(|| origin.clone())
    }

    /// Whether a request only asks whether it may be sent.
    pub(crate) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
        method == Method::OPTIONS && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
    }

    /// Tells a page that its next request may be sent.
    pub(crate) fn allow(&self, headers: &mut HeaderMap) -> StatusCode {
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
        headers.insert(ACCESS_CONTROL_MAX_AGE, self.max_age.as_secs().into());
        let names: Vec<&str> = self.headers.iter().map(HeaderName::as_str).collect();
        if let Ok(names) = HeaderValue::from_str(&names.join(", ")) {
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names);
        }
        StatusCode::NO_CONTENT
    }
}

/// Lets the page of a permitted site read a reply.
pub(crate) fn share(headers: &mut HeaderMap, site: HeaderValue) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, site);
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("retry-after"),
    );
    headers.append(VARY, HeaderValue::from_static("Origin"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h10_sites_are_listed_one_by_one_or_below_a_name() {
        let listed =
            Origins::read("https://shop.test, https://*.example.com:8443, http://localhost:3000").unwrap();
        for origin in [
            "https://shop.test",
            "https://SHOP.test",
            "https://a.example.com:8443",
            "https://a.b.example.com:8443",
            "http://localhost:3000",
        ] {
            assert!(listed.permits(origin), "{origin}");
        }
        for origin in [
            "http://shop.test",
            "https://shop.test:8443",
            "https://shop.test.evil.test",
            "https://evilshop.test",
            "https://example.com:8443",
            "https://.example.com:8443",
            "https://a.example.com",
            "https://evil.test/.example.com:8443",
            "https://evil.test@a.example.com:8443",
            "null",
            "",
        ] {
            assert!(!listed.permits(origin), "{origin}");
        }
        assert!(Origins::read("*").unwrap().permits("https://any.test"));
        assert!(!Origins::default().permits("https://any.test"));
    }

    #[test]
    fn what_is_no_site_is_named() {
        for wrong in [
            "shop.test",
            "https://",
            "ftp://a",
            "https://*",
            "https://a*.test",
            "https://a/b",
            "https://u@a",
        ] {
            assert!(
                Origins::read(wrong).unwrap_err().contains("is no site"),
                "{wrong}"
            );
        }
        assert_eq!(Origins::read(" , "), Ok(Origins::default()));
    }
}
