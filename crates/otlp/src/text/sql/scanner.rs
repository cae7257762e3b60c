//! The tokens that have a form of their own: literals, placeholders, comments, quoted identifiers. No recursion.
//!
//! What stands between them is words, blanks and punctuation only; see the lexer.

use memchr::{memchr, memchr2, memmem};

use super::dialect::Dialect;
use super::handles::Handles;
use super::keyword::Keyword;
use super::lexer::{Kind, Token, plain};
use super::marks::{Marks, in_word, is_alphanumeric, is_space};

/// Gives them in order.
#[derive(Clone, Debug)]
pub(super) struct Scanner<'t> {
    text: &'t [u8],
    marks: Marks,
    /// Every token before it is known.
    at: usize,
    /// What stands before `at` is a name: `.5` after it is no number.
    after_name: bool,
    /// A number, `$` or `#` starts at `at`, behind a byte that words have too, so that there is no mark.
    glued: bool,
    dialect: Dialect,
    /// Where `#` may be a name as well as a comment: what was read, and up to where.
    handles: Option<(Handles, usize)>,
}

impl<'t> Scanner<'t> {
    #[inline]
    pub(super) fn new(text: &'t [u8], dialect: Dialect) -> Scanner<'t> {
        let ambiguous = dialect.hash_comments && memchr(b'#', text).is_some();
        Scanner {
            text,
            marks: Marks::default(),
            at: 0,
            after_name: false,
            glued: false,
            dialect,
            handles: ambiguous.then(|| (Handles::new(dialect.execute_is_call), 0)),
        }
    }

    /// The next token; `None` at the end of the text.
    #[inline]
    pub(super) fn next(&mut self) -> Option<Token> {
        loop {
            let at = if self.glued {
                self.at
            } else {
                self.marks.next(self.text, self.at)?
            };
            if let Some(token) = self.mark(at) {
                return Some(token);
            }
        }
    }

    #[inline]
    fn byte(&self, at: usize) -> u8 {
        self.text.get(at).copied().unwrap_or(0)
    }

    #[inline]
    fn run(&self, from: usize, inside: impl Fn(u8) -> bool) -> usize {
        let mut at = from.min(self.text.len());
        while at < self.text.len() && inside(self.text[at]) {
            at += 1;
        }
        at
    }

    #[inline]
    fn pass(&mut self, end: usize, name: bool) {
        self.at = end;
        self.after_name = name;
        self.glued = matches!(self.byte(end), b'0'..=b'9' | b'$' | b'#') && in_word(self.text[end - 1]);
    }

    /// A token from `start` to `end`, or, without an end, to the end of the text.
    #[inline]
    fn token(&mut self, kind: Kind, start: usize, end: Option<usize>) -> Option<Token> {
        let open = end.is_none();
        let end = end.unwrap_or(self.text.len());
        // What has no end may be a cut string, whatever its first byte says.
        let kind = if open && kind == Kind::Quoted {
            Kind::Literal
        } else {
            kind
        };
        if self.handles.is_some() {
            self.follow(start, kind, end);
        }
        self.pass(end, matches!(kind, Kind::Word | Kind::Quoted));
        Some(Token {
            kind,
            start,
            end,
            open,
        })
    }

    /// Nothing but punctuation up to `end`.
    #[inline]
    fn punct(&mut self, end: usize) -> Option<Token> {
        self.pass(end, false);
        None
    }

    fn mark(&mut self, at: usize) -> Option<Token> {
        match self.text[at] {
            b'0'..=b'9' => self.number(at),
            b'\'' => self.string(at),
            b'"' if self.dialect.double_quoted_strings => {
                let end = self.string_end(at, b'"', self.dialect.backslash);
                self.token(Kind::Literal, at, end)
            }
            b'"' => self.quoted(at, b'"'),
            b'`' => self.quoted(at, b'`'),
            b'[' if self.dialect.brackets => self.quoted(at, b']'),
            b'-' => self.minus(at),
            b'+' if self.is_number(at + 1) => self.signed(at),
            b'/' if self.byte(at + 1) == b'*' => self.block_comment(at),
            b'#' => self.hash(at),
            b'?' => {
                let end = self.run(at + 1, |byte| byte.is_ascii_digit());
                self.token(Kind::Placeholder, at, Some(end))
            }
            b'$' => self.dollar(at),
            b':' | b'@' => self.named(at),
            b'%' => self.percent(at),
            b'{' => self.brace(at),
            _ => self.punct(at + 1),
        }
    }

    /// Whether a number starts at `at`: a digit, or a point before one.
    fn is_number(&self, at: usize) -> bool {
        let byte = self.byte(at);
        byte.is_ascii_digit() || byte == b'.' && self.byte(at + 1).is_ascii_digit()
    }

    fn signed(&mut self, sign: usize) -> Option<Token> {
        let end = self.number_end(sign + 1);
        self.token(Kind::Literal, sign, Some(end))
    }

    fn minus(&mut self, at: usize) -> Option<Token> {
        // An identifier whose first eight digits start with a letter was passed as a word.
        if let Some(start) = at.checked_sub(8)
            && start >= self.at
            && (start == self.at || !in_word(self.text[start - 1]))
            && let Some(end) = self.uuid_end(start)
        {
            return self.token(Kind::Literal, start, Some(end));
        }
        if self.byte(at + 1) == b'-' {
            return self.line_comment(at);
        }
        if self.is_number(at + 1) {
            return self.signed(at);
        }
        self.punct(at + 1)
    }

    fn number(&mut self, at: usize) -> Option<Token> {
        let pointed = at > self.at && self.text[at - 1] == b'.' && !self.follows_name(at - 1);
        let start = at - usize::from(pointed);
        let end = self.number_end(start);
        self.token(Kind::Literal, start, Some(end))
    }

    /// Whether what stands before `at`, but for white space, is a name.
    fn follows_name(&self, at: usize) -> bool {
        let before = self.text[self.at..at].iter().rfind(|&&byte| !is_space(byte));
        before.map_or(self.after_name, |&byte| in_word(byte))
    }

    /// The end of a number whose first digit or point is at `start`. Letters that touch it go with it.
    fn number_end(&self, start: usize) -> usize {
        if let Some(end) = self.uuid_end(start) {
            return end;
        }
        let hex = self.byte(start) == b'0' && matches!(self.byte(start + 1), b'x' | b'X');
        let mut at = start;
        let mut point = hex;
        while at < self.text.len() {
            let byte = self.text[at];
            if !is_alphanumeric(byte) {
                let sign = matches!(byte, b'+' | b'-')
                    && !hex
                    && at > start
                    && matches!(self.text[at - 1], b'e' | b'E')
                    && self.byte(at + 1).is_ascii_digit();
                let first_point = byte == b'.' && !point && self.byte(at + 1) != b'.';
                point |= first_point;
                if !(first_point || sign) {
                    break;
                }
            }
            at += 1;
        }
        at
    }

    /// The end of an 8-4-4-4-12 identifier at `start`: CQL has it without quotes.
    #[inline]
    fn uuid_end(&self, start: usize) -> Option<usize> {
        let text = self.text.get(start..start + 36)?;
        if text[8] != b'-' {
            return None;
        }
        let fits = |(at, &byte): (usize, &u8)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        };
        (text.iter().enumerate().all(fits) && !in_word(self.byte(start + 36))).then_some(start + 36)
    }

