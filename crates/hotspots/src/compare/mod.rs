//! Two windows or two versions side by side: which hotspots appeared, went, grew, and which cannot be told.
//!
//! What a side has of a hotspot is taken relative to all its traces, so that more load alone is no growth. A side on
//! which a fault as frequent as on the other would have shown three times says that it is not there with 95 %
//! (Poisson); with fewer traces nothing is said.

mod traces;

use hotspan_model::{Hotspot, LogTime, MILLION, Millionths, Nanos, Trend, TrendPoint, VersionTraces};

use crate::Answers;

pub use traces::{CallChange, CallSum, FindingChange, TraceChanges, traces};

/// Traces that a side would have shown if it had the fault as often as the other.
const EXPECTED: u128 = 3;
/// Least growth that counts, as a part.
const GROWTH: u64 = MILLION / 5;
/// Standard errors of a count that growth must exceed.
const ERRORS: u64 = 3;
const MINUTE_S: u64 = 60;
const HOUR_S: u64 = 3_600;
const SECOND: u64 = 1_000_000_000;
/// Minutes that every trend holds.
const MINUTES: u64 = 60;

/// What became of a hotspot from one side to the other, in the order in which people look for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// It is on the second side only.
    Appeared,
    /// It costs more a trace on the second side.
    Grew,
    /// It costs less.
    Shrank,
    /// It is on the first side only.
    Gone,
    /// It costs the same, as far as the traces tell.
    Same,
    /// One side has it, and the other too few traces to show it.
    Unclear,
}

impl Change {
    /// All, in order.
    pub const ALL: [Change; 6] = [
        Change::Appeared,
        Change::Grew,
        Change::Shrank,
        Change::Gone,
        Change::Same,
        Change::Unclear,
    ];

    /// How answers call it.
    pub fn name(self) -> &'static str {
        match self {
            Change::Appeared => "appeared",
            Change::Grew => "grew",
            Change::Shrank => "shrank",
            Change::Gone => "gone",
            Change::Same => "same",
            Change::Unclear => "unclear",
        }
    }
}

/// What one side has of one hotspot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measure {
    /// Traces with the fault, raw.
    pub traces: u64,
    /// All traces that the side analysed: of every service in a window, of the hotspot's service in a version.
    pub of: u64,
    /// Critical-path time of the fault; `None` between versions, which are counted and not timed.
    pub path: Option<Nanos>,
}

/// One hotspot on both sides.
#[derive(Clone, Copy, Debug)]
pub struct Compared<'a> {
    /// Which.
    pub hotspot: &'a Hotspot,
    /// What became of it.
    pub change: Change,
    /// Cost a trace on the second side over that on the first; `None` where it is on one side only.
    pub ratio: Option<Millionths>,
    /// The first side and the second.
    pub sides: [Measure; 2],
}

/// A range of time in whole buckets: minutes within the last hour, hours before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Start of its first bucket, in Unix seconds.
    from: u64,
    /// End of its last.
    until: u64,
    width: u64,
}

impl Window {
    /// From one moment up to another, cut to whole buckets at both ends: neighbours share none. `None` when that leaves
    /// nothing.
    pub fn new(from: LogTime, until: LogTime, now: LogTime) -> Option<Window> {
        let seconds = |at: LogTime| at.0 / SECOND;
        let is_recent = seconds(now) <= seconds(from).saturating_add(HOUR_S);
        let width = if is_recent { MINUTE_S } else { HOUR_S };
        // What has begun belongs to a window that ends now.
        let end = seconds(until) + if now <= until { width } else { 0 };
        let oldest = match is_recent {
            true => (seconds(now) / MINUTE_S + 1).saturating_sub(MINUTES) * MINUTE_S,
            false => 0,
        };
        let (from, until) = ((seconds(from) / width * width).max(oldest), end / width * width);
        (from < until).then_some(Window { from, until, width })
    }

    /// Its start.
    pub fn from(&self) -> LogTime {
        LogTime(self.from.saturating_mul(SECOND))
    }

    /// Its end.
    pub fn until(&self) -> LogTime {
        LogTime(self.until.saturating_mul(SECOND))
    }

