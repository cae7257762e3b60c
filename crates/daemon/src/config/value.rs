//! How values are written: addresses, sizes, lengths of time. Each error says what would be right.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use hotspan_api::{Compat, LINKS_MAX, LinkTemplate};
use hotspan_model::{Millionths, Pattern};
use http::HeaderName;

pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "not an address; write an IP and a port, say 127.0.0.1:4317 or [::1]:4317".into())
}

/// What OK means to a sender.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ack {
    /// The shards have the spans.
    #[default]
    Memory,
    /// They are on disk.
    Wal,
}

pub(super) fn ack(text: &str) -> Result<Ack, String> {
    match text {
        "memory" => Ok(Ack::Memory),
        "wal" => Ok(Ack::Wal),
        _ => Err("neither memory nor wal".into()),
    }
}

pub(super) fn switch(text: &str) -> Result<bool, String> {
    match text {
        "true" | "1" | "on" | "yes" => Ok(true),
        "false" | "0" | "off" | "no" | "" => Ok(false),
        _ => Err("neither true nor false".into()),
    }
}

/// Addresses of a web server, by commas.
pub(super) fn urls(text: &str) -> Result<Vec<String>, String> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let is_url = |part: &str| {
        let uri: Option<http::Uri> = part.parse().ok();
        uri.is_some_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https"))
                && uri.host().is_some_and(|host| !host.is_empty())
                && uri.query().is_none()
        })
    };
    parts
        .map(|part| match is_url(part) {
            true => Ok(part.to_owned()),
            false => Err(format!(
                "{part} is no address; write say https://hotspan.example.com"
            )),
        })
        .collect()
}

/// Most owner threads: more than any machine has use for.
const SHARDS_MAX: usize = 256;

pub(super) fn shards(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|&number| number <= SHARDS_MAX);
    number.ok_or_else(|| format!("not a whole number up to {SHARDS_MAX}"))
}

/// Text that no log and no answer may show.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps `text`.
    pub fn new(text: &str) -> Secret {
        Secret(text.to_owned())
    }

    /// The text; empty when there is none.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// A key that no log and no answer may show.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SecretKey([u8; 16]);

impl SecretKey {
    /// The key.
    pub fn expose(self) -> [u8; 16] {
        self.0
    }
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretKey")
    }
}

pub(super) fn secret_key(text: &str) -> Result<Option<SecretKey>, String> {
    Ok(hex_key(text)?.map(SecretKey))
}

#[expect(clippy::unnecessary_wraps, reason = "every parser of the table has one shape")]
pub(super) fn secret(text: &str) -> Result<Secret, String> {
    Ok(Secret::new(text))
}

/// A URL that says by itself who may write there.
pub(super) fn secret_url(text: &str) -> Result<Secret, String> {
    Ok(Secret::new(&url(text)?.unwrap_or_default()))
}

pub(super) fn secret_file(path: &str) -> Result<Secret, String> {
    if path.is_empty() {
        return Ok(Secret::default());
    }
    let text = std::fs::read_to_string(path).map_err(|why| format!("cannot be read: {why}"))?;
    match text.trim() {
        "" => Err("the file is empty; write the secret into it".into()),
        text => Ok(Secret::new(text)),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "every parser of the table has one shape")]
pub(super) fn file(text: &str) -> Result<Option<PathBuf>, String> {
    Ok((!text.is_empty()).then(|| text.into()))
}

/// Names of headers, by commas.
pub(super) fn header_names(text: &str) -> Result<Vec<HeaderName>, String> {
    let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
    names
        .map(|name| name.parse().map_err(|_| format!("{name} is no name of a header")))
        .collect()
}

pub(super) fn url(text: &str) -> Result<Option<String>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let url = text.parse::<http::Uri>().ok();
    let is_fit = |url: &http::Uri| matches!(url.scheme_str(), Some("http" | "https")) && url.host().is_some();
    match url.filter(is_fit) {
        Some(url) if url.authority().is_some_and(|of| of.as_str().contains('@')) => {
            Err("a name or password before the host is sent to nobody; leave it out".into())
        }
        Some(_) => Ok(Some(text.to_owned())),
        None => Err("not a URL; write say https://alerts.example.com/hook".into()),
    }
}