    /// A string, with the word that touches its opening quote when that says how to read it.
    fn string(&mut self, quote: usize) -> Option<Token> {
        let before = &self.text[self.at..quote];
        let blank = before.iter().rposition(|&byte| !in_word(byte));
        let word = blank.map_or(before, |blank| &before[blank + 1..]);
        let backslash = self.dialect.backslash;
        let (start, escapes) = match (word, before) {
            ([b'e' | b'E'], _) => (quote - 1, true),
            ([b'n' | b'N' | b'b' | b'B' | b'x' | b'X' | b'r' | b'R'] | [b'_', ..], _) => {
                (quote - word.len(), backslash)
            }
            ([b'q' | b'Q'], _) if self.dialect.q_quotes && quote + 2 <= self.text.len() => {
                let end = self.q_quote_end(quote);
                return self.token(Kind::Literal, quote - 1, end);
            }
            ([], [.., letter, b'u' | b'U', b'&']) if !in_word(*letter) => (quote - 2, false),
            ([], [b'u' | b'U', b'&']) => (quote - 2, false),
            (_, _) => (quote, backslash),
        };
        let end = self.string_end(quote, b'\'', escapes);
        self.token(Kind::Literal, start, end)
    }

    fn q_quote_end(&self, quote: usize) -> Option<usize> {
        let close = match self.byte(quote + 1) {
            b'[' => b']',
            b'(' => b')',
            b'{' => b'}',
            b'<' => b'>',
            other => other,
        };
        let rest = self.text.get(quote + 2..)?;
        memmem::find(rest, &[close, b'\'']).map(|at| quote + 2 + at + 2)
    }

    /// The end of the string whose opening quote is at `open`.
    fn string_end(&mut self, open: usize, quote: u8, escapes: bool) -> Option<usize> {
        if self.dialect.triple_quotes && self.text[open..].starts_with(&[quote; 3]) {
            let at = memmem::find(&self.text[open + 3..], &[quote; 3])?;
            return Some(open + 3 + at + 3);
        }
        let mut at = open + 1;
        loop {
            // Quotes and `\` are marks.
            at = self.marks.next(self.text, at)?;
            let byte = self.text[at];
            if byte != quote {
                at += 1 + usize::from(escapes && byte == b'\\');
            } else if self.byte(at + 1) == quote {
                at += 2;
            } else {
                return Some(at + 1);
            }
        }
    }

