//! One finding as the gate sees it: read from the shape that files and a daemon answer alike.

use std::path::Path;

use serde_json::Value;

/// All findings of one fingerprint.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Found {
    /// Fingerprint, 32 hex digits.
    pub(super) id: String,
    /// Id of the detector.
    pub(super) detector: String,
    /// The fault in one sentence.
    pub(super) title: String,
    /// The service that must change.
    pub(super) service: String,
    /// Its segment operation.
    pub(super) operation: String,
    /// Grouping key of its members; empty where they have none.
    pub(super) template: String,
    /// Traces that show it.
    pub(super) traces: u64,
    /// Median members a trace.
    pub(super) calls_p50: u64,
    /// Most members of a trace.
    pub(super) calls_max: u64,
    /// Likely saving over the operation's median duration, in whole percent.
    pub(super) saving_percent: u64,
    /// How sure, in whole percent.
    pub(super) confidence_percent: u64,
    /// What to change.
    pub(super) fix: String,
    /// Where in the code, most frequent first.
    pub(super) code: Vec<Place>,
    /// Id of the worst trace, to be looked at.
    pub(super) trace: String,
    /// Why a person accepted it in the daemon.
    pub(super) acknowledged: Option<String>,
    /// The whole of it, as the API has it.
    pub(super) shape: Value,
}

/// A place in the code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// File as the span has it.
    pub(super) file: String,
    /// Line, 0 when unknown.
    pub(super) line: u64,
    /// Function; empty when unknown.
    pub(super) function: String,
}

impl Found {
    /// Reads a hotspot of the API.
    pub(super) fn read(shape: Value) -> Found {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let number = |value: &Value| value.as_u64().unwrap_or(0);
        let calls = &shape["calls_per_trace"];
        let fix = [&shape["fix"]["how"], &shape["fix"]["summary"]].map(text);
        let code = shape["code"].as_array().into_iter().flatten();
        let acknowledged = shape["state"] == "acknowledged";
        Found {
            id: text(&shape["id"]),
            detector: text(&shape["detector"]),
            title: text(&shape["title"]),
            service: text(&shape["service"]),
            operation: text(&shape["operation"]),
            template: text(&shape["callee"]["template"]),
            traces: number(&shape["traces"]),
            calls_p50: number(&calls["p50"]),
            calls_max: number(&calls["max"]),
            saving_percent: percent(&shape["saving_share"]),
            confidence_percent: percent(&shape["confidence"]),
            fix: fix.into_iter().find(|text| !text.is_empty()).unwrap_or_default(),
            code: code
                .map(|place| Place {
                    file: text(&place["file"]),
                    line: number(&place["line"]),
                    function: text(&place["function"]),
                })
                .collect(),
            trace: text(&shape["evidence"][0]["trace_id"]),
            acknowledged: acknowledged.then(|| text(&shape["note"]["reason"])),
            shape,
        }
    }

    /// Names files of the sources as they are below their root: the same on every machine.
    pub(super) fn relative_to(&mut self, root: &Path) {
        for place in &mut self.code {
            if let Ok(inside) = Path::new(&place.file).strip_prefix(root) {
                place.file = inside.to_string_lossy().into_owned();
            }
        }
    }

    /// `GET /orders of shop`.
    pub(super) fn place(&self) -> String {
        format!("{} of {}", self.operation, self.service)
    }
}

/// A share in whole percent, rounded down, without a float.
fn percent(share: &Value) -> u64 {
    let text = share.to_string();
    let (whole, places) = text.split_once('.').unwrap_or((&text, ""));
    format!("{whole}{places:0<2.2}").parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn shares_become_whole_percent() {
        for (share, expected) in [
            (json!(0.29), 29),
            (json!(1), 100),
            (json!(0.0099), 0),
            (json!(null), 0),
        ] {
            assert_eq!(percent(&share), expected, "{share}");
        }
    }

    #[test]
    fn what_an_older_daemon_does_not_say_is_empty() {
        let found = Found::read(json!({"id": "07", "title": "slow"}));
        assert_eq!(
            (found.id.as_str(), found.calls_p50, found.code.len()),
            ("07", 0, 0)
        );
        assert_eq!(found.acknowledged, None);
    }
}
