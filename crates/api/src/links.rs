//! Links to where people look beside the page: a trace in Grafana, the logs of a service. Templates are the operator's,
//! what fills them is data and can be nothing but a value in the address.

use hotspan_model::{Hotspot, Role, TraceId, TraceView};
use serde::Serialize;
use utoipa::ToSchema;

/// Most templates.
pub const LINKS_MAX: usize = 16;
/// Longest name and address of a template, in bytes.
const NAME_BYTES_MAX: usize = 32;
const URL_BYTES_MAX: usize = 2_048;
/// Longest value that fills a placeholder, in characters.
const VALUE_CHARS_MAX: usize = 256;
/// What is seen around a trace: clocks differ, and a log line may come late.
const AROUND_MS: u64 = 60_000;
/// What is seen of a hotspot, up to when it was seen last.
const LAST_MS: u64 = 3_600_000;

/// An address elsewhere with placeholders for what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkTemplate {
    name: String,
    parts: Vec<Part>,
}

/// A link to somewhere else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Link {
    /// What the operator calls it, say `trace` or `logs`.
    pub name: String,
    /// Where it leads.
    pub url: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Hole(Hole),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hole {
    TraceId,
    Service,
    Operation,
    From,
    Until,
}

const HOLES: [(&str, Hole); 5] = [
    ("trace_id", Hole::TraceId),
    ("service", Hole::Service),
    ("operation", Hole::Operation),
    ("from", Hole::From),
    ("until", Hole::Until),
];

/// What a link is about. Times are Unix milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    trace: Option<TraceId>,
    service: &'a str,
    operation: &'a str,
    from: u64,
    until: u64,
}

impl LinkTemplate {
    /// Reads a template; the error says what is wrong and what would be right.
    pub fn read(name: &str, url: &str) -> Result<LinkTemplate, String> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.chars().all(is_name) {
            return Err(format!(
                "`{name}` is no name of a link; use 1 to {NAME_BYTES_MAX} letters, digits, - and _"
            ));
        }
        if url.len() > URL_BYTES_MAX {
            return Err(format!(
                "{name}: the address is longer than {URL_BYTES_MAX} bytes"
            ));
        }
        let parts = parts(url).map_err(|why| format!("{name}: {why}"))?;
        match leads_somewhere(&parts) {
            true => Ok(LinkTemplate {
                name: name.to_owned(),
                parts,
            }),
            false => Err(format!(
                "{name}: {url} is no address; write say https://grafana.example.com/trace/{{trace_id}}, with the \
                 placeholders behind the host"
            )),
        }
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn fill(&self, place: &Place<'_>) -> Option<Link> {
        let mut url = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => url.push_str(text),
                Part::Hole(Hole::TraceId) => url.push_str(&place.trace?.to_string()),
                Part::Hole(Hole::Service) => value(place.service, &mut url),
                Part::Hole(Hole::Operation) => value(place.operation, &mut url),
                Part::Hole(Hole::From) => url.push_str(&place.from.to_string()),
                Part::Hole(Hole::Until) => url.push_str(&place.until.to_string()),
            }
        }
        let name = self.name.clone();
        Some(Link { name, url })
    }
}

impl<'a> Place<'a> {
    /// Where a hotspot was seen last, with its worst exemplar.
    pub fn of_hotspot(of: &'a Hotspot) -> Place<'a> {
        let worst = of.evidence.iter().find(|evidence| evidence.role == Role::Worst);
        let (first, until) = (of.first_seen.0 / 1_000_000, of.last_seen.0.div_ceil(1_000_000));
        Place {
            trace: worst.or(of.evidence.first()).map(|evidence| evidence.trace),
            service: &of.service,
            operation: &of.operation,
            from: until.saturating_sub(LAST_MS).max(first),
            until,
        }
    }

    /// A trace, by its root.
    pub(crate) fn of_trace(of: &'a TraceView) -> Place<'a> {
        let root = of.spans.first();
        let start = root.map_or(0, |root| root.start.0);
        let end = start.saturating_add(of.duration.0).div_ceil(1_000_000);
        Place {
            trace: Some(of.trace),
            service: root.map_or("", |root| &root.service),
            operation: root.map_or("", |root| &root.operation),
            from: (start / 1_000_000).saturating_sub(AROUND_MS),
            until: end.saturating_add(AROUND_MS),
        }
    }
}

/// The links about a place; a template that names a trace is left out where there is none.
pub fn links(templates: &[LinkTemplate], place: &Place<'_>) -> Vec<Link> {
    templates
        .iter()
        .filter_map(|template| template.fill(place))
        .collect()
}

fn parts(url: &str) -> Result<Vec<Part>, String> {
    let (mut parts, mut rest) = (Vec::new(), url);
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, behind)) = after.split_once('}') else {
            return Err("a { has no }; write a brace of the address itself as %7B".to_owned());
        };
        let Some(&(_, hole)) = HOLES.iter().find(|(known, _)| *known == name) else {
            let known = HOLES.map(|(known, _)| format!("{{{known}}}")).join(", ");
            return Err(format!(
                "there is no placeholder {{{name}}}; there are {known}; write a brace of the address itself as %7B"
            ));
        };
        parts.extend([Part::Text(before.to_owned()), Part::Hole(hole)]);
        rest = behind;
    }
    parts.push(Part::Text(rest.to_owned()));
    Ok(parts)
}

