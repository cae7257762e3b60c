//! The decoder: one per worker, reused for every request.

use hotspan_model::{Batch, Dictionary, Link, ParamKey, Reason, Record, Sender, Side, TableSeed};

use crate::attributes::Known;
use crate::framing::{self, Order, RESOURCE, RESOURCE_SPANS, SCOPE, SCOPE_SPANS, SPANS};
use crate::json::Transcoder;
use crate::keys::Field;
use crate::parts::{self, Reader};
use crate::resolve::{Memory, Resolver};
use crate::sender::sender;
use crate::source::{self, Origin};
use crate::text::ParamHasher;
use crate::wire::{Fields, Payload};
use crate::{Limits, Tally, Undecodable};

/// Takes the spans of a request, in order.
pub trait Sink {
    /// One span, and what it has beside it.
    fn span(&mut self, record: Record, sides: &[Side]);

    /// The resource of the spans that follow, by a hash of what it says; `read` tells who sent them, for whoever does
    /// not know that hash.
    fn resource(&mut self, _hash: u64, _read: &mut dyn FnMut() -> Sender) {}
}

impl Sink for Batch {
    fn span(&mut self, record: Record, sides: &[Side]) {
        self.push(record, sides);
    }
}

/// How a request is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// `application/x-protobuf`, and gRPC.
    Protobuf,
    /// `application/json`.
    Json,
}

impl Encoding {
    /// How answers call it.
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Protobuf => "protobuf",
            Encoding::Json => "json",
        }
    }
}

/// Reads requests. Holds nothing of them between calls but memos; allocates nothing for a span in the steady state.
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    params: ParamHasher,
    memory: Memory,
    links: Vec<Link>,
    follows: Vec<Link>,
    sides: Vec<Side>,
    transcoder: Transcoder,
    own_instance: Option<Box<str>>,
}

impl Decoder {
    /// A decoder for one worker and one dictionary: its memos hold symbols of that dictionary.
    pub fn new(limits: Limits, key: ParamKey, seed: TableSeed) -> Decoder {
        Decoder {
            params: ParamHasher::new(key),
            memory: Memory::new(key, seed, limits.memo_entries_max),
            limits,
            links: Vec::new(),
            follows: Vec::new(),
            sides: Vec::new(),
            transcoder: Transcoder::default(),
            own_instance: None,
        }
    }

    /// Refuses the spans of this `service.instance.id`: they are our own.
    #[must_use]
    pub fn without_instance(mut self, instance: &str) -> Decoder {
        self.own_instance = Some(instance.into());
        self
    }

    /// Reads a protobuf `ExportTraceServiceRequest`. After an `Err` nothing that went to `sink` may be used.
    pub fn protobuf(
        &mut self,
        request: &[u8],
        dictionary: &mut dyn Dictionary,
        sink: &mut dyn Sink,
    ) -> Result<Tally, Undecodable> {
        let mut tally = Tally::default();
        self.walk(request, dictionary, sink, &mut tally)?;
        Ok(tally)
    }

    /// Reads a JSON `ExportTraceServiceRequest`. After an `Err` nothing that went to `sink` may be used.
    pub fn json(
        &mut self,
        request: &[u8],
        dictionary: &mut dyn Dictionary,
        sink: &mut dyn Sink,
    ) -> Result<Tally, Undecodable> {
        let mut tally = Tally::default();
        let mut transcoder = std::mem::take(&mut self.transcoder);
        let walked = match transcoder.protobuf(request, &self.limits, &mut tally) {
            Ok(protobuf) => self.walk(protobuf, dictionary, sink, &mut tally),
            Err(undecodable) => Err(undecodable),
        };
        transcoder.shrink();
        self.transcoder = transcoder;
        walked.map(|()| tally)
    }

    fn walk(
        &mut self,
        request: &[u8],
        dictionary: &mut dyn Dictionary,
        sink: &mut dyn Sink,
        tally: &mut Tally,
    ) -> Result<(), Undecodable> {
        let order = framing::check(request)?;
        let mut known = Known::new();
        for message in framing::messages::<RESOURCE_SPANS>(request) {
            self.resource(message, order, &mut known, dictionary, sink, tally);
        }
        Ok(())
    }

