//! Folds what repeats out of a template while it is written: lists, rows of VALUES, chains of OR, UNION ALL.
//!
//! A frame is what stands between two brackets. Every fold cuts the end of the text only, so what earlier positions
//! point at stays.

use super::keyword::Keyword;

/// Deepest nesting in which lists are folded.
const FRAMES_MAX: usize = 12;

/// From, up to: positions in the template.
type Range = (usize, usize);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Rows {
    #[default]
    None,
    /// After VALUES.
    Expected,
    /// Inside a row; the first row ends here, when there is one.
    Inside(Option<usize>),
    /// Behind a row; the first row ends here.
    Behind(usize),
    /// Behind the comma that follows a row.
    Comma(usize),
}

#[derive(Clone, Copy, Debug, Default)]
struct Frame {
    element: usize,
    last_element: Option<Range>,
    operand: usize,
    last_operand: Option<Range>,
    branch: usize,
    last_branch: Option<Range>,
    /// The branch before UNION, until ALL follows.
    united: Option<Range>,
    rows: Rows,
}

/// The open frames of one statement.
#[derive(Debug)]
pub(super) struct Frames {
    stack: [Frame; FRAMES_MAX],
    depth: usize,
    /// Brackets open beyond the deepest frame.
    beyond: usize,
    /// Rows of VALUES in the largest list of rows so far.
    pub(super) rows: u32,
    rows_here: u32,
}

/// The range without its leading blank.
fn trimmed(text: &str, from: usize) -> Range {
    let end = text.len();
    let blank = text.as_bytes().get(from) == Some(&b' ');
    ((from + usize::from(blank)).min(end), end)
}

/// Cuts `now` off back to the end of `before` when both say the same about a value.
fn fold(text: &mut String, before: Option<Range>, now: Range) -> Range {
    let Some(before) = before else {
        return now;
    };
    let bytes = text.as_bytes();
    let (first, second) = (&bytes[before.0..before.1], &bytes[now.0..now.1]);
    if first != second || !second.contains(&b'?') {
        return now;
    }
    text.truncate(before.1);
    before
}

impl Frames {
    pub(super) fn new() -> Frames {
        Frames {
            stack: [Frame::default(); FRAMES_MAX],
            depth: 0,
            beyond: 0,
            rows: 1,
            rows_here: 0,
        }
    }

    fn top(&mut self) -> &mut Frame {
        &mut self.stack[self.depth]
    }

    /// Before anything but a blank is written; `continues` is true of `,` and `(`.
    pub(super) fn before_token(&mut self, continues: bool) {
        let top = self.top();
        if !continues && matches!(top.rows, Rows::Expected | Rows::Behind(_) | Rows::Comma(_)) {
            top.rows = Rows::None;
        }
    }

    /// Before a keyword is written.
    pub(super) fn before_keyword(&mut self, keyword: Keyword, text: &mut String) {
        if self.beyond > 0 {
            return;
        }
        if keyword.ends_operand() {
            let kept = self.end_operand(text);
            self.top().last_operand = (keyword == Keyword::Or).then_some(kept);
        }
        if keyword.ends_sources() && !matches!(keyword, Keyword::Where | Keyword::Group | Keyword::Having) {
            let kept = self.end_branch(text);
            let top = self.top();
            top.united = keyword.is_set_operator().then_some(kept);
            top.last_branch = None;
        }
    }

    /// After a keyword is written.
    pub(super) fn after_keyword(&mut self, keyword: Keyword, text: &str) {
        if self.beyond > 0 {
            return;
        }
        let at = text.len();
        let top = self.top();
        if keyword.ends_operand() {
            top.operand = at;
        }
        if keyword == Keyword::Values {
            top.rows = Rows::Expected;
        }
        if keyword == Keyword::All && top.united.is_some() {
            top.last_branch = top.united.take();
            top.branch = at;
            top.operand = at;
        } else if keyword.is_set_operator() {
            top.branch = at;
        } else {
            top.united = None;
        }
    }

    fn end_operand(&mut self, text: &mut String) -> Range {
        let top = self.top();
        fold(text, top.last_operand, trimmed(text, top.operand))
    }

    fn end_branch(&mut self, text: &mut String) -> Range {
        let top = self.top();
        fold(text, top.last_branch, trimmed(text, top.branch))
    }

    /// Ends an element of a list; true when it was a constant that became `?`.
    fn end_element(&mut self, text: &mut String) -> Option<Keyword> {
        let top = self.top();
        let from = top.element.min(text.len());
        let constant = Keyword::of_any_case(&text.as_bytes()[from..]);
        if constant.is_constant() {
            text.truncate(from);
            text.push('?');
        }
        let kept = fold(text, top.last_element, (from, text.len()));
        self.top().last_element = Some(kept);
        constant.is_constant().then_some(constant)
    }

    /// After `(` or `[` is written.
    pub(super) fn open(&mut self, text: &str) {
        if self.beyond > 0 || self.depth + 1 == FRAMES_MAX {
            self.beyond += 1;
            return;
        }
        let top = self.top();
        top.united = None;
        top.rows = match top.rows {
            Rows::Expected => Rows::Inside(None),
            Rows::Comma(first) => Rows::Inside(Some(first)),
            Rows::None | Rows::Inside(_) | Rows::Behind(_) => Rows::None,
        };
        self.depth += 1;
        let at = text.len();
        *self.top() = Frame {
            element: at,
            operand: at,
            branch: at,
            ..Frame::default()
        };
    }

    /// Before `,` is written; the constant that became `?`, if one did.
    pub(super) fn before_comma(&mut self, text: &mut String) -> Option<Keyword> {
        if self.beyond > 0 || matches!(self.top().rows, Rows::Behind(_)) {
            return None;
        }
        self.end_operand(text);
        self.top().last_operand = None;
        if self.depth == 0 {
            None
        } else {
            self.end_element(text)
        }
    }

    /// After `,` is written.
    pub(super) fn after_comma(&mut self, text: &str) {
        if self.beyond > 0 {
            return;
        }
        let at = text.len();
        let top = self.top();
        if let Rows::Behind(first) = top.rows {
            top.rows = Rows::Comma(first);
            return;
        }
        top.rows = Rows::None;
        top.element = at;
        top.operand = at;
    }

    /// Before a closing bracket is written; the constant that became `?`, if one did.
    pub(super) fn before_close(&mut self, text: &mut String) -> Option<Keyword> {
        if self.beyond > 0 || self.depth == 0 {
            return None;
        }
        self.end_operand(text);
        self.end_branch(text);
        self.end_element(text)
    }

    /// After a closing bracket is written.
    pub(super) fn close(&mut self, text: &mut String) {
        if self.beyond > 0 {
            self.beyond -= 1;
            return;
        }
        if self.depth == 0 {
            return;
        }
        self.depth -= 1;
        if let Rows::Inside(first) = self.top().rows {
            self.rows_here = if first.is_some() { self.rows_here + 1 } else { 1 };
            self.rows = self.rows.max(self.rows_here);
            let first = first.unwrap_or(text.len());
            text.truncate(first);
            self.top().rows = Rows::Behind(first);
        }
    }

    /// At `;` or the end of the text.
    pub(super) fn end_statement(&mut self, text: &mut String) {
        if self.beyond == 0 {
            self.end_operand(text);
            self.end_branch(text);
        }
    }

    /// After `;` is written.
    pub(super) fn start_statement(&mut self, text: &str) {
        let at = text.len();
        self.depth = 0;
        self.beyond = 0;
        *self.top() = Frame {
            element: at,
            operand: at,
            branch: at,
            ..Frame::default()
        };
    }
}
