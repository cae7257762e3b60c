//! Counters that traces feed: findings, where critical-path time goes, third parties; then what is named as others
//! name it.

use std::collections::BTreeMap;

use hotspan_hotspots::{Exemplar, Meters, OVERFLOW_LABEL, ThirdPartyMeter};
use hotspan_model::Category;

use super::known::{Few, Known, Places, operations};
use super::number::{seconds, weighted_count, weighted_seconds};
use super::text::{Family, Labels, Sample, counter, labels, total};
use super::{graph, spans};
use crate::Metrics;

/// Domains that are told apart.
const DOMAINS_MAX: usize = 500;

/// Every family, in order; a name beyond a bound goes under [`OVERFLOW_LABEL`].
pub(super) fn families(metrics: &Metrics, known: &mut Known) -> Vec<Family> {
    let (meters, settings) = (&metrics.meters, &metrics.exposed);
    let mut places = Places {
        known,
        series_max: settings.series_max,
    };
    let mut families = Vec::from(findings(meters, &mut places));
    families.push(paths(meters, &mut places));
    families.push(third_parties(meters, &mut places));
    if settings.service_graph {
        families.extend(graph::families(meters, &mut places));
    }
    families.extend(spans::families(meters, settings, &mut places));
    families
}

fn findings(of: &Meters, places: &mut Places<'_>) -> [Family; 3] {
    let mut rows: BTreeMap<Labels, ([u128; 3], Option<Exemplar>)> = BTreeMap::new();
    for meter in &of.findings {
        let named = |service| labels([("detector", meter.detector), ("service", service)]);
        let choices = [named(&meter.service), named(OVERFLOW_LABEL)];
        let row = rows.entry(places.place("finding", choices, None, 3)).or_default();
        for (sum, by) in row.0.iter_mut().zip([meter.traces, meter.path, meter.saving]) {
            *sum += by;
        }
        row.1 = row.1.or(meter.newest);
    }
    let column = |at: usize, write: fn(u128) -> String| {
        let sample = |(labels, (sums, newest)): (&Labels, &([u128; 3], Option<Exemplar>))| Sample {
            exemplar: newest.map(|newest| (newest, seconds(newest.length.0))),
            ..total(labels.clone(), write(sums[at]))
        };
        rows.iter().map(sample).collect()
    };
    [
        counter(
            "hotspan_finding_traces",
            "Traces that show a fault, weighted by sampling.",
            column(0, weighted_count),
        ),
        counter(
            "hotspan_finding_critical_path_seconds",
            "Critical-path time of what shows a fault, weighted by sampling.",
            column(1, weighted_seconds),
        ),
        counter(
            "hotspan_finding_saving_seconds",
            "What fixes would likely have saved, weighted by sampling.",
            column(2, weighted_seconds),
        ),
    ]
}

fn paths(of: &Meters, places: &mut Places<'_>) -> Family {
    let mut rows: BTreeMap<Labels, [u128; Category::ALL.len()]> = BTreeMap::new();
    for meter in &of.paths {
        let (service, operation) = (meter.service.as_str(), meter.operation.as_str());
        let named = |service, operation| labels([("service", service), ("operation", operation)]);
        let choices = [
            named(service, operation),
            named(service, OVERFLOW_LABEL),
            named(OVERFLOW_LABEL, OVERFLOW_LABEL),
        ];
        let few = operations(service, operation);
        let place = places.place("path", choices, few, Category::ALL.len());
        for (sum, by) in rows.entry(place).or_default().iter_mut().zip(meter.time) {
            *sum += by;
        }
    }
    let samples = rows.iter().flat_map(|(labels, times)| {
        let filled = Category::ALL
            .into_iter()
            .zip(times)
            .filter(|&(_, &time)| time > 0);
        filled.map(move |(category, &time)| {
            let category = ("category", category.name().to_owned());
            let labels = labels.iter().cloned().chain([category]).collect();
            total(labels, weighted_seconds(time))
        })
    });
    counter(
        "hotspan_critical_path_seconds",
        "Critical-path time of requests, by where it goes, weighted by sampling.",
        samples.collect(),
    )
}

fn third_parties(of: &Meters, places: &mut Places<'_>) -> Family {
    let mut rows: BTreeMap<Labels, u128> = BTreeMap::new();
    for meter in &of.third_parties {
        let ThirdPartyMeter {
            domain,
            service,
            path,
            beside,
        } = meter;
        for (on_path, time) in [("true", *path), ("false", *beside)] {
            let named = |domain: &str, service: &str| {
                labels([
                    ("domain", domain),
                    ("service", service),
                    ("on_critical_path", on_path),
                ])
            };
            let choices = [
                named(domain, service),
                named(OVERFLOW_LABEL, service),
                named(OVERFLOW_LABEL, OVERFLOW_LABEL),
            ];
            let few = Few {
                group: "",
                value: domain,
                max: DOMAINS_MAX,
            };
            *rows
                .entry(places.place("third_party", choices, Some(few), 1))
                .or_default() += time;
        }
    }
    let samples = rows
        .into_iter()
        .map(|(labels, time)| total(labels, weighted_seconds(time)));
    counter(
        "hotspan_third_party_seconds",
        "Time of calls to other companies, weighted by sampling.",
        samples.collect(),
    )
}
