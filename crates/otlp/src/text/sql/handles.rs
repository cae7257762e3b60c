//! Names that differ from run to run: of cursors, savepoints and prepared statements.

use super::keyword::Keyword;

/// Follows the words of a statement up to where such a name stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Handles {
    /// The first word of the statement, and the last one.
    first: Keyword,
    word: Keyword,
    words: u32,
    execute_is_call: bool,
}

impl Handles {
    pub(super) fn new(execute_is_call: bool) -> Handles {
        Handles {
            first: Keyword::Other,
            word: Keyword::Other,
            words: 0,
            execute_is_call,
        }
    }

    /// Whether such a name belongs here.
    #[expect(clippy::wildcard_enum_match_arm, reason = "most keywords name no handle")]
    pub(super) fn expected(&self) -> bool {
        use Keyword::*;
        let second = self.words == 1;
        match self.first {
            Savepoint | Close | Declare | Prepare => second,
            Execute => second && !self.execute_is_call,
            Release => second || self.word == Savepoint && self.words == 2,
            Deallocate => second || self.word == Prepare && self.words == 2,
            Rollback => self.word == To || self.word == Savepoint,
            Fetch | Move => self.word == From || self.word == In,
            _ => false,
        }
    }

    /// Whether a word that comes now is such a name.
    pub(super) fn is_handle(&self, keyword: Keyword) -> bool {
        use Keyword::*;
        self.expected() && !matches!(keyword, All | Savepoint | Prepare | Transaction)
    }

    /// A word or identifier was read.
    pub(super) fn pass_word(&mut self, keyword: Keyword) {
        // A constant may become `?`.
        if keyword.is_constant() {
            self.pass_value();
            return;
        }
        if self.words == 0 {
            self.first = keyword;
        }
        self.words += 1;
        self.word = keyword;
    }

    /// A value was read: behind one no handle is expected.
    pub(super) fn pass_value(&mut self) {
        self.words = self.words.max(3);
        self.word = Keyword::Other;
    }

    /// `;` was read.
    pub(super) fn end_statement(&mut self) {
        self.words = 0;
        self.first = Keyword::Other;
    }
}
