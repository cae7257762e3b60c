//! Requests as they go over the wire: encoded, compressed and framed before anything is measured.

use std::io::Write as _;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use bytes::{BufMut, Bytes};
use clap::ValueEnum;
use flate2::Compression;
use flate2::write::GzEncoder;
use hotspan_benches::payload::Payload;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;

/// How requests are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Coding {
    /// Not at all.
    Identity,
    Gzip,
    Zstd,
}

/// Level of gzip that SDKs and Collectors use.
const GZIP_LEVEL: u32 = 6;
/// zstd's own default.
const ZSTD_LEVEL: i32 = 3;
/// Time between two requests' spans.
const APART_NS: u64 = 1_000_000;

/// Requests in order, as gRPC frames of one message each.
pub(crate) trait Source: Send + Sync + 'static {
    /// Spans of each.
    fn spans_each(&self) -> usize;

    /// The request at a place; `None` after the last.
    fn request(&self, place: usize) -> Option<Bytes>;
}

/// So many requests, each with traces of its own.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    framed: Vec<Bytes>,
    spans_each: usize,
}

/// Requests until a moment: the same ones in turn, uncompressed, each time with trace ids of their own.
#[derive(Debug)]
pub(crate) struct Endless {
    templates: Vec<Template>,
    spans_each: usize,
    until: Instant,
}

#[derive(Debug)]
struct Template {
    framed: Vec<u8>,
    /// Where its trace ids begin.
    ids: Vec<usize>,
}

/// Requests that are sent in turn without end.
const TEMPLATES: usize = 200;
const ID_BYTES: usize = 16;

impl Coding {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Coding::Identity => "identity",
            Coding::Gzip => "gzip",
            Coding::Zstd => "zstd",
        }
    }

    fn compress(self, plain: Vec<u8>) -> Vec<u8> {
        match self {
            Coding::Identity => plain,
            Coding::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::new(GZIP_LEVEL));
                encoder.write_all(&plain).expect("a vector takes all");
                encoder.finish().expect("a vector takes all")
            }
            Coding::Zstd => zstd::bulk::compress(&plain, ZSTD_LEVEL).expect("a vector takes all"),
        }
    }
}

impl Listed {
    /// Requests that are framed already.
    pub(crate) fn of(framed: Vec<Bytes>, spans_each: usize) -> Listed {
        Listed { framed, spans_each }
    }

    /// So many requests of so many spans, whose traces start about now.
    pub(crate) fn encode(spans_each: usize, requests: usize, coding: Coding, distinct: bool) -> Listed {
        let framed = plain(spans_each, requests, distinct).map(|request| {
            frame(
                &coding.compress(request.encode_to_vec()),
                coding != Coding::Identity,
            )
        });
        Listed {
            framed: framed.map(Bytes::from).collect(),
            spans_each,
        }
    }

    /// The first so many, and the rest.
    pub(crate) fn split(mut self, first: usize) -> (Listed, Listed) {
        let rest = self.framed.split_off(first.min(self.framed.len()));
        let rest = Listed {
            framed: rest,
            spans_each: self.spans_each,
        };
        (self, rest)
    }
}

impl Source for Listed {
    fn spans_each(&self) -> usize {
        self.spans_each
    }

    fn request(&self, place: usize) -> Option<Bytes> {
        self.framed.get(place).cloned()
    }
}

impl Endless {
    pub(crate) fn until(until: Instant, spans_each: usize) -> Endless {
        let templates = plain(spans_each, TEMPLATES, false).map(Template::new);
        Endless {
            templates: templates.collect(),
            spans_each,
            until,
        }
    }
}

impl Source for Endless {
    fn spans_each(&self) -> usize {
        self.spans_each
    }

    fn request(&self, place: usize) -> Option<Bytes> {
        let template = &self.templates[place % self.templates.len()];
        let round = (place / self.templates.len()) as u128 + 1;
        (Instant::now() < self.until).then(|| template.salted(round << 64))
    }
}

impl Template {
    fn new(request: ExportTraceServiceRequest) -> Template {
        let framed = self::framed(&request);
        let mut other = request;
        let spans = other
            .resource_spans
            .iter_mut()
            .flat_map(|of| &mut of.scope_spans)
            .flat_map(|of| &mut of.spans);
        for span in spans {
            span.trace_id.iter_mut().for_each(|byte| *byte = !*byte);
        }
        // Where every byte of an id was turned round, and nothing else, there the ids are.
        let other = self::framed(&other);
        let (mut ids, mut at) = (Vec::new(), 0);
        while at < framed.len() {
            let is_id = framed[at] != other[at];
            if is_id {
                ids.push(at);
            }
            at += if is_id { ID_BYTES } else { 1 };
        }
        Template { framed, ids }
    }

    fn salted(&self, salt: u128) -> Bytes {
        let mut framed = self.framed.clone();
        for &id in &self.ids {
            for (byte, with) in framed[id..id + ID_BYTES].iter_mut().zip(salt.to_be_bytes()) {
                *byte ^= with;
            }
        }
        framed.into()
    }
}

fn plain(
    spans_each: usize,
    requests: usize,
    distinct: bool,
) -> impl Iterator<Item = ExportTraceServiceRequest> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = now.as_nanos() as u64;
    let mut payload = Payload::new(11, spans_each, distinct);
    (0..requests as u64).map(move |n| payload.request(now + n * APART_NS))
}

/// One uncompressed request in its frame.
pub(crate) fn framed(request: &ExportTraceServiceRequest) -> Vec<u8> {
    frame(&request.encode_to_vec(), false)
}

fn frame(message: &[u8], is_compressed: bool) -> Vec<u8> {
    let mut framed = Vec::with_capacity(5 + message.len());
    framed.put_u8(u8::from(is_compressed));
    framed.put_u32(message.len() as u32);
    framed.put_slice(message);
    framed
}
