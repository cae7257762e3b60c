//! URLs: their parts, and the template of a path.

use super::ParamHasher;

/// The parts of a URL as they stand in it; user info and fragment are gone. Absent parts are empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Url<'a> {
    /// Without `://`.
    pub scheme: &'a str,
    /// Without brackets around an IPv6 address; case as it came.
    pub host: &'a str,
    /// 0 when absent, unreadable or the scheme's default.
    pub port: u16,
    /// From its first `/`.
    pub path: &'a str,
    /// Without `?`.
    pub query: &'a str,
}

impl<'a> Url<'a> {
    /// Takes an absolute URL or a request target (`/path?query`) apart.
    pub fn parse(text: &'a str) -> Url<'a> {
        Url {
            path: text,
            ..Url::default()
        }
    }
}

/// Splits `host:port`; the port is 0 when there is none.
pub fn host_port(text: &str) -> (&str, u16) {
    (text, 0)
}

/// Writes the template of a path; the values of its `{}` segments go to `params`.
pub fn path_template(_path: &str, _params: &mut ParamHasher, out: &mut String) {
    out.clear();
}

/// Writes path template and, after `?`, the sorted distinct keys of the query; all values go to `params`.
pub fn template(path: &str, _query: &str, params: &mut ParamHasher, out: &mut String) {
    path_template(path, params, out);
}

/// Writes the host as a grouping key: lower case, digit runs as `#`.
pub fn host_key(_host: &str, out: &mut String) {
    out.clear();
}
