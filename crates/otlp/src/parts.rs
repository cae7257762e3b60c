//! One span as it stands on the wire: its fields, still without meaning.

use std::cell::Cell;

use hotspan_model::{Kind, Link, ParamHash, SpanId, Status, TraceId};

use crate::attributes::{Attributes, Known};
use crate::keys::{self, PARAMETER_PREFIXES};
use crate::text::ParamHasher;
use crate::value::{KeyValue, Value};
use crate::wire::{Fields, Pair, Payload};
use crate::{Damage, Limits, Tally};

/// The fields of a span.
#[derive(Clone, Debug)]
pub(crate) struct Parts<'a> {
    pub(crate) trace: &'a [u8],
    pub(crate) id: &'a [u8],
    pub(crate) parent: &'a [u8],
    pub(crate) name: Name<'a>,
    pub(crate) tracestate: &'a [u8],
    pub(crate) kind: Kind,
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) status: Status,
    pub(crate) flags: u32,
    /// Type of the first exception event that has one.
    pub(crate) exception: Option<&'a [u8]>,
    /// Attributes that are parameters, each hashed with its name. A sum, so that their order says nothing.
    pub(crate) parameters: Option<ParamHash>,
}

impl<'a> Parts<'a> {
    /// Reads the fields before the attributes while they stand in their usual order; whatever does not is left to the
    /// reader of any order.
    #[inline(always)]
    pub(crate) fn start(fields: &mut Fields<'a>) -> Parts<'a> {
        let (trace, id) = fields.expect_ids().unwrap_or_default();
        let tracestate = fields.expect_bytes(3).unwrap_or_default();
        let parent = fields.expect_eight(4).unwrap_or_default();
        let name = Name::new(fields.expect_bytes(5).unwrap_or_default());
        let (number, start, end) = fields.expect_kind_and_times().unwrap_or_default();
        Parts {
            trace,
            id,
            parent,
            name,
            tracestate,
            kind: kind(number),
            start,
            end,
            status: Status::Unset,
            flags: 0,
            exception: None,
            parameters: None,
        }
    }
}

/// A span's name, which knows whether somebody asked for it: what was decided without it holds for any name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Name<'a> {
    text: &'a [u8],
    asked: Cell<bool>,
}

impl<'a> Name<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Name<'a> {
        Name {
            text,
            asked: Cell::new(false),
        }
    }

    /// The name, for a decision.
    pub(crate) fn ask(&self) -> &'a [u8] {
        self.asked.set(true);
        self.text
    }

    /// The name, for the operation, which always has it.
    pub(crate) fn text(&self) -> &'a [u8] {
        self.text
    }

    /// Whether a decision rests on it.
    pub(crate) fn was_asked(&self) -> bool {
        self.asked.get()
    }
}

/// Reads spans; holds what outlives one of them.
#[derive(Debug)]
pub(crate) struct Reader<'r> {
    pub(crate) limits: &'r Limits,
    pub(crate) tally: &'r mut Tally,
    pub(crate) params: &'r ParamHasher,
    /// Links of the span that was read last.
    pub(crate) links: &'r mut Vec<Link>,
    /// Those of them that it follows from rather than waits for.
    pub(crate) follows: &'r mut Vec<Link>,
    /// Attributes of a span that may be passed over by their looks: up to here short ones are within every limit.
    short_max: usize,
    attributes: usize,
    events: usize,
    seen_links: usize,
}

