//! What analysing costs, and what was cut before.

use hotspan_model::{ANALYSIS_BOUNDS, AnalysisTimes, Nanos};

use super::families::{counter, in_seconds, labelled};
use super::number::seconds;
use super::text::{self, Family, Sample};
use crate::{Metrics, Status, View};

/// Kinds of what is cut, and what the receivers call it.
const CUT: [(&str, &str); 3] = [("text", "cut"), ("parts", "dropped_parts"), ("depth", "too_deep")];

pub(super) fn families(metrics: &Metrics, view: &View) -> [Family; 3] {
    let times = &metrics.analysis;
    let detectors = view.known.catalogue.iter().zip(&times.detectors);
    let spent = detectors.map(|(meta, &Nanos(spent))| Sample {
        labels: text::labels([("detector", meta.id)]),
        ..in_seconds(spent)
    });
    [
        counter(
            "hotspan_detector_seconds",
            "Time that detectors took, by one analysis in 64.",
            spent.collect(),
        ),
        text::histogram(
            "hotspan_analysis_seconds",
            "What analysing a trace took, by one analysis in 64.",
            analyses(times),
        ),
        counter(
            "hotspan_cut",
            "What was over a limit and was read in part.",
            cut(&metrics.status),
        ),
    ]
}

fn analyses(of: &AnalysisTimes) -> Vec<Sample> {
    let bounds = ANALYSIS_BOUNDS.iter().map(|bound| seconds(bound.0));
    let (mut passed, mut samples) = (0, Vec::new());
    for (bound, count) in bounds.chain(["+Inf".to_owned()]).zip(of.buckets) {
        passed += count;
        samples.push(Sample {
            suffix: "_bucket",
            labels: vec![("le", bound)],
            ..labelled([], passed)
        });
    }
    let sum = Sample {
        suffix: "_sum",
        ..in_seconds(of.sum.0)
    };
    let count = Sample {
        suffix: "_count",
        ..labelled([], passed)
    };
    samples.extend([sum, count]);
    samples
}

fn cut(of: &Status) -> Vec<Sample> {
    let number = |name: &str| {
        of.tolerated
            .iter()
            .find(|(of, _)| *of == name)
            .map_or(0, |of| of.1)
    };
    CUT.map(|(kind, name)| labelled([("kind", kind)], number(name)))
        .into()
}
