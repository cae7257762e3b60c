//! Which aggregates are hotspots, and in which order to fix them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use hotspan_model::{Condition, Hotspot, Meta, Millionths, NearReason, Peer};

use crate::aggregate::{Aggregate, Shape};
use crate::confidence::THIRD_PARTY;
use crate::cross;
use crate::fixes;
use crate::gates::structure;
use crate::many;
use crate::near::{self, NearMissAnswer};
use crate::view::Reader;
use crate::{Coverage, SIGHTINGS};

/// A detector that speaks when at least half of an operation's traces carry its fault.
const MISSING_POOL: &str = "missing-pool";

/// Hours in which the sightings that open a hotspot must lie.
const SIGHTING_HOURS: u64 = 24;

/// The hotspots, and what nearly is one.
#[derive(Debug, Default)]
pub(crate) struct Ranked {
    /// By rank.
    pub(crate) hotspots: Vec<Hotspot>,
    /// How many of them a reader sees unasked.
    pub(crate) listed: usize,
    /// Fingerprints that a gate stops, or that are not sure enough to be seen unasked.
    pub(crate) stopped: Vec<NearMissAnswer>,
}

/// The hotspots by rank, and what stopped the rest.
pub(crate) fn hotspots(reader: &Reader<'_>, catalogue: &[&'static Meta], coverage: &mut Coverage) -> Ranked {
    let metas: BTreeMap<&str, &'static Meta> = catalogue.iter().map(|&meta| (meta.id, meta)).collect();
    let with_root: BTreeSet<u128> = reader
        .merged
        .aggregates
        .values()
        .filter(|row| row.headless < row.traces)
        .map(|row| row.kin)
        .collect();
    let least = reader.settings.min_confidence;
    let (mut list, mut stopped) = (Vec::new(), Vec::new());
    for (&id, row) in &reader.merged.aggregates {
        let (Some(&meta), Some(shape)) = (metas.get(row.detector), reader.shape(row)) else {
            continue;
        };
        // A segment that lost its root cannot say its operation; it speaks only when no other says the same.
        let is_said = row.headless == row.traces && with_root.contains(&row.kin);
        let mut stop =
            |reason, condition| stopped.push(near::stopped(reader, (id, row, shape), reason, condition));
        if is_said {
            coverage.below_gate += 1;
        } else if let Some((reason, condition)) = gate(reader, row, shape, meta) {
            coverage.below_gate += 1;
            stop(reason, condition);
        } else if is_internal_after_all(reader, row, shape) {
            coverage.internal_after_all += 1;
            stop(NearReason::Guard("internal"), None);
        } else {
            let hotspot = reader.hotspot(id, row, shape, meta);
            if hotspot.confidence < least {
                stop(NearReason::Confidence, Some(sureness(hotspot.confidence, least)));
            }
            list.push(hotspot);
        }
    }
    let (over_traces, nearly) = cross::hotspots(reader, catalogue, coverage);
    stopped.extend(nearly);
    let unsure = over_traces.iter().filter(|hotspot| hotspot.confidence < least);
    stopped.extend(unsure.map(|hotspot| near::unsure(reader, hotspot, sureness(hotspot.confidence, least))));
    list.extend(over_traces);
    list.sort_by_cached_key(|hotspot| {
        let tail = hotspot.tail.map(|tail| tail.excess());
        let order = (hotspot.priority, hotspot.impact_s_per_hour, tail);
        (hotspot.confidence < least, Reverse(order), hotspot.id)
    });
    for (rank, hotspot) in (1..).zip(&mut list) {
        hotspot.rank = rank;
    }
    fixes::share(&mut list);
    let listed = list.iter().filter(|hotspot| hotspot.confidence >= least).count();
    Ranked {
        hotspots: list,
        listed,
        stopped,
    }
}

/// What stops a fingerprint that is no hotspot yet.
fn gate(
    reader: &Reader<'_>,
    row: &Aggregate,
    shape: &Shape,
    meta: &Meta,
) -> Option<(NearReason, Option<Condition>)> {
    let text = |symbol| reader.dictionary.text(symbol);
    let (service, operation) = (text(shape.at.service), text(shape.at.operation));
    let threshold = match reader.settings.one_trace_opens {
        true => 1,
        false => reader.knob(&SIGHTINGS, service, Some(operation)),
    };
    let alone = row.traces.saturating_sub(row.needing_many);
    if alone < threshold
        && !opens_once(row, meta)
        && row.needing_many > 0
        && let Some((reason, condition)) = many::lacks(reader, row, shape)
    {
        return Some((reason, Some(condition)));
    }
    if let Some(sightings) = sightings(row, meta, threshold) {
        return Some((NearReason::Sightings, Some(sightings)));
    }
    if let Some((reason, condition)) = structure(reader, row, shape) {
        return Some((reason, Some(condition)));
    }
    is_cold_start(reader, row).then_some((NearReason::Guard("cold-start"), None))
}

/// What it lacks of the gate: dear once, or cheap often enough. A habit must be seen often whatever it costs.
fn sightings(row: &Aggregate, meta: &Meta, threshold: u64) -> Option<Condition> {
    let value = row.timeline.hours.most_within(SIGHTING_HOURS);
    (!opens_once(row, meta) && value < threshold).then_some(Condition {
        name: "sightings",
        value,
        threshold,
    })
}

fn opens_once(row: &Aggregate, meta: &Meta) -> bool {
    row.dear > 0 && !meta.habit
}

fn sureness(confidence: Millionths, least: Millionths) -> Condition {
    Condition {
        name: "confidence_millionths",
        value: confidence.0,
        threshold: least.0,
    }
}

/// New connections in few of an operation's traces are those that its instances open first. One trace alone says
/// something only where it is all there is of its service.
fn is_cold_start(reader: &Reader<'_>, row: &Aggregate) -> bool {
    if row.detector != MISSING_POOL {
        return false;
    }
    let text = |symbol| reader.dictionary.text(symbol);
    let places: BTreeSet<(&str, &str)> = row
        .shapes
        .keys()
        .map(|shape| (text(shape.at.service), text(shape.at.operation)))
        .collect();
    let rows = places
        .iter()
        .filter_map(|place| reader.merged.operations.get(place));
    let judged = rows.map(|operation| operation.traces).sum::<u64>();
    let services = places
        .iter()
        .filter_map(|(service, _)| reader.merged.services.get(service));
    let of_service = services.map(|service| service.traces).max().unwrap_or(0);
    row.traces.saturating_mul(2) < judged || (row.traces == 1 && of_service > 1)
}

/// Other traces show that the "other company" is one of ours.
fn is_internal_after_all(reader: &Reader<'_>, row: &Aggregate, shape: &Shape) -> bool {
    if row.detector != THIRD_PARTY {
        return false;
    }
    let callee = shape
        .callee
        .and_then(|callee| reader.peers.decide(callee, reader.dictionary));
    callee.is_some_and(|decided| decided.decision.peer == Peer::Internal)
}
