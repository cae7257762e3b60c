//! A verdict in each of its forms. The same verdict gives the same bytes.

mod json;
mod junit;
mod markdown;
mod sarif;
mod text;

use std::path::Path;

use anyhow::Result;

use super::arguments::ReportFormat;
use super::found::Place;
use super::verdict::Verdict;

/// What a report needs to know beside the verdict.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Context<'a> {
    /// Where the baseline is.
    pub(super) baseline: Option<&'a Path>,
    /// Where the sources are.
    pub(super) root: Option<&'a Path>,
}

/// The verdict as text of a form.
pub(super) fn write(format: ReportFormat, verdict: &Verdict<'_>, context: &Context<'_>) -> Result<String> {
    match format {
        ReportFormat::Text => Ok(text::text(verdict)),
        ReportFormat::Json => json::json(verdict),
        ReportFormat::Sarif => sarif::sarif(verdict, context),
        ReportFormat::Junit => Ok(junit::junit(verdict)),
        ReportFormat::Md => Ok(markdown::markdown(verdict)),
    }
}

/// `shop/views.py:41 list_orders`, as much of it as is known.
fn place(place: &Place) -> String {
    let line = match place.line {
        0 => String::new(),
        line => format!(":{line}"),
    };
    let known = [format!("{}{line}", place.file), place.function.clone()];
    let known: Vec<String> = known.into_iter().filter(|part| !part.is_empty()).collect();
    known.join(" ")
}

/// Where the page of a detector is.
fn page(detector: &str) -> String {
    format!(
        "{}/blob/main/docs/detectors/{detector}.md",
        env!("CARGO_PKG_REPOSITORY")
    )
}
