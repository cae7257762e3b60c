//! Statements of SQL and its kin: one pass gives sanitised text, template, summary and parameter hash.

mod dialect;
mod facts;
mod frames;
mod keyword;
mod lexer;
mod outline;
mod session;
mod template;

use hotspan_model::{ParamKey, Visibility};

use super::{ParamHasher, Statement, TEXT_BYTES_MAX};
use dialect::Dialect;
use keyword::Keyword;
use lexer::{Kind, Lexer, Token};
use outline::{Outline, Piece, Role, Sink};
use template::{Writer, Written};

pub use facts::facts;

/// Longest summary, in bytes.
pub(super) const SUMMARY_BYTES_MAX: usize = 255;

/// Reads a SQL text in the dialect of `system`.
pub fn analyse(system: &str, text: &str, key: ParamKey, out: &mut Statement) {
    out.clear();
    let whole = text.len() <= TEXT_BYTES_MAX;
    let text = &text[..text.floor_char_boundary(TEXT_BYTES_MAX)];
    let dialect = Dialect::of(system);
    let mut pass = Pass {
        text,
        sanitised: Sanitised {
            out: &mut out.sanitised,
            comment: false,
            last: Kind::Space,
            slack: false,
        },
        template: Writer::new(&mut out.template, dialect.execute_is_call),
        outline: Outline::new(text),
        summary: Summary {
            out: &mut out.summary,
            full: false,
        },
        params: ParamHasher::new(key),
        placeholders: false,
    };
    let mut open = false;
    let mut lexer = Lexer::new(text, dialect);
    while let Some(token) = lexer.next() {
        open |= token.open;
        pass.token(token);
        if dialect.hash_comments {
            lexer.name_next = pass.template.expects_handle();
        }
    }
    pass.outline.end_name(false, &mut pass.summary);
    let params = pass.params.finish();
    let hidden = pass.placeholders;
    out.batch = pass.template.finish();
    out.params = params;
    let cut = open || !whole || text.ends_with("...") || text.ends_with('…');
    out.visibility = match (cut, hidden) {
        (true, _) => Visibility::Cut,
        (false, true) => Visibility::Hidden,
        (false, false) => Visibility::Visible,
    };
    out.session = session::is_session(&out.template);
}

struct Pass<'t, 'o> {
    text: &'t str,
    sanitised: Sanitised<'o>,
    template: Writer<'o>,
    outline: Outline<'t>,
    summary: Summary<'o>,
    params: ParamHasher,
    placeholders: bool,
}

impl Pass<'_, '_> {
    fn token(&mut self, token: Token) {
        let Token { kind, start, end, .. } = token;
        let raw = &self.text[start..end];
        self.sanitised.take(kind, raw);
        let piece = match kind {
            Kind::Space | Kind::Comment => {
                self.template.gap();
                return;
            }
            Kind::Literal => {
                self.params.add(raw.as_bytes());
                self.template.value(raw.len());
                Piece::Value
            }
            Kind::Placeholder => {
                self.placeholders = true;
                self.template.value(raw.len());
                Piece::Value
            }
            Kind::Word => {
                let keyword = Keyword::of_any_case(raw.as_bytes());
                let digits = keyword == Keyword::Other && raw.bytes().any(|byte| byte.is_ascii_digit());
                let written = self.template.word(raw, keyword, digits);
                self.hash_masked(written, raw);
                Piece::Word(keyword)
            }
            Kind::Quoted => {
                let written = self.template.quoted(raw);
                self.hash_masked(written, raw);
                Piece::Quoted
            }
            Kind::Punct => {
                if let Some(constant) = self.template.punct(raw) {
                    self.params.add(&[constant as u8]);
                }
                Piece::Punct(raw.as_bytes()[0])
            }
        };
        self.outline.take(piece, start, end, &mut self.summary);
    }

    /// What the template masks is an argument: partitions of one table are not one read repeated.
    fn hash_masked(&mut self, written: Written, raw: &str) {
        if written == Written::Masked {
            self.params.add(raw.as_bytes());
        }
    }
}

/// Writes the sanitised text: literals as `?`, comments gone, the rest as it came.
struct Sanitised<'o> {
    out: &'o mut String,
    /// A comment stands between the last token and the next.
    comment: bool,
    last: Kind,
    /// The last token was a literal that left room for a blank.
    slack: bool,
}

impl Sanitised<'_> {
    fn take(&mut self, kind: Kind, raw: &str) {
        if kind == Kind::Comment {
            self.comment = true;
            return;
        }
        let between = !self.out.is_empty() && self.last != Kind::Space && kind != Kind::Space;
        let name = |kind| matches!(kind, Kind::Word | Kind::Quoted);
        let literal = kind == Kind::Literal && raw.len() > 1;
        // A `?` that touched a name would read as part of it; a comment may be all that parts two tokens.
        let touches = literal && name(self.last) || self.slack && name(kind);
        if between && (self.comment || touches) {
            self.out.push(' ');
        }
        let paid = between && !self.comment && literal && name(self.last);
        self.out.push_str(if kind == Kind::Literal { "?" } else { raw });
        self.comment = false;
        self.last = kind;
        self.slack = literal && raw.len() > 1 + usize::from(paid);
    }
}

/// Writes the summary for people: case and quotes as they came.
struct Summary<'o> {
    out: &'o mut String,
    full: bool,
}

impl Summary<'_> {
    fn push(&mut self, raw: &str) {
        let blank = usize::from(!self.out.is_empty());
        self.full |= self.out.len() + blank + raw.len() > SUMMARY_BYTES_MAX;
        if self.full {
            return;
        }
        if blank > 0 {
            self.out.push(' ');
        }
        self.out.push_str(raw);
    }
}

impl Sink for Summary<'_> {
    fn verb(&mut self, raw: &str, _keyword: Keyword) {
        self.push(raw);
    }

    fn target(&mut self, raw: &str, role: Role) {
        if role != Role::Function {
            self.push(raw);
        }
    }
}