    fn quoted(&mut self, start: usize, close: u8) -> Option<Token> {
        let end = self.string_end(start, close, false);
        self.token(Kind::Quoted, start, end)
    }

    fn block_comment(&mut self, start: usize) -> Option<Token> {
        let mut depth = 1u32;
        let mut at = start + 2;
        while let Some(found) = memchr2(b'*', b'/', self.text.get(at..).unwrap_or(&[])) {
            at += found;
            match (self.byte(at), self.byte(at + 1)) {
                (b'*', b'/') => {
                    depth -= 1;
                    at += 2;
                    if depth == 0 {
                        return self.token(Kind::Comment, start, Some(at));
                    }
                }
                (b'/', b'*') => {
                    depth += 1;
                    at += 2;
                }
                _ => at += 1,
            }
        }
        self.token(Kind::Comment, start, None)
    }

    fn line_comment(&mut self, start: usize) -> Option<Token> {
        let end = memchr(b'\n', &self.text[start..]).map_or(self.text.len(), |at| start + at);
        self.token(Kind::Comment, start, Some(end))
    }

    /// A comment, or a name that is masked already.
    fn hash(&mut self, start: usize) -> Option<Token> {
        self.follow(start, Kind::Space, start);
        let named = self.handles.is_some_and(|(handles, _)| handles.expected());
        if self.dialect.hash_comments && !named {
            return self.line_comment(start);
        }
        let end = self.run(start + 1, in_word);
        self.token(Kind::Word, start, Some(end))
    }

    /// Reads the plain tokens up to `start`, and the token from there to `end`.
    fn follow(&mut self, start: usize, kind: Kind, end: usize) {
        let Some((handles, read)) = &mut self.handles else {
            return;
        };
        while *read < start {
            let (kind, end) = plain(self.text, *read, start);
            match kind {
                Kind::Word => handles.pass_word(Keyword::of_any_case(&self.text[*read..end])),
                Kind::Punct if self.text[*read] == b';' => handles.end_statement(),
                Kind::Punct | Kind::Space | Kind::Comment => {}
                Kind::Literal | Kind::Placeholder | Kind::Quoted => {}
            }
            *read = end;
        }
        match kind {
            Kind::Literal | Kind::Placeholder => handles.pass_value(),
            Kind::Word | Kind::Quoted => handles.pass_word(Keyword::Other),
            Kind::Space | Kind::Comment | Kind::Punct => {}
        }
        *read = end;
    }

    fn dollar(&mut self, start: usize) -> Option<Token> {
        let end = self.run(start + 1, is_alphanumeric);
        let tagged = !self.byte(start + 1).is_ascii_digit() && self.byte(end) == b'$';
        if tagged && self.dialect.dollar_quotes {
            let tag = &self.text[start..=end];
            let close = memmem::find(&self.text[end + 1..], tag).map(|at| end + 1 + at + tag.len());
            return self.token(Kind::Literal, start, close);
        }
        if start + 1 == end {
            return self.punct(end);
        }
        self.token(Kind::Placeholder, start, Some(end))
    }

    fn named(&mut self, start: usize) -> Option<Token> {
        let twice = self.text[start] == self.byte(start + 1);
        if twice && self.text[start] == b':' {
            return self.punct(start + 2);
        }
        // `@@variable` is no placeholder.
        let name = start + 1 + usize::from(twice);
        let masked = twice && self.byte(name) == b'#';
        if !(masked || is_alphanumeric(self.byte(name))) {
            return self.punct(start + 1);
        }
        let end = self.run(name, in_word);
        let kind = if twice { Kind::Word } else { Kind::Placeholder };
        self.token(kind, start, Some(end))
    }

    fn percent(&mut self, start: usize) -> Option<Token> {
        let next = self.byte(start + 1);
        if next == b's' && !in_word(self.byte(start + 2)) {
            return self.token(Kind::Placeholder, start, Some(start + 2));
        }
        if next != b'(' {
            return self.punct(start + 1);
        }
        let name = self.run(start + 2, in_word);
        let named = name > start + 2 && self.byte(name) == b')' && self.byte(name + 1) == b's';
        if named && !in_word(self.byte(name + 2)) {
            return self.token(Kind::Placeholder, start, Some(name + 2));
        }
        self.punct(start + 1)
    }

    fn brace(&mut self, start: usize) -> Option<Token> {
        let name = self.run(start + 1, in_word);
        if name == start + 1 || self.byte(name) != b':' {
            return self.punct(start + 1);
        }
        let kind = self.run(name + 1, |byte| {
            in_word(byte) || matches!(byte, b'(' | b')' | b',')
        });
        if kind > name + 1 && self.byte(kind) == b'}' {
            return self.token(Kind::Placeholder, start, Some(kind + 1));
        }
        self.punct(start + 1)
    }
}