/// Templates of links, each `name=address`, by blanks: addresses have none.
pub(super) fn link_templates(text: &str) -> Result<Vec<LinkTemplate>, String> {
    let read = |link: &str| match link.split_once('=') {
        Some((name, url)) => LinkTemplate::read(name.trim(), url.trim()),
        None => Err(format!("{link} is no link; write name=address")),
    };
    let links: Vec<LinkTemplate> = text.split_whitespace().map(read).collect::<Result<_, String>>()?;
    let names: BTreeSet<&str> = links.iter().map(LinkTemplate::name).collect();
    match links.len() {
        len if len > LINKS_MAX => Err(format!(
            "{len} links are more than the {LINKS_MAX} that are shown"
        )),
        len if len > names.len() => Err("two links have one name; give each its own".to_owned()),
        _ => Ok(links),
    }
}

pub(super) fn patterns(text: &str) -> Result<Vec<Pattern>, String> {
    let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
    names.map(Pattern::new).collect()
}

/// In which styles spans are counted for scrapers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpanStyles {
    /// `traces_spanmetrics_…`.
    pub tempo: bool,
    /// `traces_span_metrics_…`.
    pub collector: bool,
}

pub(super) fn span_styles(text: &str) -> Result<SpanStyles, String> {
    let mut styles = SpanStyles::default();
    for style in text.split(',').map(str::trim) {
        match style {
            "off" if text.trim() == "off" => {}
            "tempo" => styles.tempo = true,
            "collector" => styles.collector = true,
            _ => return Err("not a style; write off, tempo, collector, or tempo,collector".into()),
        }
    }
    Ok(styles)
}

/// Surfaces for clients of other tools, by commas.
pub(super) fn compat(text: &str) -> Result<Compat, String> {
    let mut compat = Compat::default();
    for surface in text.split(',').map(str::trim) {
        match surface {
            "off" if text.trim() == "off" => {}
            "jaeger" => compat.jaeger = true,
            "jaeger_grpc" => compat.jaeger_grpc = true,
            "tempo" => compat.tempo = true,
            "mcp" => compat.mcp = true,
            _ => {
                return Err(format!(
                    "{surface} is none; write off, or some of jaeger, jaeger_grpc, tempo and mcp, by commas"
                ));
            }
        }
    }
    Ok(compat)
}

/// Most series that one scrape may have: Prometheus takes them, in a reply of some hundred megabytes.
const SERIES_MAX: usize = 1_000_000;

pub(super) fn series(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|&number| number <= SERIES_MAX);
    number.ok_or_else(|| format!("not a whole number up to {SERIES_MAX}"))
}

/// A part of all, as a decimal number.
pub(super) fn fraction(text: &str) -> Result<Millionths, String> {
    let share = text
        .parse::<f64>()
        .ok()
        .filter(|share| (0.0..=1.0).contains(share));
    share
        .map(|share| Millionths((share * 1e6).round() as u64))
        .ok_or_else(|| "not a share; write a number from 0 to 1, say 0.01 for one in a hundred".into())
}

/// A size in bytes, with a unit.
pub fn bytes(text: &str) -> Result<u64, String> {
    let units = [
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("kB", 1_000),
        ("MB", 1_000_000),
        ("", 1),
    ];
    scaled(text, &units).ok_or_else(|| "not a size; write bytes or a unit, say 512MiB or 2GiB".into())
}

/// A length of time, with a unit.
pub fn duration(text: &str) -> Result<Duration, String> {
    let units = [
        ("ms", 1),
        ("min", 60_000),
        ("m", 60_000),
        ("s", 1_000),
        ("h", 3_600_000),
        ("d", 86_400_000),
    ];
    let millis = scaled(text, &units).filter(|&millis| millis > 0);
    millis
        .map(Duration::from_millis)
        .ok_or_else(|| "not a length of time; write say 200ms, 8s, 2min or 7d".into())
}

/// A length of time that may be none.
pub(super) fn duration_or_none(text: &str) -> Result<Duration, String> {
    match text {
        "0" => Ok(Duration::ZERO),
        text => duration(text),
    }
}

/// A number and the first unit it ends in.
fn scaled(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let (number, scale) = units
        .iter()
        .find_map(|&(unit, scale)| Some((text.strip_suffix(unit)?, scale)))?;
    number.trim().parse::<u64>().ok()?.checked_mul(scale)
}

