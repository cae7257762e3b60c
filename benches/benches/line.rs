//! Time of each stage on one thread, for comparing two trees on one quiet machine; what is quoted are instructions
//! (`benches/instructions`).

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use hotspan_benches::payload::Payload;
use hotspan_benches::{Assembling, Line, Walk};
use hotspan_model::{LogTime, TableSeed};
use hotspan_pipeline::Settings;
use prost::Message;

const SPANS: usize = 500;
/// Requests that fill dictionaries and memos before the clock runs.
const WARM: usize = 200;
const APART_NS: u64 = 50_000_000;

/// Requests without end, each encoded and with the time at which it arrives.
struct Requests {
    payload: Payload,
    at: u64,
}

impl Requests {
    fn new() -> Requests {
        Requests {
            payload: Payload::new(7, SPANS, false),
            at: 1_700_000_000_000_000_000,
        }
    }

    fn next(&mut self) -> (Vec<u8>, LogTime) {
        self.at += APART_NS;
        (self.payload.request(self.at).encode_to_vec(), LogTime(self.at))
    }
}

/// Times `take` over requests that it has not seen, after a warm-up.
fn stage(criterion: &mut Criterion, name: &str, mut take: impl FnMut(&[u8], LogTime)) {
    let mut requests = Requests::new();
    for (bytes, time) in (0..WARM).map(|_| requests.next()).collect::<Vec<_>>() {
        take(&bytes, time);
    }
    let mut group = criterion.benchmark_group("line");
    group.throughput(Throughput::Elements(SPANS as u64));
    group.bench_function(name, |bencher| {
        bencher.iter_batched(
            || requests.next(),
            |(bytes, time)| take(black_box(&bytes), time),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn line(criterion: &mut Criterion) {
    let seed = TableSeed::default();
    let mut walk = Walk::new(seed);
    stage(criterion, "walk", |bytes, _| {
        walk.take(bytes);
    });
    let (mut walk, mut assembling) = (Walk::new(seed), Assembling::new(seed));
    stage(criterion, "assemble", |bytes, time| {
        walk.take(bytes);
        assembling.take(&walk, time);
    });
    let mut line = Line::new(Settings::default());
    stage(criterion, "pipeline", |bytes, time| {
        line.take(bytes, time);
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(5));
    targets = line
}
criterion_main!(benches);
