//! Verbs and their targets, in order of the text: what summary and facts are made of.

use super::keyword::Keyword;
use super::lexer::Kind;

/// Deepest nesting that is followed.
const CLAUSES_MAX: usize = 24;
/// Most common-table names of one statement.
const COMMON_TABLES_MAX: usize = 8;

/// What a target is to its statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Read,
    Write,
    /// The kind of a schema object: TABLE, INDEX.
    ObjectKind,
    /// A schema object.
    Object,
    Routine,
    /// A function among the sources of a SELECT.
    Function,
}

/// Takes what an outline finds.
pub(super) trait Sink {
    fn verb(&mut self, raw: &str, keyword: Keyword);
    fn target(&mut self, raw: &str, role: Role);
}

/// A piece of the text, as the outline sees it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Piece {
    Word(Keyword),
    Quoted,
    Value,
    Punct(u8),
}

impl Piece {
    /// The piece that a token is, if it is one.
    pub(super) fn of(kind: Kind, raw: &str) -> Option<Piece> {
        let piece = match kind {
            Kind::Space | Kind::Comment => return None,
            Kind::Literal | Kind::Placeholder => Piece::Value,
            Kind::Word => Piece::Word(Keyword::of_any_case(raw.as_bytes())),
            Kind::Quoted => Piece::Quoted,
            Kind::Punct => Piece::Punct(raw.as_bytes()[0]),
        };
        Some(piece)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Expect {
    #[default]
    Nothing,
    Target(RoleOf),
    ObjectKind,
    Object,
    CommonTable,
}

/// The roles that a clause asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RoleOf {
    Read,
    Write,
    Routine,
}

#[derive(Clone, Copy, Debug, Default)]
struct Clause {
    verb: Option<Keyword>,
    expect: Expect,
    /// A comma starts another source.
    sources: bool,
    /// A comma starts another common table.
    common: bool,
}

/// Follows one text.
#[derive(Debug)]
pub(super) struct Outline<'t> {
    text: &'t str,
    stack: [Clause; CLAUSES_MAX],
    depth: usize,
    beyond: usize,
    last: Piece,
    name: Option<Name>,
    common: [&'t str; COMMON_TABLES_MAX],
    commons: usize,
    started: bool,
}

#[derive(Clone, Copy, Debug)]
struct Name {
    start: usize,
    end: usize,
    expect: Expect,
    dot: bool,
}

/// A name without its quotes.
pub(super) fn unquoted(name: &str) -> &str {
    let quoted = matches!(name.as_bytes(), [b'"' | b'`' | b'[', .., b'"' | b'`' | b']']);
    if quoted { &name[1..name.len() - 1] } else { name }
}

impl<'t> Outline<'t> {
    pub(super) fn new(text: &'t str) -> Outline<'t> {
        Outline {
            text,
            stack: [Clause::default(); CLAUSES_MAX],
            depth: 0,
            beyond: 0,
            last: Piece::Punct(b';'),
            name: None,
            common: [""; COMMON_TABLES_MAX],
            commons: 0,
            started: false,
        }
    }

    fn top(&mut self) -> &mut Clause {
        &mut self.stack[self.depth]
    }

    /// Takes the next piece of the text, which stands from `start` to `end`.
    pub(super) fn take(&mut self, piece: Piece, start: usize, end: usize, sink: &mut impl Sink) {
        if self.grows_name(piece, end) {
            self.last = piece;
            return;
        }
        self.end_name(matches!(piece, Piece::Punct(b'(')), sink);
        match piece {
            Piece::Word(keyword) => self.word(keyword, start, end, sink),
            Piece::Quoted => self.identifier(start, end),
            Piece::Value => self.top().expect = Expect::Nothing,
            Piece::Punct(byte) => self.punct(byte),
        }
        self.last = piece;
    }

    /// Whether the piece belongs to the name before it: `schema.table`.
    fn grows_name(&mut self, piece: Piece, end: usize) -> bool {
        let Some(name) = &mut self.name else {
            return false;
        };
        let grows = match piece {
            Piece::Punct(byte) => byte == b'.' && !name.dot,
            Piece::Word(_) | Piece::Quoted => name.dot,
            Piece::Value => false,
        };
        if grows {
            name.dot = matches!(piece, Piece::Punct(_));
            name.end = end;
        }
        grows
    }

    /// Ends the name that was read last, before a bracket or anything else.
    pub(super) fn end_name(&mut self, before_bracket: bool, sink: &mut impl Sink) {
        let Some(name) = self.name.take() else {
            return;
        };
        let raw = &self.text[name.start..name.end];
        let role = match name.expect {
            Expect::Nothing => return,
            Expect::Target(RoleOf::Read) if before_bracket => Role::Function,
            Expect::Target(RoleOf::Read) => Role::Read,
            Expect::Target(RoleOf::Write) => Role::Write,
            Expect::Target(RoleOf::Routine) => Role::Routine,
            Expect::ObjectKind => Role::ObjectKind,
            Expect::Object => Role::Object,
            Expect::CommonTable => {
                if self.commons < COMMON_TABLES_MAX {
                    self.common[self.commons] = unquoted(raw);
                    self.commons += 1;
                }
                return;
            }
        };
        let known = &self.common[..self.commons];
        if role == Role::Read
            && known
                .iter()
                .any(|common| common.eq_ignore_ascii_case(unquoted(raw)))
        {
            return;
        }
        sink.target(raw, role);
    }

    fn identifier(&mut self, start: usize, end: usize) {
        let expect = self.top().expect;
        self.top().expect = match expect {
            Expect::ObjectKind => Expect::Object,
            Expect::Nothing | Expect::Target(_) | Expect::Object | Expect::CommonTable => Expect::Nothing,
        };
        if expect != Expect::Nothing && self.beyond == 0 {
            self.name = Some(Name {
                start,
                end,
                expect,
                dot: false,
            });
        }
    }

    fn punct(&mut self, byte: u8) {
        match byte {
            b'(' if self.beyond > 0 || self.depth + 1 == CLAUSES_MAX => self.beyond += 1,
            b'(' => {
                let outer = *self.top();
                self.top().expect = Expect::Nothing;
                // `FROM (a JOIN b)`: the sources go on inside.
                let sources = outer.expect == Expect::Target(RoleOf::Read);
                self.depth += 1;
                *self.top() = Clause {
                    verb: if sources { outer.verb } else { None },
                    expect: if sources { outer.expect } else { Expect::Nothing },
                    sources,
                    common: false,
                };
            }
            b')' if self.beyond > 0 => self.beyond -= 1,
            b')' => self.depth = self.depth.saturating_sub(1),
            b',' if self.top().common => self.top().expect = Expect::CommonTable,
            b',' if self.top().sources => self.top().expect = Expect::Target(RoleOf::Read),
            b',' if self.top().verb == Some(Keyword::Update) && self.top().expect == Expect::Nothing => {}
            b';' => {
                self.depth = 0;
                self.beyond = 0;
                self.commons = 0;
                *self.top() = Clause::default();
            }
            b'.' | b':' => {}
            _ => self.top().expect = Expect::Nothing,
        }
    }

    /// Whether a statement can start here.
    fn starts(&self) -> bool {
        use Keyword::*;
        match self.last {
            Piece::Punct(byte) => matches!(byte, b';' | b'(' | b')' | b'{'),
            Piece::Word(keyword) => matches!(keyword, Explain | Analyze | Begin | As),
            Piece::Quoted | Piece::Value => false,
        }
    }

    fn after(&self, keyword: Keyword) -> bool {
        matches!(self.last, Piece::Word(last) if last == keyword)
    }

    fn verb(&mut self, keyword: Keyword, at: (usize, usize), expect: Expect, sink: &mut impl Sink) {
        self.started = true;
        *self.top() = Clause {
            verb: Some(keyword),
            expect,
            sources: false,
            common: false,
        };
        sink.verb(&self.text[at.0..at.1], keyword);
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "most keywords mean nothing here")]
    fn word(&mut self, keyword: Keyword, start: usize, end: usize, sink: &mut impl Sink) {
        use Keyword::*;
        if matches!(self.last, Piece::Punct(b'.')) || self.beyond > 0 {
            return;
        }
        let at = (start, end);
        let verb = self.top().verb;
        match keyword {
            Select => self.verb(keyword, at, Expect::Nothing, sink),
            Insert | Merge | Upsert | Replace | Copy | Truncate if self.starts() => {
                self.verb(keyword, at, Expect::Target(RoleOf::Write), sink);
            }
            Update if self.starts() => self.verb(keyword, at, Expect::Target(RoleOf::Write), sink),
            Delete if self.starts() => self.verb(keyword, at, Expect::Target(RoleOf::Write), sink),
            Create | Alter | Drop if self.starts() => self.verb(keyword, at, Expect::ObjectKind, sink),
            Call | Exec | Execute if self.starts() || !self.started => {
                self.verb(keyword, at, Expect::Target(RoleOf::Routine), sink);
            }
            Fetch if self.starts() => self.verb(keyword, at, Expect::Nothing, sink),
            With if self.starts() => {
                self.top().expect = Expect::CommonTable;
                self.top().common = true;
            }
            From if verb == Some(Delete) => self.expect_sources(RoleOf::Write),
            From if matches!(verb, Some(Select | Update)) && !self.after(Distinct) => {
                self.expect_sources(RoleOf::Read);
            }
            Join if verb.is_some() => self.top().expect = Expect::Target(RoleOf::Read),
            Using if matches!(verb, Some(Delete | Merge)) => self.expect_sources(RoleOf::Read),
            Into | Only | Lateral | Ignore | Or | If | Not | Exists | Recursive => {}
            Replace if self.after(Or) => {}
            Table if self.top().expect != Expect::ObjectKind => {}
            _ if keyword.ends_sources() => {
                let top = self.top();
                top.expect = Expect::Nothing;
                top.sources = false;
                if keyword.is_set_operator() {
                    top.verb = None;
                }
            }
            // `WITH a AS (…)`: the main statement ends the list of common tables by its verb.
            As => self.top().expect = Expect::Nothing,
            _ if self.top().expect == Expect::ObjectKind && !is_object_kind(&self.text[start..end]) => {}
            _ => self.identifier(start, end),
        }
    }

    fn expect_sources(&mut self, role: RoleOf) {
        let top = self.top();
        top.expect = Expect::Target(role);
        top.sources = role == RoleOf::Read;
    }
}

/// The kinds of schema objects; other words before the name (UNIQUE, TEMPORARY) are no part of a summary.
fn is_object_kind(word: &str) -> bool {
    const KINDS: [&str; 18] = [
        "table",
        "index",
        "view",
        "database",
        "schema",
        "sequence",
        "function",
        "procedure",
        "trigger",
        "type",
        "user",
        "role",
        "extension",
        "keyspace",
        "domain",
        "policy",
        "collection",
        "system",
    ];
    KINDS.iter().any(|kind| kind.eq_ignore_ascii_case(word))
}