impl<'r> Reader<'r> {
    pub(crate) fn new(
        limits: &'r Limits,
        tally: &'r mut Tally,
        params: &'r ParamHasher,
        links: &'r mut Vec<Link>,
        follows: &'r mut Vec<Link>,
    ) -> Reader<'r> {
        let short_max = match limits.value_bytes_max.min(limits.key_bytes_max) {
            128.. => limits.attributes_max,
            _ => 0,
        };
        Reader {
            limits,
            short_max,
            tally,
            params,
            links,
            follows,
            attributes: 0,
            events: 0,
            seen_links: 0,
        }
    }

    /// Reads the fields of a span behind its start; its known attributes go to `known`. Damage costs the span; damage
    /// inside an attribute, event, link or status costs that part.
    #[inline(always)]
    pub(crate) fn span<'a>(
        &mut self,
        fields: Fields<'a>,
        parts: &mut Parts<'a>,
        known: &mut Known<'a>,
    ) -> Result<(), Damage> {
        known.next_span();
        self.links.clear();
        self.follows.clear();
        (self.attributes, self.events, self.seen_links) = (0, 0, 0);
        let read = self.fields(fields, parts, known);
        self.tally.duplicate_keys += known.span.take_again();
        known.settle();
        read
    }

    #[inline(always)]
    fn fields<'a>(
        &mut self,
        mut fields: Fields<'a>,
        parts: &mut Parts<'a>,
        known: &mut Known<'a>,
    ) -> Result<(), Damage> {
        loop {
            self.usual_attributes(&mut fields, &mut known.span);
            if fields.is_done() {
                break;
            }
            if let Some(message) = fields.expect_bytes(9) {
                self.attribute(message, parts, &mut known.span);
                continue;
            }
            let Some((number, payload)) = fields.next()? else {
                break;
            };
            match (number, payload) {
                (9, Payload::Bytes(message)) => self.attribute(message, parts, &mut known.span),
                (1, Payload::Bytes(id)) => parts.trace = id,
                (2, Payload::Bytes(id)) => parts.id = id,
                (3, Payload::Bytes(state)) => parts.tracestate = state,
                (4, Payload::Bytes(id)) => parts.parent = id,
                (5, Payload::Bytes(name)) => parts.name = Name::new(name),
                (6, Payload::Varint(number)) => parts.kind = kind(number),
                (7, Payload::Fixed64(time)) => parts.start = time,
                (8, Payload::Fixed64(time)) => parts.end = time,
                (11, Payload::Bytes(message)) => self.event(message, parts),
                (13, Payload::Bytes(message)) => self.link(message),
                (15, Payload::Bytes(message)) => self.status(message, parts),
                (16, Payload::Fixed32(flags)) => parts.flags = flags,
                (_, _) => {}
            }
        }
        Ok(())
    }

    /// Reads the attributes in their usual form that come next, as most fields of a span are: short, and a text or a
    /// small number where somebody reads it.
    #[inline(never)]
    fn usual_attributes<'a>(&mut self, fields: &mut Fields<'a>, known: &mut Attributes<'a>) {
        let mut rest = fields.rest();
        let mut count = self.attributes;
        while let Some((pair, after)) = Pair::take(rest, 9) {
            // What nobody reads is passed over, unless it is a parameter.
            if let Some(text) = pair.text() {
                let ours = keys::likely(pair.ends).is_some_and(|slot| known.offer(slot, pair.key, text));
                if !ours && (count >= self.short_max || pair.key.first() == Some(&b'd')) {
                    break;
                }
            } else if !pair.int().is_some_and(|int| known.offer_int(pair.key, int)) {
                break;
            }
            (rest, count) = (after, count + 1);
        }
        self.attributes = count;
        fields.resume(rest);
    }

    /// An attribute that is long, no text, or written in another order.
    #[inline(never)]
    fn attribute<'a>(&mut self, message: &'a [u8], parts: &mut Parts<'a>, known: &mut Attributes<'a>) {
        self.attributes += 1;
        match KeyValue::read(message) {
            Ok(read) => match keys::slot(read.key) {
                Some(slot) => known.set(slot, read.value),
                None => self.unknown(read, self.attributes, parts),
            },
            Err(_) => self.tally.bad_field += 1,
        }
    }

    /// An attribute that is no field of ours: a parameter, or nothing but a place in the limits.
    #[inline(never)]
    fn unknown<'a>(&mut self, read: KeyValue<'a>, place: usize, parts: &mut Parts<'a>) {
        let KeyValue { key, value } = read;
        if key.starts_with(b"db.") && PARAMETER_PREFIXES.iter().any(|prefix| key.starts_with(prefix)) {
            let mut hasher = self.params.clone();
            let name = key.rsplit(|&byte| byte == b'.').next();
            hasher.add(name.unwrap_or(key));
            value.hash(&mut hasher);
            let sum = parts
                .parameters
                .unwrap_or_default()
                .0
                .wrapping_add(hasher.finish().0);
            parts.parameters = Some(ParamHash(sum));
            return;
        }
        let over = place > self.limits.attributes_max || key.len() > self.limits.key_bytes_max;
        self.tally.dropped_parts += u64::from(over);
        self.tally.cut += u64::from(value.len() > self.limits.value_bytes_max);
        self.nested(value);
    }

    /// Arrays and maps that nobody reads are still measured: damage and depth are counted.
    fn nested(&mut self, value: Value<'_>) {
        if let Value::Array(_) | Value::Map(_) = value {
            match value.depth(self.limits.value_depth_max) {
                Ok(Some(_)) => {}
                Ok(None) => self.tally.too_deep += 1,
                Err(_) => self.tally.bad_field += 1,
            }
        }
    }

    fn event<'a>(&mut self, message: &'a [u8], parts: &mut Parts<'a>) {
        self.events += 1;
        if self.events > self.limits.events_max {
            self.tally.dropped_parts += 1;
            return;
        }
        match exception(message) {
            Ok(exception) => parts.exception = parts.exception.or(exception),
            Err(_) => self.tally.bad_field += 1,
        }
    }

    fn link(&mut self, message: &[u8]) {
        self.seen_links += 1;
        if self.seen_links > self.limits.links_max {
            self.tally.dropped_parts += 1;
            return;
        }
        match link(message) {
            Ok(Some((link, follows))) => {
                self.links.push(link);
                if follows {
                    self.follows.push(link);
                }
            }
            Ok(None) | Err(_) => self.tally.bad_field += 1,
        }
    }

    fn status(&mut self, message: &[u8], parts: &mut Parts<'_>) {
        let mut fields = Fields::new(message);
        // A status that comes twice is merged: the code stays when the second one does not say it.
        let mut status = parts.status;
        loop {
            match fields.next() {
                Ok(Some((3, Payload::Varint(code)))) => {
                    status = match code {
                        1 => Status::Ok,
                        2 => Status::Error,
                        _ => Status::Unset,
                    }
                }
                Ok(Some((_, _))) => {}
                Ok(None) => break parts.status = status,
                Err(_) => break self.tally.bad_field += 1,
            }
        }
    }
}

