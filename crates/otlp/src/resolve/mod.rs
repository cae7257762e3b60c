//! From the fields of a span to its record: class, operation, template, callee, flags.

mod call;
mod class;
mod extras;
mod meaning;
mod message;
mod operation;
mod skeleton;
mod store;
mod template;

use hotspan_model::{
    Bits, Class, Dictionary, Flag, Kind, Link, Nanos, ParamHash, ParamKey, Reason, Record, Side, Span,
    SpanId, Status, Symbol, TableSeed, Threshold, Timestamp, TraceId, Visibility,
};

use crate::Sink;
use crate::attributes::Known;
use crate::keys::Field;
use crate::memo::{Memo, Recent, Symbols};
use crate::parts::{Parts, Reader};
use crate::source::Origin;
use crate::text::{ParamHasher, Statement};
use crate::tracestate::{self, Said};
use crate::wire::Fields;
use class::Work;
pub(crate) use meaning::OF_OTHERS as DECIDING;
use meaning::{Outline, Remembered};

/// Attributes that say by their presence that a span failed.
const ERRORS: Field = Field(Field::ERROR_TYPE.0 | Field::EXCEPTION.0);

/// Fields of which most spans have none, and which decide nothing but what they say of this span.
const RARE: Field = Field(
    extras::SIDES.0 | ERRORS.0 | Field::ERROR.0 | Field::DB_BATCH.0 | Field::MESSAGES.0 | Field::IS_SUMMARY.0,
);

/// What resolving keeps from span to span.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) symbols: Symbols,
    pub(crate) origins: Memo<Origin>,
    /// Resources that were read and about which there is nothing to say again.
    pub(crate) plain: Recent<()>,
    /// Of scopes inside of them that say nothing but their name: whose spans they have, and the hash of their block.
    pub(crate) scopes: Recent<(Origin, u64)>,
    /// Outgoing operations by the raw texts that decide them.
    targets: Memo<Target>,
    /// What was decided lately, by all fields that decide.
    meanings: Recent<Remembered>,
    outlines: Recent<Outline>,
    /// Operations by their names.
    names: Recent<Symbol>,
    key: ParamKey,
    statement: Statement,
    skeleton: skeleton::Skeleton,
    text: String,
    part: String,
}

impl Memory {
    pub(crate) fn new(key: ParamKey, seed: TableSeed, entries_max: usize) -> Memory {
        Memory {
            symbols: Symbols::new(seed, entries_max),
            origins: Memo::new(1 << 10),
            plain: Recent::new(entries_max / 8),
            scopes: Recent::new(entries_max / 8),
            targets: Memo::new(entries_max),
            meanings: Recent::new(entries_max / 2),
            outlines: Recent::new(entries_max / 2),
            names: Recent::new(entries_max / 2),
            key,
            statement: Statement::default(),
            skeleton: skeleton::Skeleton::default(),
            text: String::new(),
            part: String::new(),
        }
    }

    fn params(&self) -> ParamHasher {
        ParamHasher::new(self.key)
    }
}

/// An outgoing operation: what its texts decide.
#[derive(Clone, Copy, Debug)]
struct Target {
    class: Class,
    template: Option<Symbol>,
    callee: Option<Symbol>,
    params: ParamHash,
    visibility: Visibility,
    /// Operations in one; 1 when it is one.
    batch: u32,
    /// Only its masked name says what it does.
    unnamed: bool,
    /// The literals of its text are missing in `params`: each span adds its own.
    outlined: bool,
}

impl Target {
    const fn of(class: Class) -> Target {
        Target {
            class,
            template: None,
            callee: None,
            params: ParamHash(0),
            visibility: Visibility::None,
            batch: 1,
            unnamed: false,
            outlined: false,
        }
    }
}

/// Reads and resolves the spans of one block.
pub(crate) struct Resolver<'r> {
    pub(crate) reader: Reader<'r>,
    pub(crate) dictionary: &'r mut dyn Dictionary,
    pub(crate) memory: &'r mut Memory,
    pub(crate) origin: Origin,
    /// Hash of what the spans of a block share and that decides what they mean.
    pub(crate) block: u64,
    /// Bones of the text that holds the span's literals, when it can be taken apart.
    pub(crate) outlined: Option<u64>,
}

