//! Two windows, versions or traces side by side.

use hotspan_hotspots::compare::{Compared, Window, versions, windows};

use super::coverage;
use super::traces::find;
use crate::ask::{CompareFilter, Problem, Sides};
use crate::shape::{ChangeCounts, Comparison, HotspotChange, Moment, Side, TraceComparison, clean};
use crate::{Backend, View};

/// A page of what changed from one side to the other.
pub(crate) fn compare(view: &View, filter: &CompareFilter) -> Comparison {
    let (mut rows, [a, b]) = match &filter.sides {
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
    let page = filter
        .page
        .page(rows.iter(), |row| key(row), |row| HotspotChange::from(*row));
    Comparison {
        a,
        b,
        counts,
        changes: page.rows,
        total: page.total,
        next_cursor: page.next_cursor,
        truncated: page.truncated,
        coverage: coverage(view),
    }
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

/// Two traces, as far as anybody holds them.
pub(crate) async fn compare_traces(
    backend: &dyn Backend,
    a: &str,
    b: &str,
) -> Result<TraceComparison, Problem> {
    let (first, _) = find(backend, a).await?;
    let (second, _) = find(backend, b).await?;
    Ok(TraceComparison::new(&first, &second))
}
