//! What time does to a session: decide, publish again, give up, end.

use hotspan_model::{Completeness, Decided, LogPos, LogTime, TraceId};

use crate::output::Marks;
use crate::session::{Event, Phase, STUB_BYTES, Session, Stub, after_decision};
use crate::timers::Timers;
use crate::{Assembler, Cause};

impl Assembler {
    /// A new span may have brought the next event nearer: makes sure that the timer is not too late for it.
    pub(crate) fn rearm(&mut self, row: u32, now: LogTime) {
        let session = &self.sessions[row];
        let deadline = match session.phase {
            Phase::Open => self.earliest_decision(session, now),
            Phase::Decided | Phase::Late | Phase::Gone => after_decision(session, &self.settings).0,
        };
        if deadline < session.armed {
            self.arm(row, deadline);
        }
    }

    /// Before this no rule can decide an open session.
    fn earliest_decision(&self, session: &Session, quiet: LogTime) -> LogTime {
        let age = session.first.after(self.settings.age);
        quiet.after(self.shortest_quiet).min(age)
    }

    fn arm(&mut self, row: u32, deadline: LogTime) {
        self.sessions[row].armed = deadline;
        if deadline == LogTime(u64::MAX) {
            return;
        }
        self.timers.arm(deadline, row);
        if self.timers.len() > 2 * self.sessions.len() + 1_024 {
            let sessions = &self.sessions;
            self.timers
                .retain(|deadline, row| sessions.get(row).is_some_and(|session| session.armed == deadline));
        }
    }

    /// The trace of a row, if this deadline of it is the one that is good; it is so once.
    pub(crate) fn disarm(&mut self, row: u32, deadline: LogTime) -> Option<TraceId> {
        let session = self.sessions.get_mut(row)?;
        let is_good = session.armed == deadline;
        if is_good {
            session.armed = LogTime(u64::MAX);
        }
        is_good.then_some(session.trace)
    }

    /// Does what is due for one session at `deadline`.
    pub(crate) fn advance(&mut self, row: u32, deadline: LogTime, at: LogPos) {
        loop {
            let session = &self.sessions[row];
            let (due, event) = match session.phase {
                Phase::Open => match self.earliest_decision(session, session.quiet) {
                    earliest if deadline < earliest => return self.arm(row, earliest),
                    _ => self.decision(row),
                },
                Phase::Decided | Phase::Late => after_decision(session, &self.settings),
                Phase::Gone => return,
            };
            if deadline < due {
                return self.arm(row, due);
            }
            match event {
                Event::Decide(reason, found) => self.decide(row, at, reason, found, Marks::default()),
                Event::Publish => self.publish(row, at, Cause::Late, Marks::default()),
                Event::Stub => return self.outlive(row, at),
                Event::End => return self.end(row, at),
            }
        }
    }

    fn outlive(&mut self, row: u32, at: LogPos) {
        let marks = Marks {
            long_lived: self.is_pending(row),
            ..Marks::default()
        };
        self.stats.long_lived += u64::from(marks.long_lived);
        self.give_up(row, at, Cause::Age, marks);
    }

    fn end(&mut self, row: u32, at: LogPos) {
        self.publish(row, at, Cause::End, Marks::default());
        self.leave(row);
        self.stats.ended += 1;
    }

    /// Which rule decides an open session, and when: of simultaneous ones the first.
    fn decision(&mut self, row: u32) -> (LogTime, Event) {
        let found = self.found(row);
        let (settings, Session { first, quiet, .. }) = (&self.settings, self.sessions[row]);
        let whole = found.root_seen && found.missing_parents == 0 && found.unanswered == 0;
        let rules = [
            (whole, quiet.after(settings.complete_quiet), Decided::Complete),
            (
                found.root_seen,
                quiet.after(settings.root_quiet),
                Decided::RootQuiet,
            ),
            (
                !found.root_seen,
                quiet.after(settings.rootless_quiet),
                Decided::RootlessQuiet,
            ),
            (true, first.after(settings.age), Decided::Age),
        ];
        let holding = rules.into_iter().filter(|(holds, ..)| *holds);
        let (_, due, reason) = holding.min_by_key(|(_, due, _)| *due).expect("age always holds");
        (due, Event::Decide(reason, found))
    }

    /// How whole a session is now.
    pub(crate) fn found(&mut self, row: u32) -> Completeness {
        self.sessions[row].completeness(&self.arena, &mut self.survey)
    }

