//! Deadlines of rows, earliest first. Lazy: a row may be named too early or twice, and its owner looks again.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use hotspan_model::LogTime;

#[derive(Debug, Default)]
pub(crate) struct Timers {
    heap: BinaryHeap<Reverse<(LogTime, u32)>>,
}

impl Timers {
    pub(crate) fn arm(&mut self, deadline: LogTime, row: u32) {
        self.heap.push(Reverse((deadline, row)));
    }

    /// The earliest deadline.
    pub(crate) fn next(&self) -> Option<LogTime> {
        self.heap.peek().map(|Reverse((deadline, _))| *deadline)
    }

    /// Takes all rows of the earliest deadline, unless it is after `now`.
    pub(crate) fn pop(&mut self, now: LogTime, rows: &mut Vec<u32>) -> Option<LogTime> {
        rows.clear();
        let earliest = self.next().filter(|&deadline| deadline <= now)?;
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
        self.heap.len()
    }

    /// Drops the entries that `is_good` refuses.
    pub(crate) fn retain(&mut self, is_good: impl Fn(LogTime, u32) -> bool) {
        self.heap
            .retain(|&Reverse((deadline, row))| is_good(deadline, row));
    }

    /// Bytes taken from the allocator.
    #[cfg(test)]
    pub(crate) fn memory(&self) -> u64 {
        self.heap.capacity() as u64 * 16
    }
}
