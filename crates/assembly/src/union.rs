//! The union of intervals in bounded room.

use hotspan_model::Timestamp;

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
    if over {
        let gap = |at: &usize| intervals[at + 1].0.since(intervals[*at].1);
        if let Some(at) = (0..intervals.len() - 1).min_by_key(gap) {
            intervals[at].1 = intervals[at + 1].1;
            intervals.remove(at + 1);
        }
    }
    over
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
    }
}
