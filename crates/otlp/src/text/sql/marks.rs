//! Where in a text something may start that is more than a word, blank or punctuation.
//!
//! One table look-up a byte; what has to be looked at comes out as bits, so that the scanner jumps from mark to mark.

/// Bytes that are classified at once.
const BLOCK: usize = 64;

const SPACE: u8 = 1;
const LETTER: u8 = 2;
const DIGIT: u8 = 4;
/// `$` and `#`: inside a word they belong to it.
const JOINT: u8 = 8;
const MARK: u8 = 16;

static CLASS: [u8; 256] = classes();
static LANES: [u64; 256] = lanes();

const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => SPACE,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => LETTER,
            b'0'..=b'9' => DIGIT | MARK,
            b'$' | b'#' => JOINT | MARK,
            b'\'' | b'"' | b'`' | b'[' | b']' | b'\\' => MARK,
            b'+' | b'-' | b'/' | b'?' | b':' | b'@' | b'%' | b'{' => MARK,
            _ => 0,
        };
        byte += 1;
    }
    table
}

/// Bit 31: a mark. Bit 63: inside a word. Both move down by one for each byte that follows.
const fn lanes() -> [u64; 256] {
    let classes = classes();
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mark = (classes[byte] & MARK != 0) as u64;
        let word = (classes[byte] & (LETTER | DIGIT | JOINT) != 0) as u64;
        table[byte] = (mark << 31) | (word << 63);
        byte += 1;
    }
    table
}

#[inline]
fn has(byte: u8, class: u8) -> bool {
    CLASS[usize::from(byte)] & class != 0
}

/// Whether a byte is white space.
#[inline]
pub(super) fn is_space(byte: u8) -> bool {
    has(byte, SPACE)
}

/// Whether a byte can stand in a number or in a word.
#[inline]
pub(super) fn is_alphanumeric(byte: u8) -> bool {
    has(byte, LETTER | DIGIT)
}

/// Whether a byte can stand inside a word. `#` is what masked digits turn into.
#[inline]
pub(super) fn in_word(byte: u8) -> bool {
    has(byte, LETTER | DIGIT | JOINT)
}

/// Whether a byte can start a word.
#[inline]
pub(super) fn starts_word(byte: u8) -> bool {
    has(byte, LETTER)
}

/// The marks of a text in order. Digits, `$` and `#` are marks only where no byte of a word stands before them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Marks {
    /// The classified block is from here up to `end`.
    start: usize,
    end: usize,
    bits: u64,
}

impl Marks {
    /// The first mark at or behind `from`, which never goes back.
    #[inline]
    pub(super) fn next(&mut self, text: &[u8], from: usize) -> Option<usize> {
        if from < self.end {
            let bits = self.bits & (u64::MAX << (from - self.start));
            if bits != 0 {
                return Some(self.start + bits.trailing_zeros() as usize);
            }
        }
        self.seek(text, from)
    }

    fn seek(&mut self, text: &[u8], from: usize) -> Option<usize> {
        let mut at = from.max(self.end);
        while at < text.len() {
            let before = at > 0 && in_word(text[at - 1]);
            self.start = at;
            self.end = at + BLOCK;
            self.bits = match text[at..].first_chunk::<BLOCK>() {
                Some(block) => classify(block, before),
                None => {
                    // White space has no marks.
                    let mut block = [b' '; BLOCK];
                    block[..text.len() - at].copy_from_slice(&text[at..]);
                    classify(&block, before)
                }
            };
            if self.bits != 0 {
                return Some(at + self.bits.trailing_zeros() as usize);
            }
            at = self.end;
        }
        None
    }
}

/// The marks of a block; `before` is whether a byte of a word stands before it.
fn classify(block: &[u8; BLOCK], before: bool) -> u64 {
    let (mut low, mut high) = (0u64, 0u64);
    for at in 0..BLOCK / 2 {
        low = (low >> 1) | LANES[usize::from(block[at])];
        high = (high >> 1) | LANES[usize::from(block[at + BLOCK / 2])];
    }
    let marks = (low & 0xffff_ffff) | (high << 32);
    let words = (low >> 32) | (high & 0xffff_ffff_0000_0000);
    marks & !(words & ((words << 1) | u64::from(before)))
}
