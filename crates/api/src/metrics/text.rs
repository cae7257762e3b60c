//! The two text formats of Prometheus, which differ in the names of counters and in their end.

use std::fmt::Write as _;

use axum::http::{HeaderMap, header};
use hotspan_hotspots::Exemplar;

use super::number;
use crate::shape::clean_to;

/// Most characters of a label's value.
const LABEL_CHARS_MAX: usize = 128;

/// Names and values, the values clean.
pub(super) type Labels = Vec<(&'static str, String)>;

/// What names of counters end in.
pub(super) const TOTAL: &str = "_total";

/// What a number means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Only grows. Its samples end in `_total`, its family does not.
    Counter,
    /// A level.
    Gauge,
    /// Counts by upper bound, their sum and their count.
    Histogram,
}

/// One name with its samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Family {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) kind: Kind,
    pub(super) samples: Vec<Sample>,
}

/// One number with its labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    /// What its name has behind that of the family.
    pub(super) suffix: &'static str,
    pub(super) labels: Labels,
    pub(super) value: String,
    /// A span that shows it, and what it measures; for OpenMetrics only.
    pub(super) exemplar: Option<(Exemplar, String)>,
}

/// In which format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exposition {
    Text,
    OpenMetrics,
}

impl Exposition {
    /// OpenMetrics for those who name it.
    pub(super) fn wanted(headers: &HeaderMap) -> Exposition {
        let accepted = headers
            .get_all(header::ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok());
        let mut kinds = accepted.flat_map(|value| value.split(','));
        match kinds.any(|kind| kind.trim().starts_with("application/openmetrics-text")) {
            true => Exposition::OpenMetrics,
            false => Exposition::Text,
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Exposition::Text => "text/plain; version=0.0.4; charset=utf-8",
            Exposition::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    pub(super) fn write(self, families: &[Family]) -> String {
        let mut text = String::new();
        for family in families {
            self.write_family(&mut text, family)
                .expect("a String takes everything");
        }
        if self == Exposition::OpenMetrics {
            text.push_str("# EOF\n");
        }
        text
    }

    fn write_family(self, text: &mut String, family: &Family) -> std::fmt::Result {
        let kind = match family.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let declared = match (self, family.kind) {
            (Exposition::Text, Kind::Counter) => format!("{}{TOTAL}", family.name),
            (Exposition::Text | Exposition::OpenMetrics, _) => family.name.to_owned(),
        };
        writeln!(text, "# HELP {declared} {}", family.help)?;
        writeln!(text, "# TYPE {declared} {kind}")?;
        for sample in &family.samples {
            write!(text, "{}{}", family.name, sample.suffix)?;
            write_labels(text, &sample.labels)?;
            write!(text, " {}", sample.value)?;
            if let (Exposition::OpenMetrics, Some(exemplar)) = (self, &sample.exemplar) {
                write_exemplar(text, exemplar)?;
            }
            text.push('\n');
        }
        Ok(())
    }
}

/// `raw` as the value of a label. What becomes equal by it is one series.
pub(super) fn value(raw: &str) -> String {
    clean_to(raw, LABEL_CHARS_MAX)
}

/// Names with the values of labels.
pub(super) fn labels<const N: usize>(of: [(&'static str, &str); N]) -> Labels {
    of.map(|(name, text)| (name, value(text))).into()
}

/// A sample of a counter.
pub(super) fn total(labels: Labels, value: String) -> Sample {
    Sample {
        suffix: TOTAL,
        labels,
        value,
        exemplar: None,
    }
}

/// A family of samples that end in [`TOTAL`].
pub(super) fn counter(name: &'static str, help: &'static str, samples: Vec<Sample>) -> Family {
    let kind = Kind::Counter;
    Family {
        name,
        help,
        kind,
        samples,
    }
}

/// A family of buckets, sums and counts.
pub(super) fn histogram(name: &'static str, help: &'static str, samples: Vec<Sample>) -> Family {
    let kind = Kind::Histogram;
    Family {
        name,
        help,
        kind,
        samples,
    }
}

fn write_exemplar(text: &mut String, (of, measured): &(Exemplar, String)) -> std::fmt::Result {
    write!(text, " # {{trace_id=\"{}\"", of.trace)?;
    if let Some(span) = of.span {
        write!(text, ",span_id=\"{span}\"")?;
    }
    write!(text, "}} {measured} {}", number::seconds(of.at.0))
}

fn write_labels(text: &mut String, labels: &[(&'static str, String)]) -> std::fmt::Result {
    for (place, (name, value)) in labels.iter().enumerate() {
        let value = value.replace('\\', "\\\\").replace('"', "\\\"");
        write!(text, "{}{name}=\"{value}\"", if place == 0 { '{' } else { ',' })?;
    }
    if !labels.is_empty() {
        text.push('}');
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn families() -> [Family; 1] {
        [Family {
            name: "hotspan_spans_dropped",
            help: "Spans that were not analysed.",
            kind: Kind::Counter,
            samples: vec![Sample {
                suffix: TOTAL,
                labels: vec![("reason", value("a\"b\\c\nd"))],
                value: "7".to_owned(),
                exemplar: None,
            }],
        }]
    }

    #[test]
    fn a_counter_is_declared_by_its_full_name_in_the_old_format_only() {
        let sample = "hotspan_spans_dropped_total{reason=\"a\\\"b\\\\c d\"} 7\n";
        assert_eq!(
            Exposition::Text.write(&families()),
            format!(
                "# HELP hotspan_spans_dropped_total Spans that were not analysed.\n\
                 # TYPE hotspan_spans_dropped_total counter\n{sample}"
            )
        );
        assert_eq!(
            Exposition::OpenMetrics.write(&families()),
            format!(
                "# HELP hotspan_spans_dropped Spans that were not analysed.\n\
                 # TYPE hotspan_spans_dropped counter\n{sample}# EOF\n"
            )
        );
    }
}
