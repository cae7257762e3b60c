//! The main thing in HTML: what costs most and what to do about it, for the eyes that are faster than the script.

use hotspan_model::{self as model, ImpactBasis};

use crate::View;
use crate::page::html_escaped as escaped;
use crate::shape::{Decimal, clean};

/// Hotspots that the first page names before its script runs.
const FIRST: usize = 10;

/// The first hotspots as a list of links.
pub(super) fn of_list(view: &View) -> String {
    let listed = view.answers.hotspots.iter().take(view.answers.listed);
    let shown: Vec<_> = listed.filter(|of| of.state != model::State::Muted).collect();
    let mut out = match shown.len() {
        0 => "<h1>No hotspots</h1>".to_owned(),
        1 => "<h1>1 hotspot</h1>".to_owned(),
        number => format!("<h1>{number} hotspots</h1>"),
    };
    out.push_str("<ol>");
    for of in shown.into_iter().take(FIRST) {
        let (id, title, advice) = (of.id, title(of), advice(of));
        out.push_str(&format!(
            "<li><a href=\"hotspots/{id}\">{title}</a> <span>{advice}</span></li>"
        ));
    }
    out.push_str("</ol>");
    out
}

/// The sentence of a hotspot, what it is worth, and what to do.
pub(super) fn of_hotspot(of: &model::Hotspot) -> String {
    format!("<h1>{}</h1><p>{}</p>", title(of), advice(of))
}

/// The sentence, escaped.
pub(super) fn title(of: &model::Hotspot) -> String {
    escaped(&clean(&of.title))
}

fn advice(of: &model::Hotspot) -> String {
    let worth = Decimal::from(of.impact_s_per_hour).tenths();
    let worth = match of.impact_basis {
        ImpactBasis::Saving => format!("saves {worth} s an hour"),
        ImpactBasis::Exposure => format!("{worth} s an hour lie open to it"),
    };
    format!(
        "{}: {}; {worth}",
        escaped(&clean(&of.service)),
        escaped(&clean(&of.fix.summary))
    )
}