    /// Traces and critical-path time of a trend in it.
    fn sum(&self, trend: &Trend) -> (u64, u64) {
        let points = if self.width == HOUR_S {
            &trend.hour
        } else {
            &trend.minute
        };
        let inside = |point: &&TrendPoint| (self.from..self.until).contains(&point.at);
        let add = |(traces, path): (u64, u64), point: &TrendPoint| {
            (
                traces.saturating_add(point.traces),
                path.saturating_add(point.path.0),
            )
        };
        points.iter().filter(inside).fold((0, 0), add)
    }

    /// Whether a trend tells minutes and hours apart as this window needs it: that of a fault over many traces is known by
    /// the hour alone.
    fn is_told_by(&self, trend: &Trend) -> bool {
        let hour_reaches_in = |point: &TrendPoint| self.from < point.at + HOUR_S;
        self.width == HOUR_S || !trend.minute.is_empty() || !trend.hour.iter().any(hour_reaches_in)
    }

    /// All traces that were analysed in it.
    pub fn traces(&self, answers: &Answers) -> u64 {
        self.sum(&answers.trend).0
    }
}

/// Every hotspot that one of two windows has, in the order of their ranks.
pub fn windows(answers: &Answers, sides: [Window; 2]) -> Vec<Compared<'_>> {
    let of = sides.map(|side| side.traces(answers));
    let measured = |hotspot: &Hotspot| {
        let mut measures = [Measure::default(); 2];
        for (place, side) in sides.iter().enumerate() {
            let (traces, path) = side.sum(&hotspot.trend);
            if side.is_told_by(&hotspot.trend) {
                measures[place] = Measure {
                    traces,
                    of: of[place].max(traces),
                    path: Some(Nanos(path)),
                };
            }
        }
        Some(measures)
    };
    compared(answers, measured)
}

/// Every hotspot that one of two versions of its service has, in the order of their ranks; services that ran only one of
/// them are left out.
pub fn versions<'a>(answers: &'a Answers, sides: [&str; 2]) -> Vec<Compared<'a>> {
    let counted = |of: &[VersionTraces], version: &str| {
        let one = of.iter().find(|one| one.version == version);
        one.map_or(0, |one| one.traces)
    };
    let measured = |hotspot: &Hotspot| {
        let service = answers
            .services
            .iter()
            .find(|row| row.service == hotspot.service)?;
        let measure = |version: &str| {
            let traces = counted(&hotspot.versions, version);
            let of = counted(&service.versions, version).max(traces);
            (of > 0).then_some(Measure {
                traces,
                of,
                path: None,
            })
        };
        Some([measure(sides[0])?, measure(sides[1])?])
    };
    compared(answers, measured)
}

fn compared<'a>(
    answers: &'a Answers,
    measured: impl Fn(&Hotspot) -> Option<[Measure; 2]>,
) -> Vec<Compared<'a>> {
    let hotspots = answers.hotspots.iter();
    let rows = hotspots.filter_map(|hotspot| {
        let sides = measured(hotspot)?;
        let (change, ratio) = change(&sides)?;
        Some(Compared {
            hotspot,
            change,
            ratio,
            sides,
        })
    });
    rows.collect()
}

/// What became of it, and how much; `None` when neither side has it.
fn change([a, b]: &[Measure; 2]) -> Option<(Change, Option<Millionths>)> {
    let shows = |with: &Measure, without: &Measure| {
        EXPECTED * u128::from(with.of) <= u128::from(with.traces) * u128::from(without.of)
    };
    match (a.traces, b.traces) {
        (0, 0) => None,
        (0, _) if shows(b, a) => Some((Change::Appeared, None)),
        (_, 0) if shows(a, b) => Some((Change::Gone, None)),
        (0, _) | (_, 0) => Some((Change::Unclear, None)),
        (before, after) => {
            let ratio = ratio(a, b);
            let least = before.min(after);
            let margin = MILLION + GROWTH.max(ERRORS * MILLION / least.isqrt().max(1));
            let change = match ratio.0 {
                grown if margin <= grown => Change::Grew,
                shrunk if u128::from(shrunk) * u128::from(margin) <= u128::from(MILLION).pow(2) => {
                    Change::Shrank
                }
                _ => Change::Same,
            };
            Some((change, Some(ratio)))
        }
    }
}

