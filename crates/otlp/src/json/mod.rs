//! JSON requests, rewritten as protobuf: what both encodings can say is read by one walk.
//!
//! One pass over the text with a stack of open objects. A message's length is written when it closes, into five
//! bytes that were left free, since varints may be padded. A key that comes again in its object blanks what the
//! first one wrote. The text that comes out is at most about twice as long as the one that came in.

mod scalar;
mod schema;
mod token;

use crate::{Damage, Limits, Tally, Undecodable};
use schema::{Message, Type};
use token::{Broken, Tokens};

/// Rewrites requests; its buffers are reused.
#[derive(Debug, Default)]
pub(crate) struct Transcoder {
    out: Vec<u8>,
    /// Fields written so far by the open objects, innermost last.
    written: Vec<Written>,
    open: Vec<Open>,
    scratch: Vec<u8>,
}

/// A field in the output.
#[derive(Clone, Copy, Debug)]
struct Written {
    number: u8,
    start: usize,
    end: usize,
}

/// An object or array that is being read.
#[derive(Clone, Copy, Debug)]
struct Open {
    message: Message,
    /// Field number in the object around it.
    number: u8,
    /// An array of messages rather than one.
    many: bool,
    /// Where its bytes begin, tag included.
    start: usize,
    /// How many fields the objects around it had written.
    written: usize,
    /// No member was read yet.
    first: bool,
}

/// Bytes of a padded length.
const LENGTH: usize = 5;
/// Capacity that a buffer keeps between requests.
const KEPT_BYTES_MAX: usize = 1 << 20;

impl Transcoder {
    /// The request as protobuf. Wrong types cost their field and are counted.
    pub(crate) fn protobuf(
        &mut self,
        request: &[u8],
        limits: &Limits,
        tally: &mut Tally,
    ) -> Result<&[u8], Undecodable> {
        self.out.clear();
        self.written.clear();
        self.open.clear();
        let mut tokens = Tokens::new(request);
        match self.request(&mut tokens, limits, tally) {
            Ok(()) => Ok(&self.out),
            Err(Broken) => Err(Undecodable {
                field: "request",
                damage: Damage::Json,
                offset: tokens.offset(),
            }),
        }
    }

    /// Gives back what a huge request made the buffers grow to.
    pub(crate) fn shrink(&mut self) {
        self.out.clear();
        self.out.shrink_to(KEPT_BYTES_MAX);
        self.scratch.clear();
        self.scratch.shrink_to(KEPT_BYTES_MAX);
    }

    fn request(&mut self, tokens: &mut Tokens<'_>, limits: &Limits, tally: &mut Tally) -> Result<(), Broken> {
        match tokens.peek() {
            None => return Ok(()),
            Some(b'{') => {}
            Some(_) => {
                let null = tokens.word()? == b"null";
                return if null { Ok(()) } else { Err(Broken) };
            }
        }
        tokens.take(b'{');
        self.open.push(Open {
            message: Message::Request,
            number: 0,
            many: false,
            start: 0,
            written: 0,
            first: true,
        });
        while let Some(innermost) = self.open.last_mut() {
            let Open { many, first, .. } = *innermost;
            innermost.first = false;
            if !tokens.member(first, if many { b']' } else { b'}' })? {
                self.close();
            } else if many {
                self.element(tokens, tally)?;
            } else {
                self.member(tokens, limits, tally)?;
            }
        }
        if tokens.peek().is_some() {
            Err(Broken)
        } else {
            Ok(())
        }
    }

    /// An element of an array of messages.
    fn element(&mut self, tokens: &mut Tokens<'_>, tally: &mut Tally) -> Result<(), Broken> {
        let Some(&Open { message, number, .. }) = self.open.last() else {
            return Err(Broken);
        };
        if tokens.take(b'{') {
            self.begin(message, number);
            return Ok(());
        }
        tokens.skip(&mut self.scratch)?;
        if message == Message::Span {
            // A span that is no object: a message that cannot be framed, field number 0.
            self.out.extend([number << 3 | 2, 1, 0]);
        } else {
            tally.bad_field += 1;
        }
        Ok(())
    }

