//! What the daemon counted, read from `/metrics`.

/// Counters at the end.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Books {
    pub(super) received: u64,
    pub(super) analysed: u64,
    /// For any reason.
    pub(super) dropped: u64,
    pub(super) open: u64,
    /// Requests over gRPC that were refused for now; what strays say there is refused for good.
    pub(super) refused: u64,
    pub(super) commits: u64,
    pub(super) failed_commits: u64,
}

impl Books {
    pub(super) fn read(metrics: &str) -> Books {
        Books {
            received: sum(metrics, "hotspan_spans_received_total", &[]),
            analysed: sum(metrics, "hotspan_spans_analysed_total", &[]),
            dropped: sum(metrics, "hotspan_spans_dropped_total", &[]),
            open: sum(metrics, "hotspan_spans_open", &[]),
            refused: sum(
                metrics,
                "hotspan_requests_refused_total",
                &["transport=\"grpc\"", "reason=\"overloaded\""],
            ),
            commits: sum(metrics, "hotspan_store_commits_total", &[]),
            failed_commits: sum(metrics, "hotspan_store_failures_total", &[]),
        }
    }
}

/// The sum of a metric's series that have these labels.
fn sum(metrics: &str, name: &str, labels: &[&str]) -> u64 {
    let of_name = metrics.lines().filter_map(|line| line.strip_prefix(name));
    of_name
        .filter(|rest| rest.starts_with([' ', '{']) && labels.iter().all(|label| rest.contains(label)))
        .filter_map(|rest| rest.rsplit(' ').next()?.parse::<f64>().ok())
        .map(|value| value as u64)
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_of_one_name_are_added() {
        let metrics = "# TYPE hotspan_spans_open gauge
hotspan_spans_open 2
hotspan_spans_open_longest 90
hotspan_requests_refused_total{transport=\"grpc\",reason=\"overloaded\"} 3
hotspan_requests_refused_total{transport=\"grpc\",reason=\"wrong_type\"} 4
hotspan_requests_refused_total{transport=\"http\",reason=\"overloaded\"} 5
hotspan_spans_dropped_total{reason=\"duplicate\"} 7
hotspan_spans_dropped_total{reason=\"late_dropped\"} 1e1
";
        let books = Books {
            open: 2,
            refused: 3,
            dropped: 17,
            ..Books::default()
        };
        assert_eq!(Books::read(metrics), books);
    }
}
