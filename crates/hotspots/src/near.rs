//! What nearly is a hotspot: near misses of traces, and findings that a gate over traces stops.

use std::collections::BTreeMap;

use hotspan_model::{
    CONDITIONS_MAX, Class, Condition, Fingerprint, Hotspot, LogTime, Lookup, Millionths, NearMiss,
    NearReason, OpRef, Report, Symbol,
};

use crate::aggregate::{Aggregate, Shape};
use crate::blind::{Remedy, blind};
use crate::calendar::Calendar;
use crate::distribution::Distribution;
use crate::sign::{self, Sign};
use crate::stored::stored;
use crate::tally::Tally;
use crate::times::Times;
use crate::view::Reader;

/// Near misses of one segment operation that are answered.
const NEAREST: usize = 64;

/// Names and thresholds of a rule's conditions.
type Thresholds = [(&'static str, u64); CONDITIONS_MAX];

/// What makes near misses of several traces one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct NearKey {
    at: OpRef,
    detector: &'static str,
    reason: NearReason,
    class: Class,
    template: Option<Symbol>,
    thresholds: Thresholds,
}

impl NearKey {
    pub(crate) fn of(row: &NearMiss) -> NearKey {
        NearKey {
            at: row.at,
            detector: row.detector,
            reason: row.reason,
            class: row.class,
            template: row.template,
            thresholds: row.conditions.map(|one| (one.name, one.threshold)),
        }
    }

    /// Whose rule it is.
    pub(crate) fn detector(&self) -> &'static str {
        self.detector
    }

    /// For grouping within one process; orders nothing that shows.
    pub(crate) fn packed(&self) -> impl Ord + use<> {
        (
            (self.at.service.raw(), self.at.operation.raw()),
            self.template.map_or(0, Symbol::raw),
            (self.detector, self.reason, self.class),
            self.thresholds,
        )
    }
}

/// The same by text, in the order of answers but for distances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NearText<'a> {
    service: &'a str,
    operation: &'a str,
    detector: &'static str,
    reason: NearReason,
    class: Class,
    template: &'a str,
    thresholds: Thresholds,
}

impl<'a> NearText<'a> {
    pub(crate) fn new(key: &NearKey, dictionary: &'a dyn Lookup) -> NearText<'a> {
        NearText {
            service: dictionary.text(key.at.service),
            operation: dictionary.text(key.at.operation),
            detector: key.detector,
            reason: key.reason,
            class: key.class,
            template: key.template.map_or("", |template| dictionary.text(template)),
            thresholds: key.thresholds,
        }
    }
}

/// The near misses of one key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Near {
    traces: u64,
    members: Distribution,
    /// Of each condition, the best of a trace.
    values: [Distribution; CONDITIONS_MAX],
    entries: Tally<OpRef>,
    calendar: Calendar,
}

impl Near {
    /// Adds those of one trace, or takes them back.
    pub(crate) fn shift<'r>(
        &mut self,
        sign: Sign,
        rows: impl Iterator<Item = &'r NearMiss> + Clone,
        report: &Report,
        times: &Times,
        most: usize,
    ) {
        let (mut members, mut values) = (0, [0; CONDITIONS_MAX]);
        // Rows of one key have the same conditions.
        let named = rows.clone().next().map_or(0, |row| {
            let named = row.conditions.iter().filter(|one| !one.name.is_empty());
            named.count()
        });
        for row in rows {
            members = members.max(sign::number(row.members));
            for (value, one) in values.iter_mut().zip(&row.conditions) {
                *value = (*value).max(one.value.min(1 << 50));
            }
        }
        sign.count(&mut self.traces, 1);
        self.members.record(sign, members);
        for (distribution, value) in self.values[..named].iter_mut().zip(values) {
            distribution.record(sign, value);
        }
        if let Some(entry) = report.entry {
            self.entries.shift(sign, &entry, 1, most);
        }
        self.calendar.shift(sign, times, members, 0);
    }

    /// Adds those of another shard.
    pub(crate) fn merge(&mut self, other: &Near) {
        Sign::Add.count(&mut self.traces, other.traces);
        self.members.merge(&other.members);
        for (sum, values) in self.values.iter_mut().zip(&other.values) {
            sum.merge(values);
        }
        self.entries.merge(&other.entries);
        self.calendar.merge(&other.calendar);
    }
}

/// What nearly is a hotspot, over all traces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearMissAnswer {
    /// The service.
    pub service: String,
    /// Its segment operation.
    pub operation: String,
    /// The root operations that its traces entered by, most first.
    pub entries: Vec<String>,
    /// Whose rule.
    pub detector: &'static str,
    /// What stopped it.
    pub reason: NearReason,
    /// What its members are.
    pub class: Class,
    /// Under which template; empty for none.
    pub template: String,
    /// The fingerprint, when there are findings that only a gate over traces stops.
    pub id: Option<Fingerprint>,
    /// Traces that show it.
    pub traces: u64,
    /// Traces in which the operation was judged.
    pub evaluated: u64,
    /// Most members in a trace.
    pub members: u64,
    /// Every condition, each with its best value; rounded down where numbers are large.
    pub conditions: Vec<Condition>,
    /// The part that is missing of the threshold that is missed by most; zero when a guard alone stops it.
    pub distance: Millionths,
    /// End of the last filled hour or day.
    pub last_seen: LogTime,
    /// What would let a blind rule see.
    pub remedy: Option<Remedy>,
}