    /// A key and its value.
    fn member(&mut self, tokens: &mut Tokens<'_>, limits: &Limits, tally: &mut Tally) -> Result<(), Broken> {
        self.scratch.clear();
        tokens.string(&mut self.scratch)?;
        if !tokens.take(b':') {
            return Err(Broken);
        }
        let Some(&Open { message, written, .. }) = self.open.last() else {
            return Err(Broken);
        };
        let snake = camel(&mut self.scratch);
        let Some((number, kind)) = message.field(&self.scratch) else {
            return tokens.skip(&mut self.scratch);
        };
        tally.snake_case += u64::from(snake);
        self.forget(number, written);
        let start = self.out.len();
        match (kind, tokens.peek()) {
            (_, Some(b'n')) => return tokens.word().map(drop),
            (Type::One(inner), Some(b'{')) if !self.is_too_deep(inner, limits) => {
                tokens.take(b'{');
                self.begin(inner, number);
                return Ok(());
            }
            (Type::Many(inner), Some(b'[')) => {
                tokens.take(b'[');
                self.push(inner, number, true);
                return Ok(());
            }
            (Type::One(_), Some(b'{')) => {
                // Too deep; what is there is deep enough for the walk to see that.
                return tokens.skip(&mut self.scratch);
            }
            (Type::One(_) | Type::Many(_), _) => {
                tokens.skip(&mut self.scratch)?;
                tally.type_mismatch += 1;
                return Ok(());
            }
            (Type::Text, Some(b'"')) => {
                self.out.push(number << 3 | 2);
                let length = self.reserve();
                tokens.string(&mut self.out)?;
                self.patch(length);
            }
            (_, Some(b'"')) => {
                self.scratch.clear();
                tokens.string(&mut self.scratch)?;
                let text = std::mem::take(&mut self.scratch);
                tally.type_mismatch += u64::from(!self.scalar(number, kind, &text, true));
                self.scratch = text;
            }
            (_, Some(b'{' | b'[')) => {
                tokens.skip(&mut self.scratch)?;
                tally.type_mismatch += 1;
            }
            (_, _) => {
                let word = tokens.word()?;
                tally.type_mismatch += u64::from(!self.scalar(number, kind, word, false));
            }
        }
        let end = self.out.len();
        self.written.push(Written { number, start, end });
        Ok(())
    }

    /// Writes a scalar; `false`, with nothing written, when it does not fit its type.
    fn scalar(&mut self, number: u8, kind: Type, text: &[u8], quoted: bool) -> bool {
        let start = self.out.len();
        let written = self.try_scalar(number, kind, text, quoted).is_some();
        if !written {
            self.out.truncate(start);
        }
        written
    }

    fn try_scalar(&mut self, number: u8, kind: Type, text: &[u8], quoted: bool) -> Option<()> {
        match kind {
            Type::Bool => {
                let bit = match text {
                    b"true" => 1,
                    b"false" => 0,
                    _ => return None,
                };
                self.varint(number, bit);
            }
            Type::Int64 => self.varint(number, i64::try_from(scalar::integer(text)?).ok()? as u64),
            Type::Enum(prefix, names) => self.varint(number, enumerated(prefix, names, text)?),
            Type::Fixed64 => self.fixed(
                number,
                1,
                &u64::try_from(scalar::integer(text)?).ok()?.to_le_bytes(),
            ),
            Type::Double => self.fixed(number, 1, &scalar::double(text)?.to_le_bytes()),
            Type::Fixed32 => self.fixed(
                number,
                5,
                &u32::try_from(scalar::integer(text)?).ok()?.to_le_bytes(),
            ),
            Type::Id | Type::Bytes if !quoted => return None,
            Type::Id => {
                self.out.push(number << 3 | 2);
                let length = self.reserve();
                // No hex: an id that is there, and of no valid length.
                if !scalar::hex(text, &mut self.out) {
                    self.out.push(0);
                }
                self.patch(length);
            }
            Type::Bytes => {
                self.out.push(number << 3 | 2);
                let length = self.reserve();
                scalar::base64(text, &mut self.out).then_some(())?;
                self.patch(length);
            }
            Type::Text | Type::One(_) | Type::Many(_) => return None,
        }
        Some(())
    }

