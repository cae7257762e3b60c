//! The union of intervals in bounded room.

use hotspan_model::{Nanos, Timestamp};

/// Adds an interval to disjoint ascending ones; touching ones become one. Beyond `most` the smallest gap is closed,
/// the earliest of equals; `true` when that happened.
pub(crate) fn add(
    intervals: &mut Vec<(Timestamp, Timestamp)>,
    (mut start, mut end): (Timestamp, Timestamp),
    most: usize,
) -> bool {
    let from = intervals.partition_point(|interval| interval.1 < start);
    let to = intervals.partition_point(|interval| interval.0 <= end);
    if from < to {
        start = start.min(intervals[from].0);
        end = end.max(intervals[to - 1].1);
        intervals[from] = (start, end);
        intervals.drain(from + 1..to);
    } else {
        intervals.insert(from, (start, end));
    }
    let over = intervals.len() > most;
    if over && let Some(at) = smallest_gap(intervals) {
        intervals[at].1 = intervals[at + 1].1;
        intervals.remove(at + 1);
    }
    over
}

/// Behind which interval the smallest gap is, the earliest of equals. A plain loop: once a group is full, this is most
/// of what folding a span costs.
fn smallest_gap(intervals: &[(Timestamp, Timestamp)]) -> Option<usize> {
    let (mut smallest, mut found) = (Nanos(u64::MAX), 0);
    for (at, pair) in intervals.windows(2).enumerate() {
        let gap = pair[1].0.since(pair[0].1);
        if gap < smallest {
            (smallest, found) = (gap, at);
        }
    }
    (intervals.len() > 1).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn union(parts: &[(u64, u64)], most: usize) -> (Vec<(u64, u64)>, bool) {
        let mut intervals = Vec::new();
        let mut approx = false;
        for &(start, end) in parts {
            approx |= add(&mut intervals, (Timestamp(start), Timestamp(end)), most);
        }
        (
            intervals
                .into_iter()
                .map(|(start, end)| (start.0, end.0))
                .collect(),
            approx,
        )
    }

    #[test]
    fn intervals_that_overlap_or_touch_become_one() {
        assert_eq!(
            union(&[(5, 7), (1, 2), (2, 3), (10, 12)], 9).0,
            [(1, 3), (5, 7), (10, 12)]
        );
        assert_eq!(union(&[(1, 2), (4, 5), (7, 8), (2, 7)], 9).0, [(1, 8)]);
        assert_eq!(union(&[(1, 9), (3, 4)], 9).0, [(1, 9)]);
    }

    #[test]
    fn beyond_the_limit_the_smallest_gap_is_closed_earliest_first() {
        assert_eq!(
            union(&[(0, 1), (5, 6), (8, 9), (11, 12)], 3),
            (vec![(0, 1), (5, 9), (11, 12)], true)
        );
        assert_eq!(union(&[(0, 1), (5, 6)], 1), (vec![(0, 6)], true));
        assert!(!union(&[(0, 1), (5, 6)], 2).1);
        assert_eq!(
            union(&[(0, 0), (u64::MAX, u64::MAX)], 1),
            (vec![(0, u64::MAX)], true)
        );
    }
}
