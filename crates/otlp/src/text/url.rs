//! URLs: their parts, and the template of a path.

use memchr::{memchr, memrchr};

use super::ParamHasher;
use super::segment::Segment;

/// The parts of a URL as they stand in it; user info and fragment are gone. Absent parts are empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Url<'a> {
    /// Without `://`.
    pub scheme: &'a str,
    /// Without brackets around an IPv6 address; case as it came.
    pub host: &'a str,
    /// 0 when absent, unreadable or the scheme's default.
    pub port: u16,
    /// From its first `/`; empty when there is none.
    pub path: &'a str,
    /// Without `?`.
    pub query: &'a str,
}

/// Most segments of a path template.
const SEGMENTS_MAX: usize = 12;
/// Most distinct keys of a query that a template shows.
const QUERY_KEYS_MAX: usize = 16;

impl<'a> Url<'a> {
    /// Takes an absolute URL, `//host/path` or a request target (`/path?query`) apart.
    pub fn parse(text: &'a str) -> Url<'a> {
        let text = before(text, b'#').0;
        let (before_query, query) = before(text, b'?');
        let (scheme, rest) = match before(before_query, b':') {
            (scheme, rest) if rest.starts_with("//") && !scheme.starts_with('/') => (scheme, rest),
            _ if before_query.starts_with("//") => ("", before_query),
            _ => {
                return Url {
                    path: before_query,
                    query,
                    ..Url::default()
                };
            }
        };
        let rest = &rest[2..];
        let slash = memchr(b'/', rest.as_bytes()).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(slash);
        let user = memrchr(b'@', authority.as_bytes()).map_or(0, |at| at + 1);
        let address = &authority[user..];
        let (host, port) = host_port(address);
        Url {
            scheme,
            host,
            port: if port == default_port(scheme) { 0 } else { port },
            path,
            query,
        }
    }
}

/// What stands before the first `mark`, and behind it; nothing is behind it when there is none.
fn before(text: &str, mark: u8) -> (&str, &str) {
    match memchr(mark, text.as_bytes()) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, ""),
    }
}

fn default_port(scheme: &str) -> u16 {
    const PORTS: [(&str, u16); 4] = [("http", 80), ("https", 443), ("ws", 80), ("wss", 443)];
    let known = PORTS.iter().find(|(name, _)| name.eq_ignore_ascii_case(scheme));
    known.map_or(0, |&(_, port)| port)
}

/// Splits `host:port`; the port is 0 when there is none. An IPv6 address keeps its colons and loses its brackets.
pub fn host_port(text: &str) -> (&str, u16) {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, after) = rest.split_once(']').unwrap_or((rest, ""));
        let port = after.strip_prefix(':').and_then(|port| port.parse().ok());
        return (host, port.unwrap_or(0));
    }
    match before(text, b':') {
        // More than one colon: an address without brackets.
        (host, port) if memchr(b':', port.as_bytes()).is_none() => (host, port.parse().unwrap_or(0)),
        _ => (text, 0),
    }
}

/// Writes the template of a path; the values of its `{}` segments go to `params`.
pub fn path_template(path: &str, params: &mut ParamHasher, out: &mut String) {
    out.clear();
    push_path(path, params, out);
}

/// Writes path template and, after `?`, the sorted distinct keys of the query; all values go to `params`.
pub fn template(path: &str, query: &str, params: &mut ParamHasher, out: &mut String) {
    out.clear();
    push_path(path, params, out);
    push_query_keys(query, params, out);
}

/// Writes the host as a grouping key: lower case, digit runs as `#`.
pub fn host_key(host: &str, out: &mut String) {
    out.clear();
    let mut digits = false;
    for char in host.chars() {
        let digit = char.is_ascii_digit();
        if !digit {
            out.push(char.to_ascii_lowercase());
        } else if !digits {
            out.push('#');
        }
        digits = digit;
    }
}

/// Appends the template of a path: `/` and up to twelve segments.
pub(super) fn push_path(path: &str, params: &mut ParamHasher, out: &mut String) {
    let from = out.len();
    let mut segments = 0;
    let mut rest = path;
    while !rest.is_empty() {
        // `;` starts matrix parameters.
        let segment = Segment::read(rest, |byte| matches!(byte, b'/' | b';'));
        rest = &rest[segment.text.len()..];
        rest = match rest.as_bytes().first() {
            Some(b';') => before(rest, b'/').1,
            Some(_) => &rest[1..],
            None => "",
        };
        if segment.text.is_empty() {
            continue;
        }
        if segments == SEGMENTS_MAX {
            break;
        }
        segments += 1;
        out.push('/');
        if segment.is_variable() {
            params.add(segment.text.as_bytes());
            out.push_str("{}");
        } else {
            out.push_str(segment.text);
        }
    }
    if out.len() == from {
        out.push('/');
    }
}

