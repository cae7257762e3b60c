//! A statement without its literals: what statements that differ in nothing else have in common, so that one of them
//! answers for all.
//!
//! Only plain statements have a skeleton. Whatever a lexer of one dialect reads in another way (comments, escapes,
//! dollar quotes, prefixed strings, odd numbers) has none and is left to that lexer. So the same text always goes the
//! same way, and equal arguments stay equal.

/// Stands for a literal; no statement has it.
const LITERAL: u8 = 0x01;
/// Ends a literal's bytes; no UTF-8 has it.
const END: u8 = 0xff;

/// What a byte may begin.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Begins {
    Nothing,
    Number,
    Text,
    Name,
    Doubt,
}

const fn begins(byte: u8) -> Begins {
    match byte {
        b'0'..=b'9' => Begins::Number,
        b'\'' => Begins::Text,
        b'"' => Begins::Name,
        b'\\' | b'`' | b'[' | b'#' | b'{' | b'$' | b':' | b'@' | b'-' | b'/' | LITERAL | 0 => Begins::Doubt,
        _ => Begins::Nothing,
    }
}

static BEGINS: [Begins; 256] = {
    let mut table = [Begins::Nothing; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = begins(byte as u8);
        byte += 1;
    }
    table
};

/// The two halves of a statement; buffers are reused.
#[derive(Debug, Default)]
pub(super) struct Skeleton {
    /// The statement with each literal as one byte.
    pub(super) bones: Vec<u8>,
    /// The literals in order, each ended.
    pub(super) literals: Vec<u8>,
}

impl Skeleton {
    /// Takes a statement apart; `false` when it has no skeleton. `names` says whether `"…"` is an identifier.
    pub(super) fn take(&mut self, text: &[u8], names: bool) -> bool {
        self.bones.clear();
        self.literals.clear();
        let (mut from, mut at) = (0, 0);
        while let Some(&byte) = text.get(at) {
            let before = at.checked_sub(1).map_or(b' ', |before| text[before]);
            let end = match BEGINS[usize::from(byte)] {
                Begins::Nothing => None,
                Begins::Number if is_word(before) => None,
                Begins::Number => match number(text, at, before) {
                    Some(end) => Some(end),
                    None => return false,
                },
                Begins::Text if is_word(before) || before == b'&' => return false,
                Begins::Text => match quoted(text, at, b'\'') {
                    Some(end) => Some(end),
                    None => return false,
                },
                Begins::Name => match quoted(text, at, b'"').filter(|_| names) {
                    Some(end) => {
                        at = end;
                        continue;
                    }
                    None => return false,
                },
                Begins::Doubt if is_harmless(text, at) => None,
                Begins::Doubt => return false,
            };
            let Some(end) = end else {
                at += 1;
                continue;
            };
            self.bones.extend_from_slice(&text[from..at]);
            self.bones.push(LITERAL);
            // A sign that touches the digits belongs to the number.
            let signed = matches!(before, b'-' | b'+') && byte != b'\'';
            self.literals
                .extend_from_slice(&text[at - usize::from(signed)..end]);
            self.literals.push(END);
            (from, at) = (end, end);
        }
        self.bones.extend_from_slice(&text[from..]);
        true
    }
}

impl Skeleton {
    /// Takes a URL or path apart: path segments of digits read as `0` and query values as nothing, which changes
    /// neither its template nor its keys. `false` when it has a fragment.
    pub(super) fn take_url(&mut self, url: &[u8]) -> bool {
        self.bones.clear();
        self.literals.clear();
        let authority = memchr::memmem::find(url, b"://").map_or(0, |at| at + 3);
        let path = url[authority..]
            .iter()
            .position(|&byte| matches!(byte, b'/' | b'?' | b'#'));
        let (before, rest) = url.split_at(path.map_or(url.len(), |at| authority + at));
        self.bones.extend_from_slice(before);
        let path_end = rest
            .iter()
            .position(|&byte| matches!(byte, b'?' | b'#'))
            .unwrap_or(rest.len());
        let (path, query) = rest.split_at(path_end);
        for (n, segment) in path.split(|&byte| byte == b'/').enumerate() {
            if n > 0 {
                self.bones.push(b'/');
            }
            match !segment.is_empty() && segment.iter().all(u8::is_ascii_digit) {
                true => self.literal(segment, b"0"),
                false => self.bones.extend_from_slice(segment),
            }
        }
        if query.contains(&b'#') {
            return false;
        }
        for (n, pair) in query.split(|&byte| byte == b'&').enumerate() {
            if n > 0 {
                self.bones.push(b'&');
            }
            match pair.iter().position(|&byte| byte == b'=') {
                Some(at) => {
                    self.bones.extend_from_slice(&pair[..=at]);
                    self.literal(&pair[at + 1..], b"");
                }
                None => self.bones.extend_from_slice(pair),
            }
        }
        true
    }

    fn literal(&mut self, literal: &[u8], bone: &[u8]) {
        self.literals.extend_from_slice(literal);
        self.literals.push(END);
        self.bones.extend_from_slice(bone);
    }
}

const fn is_word(byte: u8) -> bool {
    matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'$' | 0x80..)
}