/// Cost a trace of the second side over that of the first: critical-path time where both have it, else traces.
fn ratio(a: &Measure, b: &Measure) -> Millionths {
    let (before, after) = match (a.path, b.path) {
        (Some(Nanos(before)), Some(Nanos(after))) if before > 0 => (before, after),
        _ => (a.traces, b.traces),
    };
    let a_trace = |cost: u64, of: u64| u128::from(cost) * u128::from(MILLION) / u128::from(of.max(1));
    let ratio = (a_trace(after, b.of) * u128::from(MILLION)).checked_div(a_trace(before, a.of));
    Millionths(
        ratio
            .and_then(|ratio| u64::try_from(ratio).ok())
            .unwrap_or(u64::MAX),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measure(traces: u64, of: u64, path: u64) -> Measure {
        Measure {
            traces,
            of,
            path: Some(Nanos(path)),
        }
    }

    #[test]
    fn a_change_is_one_that_the_traces_can_tell() {
        for (what, a, b, expected) in [
            (
                "new on the second side",
                (0, 1_000, 0),
                (30, 1_000, 900),
                Some(Change::Appeared),
            ),
            (
                "too few traces before",
                (0, 50, 0),
                (30, 1_000, 900),
                Some(Change::Unclear),
            ),
            ("mended", (30, 1_000, 900), (0, 200, 0), Some(Change::Gone)),
            (
                "hardly called since",
                (30, 1_000, 900),
                (0, 90, 0),
                Some(Change::Unclear),
            ),
            (
                "twice the load",
                (100, 1_000, 9_000),
                (200, 2_000, 18_000),
                Some(Change::Same),
            ),
            (
                "twice the cost",
                (100, 1_000, 9_000),
                (100, 1_000, 18_000),
                Some(Change::Grew),
            ),
            (
                "half the cost",
                (100, 1_000, 9_000),
                (100, 1_000, 4_500),
                Some(Change::Shrank),
            ),
            (
                "a third more of nine",
                (9, 1_000, 900),
                (12, 1_000, 1_200),
                Some(Change::Same),
            ),
            (
                "a quarter more of many",
                (2_500, 9_000, 90),
                (2_500, 9_000, 113),
                Some(Change::Grew),
            ),
            ("on neither", (0, 10, 0), (0, 10, 0), None),
        ] {
            let sides = [measure(a.0, a.1, a.2), measure(b.0, b.1, b.2)];
            assert_eq!(change(&sides).map(|it| it.0), expected, "{what}");
        }
    }

    #[test]
    fn extremes_do_not_overflow() {
        let most = measure(u64::MAX, u64::MAX, u64::MAX);
        assert_eq!(change(&[most, most]).unwrap().0, Change::Same);
        let tiny = measure(1, u64::MAX, 1);
        assert_eq!(
            change(&[tiny, measure(u64::MAX, 1, u64::MAX)]).unwrap().0,
            Change::Grew
        );
    }

    #[test]
    fn windows_are_whole_buckets_and_neighbours_share_none() {
        let at = |seconds: u64| LogTime(seconds * SECOND);
        let now = at(1_000_000 * HOUR_S + 1_830);
        let hour = Window::new(at(now.0 / SECOND - 3_600), now, now).unwrap();
        assert_eq!(
            (hour.width, hour.until().0),
            (MINUTE_S, at(now.0 / SECOND + 30).0)
        );
        let before = Window::new(at(now.0 / SECOND - 86_400), hour.from(), now).unwrap();
        assert_eq!(before.width, HOUR_S);
        assert!(before.until() <= hour.from());
        assert_eq!(
            Window::new(at(now.0 / SECOND - 9_000), at(now.0 / SECOND - 8_900), now),
            None
        );
        assert_eq!(Window::new(now, at(5), now), None);
    }
}
