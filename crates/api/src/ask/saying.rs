//! What a person says of a hotspot: acknowledged, muted, or open again.

use hotspan_hotspots::{BY_CHARS_MAX, REASON_CHARS_MAX, Saying};
use hotspan_model::{Decision, LogTime};
use serde_json::{Map, Value};

use super::since::until;
use super::{Problem, query::word};

/// What may be said.
#[derive(Clone, Copy, Debug)]
enum Word {
    Acknowledged,
    Muted,
    Open,
}

const WORDS: [(&str, Word); 3] = [
    ("acknowledged", Word::Acknowledged),
    ("muted", Word::Muted),
    ("open", Word::Open),
];

const KEYS: [&str; 4] = ["state", "reason", "by", "until"];

/// What was sent, unread; empty where nothing was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) state: String,
    pub(crate) reason: String,
    pub(crate) by: String,
    pub(crate) until: String,
}

impl Said {
    /// Reads a JSON object of texts.
    pub(crate) fn from_json(body: &[u8]) -> Result<Said, Problem> {
        let fields: Map<String, Value> =
            serde_json::from_slice(body).map_err(|error| Problem::bad_body(&error))?;
        let mut said = Said::default();
        for (key, value) in fields {
            let field = match key.as_str() {
                "state" => &mut said.state,
                "reason" => &mut said.reason,
                "by" => &mut said.by,
                "until" => &mut said.until,
                _ => return Err(Problem::unknown_parameter(&key, &value.to_string(), &KEYS)),
            };
            match value {
                Value::Null => {}
                Value::String(text) => *field = text,
                other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                    return Err(Problem::bad_value(&key, &other.to_string(), "a text"));
                }
            }
        }
        Ok(said)
    }

    /// What it means when the snapshot was made at `now`.
    pub(crate) fn read(self, now: LogTime) -> Result<Saying, Problem> {
        let word = word("state", &self.state, &WORDS)?;
        let until = until(&self.until, now)?;
        bounded("by", &self.by, BY_CHARS_MAX)?;
        bounded("reason", &self.reason, REASON_CHARS_MAX)?;
        if self.reason.trim().is_empty() && !matches!(word, Word::Open) {
            let allowed = format!("a text of 1 to {REASON_CHARS_MAX} characters that says why");
            return Err(Problem::bad_value("reason", &self.reason, &allowed));
        }
        let decision = match (word, until) {
            (Word::Acknowledged, until) => Some(Decision::Acknowledged { until }),
            (Word::Muted, Some(until)) => Some(Decision::Muted { until }),
            (Word::Muted, None) => {
                let allowed = "the end of the silence, say `7d` or `2027-01-31T08:00:00Z`";
                return Err(Problem::bad_value("until", "", allowed));
            }
            (Word::Open, None) => None,
            (Word::Open, Some(_)) => {
                return Err(Problem::bad_value(
                    "until",
                    &self.until,
                    "left out: it is open at once",
                ));
            }
        };
        Ok(Saying {
            decision,
            reason: self.reason,
            by: self.by,
        })
    }
}

fn bounded(name: &str, text: &str, chars_max: usize) -> Result<(), Problem> {
    match text.chars().nth(chars_max) {
        Some(_) => Err(Problem::bad_value(
            name,
            text,
            &format!("at most {chars_max} characters"),
        )),
        None => Ok(()),
    }
}
