//! The parts of paths and keys: what a part is made of, read in one pass, says whether it is a value or a word.

/// Longest part that is a word, in bytes.
const WORD_BYTES_MAX: usize = 40;

const DIGIT: u8 = 1;
const SEPARATOR: u8 = 2;
const UPPER: u8 = 4;
const LOWER: u8 = 8;
/// No hex digit.
const BEYOND_HEX: u8 = 16;
/// `@ % : = ,`: no word has them.
const MARK: u8 = 32;
/// Control bytes, blanks, quotes, braces: in a key they make a value.
const ODD: u8 = 64;
const QUESTION: u8 = 128;

static CLASS: [u8; 256] = {
    let mut table = [BEYOND_HEX; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'0'..=b'9' => DIGIT,
            b'A'..=b'F' => UPPER,
            b'a'..=b'f' => LOWER,
            b'G'..=b'Z' => UPPER | BEYOND_HEX,
            b'g'..=b'z' => LOWER | BEYOND_HEX,
            b'-' | b'_' | b'.' => SEPARATOR | BEYOND_HEX,
            b'@' | b'%' | b':' | b'=' | b',' => MARK | BEYOND_HEX,
            b'?' => QUESTION | ODD | BEYOND_HEX,
            0..=b' ' | b'"' | b'\'' | b'{' | b'}' => ODD | BEYOND_HEX,
            _ => BEYOND_HEX,
        };
        byte += 1;
    }
    table
};

/// A part of a path or key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment<'t> {
    pub(super) text: &'t str,
    digits: usize,
    /// The classes of all bytes.
    all: u8,
}

impl<'t> Segment<'t> {
    /// The part of the text up to the first byte that `ends` it.
    #[inline]
    pub(super) fn read(text: &'t str, ends: impl Fn(u8) -> bool) -> Segment<'t> {
        let (mut digits, mut all) = (0, 0);
        let mut end = 0;
        for &byte in text.as_bytes() {
            if ends(byte) {
                break;
            }
            let class = CLASS[usize::from(byte)];
            digits += usize::from(class & DIGIT);
            all |= class;
            end += 1;
        }
        Segment {
            text: &text[..end],
            digits,
            all,
        }
    }

    /// All of the text.
    pub(super) fn whole(text: &'t str) -> Segment<'t> {
        Segment::read(text, |_| false)
    }

    /// Whether it is a value, not a word.
    #[inline]
    pub(super) fn is_variable(&self) -> bool {
        let len = self.text.len();
        if len > WORD_BYTES_MAX || self.has(MARK) {
            return true;
        }
        if self.digits == 0 {
            return false;
        }
        if self.digits == len {
            return true;
        }
        let hex = len >= 8 && !self.has(BEYOND_HEX);
        let encoded = len >= 16 && self.has(UPPER) && self.has(LOWER);
        let looks = hex || encoded || self.digits >= 3 || self.has_digit_beside_separator();
        looks && !is_version(self.text.as_bytes())
    }

    /// Whether it is a value of a cache key: odd bytes make one, whatever the shape.
    #[inline]
    pub(super) fn is_variable_of_key(&self) -> bool {
        self.has(ODD) || self.is_variable()
    }

    /// Whether a `?` is in it.
    #[inline]
    pub(super) fn is_hidden(&self) -> bool {
        self.has(QUESTION)
    }

    fn has_digit_beside_separator(&self) -> bool {
        let class = |byte: u8| CLASS[usize::from(byte)] & (DIGIT | SEPARATOR);
        let mut pairs = self.text.as_bytes().windows(2);
        self.has(SEPARATOR) && pairs.any(|pair| class(pair[0]) | class(pair[1]) == DIGIT | SEPARATOR)
    }

    #[inline]
    fn has(&self, class: u8) -> bool {
        self.all & class != 0
    }
}

/// `v1`, `v2.1`.
fn is_version(segment: &[u8]) -> bool {
    let Some((b'v' | b'V', rest)) = segment.split_first() else {
        return false;
    };
    let plain = rest.first().is_some_and(u8::is_ascii_digit) && rest.last().is_some_and(u8::is_ascii_digit);
    let digits = rest.iter().filter(|byte| byte.is_ascii_digit()).count();
    let points = rest.iter().filter(|&&byte| byte == b'.').count();
    plain && digits + points == rest.len() && points <= 2 && digits <= 4
}
