//! What is counted, and under which names.

use std::collections::{BTreeMap, BTreeSet};

use hotspan_hotspots::OVERFLOW_LABEL;
use hotspan_model::{Decided, Hotspot, LogTime, Millionths, Nanos, Reason, Vocabulary};

use super::known::Known;
use super::text::{self, Family, Kind, Sample, TOTAL};
use super::{access, analysis, number, tenants, traffic};
use crate::{Alerts, Log, Metrics, Requests, Status, Storage, View};

/// Services that the gauge of hotspots tells apart; the first by rank.
const SERVICES_MAX: usize = 1_000;

/// The part of the memory that has a family of its own.
const INFLIGHT: &str = "inflight";

/// Every family, in order.
pub(super) fn families(metrics: &Metrics, view: &View, known: &mut Known) -> Vec<Family> {
    let status = &metrics.status;
    let mut families = spans(status);
    families.extend(requests(status));
    families.extend(receivers(status));
    families.extend(traces(status));
    families.extend(texts(status));
    families.extend(analysis::families(metrics, view));
    families.extend(process(metrics));
    families.extend(store(&status.storage));
    families.extend(status.log.iter().flat_map(log));
    families.push(gauge(
        "hotspan_hotspots",
        "Hotspots that are listed.",
        hotspots(view),
    ));
    families.extend(alerts(&metrics.alerts));
    families.extend(access::families(&metrics.access));
    families.extend(tenants::families(&metrics.tenants));
    families.extend(traffic::families(metrics, known));
    families
}

fn spans(of: &Status) -> Vec<Family> {
    let dropped = Reason::ALL.map(|reason| labelled([("reason", reason.name())], of.counts.dropped(reason)));
    vec![
        counter(
            "hotspan_spans_received",
            "Spans in requests that were handed over.",
            plain(of.counts.received),
        ),
        counter(
            "hotspan_spans_analysed",
            "Spans in decided traces, each once.",
            plain(of.counts.analysed),
        ),
        counter(
            "hotspan_spans_dropped",
            "Spans that were not analysed.",
            dropped.into(),
        ),
        gauge(
            "hotspan_spans_open",
            "Spans waiting or in traces not yet decided.",
            plain(of.counts.open),
        ),
    ]
}

fn requests(of: &Status) -> Vec<Family> {
    let accepted = of
        .requests
        .iter()
        .map(|row| labelled([("transport", row.transport)], row.accepted));
    let bytes = of
        .ingested
        .iter()
        .map(|&(encoding, bytes)| labelled([("encoding", encoding)], bytes));
    vec![
        counter(
            "hotspan_requests",
            "Requests whose spans were handed over.",
            accepted.collect(),
        ),
        counter(
            "hotspan_requests_refused",
            "Requests that were turned away.",
            refused(&of.requests, |of| of.requests),
        ),
        counter(
            "hotspan_bytes_refused",
            "Bytes of requests that were turned away.",
            refused(&of.requests, |of| of.bytes),
        ),
        counter(
            "hotspan_ingest_bytes",
            "Bytes taken in, as they were sent.",
            bytes.collect(),
        ),
    ]
}