/// Whether it is an address of the web whose host no placeholder decides.
fn leads_somewhere(parts: &[Part]) -> bool {
    let Some(Part::Text(start)) = parts.first() else {
        return false;
    };
    let behind = ["https://", "http://"]
        .iter()
        .find_map(|scheme| start.strip_prefix(scheme));
    let has_host = behind.is_some_and(|behind| behind.contains('/') || parts.len() == 1);
    let whole: String = parts
        .iter()
        .map(|part| match part {
            Part::Text(text) => text.as_str(),
            Part::Hole(_) => "0",
        })
        .collect();
    let uri = whole.parse::<http::Uri>().ok();
    has_host && uri.is_some_and(|uri| uri.host().is_some_and(|host| !host.is_empty()))
}

fn value(text: &str, out: &mut String) {
    let cut = text
        .char_indices()
        .nth(VALUE_CHARS_MAX)
        .map_or(text.len(), |(at, _)| at);
    encode(&text[..cut], out);
}

/// Writes a text so that it is one part of a path or one value of a query.
pub(crate) fn encode(part: &str, out: &mut String) {
    for byte in part.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => *out += &format!("%{byte:02X}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(service: &str) -> Place<'_> {
        Place {
            trace: None,
            service,
            operation: "GET /ü",
            from: 1,
            until: 2,
        }
    }

    fn filled(url: &str, place: &Place<'_>) -> Vec<String> {
        let template = LinkTemplate::read("logs", url).unwrap();
        links(&[template], place)
            .into_iter()
            .map(|link| link.url)
            .collect()
    }

    #[test]
    fn a_link_is_filled_with_values_that_stay_values() {
        let url = "https://g.test/explore?q=%7B{service}%7D&op={operation}&from={from}&to={until}";
        assert_eq!(
            filled(url, &place("a&b=c#/..")),
            ["https://g.test/explore?q=%7Ba%26b%3Dc%23%2F..%7D&op=GET%20%2F%C3%BC&from=1&to=2"]
        );
        let long = "x".repeat(1_000);
        assert_eq!(
            filled("http://g.test/{service}", &place(&long))[0].len(),
            14 + 256
        );
    }

    #[test]
    fn a_link_to_a_trace_needs_one() {
        let url = "https://g.test/t/{trace_id}";
        assert_eq!(filled(url, &place("a")), Vec::<String>::new());
        let with = Place {
            trace: TraceId::from_hex("7"),
            ..place("a")
        };
        assert_eq!(filled(url, &with), [format!("https://g.test/t/{:032x}", 7)]);
    }

    #[test]
    fn what_is_wrong_with_a_template_is_named() {
        for (url, words) in [
            (
                "https://g.test/{trace}",
                "no placeholder {trace}; there are {trace_id}, ",
            ),
            ("https://g.test/{trace_id", "a { has no }"),
            ("javascript:alert(1)//{trace_id}", "is no address"),
            ("ftp://g.test/{trace_id}", "is no address"),
            ("https://{service}.test/", "is no address"),
            ("https://g{service}/", "is no address"),
            ("https:///x", "is no address"),
            ("https://g.test/a b", "is no address"),
            ("/only/a/path", "is no address"),
        ] {
            let why = LinkTemplate::read("logs", url).unwrap_err();
            assert!(why.starts_with("logs: ") && why.contains(words), "{url}: {why}");
        }
        assert!(
            LinkTemplate::read("a b", "https://g.test/")
                .unwrap_err()
                .contains("no name")
        );
    }
}
