//! Which rows of a list are asked for.

use hotspan_hotspots::MIN_CONFIDENCE;
use hotspan_model::{Break, Hotspot, LogTime, MILLION, Millionths, State};

use super::{Cursor, Problem, Query, bound};
use crate::{View, shape};

/// In which order hotspots are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Sort {
    /// By priority, ties by impact.
    #[default]
    Priority,
    /// Most seconds an hour first.
    Impact,
    /// Latest first.
    LastSeen,
}

impl Sort {
    /// What keys of this order begin with, so that a cursor of another order is told apart.
    pub(crate) fn tag(self) -> char {
        match self {
            Sort::Priority => 'p',
            Sort::Impact => 'i',
            Sort::LastSeen => 'l',
        }
    }
}

/// Which hotspots. Values of one list are alternatives; an empty list does not filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HotspotFilter {
    pub(crate) service: Vec<String>,
    pub(crate) entry: Vec<String>,
    pub(crate) detector: Vec<String>,
    pub(crate) in_break: Vec<Break>,
    pub(crate) state: Vec<State>,
    pub(crate) min_confidence: Millionths,
    pub(crate) since: Option<LogTime>,
    pub(crate) until: Option<LogTime>,
    pub(crate) sort: Sort,
    pub(crate) page: Cursor,
}

/// Which rows of services, operations, edges or companies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RowFilter {
    pub(crate) service: Vec<String>,
    pub(crate) page: Cursor,
}

/// Which near misses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NearFilter {
    pub(crate) service: Vec<String>,
    pub(crate) entry: Vec<String>,
    pub(crate) page: Cursor,
}

/// Which exemplars.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TraceFilter {
    pub(crate) service: Vec<String>,
    pub(crate) detector: Vec<String>,
    pub(crate) page: Cursor,
}

const SORTS: [(&str, Sort); 3] = [
    ("priority", Sort::Priority),
    ("impact", Sort::Impact),
    ("last_seen", Sort::LastSeen),
];

impl HotspotFilter {
    /// Reads the parameters; moments are relative to `view`.
    pub(crate) fn read(query: &mut Query, view: &View) -> Result<HotspotFilter, Problem> {
        let breaks = shape::Break::ALL.map(|of| (of.name(), of));
        let states = shape::State::ALL.map(|of| (of.name(), of));
        let confidence = query.parsed("min_confidence", "a number from 0 to 1", share)?;
        let sort = query.one_word("sort", &SORTS)?.unwrap_or_default();
        Ok(HotspotFilter {
            service: query.all("service"),
            entry: query.all("entry"),
            detector: known_detectors(query.all("detector"), view)?,
            in_break: query.words("break", &breaks)?,
            state: query.words("state", &states)?,
            min_confidence: confidence.unwrap_or(MIN_CONFIDENCE),
            since: bound("since", &query.one("since")?.unwrap_or_default(), view.at)?,
            until: bound("until", &query.one("until")?.unwrap_or_default(), view.at)?,
            sort,
            page: Cursor::read(query)?.in_order(sort.tag())?,
        })
    }

    /// Whether a hotspot is asked for.
    pub(crate) fn matches(&self, hotspot: &Hotspot) -> bool {
        let entered = |(entry, _): &(String, u64)| self.entry.contains(entry);
        among(&self.service, &hotspot.service)
            && (self.entry.is_empty()
                || hotspot.entries.iter().any(entered)
                || self.entry.contains(&hotspot.entry))
            && among(&self.detector, hotspot.detector)
            && (self.in_break.is_empty() || self.in_break.contains(&hotspot.in_break))
            && self.wants(hotspot.state)
            && self.min_confidence <= hotspot.confidence
            && self.since.is_none_or(|since| since <= hotspot.last_seen)
            && self.until.is_none_or(|until| hotspot.first_seen <= until)
    }

    /// What is muted is shown to those who ask for it.
    fn wants(&self, state: State) -> bool {
        match self.state.is_empty() {
            true => state != State::Muted,
            false => self.state.contains(&state),
        }
    }

