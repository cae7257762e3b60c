//! Single traces of any size, to see that cost grows with spans and with nothing else.

use clap::ValueEnum;
use hotspan_model::{
    Batch, LocalDictionary, Nanos, ParamHash, Record, Span, SpanId, Threshold, Timestamp, TraceId,
};
use hotspan_testkit::Drawing;

/// How the spans of a trace hang together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shape {
    /// One query after another below one root
    Flat,
    /// All queries at once below one root
    Wide,
    /// Each span below the one before
    Deep,
    /// Each span below the one before, and a query below each
    Comb,
    /// One call after another, each answered by a server that makes five queries
    Calls,
}

/// Time of each leaf.
const LENGTH: Nanos = Nanos(1_000_000);

/// One trace of about so many spans, with the dictionary of its symbols.
pub fn trace(shape: Shape, spans: u64) -> (Batch, LocalDictionary) {
    let Drawing { dictionary, trace } = Drawing::new(
        "
        shop GET /              0..1
          db SELECT item        0..1
          internal step         0..1
          call GET /price       0..1
            price server GET /price  0..1
        ",
    );
    let kinds = &trace.spans;
    let mut grown = Grown {
        batch: Batch::default(),
        origin: kinds[0].start,
    };
    let total = spans * LENGTH.0;
    let root = grown.add(&kinds[0], None, 0, total * 2);
    let [query, step, call, server] = [1, 2, 3, 4].map(|at| &kinds[at]);
    let mut above = root;
    for n in 0..spans / leaves(shape) {
        let at = n * leaves(shape) * LENGTH.0;
        match shape {
            Shape::Flat => _ = grown.add(query, Some(root), at, LENGTH.0),
            Shape::Wide => _ = grown.add(query, Some(root), n, total),
            Shape::Deep => above = grown.add(step, Some(above), n, 2 * (total - n)),
            Shape::Comb => {
                above = grown.add(step, Some(above), 2 * n, 2 * (total - 2 * n));
                grown.add(query, Some(above), at, LENGTH.0);
            }
            Shape::Calls => {
                let call = grown.add(call, Some(root), at, 6 * LENGTH.0);
                let server = grown.add(server, Some(call), at, 6 * LENGTH.0);
                for query_at in 0..5 {
                    grown.add(query, Some(server), at + query_at * LENGTH.0, LENGTH.0);
                }
            }
        }
    }
    (grown.batch, dictionary)
}

fn leaves(shape: Shape) -> u64 {
    match shape {
        Shape::Flat | Shape::Wide | Shape::Deep => 1,
        Shape::Comb => 2,
        Shape::Calls => 7,
    }
}

struct Grown {
    batch: Batch,
    origin: Timestamp,
}

impl Grown {
    /// Adds a span like `kind`; times are nanoseconds after the root's start.
    fn add(&mut self, kind: &Span, parent: Option<SpanId>, start: u64, length: u64) -> SpanId {
        let id = SpanId::new(self.batch.records.len() as u64 + 1).expect("counted from one");
        let span = Span {
            id,
            parent,
            start: Timestamp(self.origin.0 + start),
            duration: Nanos(length),
            params: ParamHash(id.get()),
            ..*kind
        };
        let record = Record {
            trace: TraceId::new(1).expect("not zero"),
            threshold: Threshold(0),
            span,
        };
        self.batch.push(record, &[]);
        id
    }
}
