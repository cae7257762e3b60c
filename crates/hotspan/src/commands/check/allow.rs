//! The allow-list: findings that somebody accepted, each with a reason and a day on which that ends; and budgets of
//! single operations.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use hotspan_model::Pattern;
use serde::Deserialize;

use super::evidence::At;
use super::found::Found;

/// Most entries of each kind.
const ENTRIES_MAX: usize = 1_000;

/// The file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct AllowList {
    /// What is accepted, in order of the file.
    pub(super) allowed: Vec<Allowed>,
    /// Budgets, in order of the file.
    pub(super) budgets: Vec<BudgetRule>,
}

/// One accepted finding, or those of a detector in some operations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Allowed {
    meant: Meant,
    /// Why.
    pub(super) reason: String,
    /// The last day on which it holds, `2027-03-01`.
    pub(super) expires: String,
}

/// What an entry is about.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Meant {
    Id(String),
    Where {
        detector: String,
        service: Pattern,
        operation: Pattern,
    },
}

/// What some operations may do, where that differs from the flags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BudgetRule {
    service: Pattern,
    operation: Pattern,
    /// Most database calls.
    pub(super) max_db_calls: Option<u64>,
    /// Most remote calls.
    pub(super) max_calls: Option<u64>,
    /// Longest median duration, in milliseconds.
    pub(super) max_duration_ms: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    #[serde(default)]
    allow: Vec<RawAllowed>,
    #[serde(default)]
    budget: Vec<RawBudget>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAllowed {
    id: Option<String>,
    detector: Option<String>,
    service: Option<String>,
    operation: Option<String>,
    reason: Option<String>,
    expires: Option<toml::Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBudget {
    service: Option<String>,
    operation: Option<String>,
    max_db_calls: Option<u64>,
    max_calls: Option<u64>,
    max_duration_ms: Option<u64>,
}

impl AllowList {
    /// Reads a file.
    pub(super) fn read(path: &Path) -> Result<AllowList> {
        let read = std::fs::read_to_string(path).map_err(anyhow::Error::from);
        read.and_then(|text| AllowList::parse(&text))
            .with_context(|| format!("--allow {}", path.display()))
    }

    fn parse(text: &str) -> Result<AllowList> {
        let raw: RawFile = toml::from_str(text).map_err(|error| {
            let before = error.span().map_or("", |span| &text[..span.start]);
            anyhow!("line {}: {}", before.matches('\n').count() + 1, error.message())
        })?;
        if raw.allow.len().max(raw.budget.len()) > ENTRIES_MAX {
            bail!("more than {ENTRIES_MAX} entries");
        }
        let numbered = |name, at: usize| format!("[[{name}]] number {}", at + 1);
        let allowed = raw.allow.into_iter().enumerate();
        let budgets = raw.budget.into_iter().enumerate();
        Ok(AllowList {
            allowed: allowed
                .map(|(at, raw)| Allowed::new(raw).with_context(|| numbered("allow", at)))
                .collect::<Result<_>>()?,
            budgets: budgets
                .map(|(at, raw)| BudgetRule::new(raw).with_context(|| numbered("budget", at)))
                .collect::<Result<_>>()?,
        })
    }
}

impl Allowed {
    fn new(raw: RawAllowed) -> Result<Allowed> {
        let meant = match (raw.id, raw.detector, raw.service, raw.operation) {
            (Some(id), None, None, None) => {
                let is_id = id.len() == 32 && id.bytes().all(|digit| digit.is_ascii_hexdigit());
                if !is_id {
                    bail!("id = {id:?}: not 32 hex digits; hotspan check -o json lists them");
                }
                Meant::Id(id.to_ascii_lowercase())
            }
            (None, Some(detector), service, operation) => {
                if !hotspan_pipeline::catalogue()
                    .iter()
                    .any(|meta| meta.id == detector)
                {
                    bail!(
                        "detector = {detector:?}: there is none of this name; hotspan detectors lists them"
                    );
                }
                Meant::Where {
                    detector,
                    service: pattern("service", service)?,
                    operation: pattern("operation", operation)?,
                }
            }
            (Some(_), _, _, _) => bail!("id says it all; leave out detector, service and operation"),
            (None, None, _, _) => bail!("name the finding: id, or detector with service and operation"),
        };
        let reason = raw.reason.filter(|reason| !reason.trim().is_empty());
        let expires = raw
            .expires
            .map(|date| date.as_str().map_or_else(|| date.to_string(), ToOwned::to_owned));
        let expires = expires.context("expires is missing: the day on which this ends, say 2027-03-01")?;
        Ok(Allowed {
            meant,
            reason: reason.context("reason is missing: why is this accepted?")?,
            expires: date(&expires)
                .with_context(|| format!("expires = {expires}: not a day, say 2027-03-01"))?
                .to_owned(),
        })
    }

    /// Whether a finding is meant.
    pub(super) fn holds(&self, found: &Found) -> bool {
        match &self.meant {
            Meant::Id(id) => *id == found.id,
            Meant::Where {
                detector,
                service,
                operation,
            } => {
                *detector == found.detector
                    && service.matches(&found.service)
                    && operation.matches(&found.operation)
            }
        }
    }

    /// Whether its last day is over.
    pub(super) fn is_expired(&self, today: &str) -> bool {
        self.expires.as_str() < today
    }

    /// What it is about, in words.
    pub(super) fn name(&self) -> String {
        match &self.meant {
            Meant::Id(id) => id.clone(),
            Meant::Where {
                detector,
                service,
                operation,
            } => format!("{detector} in {} of {}", operation.text(), service.text()),
        }
    }
}

impl BudgetRule {
    fn new(raw: RawBudget) -> Result<BudgetRule> {
        let rule = BudgetRule {
            service: pattern("service", raw.service)?,
            operation: pattern("operation", raw.operation)?,
            max_db_calls: raw.max_db_calls,
            max_calls: raw.max_calls,
            max_duration_ms: raw.max_duration_ms,
        };
        if rule
            .max_db_calls
            .or(rule.max_calls)
            .or(rule.max_duration_ms)
            .is_none()
        {
            bail!("no budget: set max_db_calls, max_calls or max_duration_ms");
        }
        Ok(rule)
    }

    /// Whether an entry operation is meant.
    pub(super) fn holds(&self, at: &At) -> bool {
        self.service.matches(&at.service) && self.operation.matches(&at.operation)
    }
}

/// A pattern; everything when absent.
fn pattern(key: &str, text: Option<String>) -> Result<Pattern> {
    let text = text.as_deref().unwrap_or("*");
    Pattern::new(text).map_err(|why| anyhow!("{key} = {text:?}: {why}"))
}

/// `2027-03-01`: such texts are in order as the days are.
pub(super) fn date(text: &str) -> Option<&str> {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts[..] else {
        return None;
    };
    let is_number = |part: &str, digits| part.len() == digits && part.bytes().all(|b| b.is_ascii_digit());
    let is_date = is_number(year, 4)
        && is_number(month, 2)
        && is_number(day, 2)
        && ("01"..="12").contains(&month)
        && ("01"..="31").contains(&day);
    is_date.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found() -> Found {
        Found {
            id: "0a".repeat(16),
            detector: "slow-query".to_owned(),
            service: "shop".to_owned(),
            operation: "GET /orders".to_owned(),
            ..Found::default()
        }
    }

    fn why(text: &str) -> String {
        format!("{:#}", AllowList::parse(text).unwrap_err())
    }

    #[test]
    fn an_entry_names_a_fingerprint_or_a_detector_in_some_operations() {
        let list = AllowList::parse(
            "[[allow]]\nid = \"0A0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a\"\nreason = \"r\"\nexpires = 2027-03-01\n
             [[allow]]\ndetector = \"slow-query\"\nservice = \"sh*\"\nreason = \"r\"\nexpires = \"2027-03-01\"\n
             [[allow]]\ndetector = \"slow-query\"\noperation = \"POST *\"\nreason = \"r\"\nexpires = 2027-03-01",
        )
        .unwrap();
        let holds: Vec<bool> = list.allowed.iter().map(|of| of.holds(&found())).collect();
        assert_eq!(holds, [true, true, false]);
    }

    #[test]
    fn it_holds_until_the_end_of_its_last_day() {
        let list =
            AllowList::parse("[[allow]]\ndetector = \"slow-query\"\nreason = \"r\"\nexpires = 2027-03-01");
        let list = list.unwrap();
        let expired = |today| list.allowed[0].is_expired(today);
        assert!(!expired("2026-11-28") && !expired("2027-03-01") && expired("2027-03-02"));
    }

    #[test]
    fn without_reason_end_or_subject_it_is_refused() {
        let entry = "[[allow]]\ndetector = \"slow-query\"\n";
        assert!(why(&format!("{entry}expires = 2027-03-01")).contains("reason is missing"));
        assert!(why(&format!("{entry}reason = \" \"\nexpires = 2027-03-01")).contains("reason is missing"));
        assert!(why(&format!("{entry}reason = \"r\"")).contains("expires is missing"));
        assert!(why(&format!("{entry}reason = \"r\"\nexpires = \"soon\"")).contains("not a day"));
        assert!(why("[[allow]]\nreason = \"r\"\nexpires = 2027-03-01").contains("name the finding"));
        assert!(why("[[allow]]\ndetector = \"slow\"\nreason = \"r\"").contains("none of this name"));
        assert!(why("\n[[allow]]\nreson = \"r\"").contains("line 3: unknown field `reson`"));
        assert!(why("[[budget]]\nservice = \"shop\"").contains("no budget"));
    }
}