/// All of them: by service and operation, the nearest first, the 64 nearest of an operation.
pub(crate) fn near_misses(reader: &Reader<'_>, mut stopped: Vec<NearMissAnswer>) -> Vec<NearMissAnswer> {
    stopped.extend(blind(reader));
    let rows = reader.merged.near.iter();
    stopped.extend(rows.filter_map(|(text, near)| answer(reader, text, near)));
    let mut of_operations: BTreeMap<(String, String), Vec<NearMissAnswer>> = BTreeMap::new();
    for near in stopped {
        let place = (near.service.clone(), near.operation.clone());
        of_operations.entry(place).or_default().push(near);
    }
    let nearest = |mut rows: Vec<NearMissAnswer>| {
        rows.sort_by_cached_key(|row| {
            let rule = (row.distance, row.detector, row.reason, row.class);
            (rule, row.template.clone(), row.conditions.clone(), row.id)
        });
        rows.truncate(NEAREST);
        rows
    };
    of_operations.into_values().flat_map(nearest).collect()
}

fn answer(reader: &Reader<'_>, text: &NearText<'_>, near: &Near) -> Option<NearMissAnswer> {
    near.calendar.first(reader.merged.newest)?;
    let conditions = text.thresholds.iter().zip(&near.values);
    let conditions = conditions.filter(|(of, _)| !of.0.is_empty());
    let conditions: Vec<Condition> = conditions
        .map(|(&(name, threshold), values)| Condition {
            name,
            value: values.top(),
            threshold,
        })
        .collect();
    Some(NearMissAnswer {
        service: text.service.to_owned(),
        operation: text.operation.to_owned(),
        entries: entries(reader, &near.entries),
        detector: text.detector,
        reason: text.reason,
        class: text.class,
        template: text.template.to_owned(),
        id: None,
        traces: near.traces,
        evaluated: evaluated(reader, text.service, text.operation),
        members: near.members.top(),
        distance: distance(&conditions),
        conditions,
        last_seen: near.calendar.last(reader.merged.newest).unwrap_or_default(),
        remedy: None,
    })
}

/// A fingerprint that a gate over traces stops.
pub(crate) fn stopped(
    reader: &Reader<'_>,
    (id, row, shape): (Fingerprint, &Aggregate, &Shape),
    reason: NearReason,
    condition: Option<Condition>,
) -> NearMissAnswer {
    let text = |symbol| reader.dictionary.text(symbol);
    let (service, operation) = (text(shape.at.service), text(shape.at.operation));
    let conditions: Vec<Condition> = condition.into_iter().collect();
    NearMissAnswer {
        service: service.to_owned(),
        operation: operation.to_owned(),
        entries: entries(reader, &row.entries),
        detector: row.detector,
        reason,
        class: shape.class,
        template: shape.template.map_or("", text).to_owned(),
        id: Some(id),
        traces: row.traces,
        evaluated: evaluated(reader, service, operation),
        members: row.calls.top(),
        distance: distance(&conditions),
        conditions,
        last_seen: row.timeline.last().unwrap_or_default().1,
        remedy: None,
    }
}

/// A hotspot over traces that is not sure enough to be listed unasked.
pub(crate) fn unsure(reader: &Reader<'_>, hotspot: &Hotspot, sureness: Condition) -> NearMissAnswer {
    NearMissAnswer {
        service: hotspot.service.clone(),
        operation: String::new(),
        entries: Vec::new(),
        detector: hotspot.detector,
        reason: NearReason::Confidence,
        class: Class::default(),
        template: hotspot.callee.template.clone(),
        id: Some(hotspot.id),
        traces: hotspot.traces,
        evaluated: reader
            .merged
            .services
            .get(hotspot.service.as_str())
            .map_or(0, |row| row.traces),
        members: hotspot.calls_per_trace.max,
        conditions: vec![sureness],
        distance: sureness.distance(),
        last_seen: hotspot.last_seen,
        remedy: None,
    }
}

pub(crate) fn distance(conditions: &[Condition]) -> Millionths {
    let distances = conditions.iter().map(Condition::distance);
    distances.max().unwrap_or(Millionths(0))
}

fn evaluated(reader: &Reader<'_>, service: &str, operation: &str) -> u64 {
    let row = reader.merged.operations.get(&(service, operation));
    row.map_or(0, |operation| operation.traces)
}

fn entries(reader: &Reader<'_>, entries: &Tally<OpRef>) -> Vec<String> {
    let ranked = entries.ranked(|entry| reader.dictionary.text(entry.operation).to_owned());
    let names = ranked.into_iter().map(|entry| entry.0);
    names.take(reader.settings.entries_max).collect()
}

stored!(NearKey {
    at,
    detector,
    reason,
    class,
    template,
    thresholds,
});
stored!(Near {
    traces,
    members,
    values,
    entries,
    calendar,
});
