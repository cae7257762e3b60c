//! What an answer rests on: what came in, what became of it, and what could not be seen.

use std::collections::BTreeMap;

use hotspan_hotspots::{Answers, ServiceAnswer};
use hotspan_model::{Counts, Decided, DefectKind, Millionths, Reason};
use serde::Serialize;
use utoipa::ToSchema;

use super::text::clean;
use super::{Decimal, Moment};
use crate::{Status, backend};

/// Most services named in one coverage.
const SERVICES_MAX: usize = 50;
/// Most reasons given for one service.
const BLIND_MAX: usize = 8;
/// The detector whose hotspots say what cannot be judged.
const BLIND_SERVICE: &str = "blind-service";

/// What an answer rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Coverage {
    /// Spans by what became of them: received = analysed + dropped + open.
    pub spans: SpanCounts,
    /// Traces by what became of them.
    pub traces: TraceCounts,
    /// Share of analysed traces that lack nothing.
    pub complete_share: Decimal,
    /// How many traces one analysed trace stands for, on average; 1 without sampling, 0 without traces.
    pub sampling_weight: Decimal,
    /// Start of the first filled bucket; null without traces.
    pub first: Option<Moment>,
    /// Latest moment a trace counted for; null without traces.
    pub last: Option<Moment>,
    /// Hours that impacts and rates are taken over.
    pub window_hours: Decimal,
    /// Defects found in analysed traces, by kind; kinds that never occurred are left out.
    pub defects: BTreeMap<String, u64>,
    /// What was seen and is in no list.
    pub left_out: LeftOut,
    /// What gave way to the load.
    pub pressure: Pressure,
    /// Services of which something could not be seen, worst first, at most 50.
    pub services: Vec<Blind>,
}

/// What gave way to the load.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Pressure {
    /// The furthest step of the last 10 s: `none`, `evidence` (bytes of requests are given up, so that new exemplars
    /// show no attributes), `closing` (traces are decided early), `sampling` (whole traces are left out, by their
    /// ids), `refusing` (senders are asked to send again).
    pub level: String,
    /// Share of traces that is left out now, where it is most.
    pub left_out_share: Decimal,
    /// Requests whose bytes were given up before exemplars could be made of them.
    pub evidence_dropped: u64,
    /// Requests that were refused for want of room, to be sent again.
    pub requests_refused: u64,
}

/// Spans by what became of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct SpanCounts {
    /// Framed in requests that were handed over.
    pub received: u64,
    /// In a decided trace, once.
    pub analysed: u64,
    /// By reason; every reason is there.
    pub dropped: BTreeMap<String, u64>,
    /// Waiting, or in traces not yet decided.
    pub open: u64,
}

/// Traces by what became of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct TraceCounts {
    /// Those that the lists rest on.
    pub analysed: u64,
    /// The same, adjusted for sampling.
    pub weighted: Decimal,
    /// Those whose findings may rest on missing spans.
    pub incomplete: u64,
    /// Decided, by reason; every reason is there.
    pub decided: BTreeMap<String, u64>,
    /// Not yet decided.
    pub open: u64,
}

/// What was seen and is in no list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct LeftOut {
    /// Fingerprints seen too seldom to be listed.
    pub below_gate: u64,
    /// Fingerprints whose callee turned out to be internal.
    pub internal_after_all: u64,
    /// Findings in single traces, and hotspots over traces, that `hotspan.ignore` accepts in the code.
    pub ignored: u64,
    /// Hotspots that a person muted.
    pub muted: u64,
    /// Sightings of fingerprints beyond the bound.
    pub sightings_beyond: u64,
    /// Rows of services, edges and orders beyond their bounds.
    pub rows_beyond: u64,
}

/// A service of which something could not be seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Blind {
    /// The service.
    pub service: String,
    /// Its spans.
    pub spans: u64,
    /// Spans of it whose parent was never received.
    pub orphan_spans: u64,
    /// What cannot be judged, in words.
    pub why: Vec<String>,
}

impl Coverage {
    /// The coverage of everything that was answered.
    pub fn new(answers: &Answers, status: &Status) -> Coverage {
        let of = &answers.coverage;
        let found = DefectKind::ALL
            .into_iter()
            .filter(|&kind| of.defects[kind as usize] > 0);
        Coverage {
            spans: SpanCounts::from(&status.counts),
            traces: TraceCounts {
                analysed: of.traces,
                weighted: of.weighted_traces.into(),
                incomplete: of.incomplete,
                decided: decided(&status.decided),
                open: status.open_traces,
            },
            complete_share: of.complete_share.into(),
            sampling_weight: Millionths(of.weighted_traces.0.checked_div(of.traces).unwrap_or(0)).into(),
            first: of.first.map(Moment::from),
            last: of.last.map(Moment::from),
            window_hours: of.window_hours.into(),
            defects: found
                .map(|kind| (kind.name().to_owned(), of.defects[kind as usize]))
                .collect(),
            left_out: LeftOut {
                below_gate: of.below_gate,
                internal_after_all: of.internal_after_all,
                ignored: of.ignored,
                muted: of.muted,
                sightings_beyond: of.sightings_beyond,
                rows_beyond: of.rows_beyond,
            },
            pressure: Pressure::from(&status.pressure),
            services: blind(answers),
        }
    }
}

impl From<&backend::Pressure> for Pressure {
    fn from(of: &backend::Pressure) -> Pressure {
        Pressure {
            level: of.level.name().to_owned(),
            left_out_share: of.left_out.into(),
            evidence_dropped: of.evidence_dropped,
            requests_refused: of.requests_refused,
        }
    }
}

impl From<&Counts> for SpanCounts {
    fn from(of: &Counts) -> SpanCounts {
        let dropped = Reason::ALL.into_iter();
        SpanCounts {
            received: of.received,
            analysed: of.analysed,
            dropped: dropped
                .map(|reason| (reason.name().to_owned(), of.dropped(reason)))
                .collect(),
            open: of.open,
        }
    }
}

/// Decided traces by the name of the reason.
pub(super) fn decided(of: &[u64; Decided::ALL.len()]) -> BTreeMap<String, u64> {
    let reasons = Decided::ALL.into_iter();
    reasons
        .map(|reason| (reason.name().to_owned(), of[reason as usize]))
        .collect()
}

/// Services with orphans or with a hotspot that says what is missing; most reasons first, then most orphans.
fn blind(answers: &Answers) -> Vec<Blind> {
    let mut reasons: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for hotspot in answers
        .hotspots
        .iter()
        .filter(|hotspot| hotspot.detector == BLIND_SERVICE)
    {
        reasons
            .entry(&hotspot.service)
            .or_default()
            .push(clean(&hotspot.title));
    }
    let mut rows: Vec<Blind> = Vec::new();
    for of in &answers.services {
        let why = reasons.remove(of.service.as_str()).unwrap_or_default();
        if of.orphans > 0 || !why.is_empty() {
            rows.push(row(of, why));
        }
    }
    rows.sort_by(|a, b| {
        let worst = (b.why.len(), b.orphan_spans).cmp(&(a.why.len(), a.orphan_spans));
        worst.then_with(|| a.service.cmp(&b.service))
    });
    rows.truncate(SERVICES_MAX);
    rows
}

fn row(of: &ServiceAnswer, mut why: Vec<String>) -> Blind {
    why.truncate(BLIND_MAX);
    Blind {
        service: clean(&of.service),
        spans: of.spans,
        orphan_spans: of.orphans,
        why,
    }
}
