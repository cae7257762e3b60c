//! Which aggregates are hotspots, and in which order to fix them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use hotspan_model::{Hotspot, Meta, Peer};

use crate::aggregate::{Aggregate, Shape};
use crate::confidence::THIRD_PARTY;
use crate::cross;
use crate::gates::is_structure;
use crate::view::Reader;
use crate::{Coverage, SIGHTINGS};

/// A detector that speaks when at least half of an operation's traces carry its fault.
const MISSING_POOL: &str = "missing-pool";

/// Hours in which the sightings that open a hotspot must lie.
const SIGHTING_HOURS: u64 = 24;

/// The hotspots by rank, and how many of them a reader sees unasked.
pub(crate) fn hotspots(
    reader: &Reader<'_>,
    catalogue: &[&'static Meta],
    coverage: &mut Coverage,
) -> (Vec<Hotspot>, usize) {
    let metas: BTreeMap<&str, &'static Meta> = catalogue.iter().map(|&meta| (meta.id, meta)).collect();
    let with_root: BTreeSet<u128> = reader
        .merged
        .aggregates
        .values()
        .filter(|row| row.headless < row.traces)
        .map(|row| row.kin)
        .collect();
    let mut list = Vec::new();
    for (&id, row) in &reader.merged.aggregates {
        let (Some(&meta), Some(shape)) = (metas.get(row.detector), reader.shape(row)) else {
            continue;
        };
        // A segment that lost its root cannot say its operation; it speaks only when no other says the same.
        let is_said = row.headless == row.traces && with_root.contains(&row.kin);
        let opens = opens(row, meta, sightings(reader, shape)) && is_structure(reader, row, shape);
        if is_said || !opens || is_cold_start(reader, row) {
            coverage.below_gate += 1;
        } else if is_internal_after_all(reader, row, shape) {
            coverage.internal_after_all += 1;
        } else {
            list.push(reader.hotspot(id, row, shape, meta));
        }
    }
    list.extend(cross::hotspots(reader, catalogue));
    let least = reader.settings.min_confidence;
    list.sort_by_cached_key(|hotspot| {
        let order = (hotspot.priority, hotspot.impact_s_per_hour);
        (hotspot.confidence < least, Reverse(order), hotspot.id)
    });
    for (rank, hotspot) in (1..).zip(&mut list) {
        hotspot.rank = rank;
    }
    let listed = list.iter().filter(|hotspot| hotspot.confidence >= least).count();
    (list, listed)
}

/// How many traces of a shape's operation open a hotspot.
fn sightings(reader: &Reader<'_>, shape: &Shape) -> u64 {
    let text = |symbol| reader.dictionary.text(symbol);
    reader.knob(&SIGHTINGS, text(shape.at.service), Some(text(shape.at.operation)))
}

/// The gate: dear once, or cheap often enough. A habit must be seen often whatever it costs.
fn opens(row: &Aggregate, meta: &Meta, sightings: u64) -> bool {
    let once = row.dear > 0 && !meta.habit;
    once || row.timeline.hours.most_within(SIGHTING_HOURS) >= sightings
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
