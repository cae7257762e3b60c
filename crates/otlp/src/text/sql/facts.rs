//! What a template says about itself, from its text alone.

use hotspan_model::{TemplateFacts, Verb};

use super::SUMMARY_BYTES_MAX;
use super::dialect::Dialect;
use super::keyword::Keyword;
use super::lexer::{Lexer, Token};
use super::marks::in_word;
use super::outline::{Outline, Piece, Role, Sink, unquoted};
use crate::text::names;

/// The facts of a SQL template, from its text alone.
pub fn facts(template: &str) -> TemplateFacts {
    let mut found = Found::default();
    let mut outline = Outline::new(template);
    let mut shape = Shape::default();
    for token in Lexer::new(template, Dialect::TEMPLATE) {
        let Token { kind, start, end, .. } = token;
        let raw = &template[start..end];
        let Some(piece) = Piece::of(kind, raw) else {
            continue;
        };
        outline.take(piece, start, end, &mut found);
        shape.take(piece, raw);
    }
    outline.end_name(false, &mut found);
    if let Some(routine) = shape.lone_function(template)
        && found.is_plain_select()
    {
        found.routine = Some(routine.into());
    }
    if let Some(block) = block_routine(template) {
        found.routine = Some(block.into());
        found.summary = block.to_owned();
    }
    TemplateFacts {
        verb: found.verb(),
        routine: found.routine.as_deref().map(Into::into),
        reads: sorted(found.reads),
        writes: sorted(found.writes),
        summary: found.summary.into(),
        keyset: shape.is_keyset(),
        skip_locked: shape.skip_locked,
        cursor: shape.first == "fetch",
        single_key: false,
        gatekeeper: names::is_gatekeeper(template),
    }
}

fn sorted(mut names: Vec<Box<str>>) -> Box<[Box<str>]> {
    names.sort_unstable();
    names.dedup();
    names.into()
}

/// The routine of an anonymous block: `BEGIN name(…); END;`.
fn block_routine(template: &str) -> Option<&str> {
    let rest = template.strip_prefix("begin ")?;
    let (name, _) = rest.split_once('(')?;
    let bare = !name.is_empty() && !name.contains([' ', '=', ';']);
    bare.then_some(name)
}

#[derive(Debug, Default)]
struct Found {
    summary: String,
    reads: Vec<Box<str>>,
    writes: Vec<Box<str>>,
    routine: Option<String>,
    function: Option<String>,
    full: bool,
    selects: u32,
    writing: bool,
    schema: bool,
    fetch: bool,
}

impl Found {
    fn push(&mut self, text: &str) {
        let blank = usize::from(!self.summary.is_empty());
        self.full |= self.summary.len() + blank + text.len() > SUMMARY_BYTES_MAX;
        if self.full {
            return;
        }
        if blank > 0 {
            self.summary.push(' ');
        }
        self.summary.push_str(text);
    }

    /// One SELECT without a table.
    fn is_plain_select(&self) -> bool {
        self.selects == 1 && self.reads.is_empty() && !self.writing && !self.schema && self.routine.is_none()
    }

    fn verb(&mut self) -> Verb {
        // `SELECT * FROM f(?)` with no other source runs f, as `SELECT f(?)` does.
        if self.is_plain_select()
            && let Some(function) = self.function.take()
            && !is_built_in(&function)
        {
            self.routine = Some(function);
        }
        if self.schema {
            Verb::Ddl
        } else if self.writing {
            Verb::Write
        } else if self.routine.is_some() {
            Verb::Routine
        } else if self.selects > 0 || self.fetch {
            Verb::Read
        } else {
            Verb::Other
        }
    }
}

/// A name as facts show it: no quotes, no schema stripped.
fn plain(raw: &str) -> String {
    raw.split('.').map(unquoted).collect::<Vec<_>>().join(".")
}

impl Sink for Found {
    fn verb(&mut self, raw: &str, keyword: Keyword) {
        use Keyword::*;
        self.push(&raw.to_ascii_uppercase());
        self.selects += u32::from(keyword == Select);
        self.fetch |= keyword == Fetch;
        self.writing |= matches!(
            keyword,
            Insert | Update | Delete | Merge | Upsert | Replace | Copy
        );
        self.schema |= matches!(keyword, Create | Alter | Drop | Truncate);
    }