    /// One ResourceSpans. Its resource may come after its spans, so it is looked for first.
    fn resource<'a>(
        &mut self,
        message: &'a [u8],
        order: Order,
        known: &mut Known<'a>,
        dictionary: &mut dyn Dictionary,
        sink: &mut dyn Sink,
        tally: &mut Tally,
    ) {
        known.resource.clear();
        known.next_span();
        let resources = || framing::heads::<RESOURCE>(message, order);
        let hash = resources().fold(0, |hash, resource| self.memory.symbols.hash((hash, resource)));
        let block = Block {
            message,
            order,
            hash,
            is_plain: self.memory.plain.get(hash).is_some(),
        };
        if !block.is_plain && self.is_own(&block, known, tally) {
            for message in framing::messages::<SCOPE_SPANS>(message) {
                let spans = framing::messages::<SPANS>(message).count() as u64;
                tally.spans += spans;
                tally.refused[Reason::OwnTelemetry as usize] += spans;
            }
            return;
        }
        sink.resource(hash, &mut || sender(resources()));
        for message in framing::messages::<SCOPE_SPANS>(framing::body::<RESOURCE>(message, order)) {
            self.scope(message, &block, known, dictionary, sink, tally);
        }
    }

    /// Reads a resource; whether its spans are our own. One about which there is nothing to count, and that says
    /// nothing in the place of its spans, need not be read again.
    fn is_own<'a>(&mut self, block: &Block<'a>, known: &mut Known<'a>, tally: &mut Tally) -> bool {
        let before = tally.clone();
        block.read(known, tally);
        source::count_unnamed(known, tally);
        let instance = known.resource_text(Field::INSTANCE);
        let ours = self.own_instance.as_deref().map(str::as_bytes);
        let own = ours.is_some() && instance == ours;
        let silent = !known.resource.has(source::OF_SPANS) && known.misfits() == 0;
        if silent && !own && *tally == before {
            self.memory.plain.insert(block.hash, ());
        }
        own
    }

    /// One ScopeSpans. Its scope, too, may come after its spans.
    fn scope<'a>(
        &mut self,
        message: &'a [u8],
        around: &Block<'a>,
        known: &mut Known<'a>,
        dictionary: &mut dyn Dictionary,
        sink: &mut dyn Sink,
        tally: &mut Tally,
    ) {
        let scopes = || framing::heads::<SCOPE>(message, around.order);
        let hash = scopes().fold(around.hash, |hash, scope| self.memory.symbols.hash((hash, scope)));
        known.scope.clear();
        let remembered = match around.is_plain {
            true => self.memory.scopes.get(hash),
            false => None,
        };
        let (mut name, mut is_plain) = (&[][..], around.is_plain);
        if remembered.is_none() {
            let before = tally.clone();
            for scope in scopes() {
                parts::surroundings(scope, 3, &mut known.scope, tally);
                name = scope_name(scope).unwrap_or(name);
            }
            is_plain &= known.scope.is_silent() && *tally == before;
        }
        known.settle_around();
        let mut spans = framing::messages::<SPANS>(framing::body::<SCOPE>(message, around.order));
        let mut next = spans.next();
        // A block without spans has no origin.
        if next.is_none() {
            return;
        }
        let (origin, block) = remembered.unwrap_or_else(|| {
            let origin = self.origin(around, name, known, dictionary);
            let block = source::block(origin, known, &self.memory.symbols);
            if is_plain {
                self.memory.scopes.insert(hash, (origin, block));
            }
            (origin, block)
        });
        let mut resolver = Resolver {
            reader: Reader::new(
                &self.limits,
                tally,
                &self.params,
                &mut self.links,
                &mut self.follows,
            ),
            dictionary,
            memory: &mut self.memory,
            origin,
            block,
            outlined: None,
        };
        while let Some(span) = next {
            resolver.reader.tally.spans += 1;
            if let Err(reason) = resolver.span(span, known, &mut self.sides, sink) {
                resolver.reader.tally.refuse(reason);
            }
            next = spans.next();
        }
    }

    fn origin<'a>(
        &mut self,
        around: &Block<'a>,
        scope: &[u8],
        known: &mut Known<'a>,
        dictionary: &mut dyn Dictionary,
    ) -> Origin {
        let hash = self.memory.symbols.hash((around.hash, scope));
        if let Some(origin) = self.memory.origins.get(hash) {
            return origin;
        }
        if around.is_plain {
            // Counted when it came first.
            known.resource.clear();
            around.read(known, &mut Tally::default());
        }
        let origin = source::origin(known, scope, &mut self.memory.symbols, dictionary);
        known.settle_around();
        self.memory.origins.insert(hash, origin);
        origin
    }
}

/// One ResourceSpans.
struct Block<'a> {
    message: &'a [u8],
    order: Order,
    /// Of its resource.
    hash: u64,
    /// Whether the resource need not be read.
    is_plain: bool,
}

impl<'a> Block<'a> {
    /// Reads the attributes of the resource.
    fn read(&self, known: &mut Known<'a>, tally: &mut Tally) {
        for resource in framing::heads::<RESOURCE>(self.message, self.order) {
            parts::surroundings(resource, 1, &mut known.resource, tally);
        }
    }
}

/// The last name that a scope says.
fn scope_name(scope: &[u8]) -> Option<&[u8]> {
    let mut fields = Fields::new(scope);
    let mut name = fields.expect_bytes(1);
    if fields.is_done() {
        return name;
    }
    while let Ok(Some((number, payload))) = fields.next() {
        if let (1, Payload::Bytes(bytes)) = (number, payload) {
            name = Some(bytes);
        }
    }
    name
}