fn push_query_keys(query: &str, params: &mut ParamHasher, out: &mut String) {
    let mut keys = [""; QUERY_KEYS_MAX];
    let mut count = 0;
    let mut rest = query;
    while !rest.is_empty() {
        let (pair, after) = before(rest, b'&');
        rest = after;
        if pair.is_empty() {
            continue;
        }
        params.add(pair.as_bytes());
        let key = Segment::read(pair, |byte| byte == b'=');
        // `?letmein`: what no `=` follows may be a value.
        let named = key.text.len() < pair.len() && !key.is_variable();
        let key = if named { key.text } else { "{}" };
        if let Err(place) = keys[..count].binary_search(&key)
            && count < QUERY_KEYS_MAX
        {
            keys.copy_within(place..count, place + 1);
            keys[place] = key;
            count += 1;
        }
    }
    let mut joint = '?';
    for key in &keys[..count] {
        out.push(joint);
        out.push_str(key);
        joint = '&';
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotspan_model::ParamKey;

    fn of(path: &str, query: &str) -> String {
        let mut out = String::new();
        template(path, query, &mut ParamHasher::new(ParamKey::BUILT_IN), &mut out);
        out
    }

    fn hash(path: &str, query: &str) -> hotspan_model::ParamHash {
        let mut params = ParamHasher::new(ParamKey::BUILT_IN);
        template(path, query, &mut params, &mut String::new());
        params.finish()
    }

    #[test]
    fn values_in_a_path_become_braces_and_words_stay() {
        for value in [
            "42",
            "550e8400-e29b-41d4-a716-446655440000",
            "01ARZ3NDEKTSV4RRFFQ69G5FAV",
            "deadbee1",
            "2024-01-31",
            "a@b.c",
            "a%20b",
            "a:b",
            "k=v",
            "1,2",
            "order-17",
            "a1234",
            "dGhpc0lzQmFzZTY0",
            "x_1",
            "a-very-long-slug-that-nobody-would-route-by-x",
        ] {
            assert_eq!(of(&format!("/a/{value}/b"), ""), "/a/{}/b", "{value}");
        }
        for word in [
            "v1", "v2.1", "oauth2", "s3", "orders", "my-slug", "Products", "deadbeef", "api.json", "x86",
        ] {
            assert_eq!(of(&format!("/{word}"), ""), format!("/{word}"));
        }
    }

    #[test]
    fn slashes_matrix_parameters_and_depth_are_normalised() {
        assert_eq!(of("//a///b/;x=1/c;v=2/", ""), "/a/b/c");
        assert_eq!(of("", ""), "/");
        assert_eq!(of(&"/a".repeat(20), ""), "/a".repeat(12));
    }

    #[test]
    fn a_query_shows_its_keys_once_and_sorted() {
        assert_eq!(of("/s", "b=2&a=1&b=3&"), "/s?a&b");
        assert_eq!(of("/s", "12345"), "/s?{}");
        assert_ne!(hash("/s", "a=1"), hash("/s", "a=2"));
        assert_ne!(hash("/s/1", ""), hash("/s/2", ""));
        assert_eq!(hash("/s/1", ""), hash("/other/1", ""));
    }

    #[test]
    fn a_url_comes_apart_without_user_and_fragment() {
        let url = Url::parse("https://me:secret@Shop.example:443/a/b?x=1#top");
        assert_eq!((url.scheme, url.host, url.port), ("https", "Shop.example", 0));
        assert_eq!((url.path, url.query), ("/a/b", "x=1"));
        assert_eq!(
            (
                Url::parse("http://[::1]:8080/").host,
                Url::parse("http://[::1]:8080/").port
            ),
            ("::1", 8080)
        );
        assert_eq!(Url::parse("/a?u=http://x/").path, "/a");
        assert_eq!(Url::parse("http://h?q=1").query, "q=1");
        assert_eq!(host_port("10.0.0.1:5432"), ("10.0.0.1", 5432));
        assert_eq!(host_port("::1"), ("::1", 0));
    }

    #[test]
    fn a_host_key_does_not_count_shards() {
        let mut out = String::new();
        host_key("Search-Shard-17.internal", &mut out);
        assert_eq!(out, "search-shard-#.internal");
    }
}