    /// Ends an open session's first phase; its spans are analysed.
    pub(crate) fn decide(
        &mut self,
        row: u32,
        at: LogPos,
        reason: Decided,
        found: Completeness,
        marks: Marks,
    ) {
        if reason == Decided::EndOfInput {
            self.stats.incomplete[reason as usize] +=
                u64::from(!found.root_seen || found.missing_parents > 0);
        } else if !matches!(reason, Decided::Complete | Decided::RootQuiet) {
            self.stats.incomplete[reason as usize] += 1;
        }
        let session = &mut self.sessions[row];
        session.reason = reason;
        session.phase = Phase::Decided;
        session.decided = at.time;
        let folded = self.arena.folds(session.index).map_or(0, |folds| folds.count());
        self.stats.folded += folded;
        self.stats.decisions[reason as usize] += 1;
        self.stats.open -= 1;
        self.stats.decided += 1;
        self.put_out(row, at, found, marks);
    }

    /// Makes a new version of a decided session, if any span waits for one.
    pub(crate) fn publish(&mut self, row: u32, at: LogPos, cause: Cause, marks: Marks) {
        if !self.is_pending(row) {
            return;
        }
        let session = &mut self.sessions[row];
        if session.phase == Phase::Late {
            session.phase = Phase::Decided;
        }
        self.stats.versions[cause as usize] += 1;
        let found = self.found(row);
        self.put_out(row, at, found, marks);
    }

    fn is_pending(&self, row: u32) -> bool {
        let session = &self.sessions[row];
        session.published < session.chain.spans
    }

    fn put_out(&mut self, row: u32, at: LogPos, found: Completeness, marks: Marks) {
        let number = self.sessions[row].version.saturating_add(1);
        let version = self.version(row, number, at, found, marks);
        self.ready.push_back(version);
        let session = &mut self.sessions[row];
        session.waiting += 1;
        session.version = number;
        session.published = session.chain.spans;
        session.published_threshold = session.threshold;
        let pending = u64::from(std::mem::take(&mut session.pending));
        self.counts.open -= pending;
        self.counts.analysed += pending;
    }

    pub(crate) fn truncate(&mut self, row: u32, at: LogPos) {
        let marks = Marks {
            truncated: true,
            ..Marks::default()
        };
        match self.sessions[row].is_open() {
            true => {
                let found = self.found(row);
                self.decide(row, at, Decided::Truncated, found, marks);
                self.give_up(row, at, Cause::Age, marks);
            }
            false => self.give_up(row, at, Cause::Age, marks),
        }
    }

    /// Makes a decided session a stub; what is pending is published first.
    pub(crate) fn give_up(&mut self, row: u32, at: LogPos, cause: Cause, marks: Marks) {
        self.publish(row, at, cause, marks);
        let stub = self.sessions[row].stub(marks.truncated);
        self.leave(row);
        self.add_stub(stub);
    }

    pub(crate) fn add_stub(&mut self, stub: Stub) {
        let deadline = stub.last.after(self.settings.gap);
        let stub = self.stubs.insert(stub);
        self.stub_timers.arm(deadline, stub);
        self.stats.bytes += STUB_BYTES;
        self.stats.stubs += 1;
    }

    pub(crate) fn advance_stub(&mut self, row: u32, deadline: LogTime) {
        let due = self.stubs[row].last.after(self.settings.gap);
        if deadline < due {
            return self.stub_timers.arm(due, row);
        }
        self.stubs.unlink(row);
        self.stubs.take(row);
        self.stats.bytes -= STUB_BYTES;
        self.stats.stubs -= 1;
        self.stats.ended += 1;
    }

    /// Takes a decided session out of the table. Its spans stay until its outputs were fetched.
    pub(crate) fn leave(&mut self, row: u32) {
        self.sessions.unlink(row);
        self.recent = None;
        let session = &mut self.sessions[row];
        session.phase = Phase::Gone;
        let is_fetched = session.waiting == 0;
        self.stats.bytes -= session.bytes(&self.arena);
        self.stats.decided -= 1;
        self.stats.spread(session.last.since(session.first));
        let birth = session.birth;
        if is_fetched {
            self.free(row);
        }
        if let Some(births) = &mut self.births {
            births.end(birth);
        }
    }

    pub(crate) fn free(&mut self, row: u32) {
        if let Some(mut session) = self.sessions.take(row) {
            session.release(&mut self.arena);
        }
    }

    /// Forgets all stubs.
    pub(crate) fn forget_stubs(&mut self) {
        let stubs = self.stubs.len() as u64;
        self.stubs.clear();
        self.stub_timers = Timers::default();
        self.stats.bytes -= stubs * STUB_BYTES;
        self.stats.stubs = 0;
        self.stats.ended += stubs;
    }
}