fn receivers(of: &Status) -> Vec<Family> {
    let by = |label, rows: &[(&'static str, u64)]| {
        let samples = rows
            .iter()
            .map(|&(name, number)| labelled([(label, name)], number));
        samples.collect()
    };
    vec![
        counter(
            "hotspan_partial_successes",
            "Requests of which some spans were refused.",
            plain(of.partial_successes),
        ),
        counter(
            "hotspan_tolerated",
            "What was read although it was not as it should be.",
            by("kind", &of.tolerated),
        ),
        counter(
            "hotspan_other_signal_bytes",
            "Bytes of signals that are accepted and not used.",
            by("signal", &of.other_signals),
        ),
        counter(
            "hotspan_connections",
            "Connections that the receivers accepted.",
            plain(of.connections.accepted),
        ),
        gauge(
            "hotspan_connections_open",
            "Connections of the receivers that are open.",
            plain(of.connections.open),
        ),
        counter(
            "hotspan_connections_refused",
            "Connections closed on accept for a limit.",
            plain(of.connections.refused),
        ),
        counter(
            "hotspan_connections_failed",
            "Connections of the receivers that ended with an error.",
            plain(of.connections.failed),
        ),
        counter(
            "hotspan_accepts_failed",
            "Connections that could not be accepted, for want of file handles say.",
            plain(of.connections.accepts_failed),
        ),
    ]
}

fn refused(requests: &[Requests], number: impl Fn(&crate::Refused) -> u64) -> Vec<Sample> {
    let rows = requests
        .iter()
        .flat_map(|row| row.refused.iter().map(move |refused| (row.transport, refused)));
    let labels = |transport, reason| [("transport", transport), ("reason", reason)];
    rows.map(|(transport, refused)| labelled(labels(transport, refused.reason), number(refused)))
        .collect()
}

fn traces(of: &Status) -> Vec<Family> {
    let decided =
        Decided::ALL.map(|reason| labelled([("reason", reason.name())], of.decided[reason as usize]));
    vec![
        counter(
            "hotspan_traces_decided",
            "Traces that were decided.",
            decided.into(),
        ),
        counter(
            "hotspan_traces_incomplete",
            "Traces decided although spans of them were missing.",
            plain(of.incomplete_traces),
        ),
        counter(
            "hotspan_late_spans",
            "Spans that came after their trace was decided.",
            plain(of.late_spans),
        ),
        gauge(
            "hotspan_traces_open",
            "Traces not yet decided.",
            plain(of.open_traces),
        ),
    ]
}

fn texts(of: &Status) -> Vec<Family> {
    let by_kind = |numbers: &[u64; Vocabulary::ALL.len()]| {
        let samples = Vocabulary::ALL.map(|kind| labelled([("kind", kind.name())], numbers[kind as usize]));
        Vec::from(samples)
    };
    vec![
        gauge("hotspan_symbols", "Interned texts.", by_kind(&of.symbols)),
        counter(
            "hotspan_overflow",
            "Texts that found no room.",
            by_kind(&of.overflow),
        ),
    ]
}

fn process(of: &Metrics) -> Vec<Family> {
    let Nanos(age) = of.snapshot_age;
    let LogTime(started) = of.status.started;
    let build = labelled([("version", of.status.version)], 1);
    let memory = of.status.memory.iter();
    let inflight = memory.clone().find(|part| part.part == INFLIGHT);
    let queued: u64 = of.status.shards.iter().map(|shard| shard.queued).sum();
    vec![
        gauge(
            "hotspan_inflight_bytes",
            "Bytes of requests that no shard owns yet.",
            plain(inflight.map_or(0, |part| part.used)),
        ),
        gauge(
            "hotspan_memory_used_bytes",
            "Bytes that a part of the memory holds, as they are accounted.",
            memory
                .clone()
                .map(|part| labelled([("part", part.part)], part.used))
                .collect(),
        ),
        gauge(
            "hotspan_memory_max_bytes",
            "The most bytes that a part of the memory may hold.",
            memory
                .map(|part| labelled([("part", part.part)], part.max))
                .collect(),
        ),
        gauge(
            "hotspan_pressure_level",
            "What gives way to the load: 0 nothing, 1 bytes of requests, 2 quiet time, 3 traces, 4 requests.",
            plain(of.status.pressure.level as u64),
        ),
        gauge(
            "hotspan_left_out_ratio",
            "Share of traces that is left out by their ids now, where it is most.",
            vec![ratio(of.status.pressure.left_out)],
        ),
        counter(
            "hotspan_evidence_dropped",
            "Requests whose bytes were given up before exemplars could be made of them.",
            plain(of.status.pressure.evidence_dropped),
        ),
        gauge(
            "hotspan_queued_batches",
            "Batches waiting for their shard.",
            plain(queued),
        ),
        gauge(
            "hotspan_snapshot_age_seconds",
            "Age of the newest snapshot.",
            vec![in_seconds(age)],
        ),
        gauge(
            "hotspan_start_time_seconds",
            "When the process started, since 1970.",
            vec![in_seconds(started)],
        ),
        gauge(
            "hotspan_build_info",
            "The version that runs; always 1.",
            vec![build],
        ),
    ]
}

/// All zero where everything is in memory.
fn store(of: &Storage) -> [Family; 8] {
    [
        gauge(
            "hotspan_store_failing",
            "1 while the store cannot be written, else 0.",
            plain(u64::from(!of.failing.is_empty())),
        ),
        gauge("hotspan_store_bytes", "Bytes of the store.", plain(of.bytes)),
        gauge(
            "hotspan_store_exemplars",
            "Traces of hotspots in the store.",
            plain(of.exemplars),
        ),
        gauge(
            "hotspan_store_exemplar_bytes",
            "Bytes of the traces in the store.",
            plain(of.exemplar_bytes),
        ),
        counter(
            "hotspan_store_exemplars_unreadable",
            "Times that a trace in the store could not be read.",
            plain(of.exemplars_unreadable),
        ),
        counter(
            "hotspan_store_commits",
            "Times that something was written to the store.",
            plain(of.commits),
        ),
        counter(
            "hotspan_store_failures",
            "Times that the store could not be written.",
            plain(of.failures),
        ),
        counter(
            "hotspan_store_commit_seconds",
            "How long writing to the store took.",
            vec![in_seconds(of.commit_time.0)],
        ),
    ]
}

/// Only where requests go over a log.
fn log(of: &Log) -> [Family; 12] {
    [
        gauge("hotspan_wal_bytes", "Bytes of the log.", plain(of.bytes)),
        counter(
            "hotspan_wal_records",
            "Records written to the log, ticks included.",
            plain(of.records),
        ),
        counter(
            "hotspan_wal_fsyncs",
            "Times that a group of records was made to last.",
            plain(of.syncs),
        ),
        counter(
            "hotspan_wal_fsync_seconds",
            "How long writing and syncing groups took.",
            vec![in_seconds(of.sync_time.0)],
        ),
        counter(
            "hotspan_wal_failures",
            "Groups that could not be written; their requests were refused.",
            plain(of.failures),
        ),
        counter(
            "hotspan_wal_refused",
            "Requests refused because the log was full or could not be written.",
            plain(of.refused),
        ),
        counter(
            "hotspan_wal_replayed",
            "Records that were read again at the start.",
            plain(of.replayed),
        ),
        counter(
            "hotspan_wal_poison",
            "Records that could not be decoded any more at the start.",
            plain(of.poison),
        ),
        counter(
            "hotspan_wal_rule_seam",
            "Traces whose later spans are dropped because settings or shards changed at the start.",
            plain(of.rule_seam),
        ),
        counter(
            "hotspan_wal_torn_tails",
            "Torn writes that were cut off at the start.",
            plain(of.torn),
        ),
        counter(
            "hotspan_wal_torn_bytes",
            "Bytes of torn writes that were cut off at the start.",
            plain(of.torn_bytes),
        ),
        counter(
            "hotspan_wal_lost",
            "Acknowledged records passed over at the start because they could not be read.",
            plain(of.lost),
        ),
    ]
}

/// Listed hotspots by detector, break, state and service.
fn hotspots(view: &View) -> Vec<Sample> {
    let listed = &view.answers.hotspots[..view.answers.listed.min(view.answers.hotspots.len())];
    let mut told_apart: BTreeSet<&str> = BTreeSet::new();
    let mut groups: BTreeMap<[&str; 4], u64> = BTreeMap::new();
    for hotspot in listed {
        let service = hotspot.service.as_str();
        let room = told_apart.contains(service) || told_apart.len() < SERVICES_MAX;
        if room {
            told_apart.insert(service);
        }
        *groups
            .entry(group(hotspot, if room { service } else { OVERFLOW_LABEL }))
            .or_default() += 1;
    }
    let samples = groups
        .into_iter()
        .map(|([detector, in_break, state, service], count)| {
            let labels = [
                ("detector", detector),
                ("break", in_break),
                ("state", state),
                ("service", service),
            ];
            labelled(labels, count)
        });
    samples.collect()
}

fn alerts(of: &Alerts) -> [Family; 4] {
    let by_receiver = |rows: &[(&'static str, u64)]| {
        let samples = rows
            .iter()
            .map(|&(receiver, count)| labelled([("receiver", receiver)], count));
        samples.collect()
    };
    let critical = of.critical_services.iter().take(SERVICES_MAX);
    [
        gauge(
            "hotspan_critical_service",
            "Services whose new and worsening hotspots fire alerts; always 1.",
            critical
                .map(|service| labelled([("service", service)], 1))
                .collect(),
        ),
        gauge("hotspan_alerts_firing", "Alerts that fire.", plain(of.firing)),
        counter(
            "hotspan_alerts_sent",
            "Messages about alerts that arrived.",
            by_receiver(&of.sent),
        ),
        counter(
            "hotspan_alerts_failed",
            "Messages about alerts that did not arrive.",
            by_receiver(&of.failed),
        ),
    ]
}

fn group<'a>(of: &'a Hotspot, service: &'a str) -> [&'a str; 4] {
    [of.detector, of.in_break.name(), of.state.name(), service]
}

pub(super) fn counter(name: &'static str, help: &'static str, mut samples: Vec<Sample>) -> Family {
    for sample in &mut samples {
        sample.suffix = TOTAL;
    }
    text::counter(name, help, samples)
}

pub(super) fn gauge(name: &'static str, help: &'static str, samples: Vec<Sample>) -> Family {
    let kind = Kind::Gauge;
    Family {
        name,
        help,
        kind,
        samples,
    }
}

fn plain(number: u64) -> Vec<Sample> {
    vec![labelled([], number)]
}

pub(super) fn labelled<const N: usize>(labels: [(&'static str, &str); N], number: u64) -> Sample {
    Sample {
        labels: text::labels(labels),
        ..sample(number.to_string())
    }
}

/// A share, without a float.
fn ratio(Millionths(share): Millionths) -> Sample {
    sample(format!("{}.{:06}", share / 1_000_000, share % 1_000_000))
}

pub(super) fn in_seconds(nanos: u64) -> Sample {
    sample(number::seconds(nanos))
}

fn sample(value: String) -> Sample {
    Sample {
        suffix: "",
        labels: Vec::new(),
        value,
        exemplar: None,
    }
}