    /// The place of a hotspot in the order that is asked for: descending by numbers, then by fingerprint.
    pub(crate) fn key(&self, hotspot: &Hotspot) -> String {
        let impact = u64::MAX - hotspot.impact_s_per_hour.0;
        let (first, second) = match self.sort {
            Sort::Priority => (u64::MAX - hotspot.priority.0, impact),
            Sort::Impact => (impact, 0),
            Sort::LastSeen => (u64::MAX - hotspot.last_seen.0, 0),
        };
        format!("{}{first:020} {second:020} {}", self.sort.tag(), hotspot.id)
    }
}

/// Which exemplars are analysed again for an answer about one hotspot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waterfalls {
    /// All that are held.
    All,
    /// None: what follows from the snapshot alone.
    None,
}

impl Waterfalls {
    /// Reads the parameter.
    pub(crate) fn read(query: &mut Query) -> Result<Waterfalls, Problem> {
        let words = [("all", Waterfalls::All), ("none", Waterfalls::None)];
        Ok(query.one_word("waterfalls", &words)?.unwrap_or(Waterfalls::All))
    }
}

impl RowFilter {
    /// Reads the parameters.
    pub(crate) fn read(query: &mut Query) -> Result<RowFilter, Problem> {
        Ok(RowFilter {
            service: query.all("service"),
            page: Cursor::read(query)?,
        })
    }

    /// Whether a row that these services are part of is asked for.
    pub(crate) fn matches<'a>(&self, services: impl IntoIterator<Item = &'a str>) -> bool {
        self.service.is_empty() || services.into_iter().any(|service| among(&self.service, service))
    }
}

impl NearFilter {
    /// Reads the parameters.
    pub(crate) fn read(query: &mut Query) -> Result<NearFilter, Problem> {
        Ok(NearFilter {
            service: query.all("service"),
            entry: query.all("entry"),
            page: Cursor::read(query)?,
        })
    }

    /// Whether an operation of `service` is asked for, by its own name or by that of a root operation that its traces
    /// entered by.
    pub(crate) fn matches(&self, service: &str, operation: &str, entries: &[String]) -> bool {
        let entered = || entries.iter().any(|entry| self.entry.contains(entry));
        among(&self.service, service) && (among(&self.entry, operation) || entered())
    }
}

impl TraceFilter {
    /// Reads the parameters.
    pub(crate) fn read(query: &mut Query, view: &View) -> Result<TraceFilter, Problem> {
        Ok(TraceFilter {
            service: query.all("service"),
            detector: known_detectors(query.all("detector"), view)?,
            page: Cursor::read(query)?,
        })
    }

    /// Whether the exemplars of a hotspot are asked for.
    pub(crate) fn matches(&self, hotspot: &Hotspot) -> bool {
        among(&self.service, &hotspot.service) && among(&self.detector, hotspot.detector)
    }
}

/// Whether a list that does not filter when it is empty lets `value` through.
pub(super) fn among(list: &[String], value: &str) -> bool {
    list.is_empty() || list.iter().any(|wanted| wanted == value)
}

/// The detectors, when each of them exists.
pub(crate) fn known_detectors(named: Vec<String>, view: &View) -> Result<Vec<String>, Problem> {
    for name in &named {
        if !view.detectors.contains(&name.as_str()) {
            return Err(Problem::unknown_value("detector", name, &view.detectors));
        }
    }
    Ok(named)
}

/// A decimal from 0 to 1 in millionths, without a float; further places are dropped.
fn share(text: &str) -> Option<Millionths> {
    let (whole, places) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(places) {
        return None;
    }
    let whole: u64 = whole.parse().ok().filter(|&whole| whole <= 1)?;
    let millionths: u64 = format!("{places:0<6.6}").parse().ok()?;
    Some(Millionths(whole * MILLION + millionths)).filter(|&share| share <= Millionths::ONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_read_without_a_float() {
        for (text, millionths) in [
            ("0", Some(0)),
            ("1", Some(1_000_000)),
            ("1.0", Some(1_000_000)),
            ("0.4", Some(400_000)),
            ("0.1234567", Some(123_456)),
            ("1.000001", None),
            ("2", None),
            (".5", None),
            ("-0.1", None),
            ("NaN", None),
            ("1e-1", None),
            ("0.4é", None),
        ] {
            assert_eq!(share(text), millionths.map(Millionths), "{text}");
        }
    }
}
