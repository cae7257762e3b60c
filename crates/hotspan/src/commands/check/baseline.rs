//! The findings that are known already: a small file in the user's repository, one finding a line, sorted, so that
//! a change of it reads like the change of the code.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::found::Found;
use super::status::Status;
use super::verdict::Judged;

/// The version of the file's form.
const VERSION: u64 = 1;
/// Key of that version.
const KEY: &str = "hotspan_baseline";

/// Most characters of what a finding is about.
const WHAT_CHARS_MAX: usize = 120;

/// One known finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Known {
    /// Fingerprint, 32 hex digits.
    pub(super) id: String,
    /// Id of the detector.
    pub(super) detector: String,
    /// The service that must change.
    pub(super) service: String,
    /// Its segment operation.
    pub(super) operation: String,
    /// What it is about, for people.
    #[serde(default)]
    pub(super) what: String,
    /// Median members a trace.
    pub(super) calls_p50: u64,
    /// Most members of a trace, for people.
    #[serde(default)]
    pub(super) calls_max: u64,
    /// What a fix would save of the operation, in percent.
    pub(super) saving_percent: u64,
}

/// All of them by fingerprint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Baseline(BTreeMap<String, Known>);

/// Growth of the median number of calls below which a finding is no worse: by a fifth, and by two. Test data differ a
/// little between runs, and one call more of five is no other fault; one of two hundred is no fifth.
const CALLS_SHARE: u64 = 5;
const CALLS_LEAST: u64 = 2;
/// Growth of the saving's share, in points, below which a single call is no worse: the clocks of build machines are
/// poor witnesses, and shares vary less than times.
const SAVING_POINTS: u64 = 25;

impl Known {
    fn of(found: &Found) -> Known {
        Known {
            id: found.id.clone(),
            detector: found.detector.clone(),
            service: found.service.clone(),
            operation: found.operation.clone(),
            what: cut(&found.template),
            calls_p50: found.calls_p50,
            calls_max: found.calls_max,
            saving_percent: found.saving_percent,
        }
    }

    /// In what a finding is worse than it was. Faults of many calls are compared by their number alone; those of one
    /// by what they cost.
    pub(super) fn worse(&self, found: &Found) -> Option<String> {
        let (before, now) = (self.calls_p50, found.calls_p50);
        if grows(before, now) {
            return Some(format!("{before} calls a trace became {now}"));
        }
        let (before, now) = (self.saving_percent, found.saving_percent);
        let is_single = self.calls_p50 <= 1 && found.calls_p50 <= 1;
        (is_single && before + SAVING_POINTS <= now)
            .then(|| format!("{before} % of the operation became {now} %"))
    }

    /// Whether it is as much better as it would have to be worse to fail.
    fn is_better(&self, found: &Found) -> bool {
        grows(found.calls_p50, self.calls_p50)
            || (self.calls_p50 <= 1 && found.saving_percent + SAVING_POINTS <= self.saving_percent)
    }

    /// How people look for it: by place, then by detector.
    fn order(&self) -> [&str; 4] {
        [&self.service, &self.operation, &self.detector, &self.id]
    }
}

