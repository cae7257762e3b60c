//! Going on where another process ended: its records are read again, and what they cannot tell is laid over the table.

use hotspan_model::{Counts, LogPos, Reason};

use crate::births::Births;
use crate::session::{Session, Stub};
use crate::{Assembler, Stats};

impl Assembler {
    /// Keeps an account of where sessions began, for [`Assembler::floor`]. Asked before the first span.
    pub fn keep_floor(&mut self) {
        self.births.get_or_insert_with(Births::default);
    }

    /// The record from which on a log rebuilds all sessions that live now and are no stubs, or one before; `None`
    /// where none live.
    pub fn floor(&self) -> Option<LogPos> {
        self.births.as_ref()?.first()
    }

    /// Whether budgets of the shard hold. They do not while records are read again: what they took is in the stubs.
    pub fn hold_budgets(&mut self, hold: bool) {
        self.holds_budgets = hold;
    }

    /// Makes the stubs those of the process before, in the place of what was rebuilt of their sessions, and begins to
    /// count: what is open was received.
    pub fn lay(&mut self, stubs: &[Stub]) {
        self.forget_stubs();
        for stub in stubs {
            if let Some(row) = self.sessions.find(stub.trace) {
                self.discard(row);
            }
            self.add_stub(*stub);
        }
        self.count_anew();
    }

    /// Lets go of decided sessions, whose versions other rules have made, or another shard: later spans of them are late.
    /// Those that wait are counted as such. Gives how many sessions it were.
    pub fn let_decided_go(&mut self) -> u64 {
        let decided: Vec<(u32, Session)> = self
            .sessions
            .rows()
            .filter(|(_, session)| !session.is_open())
            .map(|(row, session)| (row, *session))
            .collect();
        for (row, session) in &decided {
            let pending = self.discard(*row);
            self.counts.received += pending;
            self.counts.drop(Reason::LateDropped, pending);
            self.add_stub(session.stub(false));
        }
        debug_assert!(self.counts.balance() && self.stats.balance());
        decided.len() as u64
    }

    /// Takes a session out without a word; gives how many of its spans were open.
    fn discard(&mut self, row: u32) -> u64 {
        let session = &mut self.sessions[row];
        let pending = u64::from(std::mem::take(&mut session.pending));
        self.counts.open -= pending;
        self.counts.received = self.counts.received.saturating_sub(pending);
        if session.is_open() {
            self.stats.open -= 1;
            self.stats.decided += 1;
        }
        self.leave(row);
        pending
    }

    fn count_anew(&mut self) {
        self.counts = Counts {
            received: self.counts.open,
            open: self.counts.open,
            ..Counts::default()
        };
        let Stats {
            open,
            decided,
            stubs,
            bytes,
            ..
        } = self.stats;
        self.stats = Stats {
            opened: self.stats.sessions(),
            open,
            decided,
            stubs,
            bytes,
            ..Stats::default()
        };
    }
}
