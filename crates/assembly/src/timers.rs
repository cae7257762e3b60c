//! Deadlines of rows, earliest first. Lazy: a row may be named too early or twice, and its owner looks again.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use hotspan_model::LogTime;

/// Most deadlines are one of a few waits after the time at hand, and that never steps back. So those of one wait come
/// in order, and a queue holds them; what fits behind no queue goes to a heap.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    queues: [Queue; QUEUES],
    heap: BinaryHeap<Reverse<(LogTime, u32)>>,
}

/// As many as there are waits that many traces have: for a decision, for a longer one when something is missing, for
/// late spans, and from each kind of decision to the end.
const QUEUES: usize = 8;

#[derive(Debug, Default)]
struct Queue {
    timers: VecDeque<(LogTime, u32)>,
    /// What was put in last, or nothing yet.
    last: LogTime,
}

impl Timers {
    pub(crate) fn arm(&mut self, deadline: LogTime, row: u32) {
        let behind = self.queues.iter_mut().filter(|queue| queue.last <= deadline);
        // Of several the one that ends last: the others are left to shorter waits.
        match behind.max_by_key(|queue| queue.last) {
            Some(queue) => {
                queue.last = deadline;
                queue.timers.push_back((deadline, row));
            }
            None => self.heap.push(Reverse((deadline, row))),
        }
    }

    /// The earliest deadline.
    pub(crate) fn next(&self) -> Option<LogTime> {
        let heap = self.heap.peek().map(|Reverse((deadline, _))| *deadline);
        let queues = self.queues.iter().filter_map(|queue| queue.timers.front());
        queues.map(|(deadline, _)| *deadline).chain(heap).min()
    }

    /// Takes all rows of the earliest deadline, unless it is after `now`.
    pub(crate) fn pop(&mut self, now: LogTime, rows: &mut Vec<u32>) -> Option<LogTime> {
        rows.clear();
        let earliest = self.next().filter(|&deadline| deadline <= now)?;
        for Queue { timers, .. } in &mut self.queues {
            while let Some((_, row)) = timers.pop_front_if(|(deadline, _)| *deadline == earliest) {
                rows.push(row);
            }
        }
        while let Some(Reverse((deadline, row))) = self.heap.peek().copied() {
            if deadline > earliest {
                break;
            }
            rows.push(row);
            self.heap.pop();
        }
        Some(earliest)
    }

    pub(crate) fn len(&self) -> usize {
        let queues = self.queues.iter().map(|queue| queue.timers.len());
        queues.sum::<usize>() + self.heap.len()
    }

    /// Drops the entries that `is_good` refuses.
    pub(crate) fn retain(&mut self, is_good: impl Fn(LogTime, u32) -> bool) {
        for Queue { timers, .. } in &mut self.queues {
            timers.retain(|&(deadline, row)| is_good(deadline, row));
        }
        self.heap
            .retain(|&Reverse((deadline, row))| is_good(deadline, row));
    }

    /// Bytes taken from the allocator.
    #[cfg(test)]
    pub(crate) fn memory(&self) -> u64 {
        let queues = self.queues.iter().map(|queue| queue.timers.capacity());
        (queues.sum::<usize>() + self.heap.capacity()) as u64 * 16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_in_any_order_come_earliest_first() {
        let mut timers = Timers::default();
        let deadlines = (0..500_u64).map(|n| n * 7_919 % 101);
        for (row, deadline) in (0..).zip(deadlines.clone()) {
            timers.arm(LogTime(deadline), row);
        }
        timers.retain(|deadline, _| deadline != LogTime(50));
        let mut expected: Vec<u64> = deadlines.filter(|&deadline| deadline != 50).collect();
        assert_eq!(timers.len(), expected.len());
        expected.sort_unstable();
        let (mut seen, mut rows) = (Vec::new(), Vec::new());
        while let Some(deadline) = timers.pop(LogTime(90), &mut rows) {
            seen.extend(rows.iter().map(|_| deadline.0));
        }
        let due = expected.partition_point(|&deadline| deadline <= 90);
        assert_eq!(seen, expected[..due]);
        assert_eq!(timers.next(), Some(LogTime(91)));
    }

    #[test]
    fn each_wait_has_a_queue_of_its_own() {
        let mut timers = Timers::default();
        for now in 0..1_000 {
            for wait in [15, 80, 150, 600, 585, 520, 450] {
                timers.arm(LogTime(now + wait), 0);
            }
        }
        assert!(timers.heap.is_empty());
    }
}
