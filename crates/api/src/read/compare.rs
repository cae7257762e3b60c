//! Two windows, versions or traces side by side.

use hotspan_hotspots::compare::{Compared, Window, versions, windows};
use serde::Serialize;

use super::coverage;
use super::traces::find;
use crate::ask::{CompareFilter, PageOf, Problem, Sides};
use crate::shape::{ChangeCounts, Comparison, HotspotChange, Moment, Side, TraceComparison, clean};
use crate::{Backend, View};

/// What changed, with rows as whoever asks needs them.
pub(crate) struct Changes<T> {
    /// The two sides.
    pub(crate) sides: [Side; 2],
    /// Of each change, on all pages.
    pub(crate) counts: ChangeCounts,
    /// The rows.
    pub(crate) page: PageOf<T>,
}

/// A page of what changed from one side to the other.
pub(crate) fn compare(view: &View, filter: &CompareFilter) -> Comparison {
    let changes = change_rows(view, filter, |change| change);
    let ([a, b], page) = (changes.sides, changes.page);
    Comparison {
        a,
        b,
        counts: changes.counts,
        changes: page.rows,
        total: page.total,
        next_cursor: page.next_cursor,
        truncated: page.truncated,
        coverage: coverage(view),
    }
}

/// The same page with rows that are made of its rows.
pub(crate) fn change_rows<T: Serialize>(
    view: &View,
    filter: &CompareFilter,
    row: impl Fn(HotspotChange) -> T,
) -> Changes<T> {
    let (mut rows, sides) = match &filter.sides {
        Sides::Windows(sides) => (
            windows(&view.answers, *sides),
            sides.map(|side| window(view, side)),
        ),
        Sides::Versions(names) => {
            let [a, b] = names;
            (versions(&view.answers, [a, b]), [version(a), version(b)])
        }
    };
    rows.retain(|row| filter.matches(row.hotspot));
    let mut counts = ChangeCounts::default();
    for row in &rows {
        counts.add(row.change);
    }
    rows.retain(|row| filter.wants(row.change));
    let page = filter.page.page(
        rows.iter(),
        |row| key(row),
        |change| row(HotspotChange::from(*change)),
    );
    Changes { sides, counts, page }
}

fn key(row: &Compared<'_>) -> String {
    format!("{} {:010} {}", row.change as u8, row.hotspot.rank, row.hotspot.id)
}

fn window(view: &View, side: Window) -> Side {
    Side {
        from: Some(Moment::from(side.from())),
        until: Some(Moment::from(side.until())),
        traces: Some(side.traces(&view.answers)),
        version: None,
    }
}

fn version(name: &str) -> Side {
    Side {
        version: Some(clean(name)),
        ..Side::default()
    }
}

/// Two traces, as far as anybody holds them; each side is the parameter that names it, and its id.
pub(crate) async fn compare_traces(
    backend: &dyn Backend,
    [a, b]: [(&str, &str); 2],
) -> Result<TraceComparison, Problem> {
    let held = async |(name, id)| {
        let found = find(backend, id).await;
        found.map_err(|problem| Problem::not_found(format!("`{name}`: {}", problem.detail)))
    };
    let ((first, _), (second, _)) = (held(a).await?, held(b).await?);
    Ok(TraceComparison::new(&first, &second))
}