/// As much of a text as a line of the file has room for.
fn cut(text: &str) -> String {
    match text.char_indices().nth(WHAT_CHARS_MAX) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// Whether a number of calls became another one.
fn grows(before: u64, now: u64) -> bool {
    now >= before.saturating_add(CALLS_LEAST)
        && now.saturating_mul(CALLS_SHARE) >= before.saturating_mul(CALLS_SHARE + 1)
}

impl Baseline {
    /// Reads a file. One that is not there is empty when it is to be written.
    pub(super) fn read(path: &Path, is_written: bool) -> Result<Baseline> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                let is_missing = error.kind() == std::io::ErrorKind::NotFound;
                if is_missing && is_written {
                    return Ok(Baseline::default());
                }
                let hint = match is_missing {
                    true => "; write it with --update-baseline and commit it",
                    false => "",
                };
                return Err(anyhow!("--baseline {}: {error}{hint}", path.display()));
            }
        };
        Baseline::parse(&text).with_context(|| format!("--baseline {}", path.display()))
    }

    fn parse(text: &str) -> Result<Baseline> {
        let mut document: Value = serde_json::from_str(text)
            .context("no JSON; settle a merge by running --update-baseline on a deleted file")?;
        match document[KEY].as_u64() {
            Some(VERSION) => {}
            Some(other) => bail!("version {other} is unknown to this hotspan, which reads {VERSION}"),
            None => bail!("no baseline of hotspan: {KEY} is missing"),
        }
        let list: Vec<Known> = serde_json::from_value(document["findings"].take()).context("findings")?;
        Ok(Baseline(
            list.into_iter().map(|known| (known.id.clone(), known)).collect(),
        ))
    }

    /// What is known of a finding.
    pub(super) fn get(&self, found: &Found) -> Option<&Known> {
        self.0.get(&found.id)
    }

    /// All of them, as the file lists them.
    pub(super) fn list(&self) -> Vec<&Known> {
        let mut list: Vec<&Known> = self.0.values().collect();
        list.sort_by(|a, b| a.order().cmp(&b.order()));
        list
    }

    /// The baseline after this run: what is found, and what was known of operations that the run did not call. What is
    /// neither better nor worse keeps its line, so that runs that differ by chance change no byte. Accepted findings
    /// stay out: the allow-list has them, with an end.
    pub(super) fn after(&self, judged: &[Judged<'_>], not_exercised: &[&Known]) -> Baseline {
        let mut after: BTreeMap<String, Known> = BTreeMap::new();
        for known in not_exercised {
            after.insert(known.id.clone(), (*known).clone());
        }
        for one in judged {
            let found = one.found;
            let kept = self
                .get(found)
                .filter(|known| known.worse(found).is_none() && !known.is_better(found));
            match one.status {
                Status::Allowed(_) | Status::Expired(_) | Status::Acknowledged(_) => {}
                Status::New | Status::Worse(_) | Status::Known => {
                    after.insert(
                        found.id.clone(),
                        kept.cloned().unwrap_or_else(|| Known::of(found)),
                    );
                }
            }
        }
        Baseline(after)
    }

    /// The bytes of the file.
    pub(super) fn text(&self) -> Result<String> {
        let lines: Result<Vec<String>, _> = self.list().into_iter().map(serde_json::to_string).collect();
        let lines = lines.context("a known finding has a JSON form")?;
        let (open, close) = match lines.is_empty() {
            true => ("[", "]"),
            false => ("[\n", "\n]"),
        };
        Ok(format!(
            "{{\n\"{KEY}\": {VERSION},\n\"findings\": {open}{}{close}\n}}\n",
            lines.join(",\n")
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(id: &str, calls: u64, saving: u64) -> Found {
        Found {
            id: id.to_owned(),
            detector: "n-plus-one-query".to_owned(),
            service: "shop".to_owned(),
            operation: format!("GET /{id}"),
            calls_p50: calls,
            saving_percent: saving,
            ..Found::default()
        }
    }

    fn worse(before: (u64, u64), now: (u64, u64)) -> bool {
        let known = Known::of(&found("a", before.0, before.1));
        known.worse(&found("a", now.0, now.1)).is_some()
    }

    #[test]
    fn calls_are_worse_by_a_fifth_and_by_two() {
        assert!(!worse((5, 0), (6, 0)), "one of five is a fifth, and chance");
        assert!(worse((5, 0), (7, 0)));
        assert!(!worse((200, 0), (239, 0)) && worse((200, 0), (240, 0)));
        assert!(!worse((7, 0), (5, 0)));
    }

    #[test]
    fn what_a_loop_costs_is_left_to_the_clock_and_what_one_call_costs_is_not() {
        assert!(!worse((12, 10), (12, 90)));
        assert!(!worse((1, 30), (1, 54)) && worse((1, 30), (1, 55)));
    }

    fn after(baseline: &Baseline, all: &[Found]) -> Baseline {
        let judged: Vec<Judged<'_>> = all
            .iter()
            .map(|found| Judged {
                found,
                status: Status::New,
                fails: None,
            })
            .collect();
        baseline.after(&judged, &[])
    }

    #[test]
    fn the_bytes_are_the_same_in_any_order_and_for_runs_that_differ_by_chance() {
        let first = after(&Baseline::default(), &[found("b", 12, 50), found("a", 5, 0)]);
        let text = first.text().unwrap();
        let again = after(&first, &[found("a", 6, 0), found("b", 13, 61)]);
        assert_eq!(again.text().unwrap(), text);
        assert_eq!(Baseline::parse(&text).unwrap(), first);
        let better = after(&first, &[found("a", 5, 0), found("b", 9, 50)]);
        assert_ne!(better.text().unwrap(), text);
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines[3].contains("GET /a") && lines[4].contains("GET /b"),
            "{text}"
        );
    }

    #[test]
    fn a_file_of_another_version_or_kind_is_refused_with_its_reason() {
        let why = |text| format!("{:#}", Baseline::parse(text).unwrap_err());
        assert!(why(r#"{"hotspan_baseline": 2, "findings": []}"#).contains("version 2 is unknown"));
        assert!(why(r#"{"findings": []}"#).contains("hotspan_baseline is missing"));
        assert!(why("<<<<<<< HEAD").contains("line 1"));
        assert!(why(r#"{"hotspan_baseline": 1, "findings": [{"id": "7"}]}"#).contains("detector"));
        let empty = Baseline::default().text().unwrap();
        assert_eq!(Baseline::parse(&empty).unwrap(), Baseline::default());
    }
}