    fn varint(&mut self, number: u8, value: u64) {
        self.out.push(number << 3);
        prost::encoding::encode_varint(value, &mut self.out);
    }

    /// A fixed number; `flags` of a span is the only field whose tag takes two bytes.
    fn fixed(&mut self, number: u8, wire_type: u8, bytes: &[u8]) {
        prost::encoding::encode_varint(u64::from(number) << 3 | u64::from(wire_type), &mut self.out);
        self.out.extend_from_slice(bytes);
    }

    fn begin(&mut self, message: Message, number: u8) {
        self.push(message, number, false);
        self.out.push(number << 3 | 2);
        self.reserve();
    }

    fn push(&mut self, message: Message, number: u8, many: bool) {
        self.open.push(Open {
            message,
            number,
            many,
            start: self.out.len(),
            written: self.written.len(),
            first: true,
        });
    }

    fn close(&mut self) {
        let Some(closed) = self.open.pop() else { return };
        self.written.truncate(closed.written);
        if !closed.many && closed.message != Message::Request {
            self.patch(closed.start + 1);
        }
        // Elements of an array are one field together: the array's.
        if self.open.last().is_some_and(|around| !around.many) {
            let (number, start, end) = (closed.number, closed.start, self.out.len());
            self.written.push(Written { number, start, end });
        }
    }

    /// Blanks what an earlier key of the same object wrote: the last one wins.
    fn forget(&mut self, number: u8, from: usize) {
        let mine = &self.written[from..];
        let Some(at) = mine.iter().position(|field| field.number == number) else {
            return;
        };
        let Written { start, end, .. } = self.written.remove(from + at);
        blank(&mut self.out[start..end]);
    }

    /// Whether one more level of values is deeper than anything that is read.
    fn is_too_deep(&self, message: Message, limits: &Limits) -> bool {
        let value = message == Message::ArrayValue || message == Message::KeyValueList;
        let levels = || {
            self.open
                .iter()
                .filter(|open| open.message == Message::AnyValue && !open.many)
        };
        value && levels().count() > limits.value_depth_max + 1
    }

    fn reserve(&mut self) -> usize {
        let at = self.out.len();
        self.out.extend([0; LENGTH]);
        at
    }

    /// Writes the length of what follows `at` into the bytes left free there.
    fn patch(&mut self, at: usize) {
        padded(self.out.len() - at - LENGTH, &mut self.out[at..at + LENGTH]);
    }
}

/// A varint that fills its place.
fn padded(value: usize, place: &mut [u8]) {
    let last = place.len() - 1;
    for (group, byte) in place.iter_mut().enumerate() {
        let more = if group < last { 0x80 } else { 0 };
        *byte = (value >> (7 * group) & 0x7f) as u8 | more;
    }
}

/// Overwrites fields with one that nobody reads: number 14.
fn blank(bytes: &mut [u8]) {
    const VARINT: u8 = 14 << 3;
    match bytes {
        [tag, length @ ..] if length.len() >= LENGTH => {
            *tag = VARINT | 2;
            padded(length.len() - LENGTH, &mut length[..LENGTH]);
        }
        [] | [_] => {}
        [tag, value @ ..] => {
            *tag = VARINT;
            padded(0, value);
        }
    }
}

/// Turns a snake_case key into lowerCamelCase; whether it was one.
fn camel(key: &mut Vec<u8>) -> bool {
    let snake = memchr::memchr(b'_', key).is_some();
    if snake {
        let mut upper = false;
        key.retain_mut(|byte| {
            let border = *byte == b'_';
            if upper {
                byte.make_ascii_uppercase();
            }
            upper = border;
            !border
        });
    }
    snake
}

/// A number, quoted or not, or a name.
fn enumerated(prefix: &str, names: &[&str], text: &[u8]) -> Option<u64> {
    if let Some(number) = scalar::integer(text) {
        return Some(i32::try_from(number).ok()? as u64);
    }
    let name = text.strip_prefix(prefix.as_bytes())?;
    let place = names.iter().position(|known| known.as_bytes() == name)?;
    Some(place as u64)
}
