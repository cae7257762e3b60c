//! How long a reply may be: rows and lines that fit are there whole, the others are counted, and how to get them is said.

use serde::Serialize;
use utoipa::ToSchema;

use crate::ask::{Problem, Query, size};

/// Most bytes of a reply when nobody says.
pub(super) const BYTES: usize = 20_000;
/// Fewest that may be asked for: one row of the longest texts fits.
const BYTES_MIN: usize = 6_000;
/// Most that may be asked for.
const BYTES_MAX: usize = 200_000;
/// What `max_bytes` has to be.
const ALLOWED: &str = "a whole number from 6000 to 200000";
/// Longest text beside the structured content.
const TEXT_MAX: usize = 3_900;
/// Room for what is there whatever the rows are: names, coverage, where to go on.
const ENVELOPE: usize = 1_200;

/// How long a reply may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    bytes: usize,
}

impl Budget {
    /// Reads `max_bytes`.
    pub(super) fn read(query: &mut Query, unasked: usize) -> Result<Budget, Problem> {
        let bytes = query.parsed("max_bytes", ALLOWED, |text| {
            let bytes = text.parse().ok();
            bytes.filter(|bytes| (BYTES_MIN..=BYTES_MAX).contains(bytes))
        })?;
        Ok(Budget {
            bytes: bytes.unwrap_or(unasked),
        })
    }

    /// Bytes of the text.
    pub(super) fn text(self) -> usize {
        (self.bytes / 5).min(TEXT_MAX)
    }

    /// Bytes of everything that is rows.
    pub(super) fn rows(self) -> usize {
        self.bytes - self.text() - ENVELOPE
    }
}

/// Rows that are not in a reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct LeftOut {
    /// Of which list.
    what: &'static str,
    /// How many.
    count: u64,
    /// How to get them.
    how: String,
}

/// What is left for the lists of one reply, in order of their importance.
#[derive(Debug)]
pub(super) struct Room {
    left: usize,
    left_out: Vec<LeftOut>,
}

impl Room {
    pub(super) fn new(bytes: usize) -> Room {
        Room {
            left: bytes,
            left_out: Vec::new(),
        }
    }

    /// Takes the bytes of what is there in any case.
    pub(super) fn take(&mut self, part: &impl Serialize) {
        self.left = self.left.saturating_sub(size(part));
    }

    /// The first rows, as many as there is room for and at most `most`; `how` says how to get the others.
    pub(super) fn fit<T: Serialize, I>(
        &mut self,
        what: &'static str,
        how: &str,
        most: usize,
        rows: I,
    ) -> Vec<T>
    where
        I: IntoIterator<Item = T>,
        I::IntoIter: ExactSizeIterator,
    {
        let mut rows = rows.into_iter();
        let (all, mut kept) = (rows.len(), Vec::new());
        // Rows that are not kept are not even made.
        for row in rows.by_ref().take(most) {
            let Some(left) = self.left.checked_sub(size(&row) + 1) else {
                break;
            };
            self.left = left;
            kept.push(row);
        }
        self.note(what, (all - kept.len()) as u64, how);
        kept
    }

    /// Notes rows that are left out.
    fn note(&mut self, what: &'static str, count: u64, how: &str) {
        if count > 0 {
            self.left_out.push(LeftOut {
                what,
                count,
                how: how.to_owned(),
            });
        }
    }

    /// What was left out.
    pub(super) fn left_out(self) -> Vec<LeftOut> {
        self.left_out
    }
}

/// The text beside the structured content: whole lines.
#[derive(Debug)]
pub(super) struct Lines {
    text: String,
    left: usize,
    left_out: u64,
}

impl Lines {
    pub(super) fn new(budget: Budget) -> Lines {
        Lines {
            text: String::new(),
            // The line that counts the others.
            left: budget.text() - 80,
            left_out: 0,
        }
    }

    /// Adds a line, if there is room for it and was for those before it.
    pub(super) fn add(&mut self, line: impl AsRef<str>) {
        let bytes = size(&line.as_ref());
        if self.left_out > 0 || bytes > self.left {
            self.left_out += 1;
            return;
        }
        self.left -= bytes;
        self.text.push_str(line.as_ref());
        self.text.push('\n');
    }

    pub(super) fn finish(mut self) -> String {
        match self.left_out {
            0 => {
                self.text.pop();
            }
            lines => self.text += &format!("({lines} more lines are in the structured content)"),
        }
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(bytes: &str) -> Result<Budget, Problem> {
        Budget::read(&mut Query::new(&format!("max_bytes={bytes}")), BYTES)
    }

    #[test]
    fn rows_are_kept_whole_and_those_left_out_are_counted() {
        let mut room = Room::new(20);
        assert_eq!(
            room.fit("words", "ask again", 9, ["four", "four", "four", "x"]),
            ["four", "four"]
        );
        assert_eq!(room.fit("more", "ask again", 9, ["four", "four"]).len(), 0);
        let left_out = room.left_out();
        assert_eq!((left_out[0].what, left_out[0].count), ("words", 2));
        assert_eq!((left_out[1].what, left_out[1].count), ("more", 2));
    }

    #[test]
    fn a_text_ends_at_a_line() {
        let mut lines = Lines::new(budget("6000").unwrap());
        for _ in 0..100 {
            lines.add("x".repeat(100));
        }
        let text = lines.finish();
        assert!(text.len() <= 1_200, "{}", text.len());
        assert!(
            text.ends_with("more lines are in the structured content)"),
            "{text}"
        );
    }

    #[test]
    fn a_budget_that_makes_no_sense_is_refused() {
        for bytes in ["0", "5999", "200001", "-1", "many"] {
            assert!(budget(bytes).is_err(), "{bytes}");
        }
    }
}
