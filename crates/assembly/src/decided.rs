//! Decided sessions, the oldest decision first: a list through their rows, so that whoever takes the first few touches no
//! other.

use crate::session::Session;
use crate::table::Table;

/// No row has this number.
const NONE: u32 = u32::MAX;

/// The neighbours of a session in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Links {
    older: u32,
    newer: u32,
}

impl Default for Links {
    fn default() -> Self {
        Links {
            older: NONE,
            newer: NONE,
        }
    }
}

/// Both ends of the list.
#[derive(Debug, Default)]
pub(crate) struct ByDecision(Links);

impl ByDecision {
    /// Adds a session that was decided now; log time never steps back.
    pub(crate) fn push(&mut self, row: u32, sessions: &mut Table<Session>) {
        let older = std::mem::replace(&mut self.0.newer, row);
        sessions[row].links = Links { older, newer: NONE };
        match older {
            NONE => self.0.older = row,
            older => sessions[older].links.newer = row,
        }
    }

    /// Takes out one that is in it.
    pub(crate) fn remove(&mut self, row: u32, sessions: &mut Table<Session>) {
        let Links { older, newer } = std::mem::take(&mut sessions[row].links);
        match older {
            NONE => self.0.older = newer,
            older => sessions[older].links.newer = newer,
        }
        match newer {
            NONE => self.0.newer = older,
            newer => sessions[newer].links.older = older,
        }
    }

    /// All sessions that were decided when the oldest one was.
    pub(crate) fn oldest<'a>(
        &self,
        sessions: &'a Table<Session>,
    ) -> impl Iterator<Item = (u32, &'a Session)> {
        let at = |row: u32| {
            Some(row)
                .filter(|&row| row != NONE)
                .map(|row| (row, &sessions[row]))
        };
        let first = at(self.0.older);
        let all = std::iter::successors(first, move |(_, session)| at(session.links.newer));
        all.take_while(move |(_, session)| first.is_some_and(|first| first.1.decided == session.decided))
    }
}