/// A key of 16 bytes; nothing when the text is empty.
pub fn hex_key(text: &str) -> Result<Option<[u8; 16]>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let key = digits.then(|| u128::from_str_radix(text, 16).ok()).flatten();
    key.map(|key| Some(key.to_be_bytes()))
        .ok_or_else(|| "not 32 hex digits".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_by_commas() {
        assert_eq!(urls(""), Ok(Vec::new()));
        let two = [
            "https://spans.test/a".to_owned(),
            "http://10.0.0.7:4319".to_owned(),
        ];
        assert_eq!(urls(&two.join(" , ")), Ok(two.to_vec()));
        for text in [
            "spans.test",
            "ftp://spans.test",
            "http://",
            "https://a b",
            "https://a?b=c",
        ] {
            assert!(urls(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_and_times_read_with_their_units() {
        assert_eq!(bytes("64MiB"), Ok(64 << 20));
        assert_eq!(bytes("1000"), Ok(1000));
        assert!(bytes("lots").is_err() && bytes("-1").is_err() && bytes("99999999999GiB").is_err());
        assert_eq!(duration("1500ms"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("2min"), Ok(Duration::from_secs(120)));
        assert!(duration("8").is_err() && duration("0s").is_err());
        assert_eq!(duration_or_none("0"), Ok(Duration::ZERO));
        assert_eq!(duration_or_none("60min"), duration("3600s"));
    }

    #[test]
    fn shares_are_parts_of_one() {
        for (text, millionths) in [("0", 0), ("0.01", 10_000), ("1", 1_000_000), ("1e-6", 1)] {
            assert_eq!(fraction(text), Ok(Millionths(millionths)), "{text}");
        }
        for text in ["", "1%", "-0.1", "1.1", "NaN", "inf"] {
            assert!(fraction(text).is_err(), "{text}");
        }
    }

    #[test]
    fn urls_have_a_scheme_and_a_host_and_secrets_do_not_show() {
        assert_eq!(url(""), Ok(None));
        assert_eq!(url("https://a.test/x"), Ok(Some("https://a.test/x".to_owned())));
        assert!(url("a.test").is_err() && url("ftp://a.test").is_err() && url("/x").is_err());
        assert_eq!(format!("{:?}", Secret::new("hush")), "Secret");
        assert!(
            secret_file("/nowhere/at/all")
                .unwrap_err()
                .contains("cannot be read")
        );
    }

    #[test]
    fn surfaces_for_others_are_all_some_or_none() {
        assert_eq!(compat("jaeger, jaeger_grpc,tempo,mcp"), Ok(Compat::ALL));
        assert_eq!(compat("off"), Ok(Compat::default()));
        let mcp = Compat {
            mcp: true,
            ..Compat::default()
        };
        assert_eq!(compat("mcp"), Ok(mcp));
        assert!(compat("off,mcp").is_err() && compat("").is_err() && compat("zipkin").is_err());
    }

    #[test]
    fn links_are_named_templates_and_a_wrong_one_is_told() {
        let two = "trace=https://g.test/t/{trace_id}?a=b  logs=http://g.test/l/{service}";
        let names: Vec<String> = link_templates(two)
            .unwrap()
            .iter()
            .map(|of| of.name().to_owned())
            .collect();
        assert_eq!(names, ["trace", "logs"]);
        assert_eq!(link_templates(""), Ok(Vec::new()));
        for (text, words) in [
            ("https://g.test/", "write name=address"),
            ("a=https://g.test/{span}", "no placeholder {span}"),
            ("a=ftp://g.test/", "is no address"),
            ("a=https://g.test/ a=https://h.test/", "two links have one name"),
        ] {
            let why = link_templates(text).unwrap_err();
            assert!(why.contains(words), "{text}: {why}");
        }
        let many: String = (0..17).map(|n| format!("l{n}=https://g.test/ ")).collect();
        assert!(link_templates(&many).is_err());
    }

    #[test]
    fn styles_of_spans_are_off_or_one_or_both() {
        let styles = |tempo, collector| Ok(SpanStyles { tempo, collector });
        assert_eq!(span_styles("off"), styles(false, false));
        assert_eq!(span_styles("tempo"), styles(true, false));
        assert_eq!(span_styles("tempo, collector"), styles(true, true));
        assert!(span_styles("off,tempo").is_err() && span_styles("").is_err());
    }
}
