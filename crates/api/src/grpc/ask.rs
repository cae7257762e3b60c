//! gRPC questions as filters; what HTTP refuses is refused here in the same words.

use hotspan_hotspots::MIN_CONFIDENCE;
use hotspan_hotspots::compare::Change;
use hotspan_model::{Break, MILLION, Millionths, State};
use hotspan_proto::v1;

use crate::View;
use crate::ask::{
    CompareFilter, Cursor, HotspotFilter, NearFilter, Problem, RowFilter, Said, Sort, TraceFilter,
    Waterfalls, bound, known_detectors, sides,
};
use crate::shape;

/// The filter of a question about hotspots.
pub(super) fn hotspots(of: v1::ListHotspotsRequest, view: &View) -> Result<HotspotFilter, Problem> {
    let breaks: Result<Vec<Break>, Problem> = of.r#break.iter().map(|&number| in_break(number)).collect();
    let states: Result<Vec<State>, Problem> = of.state.iter().map(|&number| state(number)).collect();
    let sort = sort(of.sort)?;
    Ok(HotspotFilter {
        in_break: breaks?,
        state: states?,
        service: of.service,
        entry: of.entry,
        detector: known_detectors(of.detector, view)?,
        min_confidence: of.min_confidence.map_or(Ok(MIN_CONFIDENCE), share)?,
        since: bound("since", &of.since, view.at)?,
        until: bound("until", &of.until, view.at)?,
        sort,
        page: Cursor::new(of.limit, &of.cursor)?.in_order(sort.tag())?,
    })
}

/// The filter of a list that is watched, which begins at its first row.
pub(super) fn watched(of: v1::ListHotspotsRequest, view: &View) -> Result<HotspotFilter, Problem> {
    match of.cursor.as_str() {
        "" => hotspots(of, view),
        cursor => Err(Problem::bad_value(
            "cursor",
            cursor,
            "empty: a list is watched from its first row",
        )),
    }
}

/// The filter of a question about exemplars.
pub(super) fn traces(of: v1::ListTracesRequest, view: &View) -> Result<TraceFilter, Problem> {
    Ok(TraceFilter {
        service: of.service,
        detector: known_detectors(of.detector, view)?,
        page: Cursor::new(of.limit, &of.cursor)?,
    })
}

/// The filter of a question about near misses.
pub(super) fn near_misses(of: v1::NearMissesRequest) -> Result<NearFilter, Problem> {
    Ok(NearFilter {
        service: of.service,
        entry: of.entry,
        page: Cursor::new(of.limit, &of.cursor)?,
    })
}

/// The filter of a question about what changed.
pub(super) fn changes(of: v1::CompareRequest, view: &View) -> Result<CompareFilter, Problem> {
    let changes: Result<Vec<Change>, Problem> = of.change.iter().map(|&number| change(number)).collect();
    Ok(CompareFilter {
        sides: sides(&of.a, &of.b, view)?,
        change: changes?,
        service: of.service,
        detector: known_detectors(of.detector, view)?,
        page: Cursor::new(of.limit, &of.cursor)?,
    })
}

/// The filter of a question about any other list.
pub(super) fn rows(of: v1::ListRequest) -> Result<RowFilter, Problem> {
    Ok(RowFilter {
        service: of.service,
        page: Cursor::new(of.limit, &of.cursor)?,
    })
}

/// Which exemplars come with a hotspot.
pub(super) fn waterfalls(number: i32) -> Result<Waterfalls, Problem> {
    match v1::Waterfalls::try_from(number) {
        Ok(v1::Waterfalls::Unspecified | v1::Waterfalls::All) => Ok(Waterfalls::All),
        Ok(v1::Waterfalls::None) => Ok(Waterfalls::None),
        Err(_) => Err(Problem::bad_value(
            "waterfalls",
            &number.to_string(),
            "all or none",
        )),
    }
}

/// Which hotspot, and what is said of it.
pub(super) fn said(of: v1::SetStateRequest) -> Result<(String, Said), Problem> {
    let said = Said {
        state: state(of.state)?.name().to_owned(),
        reason: of.reason,
        by: of.by,
        until: of.until,
    };
    Ok((of.id, said))
}

fn in_break(number: i32) -> Result<Break, Problem> {
    let all = shape::Break::ALL.into_iter();
    let mut same = all.filter(|&of| v1::Break::from(shape::Break::from(of)) as i32 == number);
    same.next()
        .ok_or_else(|| Problem::bad_value("break", &number.to_string(), "one of the four breaks"))
}

fn state(number: i32) -> Result<State, Problem> {
    let all = shape::State::ALL.into_iter();
    let mut same = all.filter(|&of| v1::State::from(shape::State::from(of)) as i32 == number);
    same.next()
        .ok_or_else(|| Problem::bad_value("state", &number.to_string(), "one of the states"))
}

fn change(number: i32) -> Result<Change, Problem> {
    let mut same = Change::ALL
        .into_iter()
        .filter(|&of| v1::Change::from(shape::Change::from(of)) as i32 == number);
    same.next()
        .ok_or_else(|| Problem::bad_value("change", &number.to_string(), "one of the changes"))
}

fn sort(number: i32) -> Result<Sort, Problem> {
    match v1::Sort::try_from(number) {
        Ok(v1::Sort::Unspecified | v1::Sort::Priority) => Ok(Sort::Priority),
        Ok(v1::Sort::Impact) => Ok(Sort::Impact),
        Ok(v1::Sort::LastSeen) => Ok(Sort::LastSeen),
        Err(_) => Err(Problem::bad_value(
            "sort",
            &number.to_string(),
            "one of the orders",
        )),
    }
}

/// The double that a client made of a decimal, back in millionths.
fn share(double: f64) -> Result<Millionths, Problem> {
    if !(0.0..=1.0).contains(&double) {
        return Err(Problem::bad_value(
            "min_confidence",
            &double.to_string(),
            "a number from 0 to 1",
        ));
    }
    Ok(Millionths((double * MILLION as f64).round() as u64))
}
