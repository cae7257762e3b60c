//! In steady state a span allocates nothing from its push to its hotspot, late spans and new versions included. What
//! still allocates: a trace that becomes an exemplar, whose spans are copied and whose members are listed.

use std::alloc::System;

use hotspan_model::{Batch, LogTime, Nanos, Record, Side, TableSeed, Threshold, TraceId};
use hotspan_pipeline::{Pipeline, Settings};
use hotspan_testkit::{Drawing, LogClock};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Time between two records.
const APART: Nanos = Nanos::from_millis(50);

/// Records until sessions have ended and all tables and lists have grown. Lists of minutes double until they hold two
/// hours; in between, these few minutes have room.
const WARM: u64 = 2_400;
const MEASURED: u64 = 400;

/// Each record has one trace of each shape but the last, which is in every 40th.
const SHAPES: [&str; 5] = [
    "
    shop GET /list             0..100
      internal render         10..90
        cache GET key         20..22 x3
    ",
    "
    cart GET /cart             0..300 host=a
      db SELECT item          10..20 x6+1
      call GET /price        200..280
        price server GET /price  205..275 host=b
          db SELECT price    210..220 x5
    ",
    "
    pay GET /pay               0..600 host=a
      call GET /one           10..150
        one server GET /one   15..145 host=b
      call GET /two          160..300
        two server GET /two  165..295 host=c
      call GET /three        310..450
        three server GET /three 315..445 host=d
    ",
    "
    mail GET /mail             0..900
      call POST /send         10..850 to=api.vendor.com third
    ",
    "
    export GET /export         0..2000
      db SELECT row            1..2 x600+1
    ",
];

#[derive(Debug)]
struct World {
    drawing: Drawing,
    shapes: Vec<Batch>,
    clock: LogClock,
    batch: Batch,
    next: u128,
}

impl World {
    fn new() -> World {
        let mut drawing = Drawing::default();
        let shape = |text| {
            drawing.add(1, text);
            let mut batch = Batch::default();
            for (at, &span) in drawing.trace.spans.iter().enumerate() {
                let record = Record {
                    trace: trace(1),
                    threshold: Threshold(0),
                    span,
                };
                let sides = drawing.trace.sides.iter();
                let own = sides
                    .filter(|side| side.span as usize == at)
                    .map(|side| side.side);
                batch.push(record, &own.collect::<Vec<Side>>());
            }
            batch
        };
        World {
            shapes: SHAPES.map(shape).into(),
            drawing,
            clock: LogClock::starting(LogTime(1_700_000_040_000_000_000)),
            batch: Batch::default(),
            next: 1,
        }
    }

    /// Fills `batch` with new traces, and with the last span of those that began ten seconds ago.
    fn fill(&mut self) {
        self.batch.clear();
        for (shape, spans) in self.shapes.iter().enumerate() {
            if shape == SHAPES.len() - 1 && !self.next.is_multiple_of(40) {
                continue;
            }
            let last = spans.records.len() - 1;
            for (at, (record, sides)) in spans.iter().enumerate() {
                let id = match at == last {
                    true => self.next.saturating_sub(200),
                    false => self.next,
                };
                let record = Record {
                    trace: trace(id * 8 + shape as u128),
                    ..*record
                };
                let sides = sides.iter().map(|side| side.side).take(1);
                self.batch.push(record, sides.collect::<Vec<Side>>().as_slice());
            }
        }
        self.next += 1;
    }
}

fn trace(id: u128) -> TraceId {
    TraceId::new(id + 1).expect("counted from one")
}

#[test]
fn a_record_that_makes_no_exemplar_allocates_nothing() {
    let mut world = World::new();
    let mut pipeline = Pipeline::new(Settings::default(), TableSeed(1));
    let (mut quiet, mut exemplars, mut beside) = (0, 0, 0);
    for record in 0..WARM + MEASURED {
        world.fill();
        let at = world.clock.after(APART);
        let region = Region::new(ALLOCATOR);
        pipeline.handle_batch(at, &world.batch, &world.drawing.dictionary);
        let change = region.change();
        let mut kept = 0;
        while pipeline.poll_exemplar().is_some() {
            kept += 1;
        }
        if record < WARM {
            continue;
        }
        exemplars += kept;
        match kept {
            0 => {
                quiet += 1;
                let allocated = (change.allocations, change.reallocations);
                assert_eq!(allocated, (0, 0), "record {record}: {change:?}");
            }
            _ => beside += change.allocations,
        }
    }
    let counts = pipeline.counts();
    assert!(counts.analysed > 80_000, "{counts:?}");
    assert!(quiet > MEASURED / 3, "{quiet} records made no exemplar");
    // Of each: the trace with its spans and side records, and its members for each of at most two hotspots.
    assert!(
        beside <= exemplars * 8,
        "{beside} allocations for {exemplars} exemplars"
    );
}
