//! In steady state a span allocates nothing: slots, rows, indexes and timers are used again.

use std::alloc::System;

use hotspan_assembly::{Assembler, Settings};
use hotspan_model::{
    Assembled, LogTime, Lookup, Record, SideOf, Span, SpanId, TableSeed, Threshold, TraceId,
};
use hotspan_testkit::{Drawing, LogClock};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn trace_of(record: u64) -> TraceId {
    TraceId::new(u128::from(record) + 1).expect("counted from one")
}

/// One trace every 100 ms in five records, each a second after the one before, and one late span: over and over.
fn minutes(
    assembler: &mut Assembler,
    clock: &mut LogClock,
    from: u64,
    drawing: &Drawing,
    dictionary: &dyn Lookup,
    buffer: &mut Assembled,
) -> (u64, u64) {
    let (mut spans, mut published) = (0, 0);
    for record in from..from + 1_200 {
        let at = clock.at(LogTime(record * 100_000_000));
        assembler.handle_timeout(at);
        while assembler.poll_trace(buffer) {
            published += 1;
        }
        for (age, part) in drawing.trace.spans.chunks(12).enumerate() {
            let Some(trace) = record.checked_sub(age as u64 * 10) else {
                continue;
            };
            let trace = trace_of(trace);
            for span in part {
                let side = drawing
                    .trace
                    .sides
                    .iter()
                    .copied()
                    .map(|side| SideOf { span: 0, ..side });
                let side: Option<SideOf> = side.take(1).next();
                let record = Record {
                    trace,
                    threshold: Threshold(0),
                    span: *span,
                };
                assembler.push(&record, side.as_slice(), at, dictionary);
                spans += 1;
            }
        }
        if let Some(old) = record.checked_sub(100) {
            let trace = trace_of(old);
            let late = Span {
                id: SpanId::new(7_777).expect("not zero"),
                ..drawing.trace.spans[1]
            };
            let record = Record {
                trace,
                threshold: Threshold(0),
                span: late,
            };
            assembler.push(&record, &[], at, dictionary);
        }
    }
    (spans, published)
}

#[test]
fn a_span_allocates_nothing_once_tables_have_grown() {
    let drawing = Drawing::new(
        "
        cart GET /cart 0..1000
          db SELECT item 0..10 x50 rows=7
        ",
    );
    let mut assembler = Assembler::new(Settings::default(), TableSeed(1));
    let (mut clock, mut buffer) = (LogClock::default(), Assembled::default());
    let mut minutes = |from| {
        minutes(
            &mut assembler,
            &mut clock,
            from,
            &drawing,
            &drawing.dictionary,
            &mut buffer,
        )
    };
    minutes(0);
    minutes(1_200);
    let region = Region::new(ALLOCATOR);
    let (spans, published) = minutes(2_400);
    let change = region.change();
    assert_eq!((spans, published), (61_200, 2_400));
    assert_eq!((change.allocations, change.reallocations), (0, 0), "{change:?}");
}
