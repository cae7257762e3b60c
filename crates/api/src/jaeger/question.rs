//! Which traces are asked for, in the words of v1 and of v3.

use serde_json::Value as Json;

use crate::ask::{Problem, Query, rfc3339};
use crate::compat::{self, LIMIT_MAX, Span, Trace, Wanted, go_duration, says};

/// Traces of a v1 answer when nobody says.
const V1_LIMIT: usize = 20;
/// The same of v3.
pub(super) const V3_LIMIT: usize = 100;
/// Most tags of one question.
const TAGS_MAX: usize = 64;

const DURATION: &str = "a duration like `1.2s`, `100ms` or `1h30m`";
const MOMENT: &str = "a whole number of microseconds since 1970 (seconds and milliseconds are understood)";
pub(super) const RFC3339: &str = "RFC 3339, like `2026-01-31T08:00:00Z`";
const TAGS: &str = "a JSON object of at most 64 strings, like `{\"http.route\":\"/cart\"}`";

/// Traces with a span that is all of this.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) wanted: Wanted,
    pub(crate) duration_min: Option<u64>,
    pub(crate) duration_max: Option<u64>,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) limit: usize,
}

impl Question {
    /// Reads the parameters of v1; others are ignored, since clients send their own along.
    pub(super) fn v1(query: &mut Query) -> Result<Question, Problem> {
        let mut tags = tags(query, "tags")?;
        tags.extend(plain_tags(query)?);
        Question {
            wanted: Wanted {
                from: query.parsed_unless_empty("start", MOMENT, compat::moment)?,
                to: query.parsed_unless_empty("end", MOMENT, compat::moment)?,
                service: query.one("service")?,
                operation: query.one("operation")?,
                kind: kind(query, "spanKind")?,
            },
            duration_min: query.parsed_unless_empty("minDuration", DURATION, go_duration)?,
            duration_max: query.parsed_unless_empty("maxDuration", DURATION, go_duration)?,
            tags,
            limit: limit(query, "limit")?.unwrap_or(V1_LIMIT),
        }
        .checked("minDuration", "tags")
    }

    /// Reads the parameters of v3, in either spelling.
    pub(super) fn v3(query: &mut Query) -> Result<Question, Problem> {
        boolean(query, ["query.rawTraces", "query.raw_traces"])?;
        let duration = |query: &mut Query, names| either(query, names, DURATION, go_duration);
        let text = |query: &mut Query, names| either(query, names, "a name", |text| Some(text.to_owned()));
        let limits = ["query.searchDepth", "query.search_depth"];
        let limits = match limit_of(query, limits)? {
            None => limit_of(query, ["query.numTraces", "query.num_traces"])?,
            limit => limit,
        };
        let operation = match text(query, ["query.operationName", "query.operation_name"])? {
            None => text(query, ["query.spanName", "query.span_name"])?,
            name => name,
        };
        Question {
            wanted: Wanted {
                from: Some(required(query, ["query.startTimeMin", "query.start_time_min"])?),
                to: Some(required(query, ["query.startTimeMax", "query.start_time_max"])?),
                service: text(query, ["query.serviceName", "query.service_name"])?,
                operation,
                kind: None,
            },
            duration_min: duration(query, ["query.durationMin", "query.duration_min"])?,
            duration_max: duration(query, ["query.durationMax", "query.duration_max"])?,
            tags: tags(query, "query.attributes")?,
            limit: limits.unwrap_or(V3_LIMIT),
        }
        .checked("query.durationMin", "query.attributes")
    }

    /// The same, when its parts go together; the names are those of the parameters.
    pub(super) fn checked(self, shortest: &str, tags: &str) -> Result<Question, Problem> {
        if self.tags.len() > TAGS_MAX {
            return Err(Problem::bad_value(tags, &self.tags.len().to_string(), TAGS));
        }
        match (self.duration_min, self.duration_max) {
            (Some(min), Some(max)) if max < min => {
                let nanos = format!("{min}ns");
                let allowed = "no longer than the longest duration";
                Err(Problem::bad_value(shortest, &nanos, allowed))
            }
            (_, _) => Ok(self),
        }
    }

    /// Whether a span of the trace is what is asked for.
    pub(crate) fn matches(&self, trace: &Trace) -> bool {
        trace.spans.iter().any(|span| self.is(span))
    }

    fn is(&self, span: &Span) -> bool {
        self.wanted.matches(span)
            && self.duration_min.is_none_or(|min| min <= span.duration)
            && self.duration_max.is_none_or(|max| span.duration <= max)
            && self.tags.iter().all(|(key, value)| says(span, key, value))
    }
}

/// What the word for a kind has to be.
pub(super) const KINDS: &str = "one of `unspecified`, `internal`, `server`, `client`, `producer`, `consumer`";

/// A kind of spans by its word; any case, and empty means all.
pub(super) fn kind(query: &mut Query, name: &'static str) -> Result<Option<hotspan_model::Kind>, Problem> {
    query.parsed_unless_empty(name, KINDS, |text| compat::kind_of(&text.to_ascii_lowercase()))
}

