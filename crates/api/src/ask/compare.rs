//! Which two sides are compared: `FROM..UNTIL` or `version:NAME`.

use std::collections::BTreeSet;

use hotspan_hotspots::compare::{Change, Window};
use hotspan_model::{Hotspot, LogTime};

use super::filter::{among, known_detectors};
use super::since::moment;
use super::{Cursor, Problem, Query};
use crate::View;

/// What a side has to be.
const SIDE: &str = "two moments as FROM..UNTIL, say `-2h..-1h`, or `version:NAME`";
/// The sides when nobody says: the day before the last hour, and that hour.
const DEFAULT: [&str; 2] = ["-24h..-1h", "-1h..now"];
/// Versions that a refusal names.
const VERSIONS_MAX: usize = 100;

/// The two sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sides {
    Windows([Window; 2]),
    Versions([String; 2]),
}

/// Which changes between which sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CompareFilter {
    pub(crate) sides: Sides,
    pub(crate) service: Vec<String>,
    pub(crate) detector: Vec<String>,
    pub(crate) change: Vec<Change>,
    pub(crate) page: Cursor,
}

impl CompareFilter {
    /// Reads the parameters; moments are relative to `view`.
    pub(crate) fn read(query: &mut Query, view: &View) -> Result<CompareFilter, Problem> {
        let [a, b] = [query.one("a")?, query.one("b")?];
        Ok(CompareFilter {
            sides: sides(&a.unwrap_or_default(), &b.unwrap_or_default(), view)?,
            service: query.all("service"),
            detector: known_detectors(query.all("detector"), view)?,
            change: query.words("change", &Change::ALL.map(|of| (of.name(), of)))?,
            page: Cursor::read(query)?,
        })
    }

    /// Whether a hotspot is asked for, whatever became of it.
    pub(crate) fn matches(&self, hotspot: &Hotspot) -> bool {
        among(&self.service, &hotspot.service) && among(&self.detector, hotspot.detector)
    }

    /// Whether a change is asked for; unasked, only those are shown that changed.
    pub(crate) fn wants(&self, change: Change) -> bool {
        match self.change.is_empty() {
            true => !matches!(change, Change::Same | Change::Unclear),
            false => self.change.contains(&change),
        }
    }
}

/// Both sides, of one kind; empty texts are the last hour beside the day before.
pub(crate) fn sides(a: &str, b: &str, view: &View) -> Result<Sides, Problem> {
    let [a, b] = [(a, DEFAULT[0]), (b, DEFAULT[1])]
        .map(|(text, default)| if text.is_empty() { default } else { text });
    match (a.strip_prefix("version:"), b.strip_prefix("version:")) {
        (Some(first), Some(second)) => {
            let known: BTreeSet<&str> = versions(view).collect();
            for (name, version) in [("a", first), ("b", second)] {
                if !known.contains(version) {
                    let known: Vec<&str> = known.iter().copied().take(VERSIONS_MAX).collect();
                    return Err(Problem::unknown_value(name, version, &known));
                }
            }
            Ok(Sides::Versions([first.to_owned(), second.to_owned()]))
        }
        (None, None) => Ok(Sides::Windows([
            window("a", a, view.at)?,
            window("b", b, view.at)?,
        ])),
        (Some(_), None) => Err(Problem::bad_value("b", b, "`version:NAME`, as `a` is")),
        (None, Some(_)) => Err(Problem::bad_value("a", a, "`version:NAME`, as `b` is")),
    }
}

fn versions(view: &View) -> impl Iterator<Item = &str> {
    let services = view.answers.services.iter();
    services.flat_map(|service| service.versions.iter().map(|of| of.version.as_str()))
}

fn window(name: &str, text: &str, now: LogTime) -> Result<Window, Problem> {
    let wrong = |allowed: &str| Problem::bad_value(name, text, allowed);
    let (from, until) = text.split_once("..").ok_or_else(|| wrong(SIDE))?;
    let moment = |text: &str| moment(text, now).ok_or_else(|| wrong(SIDE));
    let (from, until) = (moment(from)?, moment(until)?);
    Window::new(from, until, now).ok_or_else(|| {
        wrong("a window that holds a whole hour, or a whole minute of the last hour; the earlier moment comes first")
    })
}