impl Resolver<'_> {
    /// Gives the record of the span in `message` to `sink`, with what it has beside it.
    #[inline(always)]
    pub(crate) fn span<'a>(
        &mut self,
        message: &'a [u8],
        known: &mut Known<'a>,
        sides: &mut Vec<Side>,
        sink: &mut dyn Sink,
    ) -> Result<(), Reason> {
        let mut fields = Fields::new(message);
        let mut parts = Parts::start(&mut fields);
        self.reader
            .span(fields, &mut parts, known)
            .map_err(|_| Reason::MalformedSpan)?;
        self.record(&parts, known, sides, sink)
    }

    /// What the fields that were read say. A call of its own, so that reading and resolving can be measured apart.
    #[inline(never)]
    fn record<'a>(
        &mut self,
        parts: &Parts<'a>,
        known: &mut Known<'a>,
        sides: &mut Vec<Side>,
        sink: &mut dyn Sink,
    ) -> Result<(), Reason> {
        let trace = TraceId::from_wire(parts.trace).ok_or(Reason::InvalidTraceId)?;
        let id = SpanId::from_wire(parts.id).ok_or(Reason::InvalidSpanId)?;
        let parent = SpanId::from_wire(parts.parent);
        let bad_parent = !parts.parent.is_empty() && parts.parent.len() != 8;
        self.reader.tally.bad_parent += u64::from(bad_parent);
        sides.clear();
        let follows = !self.reader.links.is_empty() && self.links(trace, parent, sides);

        let meaning = self.meaning(parts, known);
        let mut target = meaning.target;
        if meaning.store {
            self.parameters(&mut target, parts, known);
        }
        let operation = match meaning.operation {
            Some(operation) => operation,
            None => self.named_operation(parts.name.text()),
        };
        let http_status = known.int(Field::HTTP_STATUS).unwrap_or(0);
        let mut bits = Bits::new(parts.kind, target.class)
            .with_status(parts.status)
            .with_visibility(target.visibility)
            .with_http_status(u16::try_from(http_status).unwrap_or(0))
            .with_if(Flag::RemoteParent, parts.flags >> 8 & 3 == 3)
            .with_if(Flag::BadParent, bad_parent)
            .with_if(Flag::NegativeDuration, parts.end < parts.start)
            .with_if(Flag::Failed, failed(parts, http_status))
            .with_if(Flag::Unnamed, target.unnamed)
            .with_if(Flag::FollowsFrom, follows);
        if target.batch > 1 || parts.exception.is_some() || known.has(RARE) {
            bits = self.rare(target.batch, parts, known, sides, bits);
        }
        bits = bits.with_if(Flag::HasSide, !sides.is_empty());
        let start = Timestamp(parts.start);
        let span = Span {
            id,
            parent,
            start,
            duration: Timestamp(parts.end).since(start),
            params: target.params,
            operation,
            source: self.origin.source,
            template: target.template,
            callee: target.callee,
            bits,
            next: 0,
        };
        let threshold = self.threshold(parts, known);
        self.reader.tally.type_mismatch += known.misfits();
        let record = Record {
            trace,
            threshold,
            span,
        };
        sink.span(record, sides);
        Ok(())
    }

    /// Puts the span's links beside it; whether it follows from its parent.
    #[inline(never)]
    fn links(&self, trace: TraceId, parent: Option<SpanId>, sides: &mut Vec<Side>) -> bool {
        sides.extend(self.reader.links.iter().copied().map(Side::Link));
        let follows = |link: &Link| link.trace == trace && Some(link.span) == parent;
        self.reader.follows.iter().any(follows)
    }

    fn target<'a>(&mut self, work: Work, parts: &Parts<'a>, known: &mut Known<'a>) -> Target {
        match work {
            Work::Internal => Target::of(Class::Internal),
            Work::Consumer => Target::of(Class::Consumer),
            Work::Server => self.server(known),
            Work::Store => self.store(parts, known),
            Work::Plumbing(class) => self.plumbing(class, parts, known),
            Work::Publish => self.message(Class::Publish, parts, known),
            Work::Wait => self.message(Class::Wait, parts, known),
            Work::Http => self.http(known),
            Work::Rpc => self.rpc(known),
            Work::Function => self.function(known),
            Work::Model => self.model(known),
            Work::UnknownOut => self.unknown(parts, known),
        }
    }

    /// What few spans have, beside the record and in its bits.
    #[inline(never)]
    fn rare<'a>(
        &mut self,
        batch: u32,
        parts: &Parts<'a>,
        known: &mut Known<'a>,
        sides: &mut Vec<Side>,
        bits: Bits,
    ) -> Bits {
        // Operations in one span, by attribute or by text.
        let said = known.int(Field::DB_BATCH).or_else(|| known.int(Field::MESSAGES));
        let batch = said
            .and_then(|size| u32::try_from(size).ok())
            .unwrap_or(1)
            .max(batch);
        extras::push(self, parts, known, batch, sides);
        let summary = extras::push_summary(parts, known, sides);
        let failed = known.has(ERRORS) || known.bool(Field::ERROR) == Some(true);
        bits.with_if(Flag::Summary, summary)
            .with_if(Flag::Batched, batch > 1)
            .with_if(Flag::Ignored, known.has(Field::IGNORE))
            .with_if(Flag::Failed, failed || bits.has(Flag::Failed))
    }

    fn threshold(&mut self, parts: &Parts<'_>, known: &mut Known<'_>) -> Threshold {
        if !parts.tracestate.is_empty() {
            let read = parts
                .tracestate
                .len()
                .min(self.reader.limits.tracestate_bytes_max);
            match tracestate::threshold(&parts.tracestate[..read]) {
                Said::Threshold(threshold) => return threshold,
                Said::Malformed => {
                    self.reader.tally.bad_tracestate += 1;
                    return Threshold::default();
                }
                Said::Nothing => {}
            }
        }
        match known.has(Field::SAMPLER) {
            true => sampler(known).unwrap_or_default(),
            false => Threshold::default(),
        }
    }
}

/// The threshold of a probabilistic sampler that writes its share as an attribute.
fn sampler(known: &mut Known<'_>) -> Option<Threshold> {
    if known.text(Field::SAMPLER)? != b"probabilistic" {
        return None;
    }
    tracestate::of_share(known.millionths(Field::SAMPLER_PARAM)?)
}

/// Whether it failed by any sign but [`ERRORS`].
fn failed(parts: &Parts<'_>, http_status: i64) -> bool {
    parts.status == Status::Error
        || parts.exception.is_some()
        || http_status >= 500
        || (http_status >= 400 && parts.kind == Kind::Client)
}

/// A length of time that an attribute gives in nanoseconds.
fn nanos(known: &mut Known<'_>, field: Field) -> Option<Nanos> {
    known
        .int(field)
        .and_then(|nanos| u64::try_from(nanos).ok())
        .map(Nanos)
}