/// `true` or `false` in either spelling; nothing here depends on it.
pub(super) fn boolean(query: &mut Query, names: [&'static str; 2]) -> Result<(), Problem> {
    either(query, names, "`true` or `false`", |text| {
        text.parse::<bool>().ok()
    })
    .map(|_| ())
}

/// A moment in RFC 3339, in either spelling of its name.
pub(super) fn moment(query: &mut Query, names: [&'static str; 2]) -> Result<Option<u64>, Problem> {
    either(query, names, RFC3339, |text| rfc3339(text).map(|time| time.0))
}

fn required(query: &mut Query, names: [&'static str; 2]) -> Result<u64, Problem> {
    let moment = moment(query, names)?;
    moment.ok_or_else(|| Problem::bad_value(names[0], "", &format!("there: {RFC3339}")))
}

fn either<T>(
    query: &mut Query,
    names: [&'static str; 2],
    allowed: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Problem> {
    match query.parsed_unless_empty(names[0], allowed, &parse)? {
        None => query.parsed_unless_empty(names[1], allowed, parse),
        value => Ok(value),
    }
}

fn limit(query: &mut Query, name: &'static str) -> Result<Option<usize>, Problem> {
    limit_of(query, [name, name])
}

fn limit_of(query: &mut Query, names: [&'static str; 2]) -> Result<Option<usize>, Problem> {
    let allowed = format!("a whole number from 1 to {LIMIT_MAX}");
    either(query, names, &allowed, compat::limit)
}

/// A JSON object of texts.
fn tags(query: &mut Query, name: &'static str) -> Result<Vec<(String, String)>, Problem> {
    Ok(query
        .parsed_unless_empty(name, TAGS, tags_of)?
        .unwrap_or_default())
}

fn tags_of(text: &str) -> Option<Vec<(String, String)>> {
    let fields: serde_json::Map<String, Json> = serde_json::from_str(text).ok()?;
    let plain = |value: Json| match value {
        Json::String(text) => Some(text),
        Json::Bool(_) | Json::Number(_) => Some(value.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    };
    fields
        .into_iter()
        .map(|(key, value)| Some((key, plain(value)?)))
        .collect()
}

/// The older form, `tag=key:value`, repeated.
fn plain_tags(query: &mut Query) -> Result<Vec<(String, String)>, Problem> {
    let given = query.all("tag");
    if given.len() > TAGS_MAX {
        return Err(Problem::bad_value(
            "tag",
            &given[TAGS_MAX],
            "given at most 64 times",
        ));
    }
    let split = |text: &String| {
        let pair = text.split_once(':').filter(|(key, _)| !key.is_empty());
        let pair = pair.map(|(key, value)| (key.to_owned(), value.to_owned()));
        pair.ok_or_else(|| Problem::bad_value("tag", text, "a key and a value: `key:value`"))
    };
    given.iter().map(split).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_v3_mean_the_same() {
        let long = "query.serviceName=cart&query.operationName=GET&query.startTimeMin=2025-11-24T16:00:00Z\
                    &query.startTimeMax=2025-11-24T17:00:00Z&query.durationMin=1ms&query.searchDepth=7\
                    &query.attributes=%7B%22a%22:%22b%22%7D&query.rawTraces=true";
        let short = "query.service_name=cart&query.span_name=GET&query.start_time_min=2025-11-24T16:00:00Z\
                     &query.start_time_max=2025-11-24T17:00:00Z&query.duration_min=1ms&query.num_traces=7\
                     &query.attributes=%7B%22a%22:%22b%22%7D&query.raw_traces=true";
        let long = Question::v3(&mut Query::new(long)).unwrap();
        assert_eq!(long, Question::v3(&mut Query::new(short)).unwrap());
        assert_eq!(long.tags, [("a".to_owned(), "b".to_owned())]);
        assert_eq!((long.limit, long.duration_min), (7, Some(1_000_000)));
    }

    #[test]
    fn what_makes_no_sense_names_its_parameter() {
        for (raw, parameter) in [
            ("limit=0", "limit"),
            ("limit=99999999999999999999", "limit"),
            ("limit=-1", "limit"),
            ("limit=2001", "limit"),
            ("minDuration=5", "minDuration"),
            ("maxDuration=5parsec", "maxDuration"),
            ("minDuration=2s&maxDuration=1s", "minDuration"),
            ("start=yesterday", "start"),
            ("tags=%7B", "tags"),
            ("tags=%5B%5D", "tags"),
            ("tags=%7B%22a%22:%7B%7D%7D", "tags"),
            ("tag=novalue", "tag"),
            ("spanKind=boss", "spanKind"),
            ("service=a&service=b", "service"),
        ] {
            let problem = Question::v1(&mut Query::new(raw)).unwrap_err();
            assert_eq!(problem.about.parameter.as_deref(), Some(parameter), "{raw}");
        }
        for raw in [
            "",
            "query.startTimeMin=2025-11-24T16:00:00Z",
            "query.rawTraces=perhaps",
        ] {
            assert!(Question::v3(&mut Query::new(raw)).is_err(), "{raw}");
        }
    }
}