/// The end of plain digits, with a fraction or without.
fn number(text: &[u8], at: usize, before: u8) -> Option<usize> {
    let digits = |from: usize| {
        from + text[from..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count()
    };
    let mut end = digits(at);
    if text.get(end) == Some(&b'.') && text.get(end + 1).is_some_and(u8::is_ascii_digit) {
        end = digits(end + 1);
    }
    let odd = text.get(end).is_some_and(|&next| is_word(next) || next == b'.');
    (!odd && !matches!(before, b'.' | b'?' | b'%')).then_some(end)
}

/// The end of what a quote begins; a doubled quote is none.
fn quoted(text: &[u8], at: usize, quote: u8) -> Option<usize> {
    let mut end = at + 1;
    loop {
        match *text.get(end)? {
            b'\\' => return None,
            byte if byte != quote => end += 1,
            _ if text.get(end + 1) == Some(&quote) => end += 2,
            _ => return Some(end + 1),
        }
    }
}

/// A sign, a division, a numbered placeholder or a cast: nothing that hides a literal.
fn is_harmless(text: &[u8], at: usize) -> bool {
    let next = text.get(at + 1).copied().unwrap_or(b' ');
    match text[at] {
        b'-' => next != b'-',
        b'/' => next != b'*',
        b'$' => next.is_ascii_digit(),
        b':' | b'@' => next == b':' || next.is_ascii_alphabetic() || next == b'_',
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{self, Statement};
    use hotspan_model::ParamKey;

    fn apart(text: &str) -> Option<(String, Vec<String>)> {
        let mut skeleton = Skeleton::default();
        let literals = |bytes: &[u8]| {
            let ended = bytes.split(|&byte| byte == END);
            ended
                .filter(|bytes| !bytes.is_empty())
                .map(|bytes| String::from_utf8(bytes.into()).unwrap())
                .collect()
        };
        skeleton.take(text.as_bytes(), true).then(|| {
            let bones = String::from_utf8(skeleton.bones.clone())
                .unwrap()
                .replace('\u{1}', "_");
            (bones, literals(&skeleton.literals))
        })
    }

    #[test]
    fn literals_are_taken_out_and_words_stay() {
        let (bones, literals) = apart(
            r#"SELECT "c3po"."id", t1.x FROM t1 WHERE a = -12 AND b='it''s' AND c IN (1, 2.5) LIMIT $1"#,
        )
        .unwrap();
        assert_eq!(
            bones,
            r#"SELECT "c3po"."id", t1.x FROM t1 WHERE a = -_ AND b=_ AND c IN (_, _) LIMIT $1"#
        );
        assert_eq!(literals, ["-12", "'it''s'", "1", "2.5"]);
    }

    #[test]
    fn urls_keep_what_their_template_needs() {
        let mut skeleton = Skeleton::default();
        for (url, bones, literals) in [
            (
                "http://a:80/b/17/c4?x=1&y&z=",
                "http://a:80/b/0/c4?x=&y&z=",
                "17|1||",
            ),
            ("/b/17", "/b/0", "17|"),
            ("http://17", "http://17", ""),
            ("", "", ""),
        ] {
            assert!(skeleton.take_url(url.as_bytes()));
            assert_eq!(skeleton.bones, bones.as_bytes());
            let ended: Vec<u8> = skeleton
                .literals
                .iter()
                .map(|&b| if b == END { b'|' } else { b })
                .collect();
            assert_eq!(ended, literals.as_bytes());
        }
        assert!(!skeleton.take_url(b"/a#b"));
    }

    #[test]
    fn what_a_dialect_may_read_otherwise_has_no_skeleton() {
        for text in [
            "SELECT 1 -- a",
            "SELECT /* a */ 1",
            "SELECT E'a'",
            r"SELECT 'a\'b'",
            "SELECT $tag$a$tag$",
            "SELECT 1e5",
            "SELECT 0x1F",
            "SELECT .5",
            "SELECT `a`",
            "SELECT a[1]",
            "SELECT 'open",
            "SELECT :1",
            "SELECT ?1",
            "SELECT 1 # a",
        ] {
            assert_eq!(apart(text), None, "{text}");
        }
    }

    #[test]
    fn statements_with_one_skeleton_have_one_template() {
        let shapes = [
            "SELECT a FROM t WHERE b = {} AND c = 'x{}' ORDER BY d LIMIT {}",
            "INSERT INTO t (a, b) VALUES ({}, 'it''s {}'), (-{}, NULL)",
            "UPDATE t SET a = a + {} WHERE k IN ({}, {}, {}) AND \"q\" = '{}'",
            "SELECT set_config('a', '{}', false)",
            "DELETE FROM t_{} WHERE a BETWEEN {} AND {}.5",
        ];
        for shape in shapes {
            let of = |value: &str| {
                let text = shape.replace("t_{}", "t_7").replace("{}", value);
                let mut statement = Statement::default();
                text::analyse("postgresql", &text, ParamKey::BUILT_IN, &mut statement);
                let seen = (
                    statement.template.clone(),
                    statement.visibility,
                    statement.session,
                    statement.batch,
                );
                (apart(&text).unwrap().0, seen)
            };
            for value in ["0", "42", "1234567890", "99999"] {
                assert_eq!(of("7"), of(value), "{shape} with {value}");
            }
        }
    }
}
