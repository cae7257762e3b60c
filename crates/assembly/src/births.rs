//! From where on a log must be read to rebuild the sessions that live: their first records, in coarse steps.
//!
//! Steps may be coarse because a session that began after the floor and ended is rebuilt and ends again. What a barrier
//! forgot would not be forgotten again, so a step never reaches across one.

use std::collections::VecDeque;

use hotspan_model::{LogPos, Nanos, Offset};

/// Sessions of so long a time are of one step.
const STEP: Nanos = Nanos::from_secs(1);
/// More than the longest life of a session has; beyond, the last one takes all.
const STEPS_MAX: usize = 4_096;

#[derive(Debug, Default)]
pub(crate) struct Births {
    steps: VecDeque<Step>,
    /// The next session begins a step.
    is_due: bool,
}

/// Sessions that began in one second.
#[derive(Debug)]
struct Step {
    /// Where the first of them began.
    first: LogPos,
    alive: u64,
}

impl Births {
    pub(crate) fn begin(&mut self, at: LogPos) {
        let is_over = |step: &Step| step.first.time.after(STEP) <= at.time;
        let is_due = std::mem::take(&mut self.is_due) || self.steps.back().is_some_and(is_over);
        let is_due = is_due && self.steps.len() < STEPS_MAX;
        match self.steps.back_mut().filter(|_| !is_due) {
            Some(step) => step.alive += 1,
            None => self.steps.push_back(Step { first: at, alive: 1 }),
        }
    }

    pub(crate) fn end(&mut self, birth: Offset) {
        let after = self.steps.partition_point(|step| step.first.offset <= birth);
        if let Some(step) = after.checked_sub(1).and_then(|at| self.steps.get_mut(at)) {
            step.alive -= 1;
        }
        while self.steps.front().is_some_and(|step| step.alive == 0) {
            self.steps.pop_front();
        }
    }

    /// Sessions from here on are of another step.
    pub(crate) fn turn(&mut self) {
        self.is_due = true;
    }

    /// Where the oldest session that lives began, or before.
    pub(crate) fn first(&self) -> Option<LogPos> {
        self.steps.front().map(|step| step.first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hotspan_model::LogTime;

    fn at(offset: u64) -> LogPos {
        LogPos {
            offset: Offset(offset),
            time: LogTime(offset * 10),
        }
    }

    #[test]
    fn the_first_is_that_of_the_oldest_step_in_which_anything_lives() {
        let mut births = Births::default();
        births.begin(at(3));
        births.begin(at(4));
        births.turn();
        births.begin(at(7));
        births.turn();
        births.begin(at(9));
        births.end(Offset(7));
        assert_eq!(births.first(), Some(at(3)));
        births.end(Offset(3));
        assert_eq!(births.first(), Some(at(3)), "the other of its step lives");
        births.end(Offset(4));
        assert_eq!(births.first(), Some(at(9)));
        births.end(Offset(9));
        assert_eq!(births.first(), None);
    }

    #[test]
    fn sessions_of_a_second_are_one_step() {
        let mut births = Births::default();
        for offset in 0..40 {
            births.begin(LogPos {
                offset: Offset(offset),
                time: LogTime(offset * 300_000_000),
            });
        }
        assert_eq!(births.steps.len(), 10);
    }

    #[test]
    fn too_many_steps_become_one() {
        let mut births = Births::default();
        for offset in 0..2 * STEPS_MAX as u64 {
            births.turn();
            births.begin(at(offset));
        }
        assert_eq!(births.steps.len(), STEPS_MAX);
        (0..2 * STEPS_MAX as u64).for_each(|offset| births.end(Offset(offset)));
        assert_eq!(births.first(), None);
    }
}
