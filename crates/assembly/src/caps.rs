//! What gives way when the shard is over a budget. Whatever is taken becomes a stub at once, analysed before.

use std::cmp::Reverse;

use hotspan_model::{Decided, LogPos};

use crate::output::Marks;
use crate::session::{Phase, Session};
use crate::timers::Timers;
use crate::{Assembler, Cause, Stats};

impl Assembler {
    /// Brings the shard back under its budgets: below nine tenths of each that it exceeds.
    pub(crate) fn relieve(&mut self, at: LogPos) {
        let bytes = |stats: &Stats| stats.bytes;
        if self.settings.bytes_max < self.stats.bytes {
            let goal = tenths(self.settings.bytes_max);
            self.take_decided(at, goal);
            self.take_open(at, bytes, goal);
            // Stubs alone are left, and none of them is forgotten alone.
            if goal < self.stats.bytes {
                self.barrier(at);
            }
        }
        if self.settings.open_max < self.stats.open {
            self.take_open(at, |stats| stats.open, tenths(self.settings.open_max));
        }
        if self.settings.sessions_max < self.stats.sessions() {
            self.barrier(at);
        }
    }

    /// Decides and publishes everything in order of trace id, and forgets every session.
    pub(crate) fn forget(&mut self, at: LogPos, reason: Decided, cause: Cause) {
        for row in self.rows_by(
            |session| !matches!(session.phase, Phase::Gone),
            |session| session.trace,
        ) {
            match self.sessions[row].is_open() {
                true => self.conclude(row, at, reason),
                false => self.publish(row, at, cause, Marks::default()),
            }
            self.leave(row);
            self.stats.ended += 1;
        }
        self.forget_stubs();
        self.timers = Timers::default();
        if let Some(births) = &mut self.births {
            births.turn();
        }
    }

    fn barrier(&mut self, at: LogPos) {
        self.stats.barriers += 1;
        self.forget(at, Decided::Barrier, Cause::Cap);
    }

    /// The oldest decision goes first.
    fn take_decided(&mut self, at: LogPos, goal: u64) {
        let is_decided = |session: &Session| matches!(session.phase, Phase::Decided | Phase::Late);
        for row in self.rows_by(is_decided, |session| (session.decided, session.trace)) {
            if self.stats.bytes <= goal {
                return;
            }
            self.give_up(row, at, Cause::Cap, Marks::default());
        }
    }

    /// Of the open ones the longest quiet goes first, if it is quiet enough to be complete; then the largest.
    fn take_open(&mut self, at: LogPos, level: impl Fn(&Stats) -> u64, goal: u64) {
        let enough = self.settings.complete_quiet;
        let is_quiet = |session: &Session| session.is_open() && enough <= at.time.since(session.quiet);
        for row in self.rows_by(is_quiet, |session| (session.quiet, session.trace)) {
            if level(&self.stats) <= goal {
                return;
            }
            self.cap(row, at);
        }
        if level(&self.stats) <= goal {
            return;
        }
        let largest = |session: &Session| (Reverse(session.bytes(&self.arena)), session.trace);
        for row in self.rows_by(Session::is_open, largest) {
            if level(&self.stats) <= goal {
                return;
            }
            self.cap(row, at);
        }
    }

    fn cap(&mut self, row: u32, at: LogPos) {
        self.conclude(row, at, Decided::Cap);
        self.give_up(row, at, Cause::Cap, Marks::default());
    }

    fn conclude(&mut self, row: u32, at: LogPos, reason: Decided) {
        let found = self.found(row);
        self.decide(row, at, reason, found, Marks::default());
    }

    /// The sessions that `include` names, in order of `key`, which must tell all of them apart.
    fn rows_by<K: Ord>(&self, include: impl Fn(&Session) -> bool, key: impl Fn(&Session) -> K) -> Vec<u32> {
        let included = self.sessions.rows().filter(|(_, session)| include(session));
        // Keys lie beside the rows: a sort that goes to the table for each comparison misses every cache.
        let mut rows: Vec<(K, u32)> = included.map(|(row, session)| (key(session), row)).collect();
        rows.sort_unstable();
        rows.into_iter().map(|(_, row)| row).collect()
    }
}

fn tenths(budget: u64) -> u64 {
    budget / 10 * 9
}
