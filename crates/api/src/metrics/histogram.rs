//! Histograms of times as samples.

use hotspan_hotspots::{Exemplar, Histogram};
use hotspan_model::{LATENCY_BOUNDS, LATENCY_BUCKETS, Latencies};

use super::number::{seconds, weighted_millis, weighted_seconds};
use super::text::{Labels, Sample};

/// Series of one: buckets, sum, count.
pub(super) const OF_HISTOGRAM: usize = LATENCY_BUCKETS + 2;

/// In what a histogram of times is written.
#[derive(Clone, Copy)]
pub(super) enum Unit {
    Seconds,
    Millis,
}

/// Cumulative buckets, sum and count. Scrapers want whole counts, so the parts that weights make are left out.
pub(super) fn buckets(labels: &Labels, of: &Histogram, unit: Unit) -> Vec<Sample> {
    let bounds = LATENCY_BOUNDS.iter().map(|bound| match unit {
        Unit::Seconds => format!("{}.{:03}", bound.0 / 1_000_000_000, bound.0 / 1_000_000 % 1_000),
        Unit::Millis => format!("{}.0", bound.0 / 1_000_000),
    });
    let newest = of.newest;
    let shown = newest.map(|newest: Exemplar| Latencies::bucket(newest.length));
    let (mut passed, mut samples) = (0, Vec::with_capacity(OF_HISTOGRAM));
    for (at, bound) in bounds.chain(["+Inf".to_owned()]).enumerate() {
        passed += of.buckets[at];
        let labels = labels.iter().cloned().chain([("le", bound)]).collect();
        samples.push(Sample {
            suffix: "_bucket",
            labels,
            value: (passed / 1_000_000).to_string(),
            exemplar: newest
                .filter(|_| shown == Some(at))
                .map(|newest| (newest, length(newest, unit))),
        });
    }
    let write = match unit {
        Unit::Seconds => weighted_seconds,
        Unit::Millis => weighted_millis,
    };
    for (suffix, value) in [
        ("_sum", write(of.sum)),
        ("_count", (passed / 1_000_000).to_string()),
    ] {
        samples.push(Sample {
            suffix,
            labels: labels.clone(),
            value,
            exemplar: None,
        });
    }
    samples
}

/// Adds `by`.
pub(super) fn merge(sum: &mut Histogram, by: &Histogram) {
    for (sum, by) in sum.buckets.iter_mut().zip(by.buckets) {
        *sum += by;
    }
    sum.sum += by.sum;
    sum.newest = sum.newest.or(by.newest);
}

fn length(of: Exemplar, unit: Unit) -> String {
    match unit {
        Unit::Seconds => seconds(of.length.0),
        Unit::Millis => weighted_millis(u128::from(of.length.0) * 1_000_000),
    }
}
