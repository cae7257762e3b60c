//! Who was turned away: failed handshakes, denied requests, files that changed.

use hotspan_access::Counted;

use super::text::{self, Family, Sample, counter};

/// The families of everything that guards the ports.
pub(super) fn families(of: &Counted) -> [Family; 4] {
    let by = |reasons: &[(&'static str, u64)]| {
        let rows = reasons.iter();
        rows.map(|&(reason, count)| text::total(text::labels([("reason", reason)]), count.to_string()))
            .collect()
    };
    [
        counter(
            "hotspan_tls_handshakes_failed",
            "TLS handshakes that failed, on any port.",
            by(&of.handshakes_failed),
        ),
        counter(
            "hotspan_requests_denied",
            "Requests whose credential does not do, on any port.",
            by(&of.denied),
        ),
        counter(
            "hotspan_access_reloads",
            "Changed files of certificates and tokens that hold now.",
            plain(of.reloads),
        ),
        counter(
            "hotspan_access_reloads_failed",
            "Changed files of certificates and tokens that are invalid; those before them hold on.",
            plain(of.reloads_failed),
        ),
    ]
}

fn plain(count: u64) -> Vec<Sample> {
    vec![text::total(Vec::new(), count.to_string())]
}
