//! What gives way when the shard is over a budget. Whatever is taken becomes a stub at once, analysed before.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

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
        let in_table = |session: &Session| session.phase != Phase::Gone;
        let mut rows = self.keyed(in_table, |session| session.trace);
        rows.sort_unstable();
        for (_, row) in rows {
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
        let mut oldest = self.rows_by(is_decided, |session| (session.decided, session.trace));
        while goal < self.stats.bytes
            && let Some((_, row)) = oldest.pop()
        {
            self.give_up(row, at, Cause::Cap, Marks::default());
        }
    }

    /// Of the open ones the longest quiet goes first, if it is quiet enough to be complete; then the largest.
    fn take_open(&mut self, at: LogPos, level: impl Fn(&Stats) -> u64, goal: u64) {
        if level(&self.stats) <= goal {
            return;
        }
        let enough = self.settings.complete_quiet;
        let is_quiet = |session: &Session| session.is_open() && enough <= at.time.since(session.quiet);
        let mut quietest = self.rows_by(is_quiet, |session| (session.quiet, session.trace));
        while goal < level(&self.stats)
            && let Some((_, row)) = quietest.pop()
        {
            self.cap(row, at);
        }
        if level(&self.stats) <= goal {
            return;
        }
        let size = |session: &Session| (Reverse(session.bytes(&self.arena)), session.trace);
        let mut largest = self.rows_by(Session::is_open, size);
        while goal < level(&self.stats)
            && let Some((_, row)) = largest.pop()
        {
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

    /// The sessions that `include` names, the least `key` first, which must tell all of them apart. Mostly few of them
    /// go, so only those are put in order.
    fn rows_by<K: Ord>(
        &self,
        include: impl Fn(&Session) -> bool,
        key: impl Fn(&Session) -> K,
    ) -> BinaryHeap<(Reverse<K>, u32)> {
        self.keyed(include, |session| Reverse(key(session))).into()
    }

    /// Keys lie beside the rows: whoever goes to the table for each comparison misses every cache.
    fn keyed<K>(&self, include: impl Fn(&Session) -> bool, key: impl Fn(&Session) -> K) -> Vec<(K, u32)> {
        let included = self.sessions.rows().filter(|(_, session)| include(session));
        included.map(|(row, session)| (key(session), row)).collect()
    }
}

fn tenths(budget: u64) -> u64 {
    budget / 10 * 9
}