/// Reads the attributes of a scope or resource; what is damaged is passed over, the rest is used.
pub(crate) fn surroundings<'a>(message: &'a [u8], field: u32, into: &mut Attributes<'a>, tally: &mut Tally) {
    let mut fields = Fields::new(message);
    loop {
        // The fields of a resource and of a scope that hold attributes have small numbers.
        while let Some((pair, rest)) = Pair::take(fields.rest(), field as u8)
            && let Some(text) = pair.text()
        {
            fields.resume(rest);
            if let Some(slot) = keys::slot(pair.key) {
                into.set(slot, Value::Text(text));
            }
        }
        if fields.is_done() {
            break;
        }
        match fields.next() {
            Ok(Some((number, Payload::Bytes(message)))) if number == field => match KeyValue::read(message) {
                Ok(KeyValue { key, value }) => {
                    if let Some(slot) = keys::slot(key) {
                        into.set(slot, value);
                    }
                }
                Err(_) => tally.bad_field += 1,
            },
            Ok(Some((_, _))) => {}
            Ok(None) => break,
            Err(_) => break tally.bad_field += 1,
        }
    }
    tally.duplicate_keys += into.take_again();
}

fn kind(number: u64) -> Kind {
    match number {
        1 => Kind::Internal,
        2 => Kind::Server,
        3 => Kind::Client,
        4 => Kind::Producer,
        5 => Kind::Consumer,
        _ => Kind::Unspecified,
    }
}

/// The exception type of an event.
fn exception(message: &[u8]) -> Result<Option<&[u8]>, Damage> {
    let mut fields = Fields::new(message);
    let mut found = None;
    while let Some((number, payload)) = fields.next()? {
        if let (3, Payload::Bytes(message)) = (number, payload) {
            let KeyValue { key, value } = KeyValue::read(message)?;
            if key == b"exception.type" {
                found = found.or(value.text().filter(|text| !text.is_empty()));
            }
        }
    }
    Ok(found)
}

/// A link, and whether the span follows from it; `None` when its ids are no ids.
fn link(message: &[u8]) -> Result<Option<(Link, bool)>, Damage> {
    let mut fields = Fields::new(message);
    let (mut trace, mut span) = (None, None);
    let mut follows = false;
    while let Some((number, payload)) = fields.next()? {
        match (number, payload) {
            (1, Payload::Bytes(id)) => trace = TraceId::from_wire(id),
            (2, Payload::Bytes(id)) => span = SpanId::from_wire(id),
            (4, Payload::Bytes(message)) => {
                let KeyValue { key, value } = KeyValue::read(message)?;
                follows |= key == b"opentracing.ref_type" && value.text() == Some(b"follows_from");
            }
            (_, _) => {}
        }
    }
    let link = trace.zip(span).map(|(trace, span)| Link { trace, span });
    Ok(link.map(|link| (link, follows)))
}