    fn target(&mut self, raw: &str, role: Role) {
        let name = plain(raw);
        match role {
            Role::Read => self.reads.push(name.as_str().into()),
            Role::Write | Role::Object => self.writes.push(name.as_str().into()),
            Role::Routine => self.routine = Some(name.clone()),
            Role::Function => {
                self.function = Some(name);
                return;
            }
            Role::ObjectKind => return self.push(&name.to_ascii_uppercase()),
        }
        self.push(&name);
    }
}

/// Shapes that need the order of words: keyset pages, work queues, a function alone.
#[derive(Debug, Default)]
struct Shape<'t> {
    first: &'t str,
    words: [&'t str; 2],
    tokens: u32,
    depth: u32,
    name: &'t str,
    compared: [&'t str; 4],
    comparisons: usize,
    comparing: &'t str,
    ordered: Option<&'t str>,
    limited: bool,
    skip_locked: bool,
    function_end: Option<u32>,
}

impl<'t> Shape<'t> {
    fn take(&mut self, piece: Piece, raw: &'t str) {
        self.tokens += 1;
        match piece {
            Piece::Word(_) | Piece::Quoted => self.word(unquoted(raw)),
            Piece::Value => {
                if !self.comparing.is_empty() && self.comparisons < self.compared.len() {
                    self.compared[self.comparisons] = self.comparing;
                    self.comparisons += 1;
                }
                self.comparing = "";
            }
            Piece::Punct(byte) => self.punct(byte),
        }
    }

    fn word(&mut self, word: &'t str) {
        if self.first.is_empty() {
            self.first = word;
        }
        let [before, last] = self.words;
        self.skip_locked |= last == "skip" && word == "locked" || word == "readpast";
        self.limited |=
            matches!(word, "limit" | "top") || last == "fetch" && matches!(word, "first" | "next");
        let qualified = self.comparing == "." && self.ordered == Some(self.name);
        let ordering = before == "order" && last == "by" && self.ordered.is_none();
        if ordering || qualified {
            self.ordered = Some(word);
        }
        self.words = [last, word];
        self.name = word;
        self.comparing = "";
    }

    fn punct(&mut self, byte: u8) {
        match byte {
            b'.' => self.comparing = ".",
            b'<' | b'>' => self.comparing = self.name,
            b'=' => {}
            b'(' => self.depth += 1,
            b')' => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 && self.function_end.is_none() {
                    self.function_end = Some(self.tokens);
                }
            }
            _ => self.comparing = "",
        }
    }

    /// `WHERE k > ? ORDER BY k LIMIT ?`.
    fn is_keyset(&self) -> bool {
        let compared = &self.compared[..self.comparisons];
        self.limited && self.ordered.is_some_and(|key| compared.contains(&key))
    }

    /// The function of `SELECT f(…)`, when it is all that is selected and none of the common built-in ones.
    fn lone_function(&self, template: &'t str) -> Option<&'t str> {
        let (name, _) = template.strip_prefix("select ")?.split_once('(')?;
        let called = !name.is_empty()
            && name
                .bytes()
                .all(|byte| in_word(byte) || matches!(byte, b'.' | b'`'));
        // `AS name` may follow.
        let whole = self.function_end.is_some_and(|end| self.tokens <= end + 2);
        (called && whole && !is_built_in(name)).then_some(name)
    }
}

/// Whether a function comes with the database.
fn is_built_in(name: &str) -> bool {
    let name = name.rsplit('.').next().unwrap_or(name);
    let mut prefixes = BUILT_IN_PREFIXES.split(' ');
    BUILT_IN.split(' ').any(|known| known == name) || prefixes.any(|prefix| name.starts_with(prefix))
}

const BUILT_IN_PREFIXES: &str =
    "pg_ json regexp_ to_ string_ array_ current_ date time generate_ st_ ts_ xml has_ last_";

const BUILT_IN: &str = "\
    abs avg cast ceil char_length clock_timestamp coalesce concat connection_id count crypt currval \
    database digest exists extract floor format found_rows gen_random_uuid gen_salt get_lock getdate greatest hmac \
    ifnull isnull lastval least length localtime lower ltrim max md5 min mod newid nextval now nullif nvl \
    obj_description openjson overlay position power random release_lock replace round row_count \
    rtrim scope_identity session_user set_config setval similarity sleep split_part substring sum trim \
    txid_current unnest upper user uuid_generate_v4 version";
