//! Statements of SQL and its kin: template, parameter hash, sanitised text and summary.

mod dialect;
mod facts;
mod frames;
mod handles;
mod keyword;
mod lexer;
mod marks;
mod outline;
mod scanner;
mod session;
mod skeleton;
mod template;

use hotspan_model::{ParamHash, ParamKey, Visibility};

use super::{ParamHasher, Statement, TEXT_BYTES_MAX};
use dialect::Dialect;
use keyword::Keyword;
use lexer::{Kind, Lexer, Token};
use outline::{Outline, Piece, Role, Sink};
use template::{Writer, Written};

pub use facts::facts;
pub use skeleton::{Skeleton, skeleton};

/// Longest summary, in bytes.
pub(super) const SUMMARY_BYTES_MAX: usize = 255;

/// Reads a SQL text in the dialect of `system`.
pub fn analyse(system: &str, text: &str, key: ParamKey, out: &mut Statement) {
    group(system, text, key, out);
    let text = &text[..text.floor_char_boundary(TEXT_BYTES_MAX)];
    let mut sanitised = Sanitised {
        out: &mut out.sanitised,
        comment: false,
        last: Kind::Space,
        slack: false,
    };
    let mut outline = Outline::new(text);
    let mut summary = Summary {
        out: &mut out.summary,
        full: false,
    };
    for Token { kind, start, end, .. } in Lexer::new(text, Dialect::of(system)) {
        let raw = &text[start..end];
        sanitised.take(kind, raw);
        if let Some(piece) = Piece::of(kind, raw) {
            outline.take(piece, start, end, &mut summary);
        }
    }
    outline.end_name(false, &mut summary);
}

/// Reads a SQL text like [`analyse`], but for what people are shown: sanitised text and summary stay empty.
pub fn group(system: &str, text: &str, key: ParamKey, out: &mut Statement) {
    out.clear();
    let whole = text.len() <= TEXT_BYTES_MAX;
    let text = &text[..text.floor_char_boundary(TEXT_BYTES_MAX)];
    let dialect = Dialect::of(system);
    let mut lower = std::mem::take(&mut out.lower);
    lower.clear();
    lower.push_str(text);
    lower.make_ascii_lowercase();
    let mut pass = Pass {
        text,
        lower: &lower,
        template: Writer::new(&mut out.template, dialect.execute_is_call),
        literals: ParamHasher::new(key),
        masked: ParamHasher::new(key),
        values: 0,
        masks: false,
        placeholders: false,
    };
    let mut open = !whole;
    for token in Lexer::new(text, dialect) {
        open |= token.open;
        pass.token(token);
    }
    if pass.masks {
        out.masked = pass.masked.finish();
    }
    out.params = ParamHash(pass.literals.finish().0.wrapping_add(out.masked.0));
    let hidden = pass.placeholders;
    out.batch = pass.template.finish();
    // No literal stays behind.
    lower.clear();
    out.lower = lower;
    out.visibility = visibility(open || is_cut_short(text.as_bytes()), hidden);
    out.session = session::is_session(&out.template);
}

/// Whether a text says itself that it was cut.
fn is_cut_short(text: &[u8]) -> bool {
    text.ends_with(b"...") || text.ends_with("…".as_bytes())
}

fn visibility(cut: bool, hidden: bool) -> Visibility {
    match (cut, hidden) {
        (true, _) => Visibility::Cut,
        (false, true) => Visibility::Hidden,
        (false, false) => Visibility::Visible,
    }
}

struct Pass<'t, 'o> {
    text: &'t str,
    /// The text in lower case.
    lower: &'t str,
    template: Writer<'o>,
    literals: ParamHasher,
    /// What the template masks, each behind the count of values before it.
    masked: ParamHasher,
    values: u32,
    masks: bool,
    placeholders: bool,
}

impl Pass<'_, '_> {
    #[inline]
    fn token(&mut self, token: Token) {
        let raw = &self.text[token.start..token.end];
        match token.kind {
            Kind::Space | Kind::Comment => self.template.gap(),
            Kind::Literal => {
                self.literals.add(raw.as_bytes());
                self.values += 1;
                self.template.value(raw.len());
            }
            Kind::Placeholder => {
                self.placeholders = true;
                self.values += 1;
                self.template.value(raw.len());
            }
            Kind::Word => {
                if self.template.word(&self.lower[token.start..token.end]) == Written::Masked {
                    self.mask(raw.as_bytes());
                }
            }
            Kind::Quoted => {
                if self.template.quoted(&self.lower[token.start..token.end]) == Written::Masked {
                    self.mask(raw.as_bytes());
                }
            }
            Kind::Punct => {
                if let Some(constant) = self.template.punct(raw) {
                    self.mask(&[constant as u8]);
                }
            }
        }
    }

    /// What the template masks is an argument: partitions of one table are not one read repeated.
    fn mask(&mut self, raw: &[u8]) {
        self.masks = true;
        self.masked.add(&self.values.to_le_bytes());
        self.masked.add(raw);
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
