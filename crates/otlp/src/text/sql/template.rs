//! The grouping template of a statement, written token by token.

use super::frames::Frames;
use super::handles::Handles;
use super::keyword::Keyword;
use super::marks::{in_word, starts_word};

/// Writes a template into a buffer.
#[derive(Debug)]
pub(super) struct Writer<'o> {
    out: &'o mut String,
    frames: Frames,
    gap: bool,
    last: Last,
    handles: Handles,
}

/// What was written last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    Punct(u8),
    /// A word, bare or unquoted; `slack` when its quotes left room for a blank.
    Word {
        slack: bool,
    },
    /// An identifier that keeps its quotes.
    Quoted,
    Value {
        slack: bool,
    },
}

/// What became of a word: whether it stands for a literal that the parameter hash must cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Kept,
    Masked,
}

impl<'o> Writer<'o> {
    pub(super) fn new(out: &'o mut String, execute_is_call: bool) -> Writer<'o> {
        out.clear();
        Writer {
            out,
            frames: Frames::new(),
            gap: false,
            last: Last::Punct(b';'),
            handles: Handles::new(execute_is_call),
        }
    }

    /// White space or a comment.
    pub(super) fn gap(&mut self) {
        self.gap = true;
    }

    /// A literal or placeholder of so many bytes.
    pub(super) fn value(&mut self, bytes: usize) {
        self.frames.before_token(false);
        let roomy = bytes > 1;
        let named = matches!(self.last, Last::Word { .. } | Last::Quoted);
        // A blank that nothing but the literal's own length has room for; sanitised text has it too.
        let paid = named && !self.gap && roomy;
        self.blank(match self.last {
            Last::Word { slack } => self.gap || paid || slack,
            Last::Quoted => self.gap || paid,
            Last::Value { .. } | Last::Punct(_) => false,
        });
        let slack = bytes > 1 + usize::from(paid);
        self.out.push('?');
        self.last = Last::Value { slack };
        self.handles.pass_value();
    }

    fn blank(&mut self, wanted: bool) {
        if wanted {
            self.out.push(' ');
        }
        self.gap = false;
    }

    /// A bare word in lower case.
    pub(super) fn word(&mut self, raw: &str) -> Written {
        let keyword = Keyword::of_any_case(raw.as_bytes());
        let digits = keyword == Keyword::Other && raw.bytes().any(|byte| byte.is_ascii_digit());
        self.frames.before_token(false);
        let handle = self.handles.is_handle(keyword);
        if !handle {
            self.frames.before_keyword(keyword, self.out);
        }
        let fuses = match self.last {
            Last::Punct(b'@' | b':' | b'$' | b'{') => true,
            Last::Punct(b'%' | b')') => keyword == Keyword::S,
            Last::Punct(_) => false,
            Last::Word { slack } | Last::Value { slack } => self.gap || slack,
            Last::Quoted => self.gap,
        };
        let by_gap = matches!(self.last, Last::Punct(_));
        self.blank(fuses && (!by_gap || self.gap));
        let written = self.name(raw, handle, digits);
        self.last = Last::Word { slack: false };
        if !handle {
            self.frames.after_keyword(keyword, self.out);
        }
        self.handles.pass_word(keyword);
        written
    }

    fn name(&mut self, raw: &str, handle: bool, digits: bool) -> Written {
        if handle {
            self.out.push('#');
            return Written::Masked;
        }
        let from = self.out.len();
        self.out.push_str(raw);
        if digits && mask_digits(self.out, from) {
            // A name that is all `#` would start a comment where the template is read again as MySQL.
            if self.out.as_bytes()[from] == b'#' && !raw.starts_with('#') {
                self.out.insert(from, '_');
            }
            return Written::Masked;
        }
        Written::Kept
    }

    /// An identifier in quotes and lower case, given with them.
    pub(super) fn quoted(&mut self, raw: &str) -> Written {
        self.frames.before_token(false);
        let handle = self.handles.is_handle(Keyword::Other);
        let content = raw.get(1..raw.len().saturating_sub(1)).unwrap_or("");
        let bare = !handle && self.can_be_bare(content);
        // Two that touch would read as one with a doubled quote.
        let joins = !bare && !handle && !self.gap && self.last == Last::Quoted;
        self.blank(match self.last {
            Last::Word { slack } | Last::Value { slack } => self.gap || slack || bare || handle,
            Last::Quoted => self.gap,
            Last::Punct(_) => false,
        });
        if bare || handle {
            let digits = content.bytes().any(|byte| byte.is_ascii_digit());
            let written = self.name(content, handle, digits);
            self.last = Last::Word { slack: true };
            self.handles.pass_word(Keyword::Other);
            return written;
        }
        if joins {
            self.out.pop();
        } else {
            self.out.push('`');
        }
        let from = self.out.len();
        // A backtick inside would end the identifier when the template is read again.
        for (at, piece) in content.split('`').enumerate() {
            if at > 0 {
                self.out.push(' ');
            }
            self.out.push_str(piece);
        }
        let masked = mask_digits(self.out, from);
        self.out.push('`');
        self.last = Last::Quoted;
        self.handles.pass_word(Keyword::Other);
        if masked { Written::Masked } else { Written::Kept }
    }

    /// Whether an identifier means the same without its quotes, here.
    fn can_be_bare(&self, content: &str) -> bool {
        let bytes = content.as_bytes();
        let plain =
            bytes.first().is_some_and(|&byte| starts_word(byte)) && bytes.iter().all(|&byte| in_word(byte));
        let glued = matches!(self.last, Last::Punct(b'@' | b':' | b'$' | b'%' | b'{'));
        plain && !glued && Keyword::of_any_case(bytes) == Keyword::Other
    }

    /// Any other byte, or `::`. The constant is one that became `?`.
    pub(super) fn punct(&mut self, text: &str) -> Option<Keyword> {
        let byte = text.as_bytes()[0];
        self.frames.before_token(matches!(byte, b',' | b'('));
        let constant = match byte {
            b',' => self.frames.before_comma(self.out),
            b')' | b']' => self.frames.before_close(self.out),
            b';' => {
                self.frames.end_statement(self.out);
                None
            }
            _ => None,
        };
        let fuses = match (self.last, byte) {
            (Last::Punct(last), b'-' | b':' | b'@' | b'$') => self.gap && last == byte,
            (Last::Punct(last), b'*') => self.gap && last == b'/',
            (Last::Word { slack }, b'$') => self.gap || slack,
            _ => false,
        };
        self.blank(fuses);
        self.out.push_str(text);
        // `::` starts no placeholder.
        self.last = Last::Punct(if text.len() > 1 { b'.' } else { byte });
        match byte {
            b'(' | b'[' => self.frames.open(self.out),
            b')' | b']' => self.frames.close(self.out),
            b',' => self.frames.after_comma(self.out),
            b';' => {
                self.frames.start_statement(self.out);
                self.handles.end_statement();
            }
            _ => {}
        }
        constant
    }

    /// Ends the template; gives the rows of its largest VALUES, at least 1.
    pub(super) fn finish(mut self) -> u32 {
        self.frames.end_statement(self.out);
        let end = self.out.trim_end_matches([';', ' ']).len();
        self.out.truncate(end);
        self.frames.rows
    }
}

/// Writes `#` for each run of >= 4 digits, and of >= 8 hex digits with a digit among them. True when it did.
fn mask_digits(out: &mut String, from: usize) -> bool {
    let bytes = out.as_bytes();
    let masked = (from..bytes.len()).any(|at| run_at(bytes, from, at).is_some());
    if !masked {
        return false;
    }
    let tail = out.split_off(from);
    let bytes = tail.as_bytes();
    let (mut at, mut kept) = (0, 0);
    while at < bytes.len() {
        if let Some(end) = run_at(bytes, 0, at) {
            out.push_str(&tail[kept..at]);
            out.push('#');
            (at, kept) = (end, end);
        } else {
            at += 1;
        }
    }
    out.push_str(&tail[kept..]);
    true
}

/// The end of the variable run that starts at `at`, if one does.
fn run_at(bytes: &[u8], from: usize, at: usize) -> Option<usize> {
    let run = |inside: fn(&u8) -> bool| {
        // Only where a run starts, so that one long run is counted once.
        let starts = inside(&bytes[at]) && (at == from || !inside(&bytes[at - 1]));
        if starts {
            bytes[at..].iter().take_while(|byte| inside(byte)).count()
        } else {
            0
        }
    };
    let hex = run(u8::is_ascii_hexdigit);
    if hex >= 8 && bytes[at..at + hex].iter().any(u8::is_ascii_digit) {
        return Some(at + hex);
    }
    let digits = run(u8::is_ascii_digit);
    (digits >= 4).then_some(at + digits)
}
