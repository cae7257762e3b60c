//! The two text formats of Prometheus, which differ in the names of counters and in their end.

use std::fmt::Write as _;

use axum::http::{HeaderMap, header};

use crate::shape::clean_to;

/// Most characters of a label's value.
const LABEL_CHARS_MAX: usize = 128;

/// What a number means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Only grows. Its samples end in `_total`, its family does not.
    Counter,
    /// A level.
    Gauge,
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
    pub(super) labels: Vec<(&'static str, String)>,
    pub(super) value: String,
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
        let suffix = match family.kind {
            Kind::Counter => "_total",
            Kind::Gauge => "",
        };
        let kind = match family.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        let declared = match self {
            Exposition::Text => format!("{}{suffix}", family.name),
            Exposition::OpenMetrics => family.name.to_owned(),
        };
        writeln!(text, "# HELP {declared} {}", family.help)?;
        writeln!(text, "# TYPE {declared} {kind}")?;
        for sample in &family.samples {
            write!(text, "{}{suffix}", family.name)?;
            write_labels(text, &sample.labels)?;
            writeln!(text, " {}", sample.value)?;
        }
        Ok(())
    }
}

fn write_labels(text: &mut String, labels: &[(&'static str, String)]) -> std::fmt::Result {
    for (place, (name, value)) in labels.iter().enumerate() {
        let value = clean_to(value, LABEL_CHARS_MAX)
            .replace('\\', "\\\\")
            .replace('"', "\\\"");
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
                labels: vec![("reason", "a\"b\\c\nd".to_owned())],
                value: "7".to_owned(),
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
