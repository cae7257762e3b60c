//! Bodies of document and search stores: keys are kept, values are `?`, arrays have one element.

use hotspan_model::{ParamKey, TemplateFacts, Visibility};

use super::segment::Segment;
use super::{ParamHasher, Statement, TEXT_BYTES_MAX, command};

/// Commands whose value is the collection they go to.
const COMMANDS: [&str; 8] = [
    "find",
    "insert",
    "update",
    "delete",
    "aggregate",
    "count",
    "distinct",
    "findAndModify",
];

/// Deepest nesting of which arrays are folded.
const DEPTH_MAX: usize = 64;

/// Reads a body, with or without the name of an operation before it.
pub(super) fn analyse(text: &str, key: ParamKey, out: &mut Statement) {
    out.clear();
    let whole = text.len() <= TEXT_BYTES_MAX;
    let text = &text[..text.floor_char_boundary(TEXT_BYTES_MAX)];
    let start = text.find(['{', '[']).unwrap_or(text.len());
    let (operation, body) = text.split_at(start);
    let operation = operation.trim_matches([' ', '(', '.', '\n']);
    let plain = operation.len() <= 64
        && operation
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b' '));
    if plain && !operation.is_empty() {
        super::operation_template(operation, "", &mut out.template);
    } else if !operation.is_empty() {
        out.template.push('?');
    }
    let mut pass = Pass {
        text: body,
        at: 0,
        out: &mut out.template,
        params: ParamHasher::new(key),
        arrays: [false; DEPTH_MAX],
        depth: 0,
        skipping: None,
        collection: false,
        hidden: false,
        open: false,
    };
    if !operation.is_empty() && !body.is_empty() && operation.len() < start {
        pass.out.push(' ');
    }
    pass.run();
    let (hidden, open, params) = (pass.hidden, pass.open, pass.params.finish());
    out.params = params;
    let cut = !whole || open || text.ends_with("...") || text.ends_with('…');
    out.visibility = match (cut, hidden) {
        (true, _) => Visibility::Cut,
        (false, true) => Visibility::Hidden,
        (false, false) => Visibility::Visible,
    };
    out.sanitised.push_str(&out.template);
    out.summary.push_str(&facts(&out.template).summary);
}

/// The facts of a body's template: what its first key says.
pub(super) fn facts(template: &str) -> TemplateFacts {
    let mut parts = template.trim_start_matches(['{', '[']).split('"');
    let (command, collection) = match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(""), Some(name), Some(":"), Some(collection)) => (name, collection),
        (Some(""), Some(name), _, _) => (name, ""),
        _ => ("", ""),
    };
    if command == "getMore" {
        return command::facts("GETMORE");
    }
    if !COMMANDS.contains(&command) {
        return command::facts("SEARCH");
    }
    command::facts(format!("{} {collection}", command.to_ascii_uppercase()).trim_end())
}

struct Pass<'t, 'o> {
    text: &'t str,
    at: usize,
    out: &'o mut String,
    params: ParamHasher,
    /// Of each open bracket: whether it is an array.
    arrays: [bool; DEPTH_MAX],
    depth: usize,
    /// Inside an array of this depth, behind its first element.
    skipping: Option<usize>,
    /// The next value is the name of a collection.
    collection: bool,
    hidden: bool,
    open: bool,
}

impl Pass<'_, '_> {
    fn run(&mut self) {
        while let Some(&byte) = self.text.as_bytes().get(self.at) {
            match byte {
                b'"' | b'\'' => self.string(byte),
                b'{' | b'[' => self.opening(byte),
                b'}' | b']' => self.closing(byte),
                b',' => {
                    if self.is_array() && self.skipping.is_none() {
                        self.skipping = Some(self.depth);
                    }
                    self.push(',');
                    self.at += 1;
                }
                b':' => {
                    self.push(':');
                    self.at += 1;
                }
                b' ' | b'\n' | b'\r' | b'\t' | b'(' | b')' => self.at += 1,
                _ => self.bare(),
            }
        }
    }

    fn is_array(&self) -> bool {
        self.depth > 0 && self.arrays.get(self.depth - 1) == Some(&true)
    }

    fn push(&mut self, piece: char) {
        if self.skipping.is_none() {
            self.out.push(piece);
        }
    }

    fn opening(&mut self, byte: u8) {
        if let Some(array) = self.arrays.get_mut(self.depth) {
            *array = byte == b'[';
        }
        self.depth += 1;
        self.collection = false;
        self.push(char::from(byte));
        self.at += 1;
    }

    fn closing(&mut self, byte: u8) {
        if self.skipping == Some(self.depth) {
            self.skipping = None;
        }
        self.depth = self.depth.saturating_sub(1);
        self.push(char::from(byte));
        self.at += 1;
    }

    /// A quoted key or value.
    fn string(&mut self, quote: u8) {
        let bytes = self.text.as_bytes();
        let mut end = self.at + 1;
        while end < bytes.len() && bytes[end] != quote {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        if end >= bytes.len() {
            self.open = true;
            self.value(&self.text[self.at..]);
            self.at = bytes.len();
            return;
        }
        let content = &self.text[self.at + 1..end];
        self.at = end + 1;
        self.named_or_value(content, true);
    }

    /// A number, a constant or a key without quotes. A `?` stands for a value and ends where it begins, so that a template
    /// of a body that is no JSON (`{?key:?`) reads as itself.
    fn bare(&mut self) {
        let rest = &self.text[self.at..];
        let end = [
            '{', '[', '}', ']', ',', ':', ' ', '(', ')', '"', '\'', '\n', '\r', '\t',
        ];
        let length = match rest.starts_with('?') {
            true => Some(1),
            false => rest.find(end),
        };
        let content = &rest[..length.unwrap_or(rest.len())];
        self.at += content.len();
        self.named_or_value(content, false);
    }

    fn named_or_value(&mut self, content: &str, quoted: bool) {
        let rest = self.text[self.at..].trim_start_matches([' ', '\n', '\r', '\t']);
        let plain = |name: &str| {
            name.len() <= 64
                && name.bytes().all(|byte| {
                    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'$' | b'-' | b'#')
                })
        };
        if rest.starts_with(':') && !self.is_array() {
            self.collection = self.depth == 1 && COMMANDS.contains(&content);
            let shown = if plain(content) && !Segment::whole(content).is_variable() {
                content
            } else {
                "#"
            };
            self.quote(shown, quoted);
        } else if self.collection && quoted && plain(content) && !content.is_empty() {
            // The collection is no value of the caller's: without it, all collections would be one.
            self.quote(content, true);
            self.collection = false;
        } else {
            self.value(content);
        }
    }

    fn quote(&mut self, name: &str, quoted: bool) {
        if self.skipping.is_some() {
            return;
        }
        if quoted {
            self.out.push('"');
        }
        self.out.push_str(name);
        if quoted {
            self.out.push('"');
        }
    }

    fn value(&mut self, content: &str) {
        self.hidden |= content == "?";
        self.params.add(content.as_bytes());
        self.collection = false;
        if !self.out.ends_with('?') {
            self.push('?');
        }
    }
}
