//! What more cores would give: a model of workers and shards with measured costs, for machines that are not at hand.
//!
//! Requests come at random times to a pool of workers that any of them may use; each is decoded and gives one message
//! to every shard whose traces it holds. A shard is one server with a bounded queue, and a trace belongs to one shard by its hash. The
//! model answers which rate is still taken, who limits it, and what a trace id does that half the world sends.
#![expect(clippy::print_stdout, reason = "a measuring program prints its figures")]

use clap::Parser;
use hotspan_testkit::generator::Place;

/// Simulates workers and shards on machines of many sizes
///
/// Costs are CPU nanoseconds of one core; take them from `load` and `benches/instructions`.
#[derive(Parser)]
struct Arguments {
    /// Cores of the machines
    #[arg(long, value_delimiter = ',', default_value = "2,4,8,16,32,64")]
    cores: Vec<u64>,
    /// Shards of each machine: a share of its cores in per cent, at most 32 unless --shards-max says otherwise
    #[arg(long, value_delimiter = ',', default_value = "25,50")]
    shards_percent: Vec<u64>,
    /// Most shards
    #[arg(long, default_value_t = 32)]
    shards_max: u64,
    /// Spans of a request
    #[arg(long, default_value_t = 500)]
    spans: u64,
    /// A worker's cost of a request, whatever its size
    #[arg(long, default_value_t = 8_000)]
    request_ns: u64,
    /// A worker's cost of a span
    #[arg(long, default_value_t = 1_200)]
    worker_ns: u64,
    /// A shard's cost of a message: its place in the queue and the wake-up
    #[arg(long, default_value_t = 1_000)]
    message_ns: u64,
    /// A shard's cost of a span
    #[arg(long, default_value_t = 1_000)]
    shard_ns: u64,
    /// Spans in a hundred that all have one trace id
    #[arg(long, value_delimiter = ',', default_value = "0,5,20")]
    hot_percent: Vec<u64>,
    /// Requests simulated for each rate that is tried
    #[arg(long, default_value_t = 20_000)]
    requests: u64,
}

/// Messages that wait for one shard, as in the daemon.
const QUEUE_MESSAGES: usize = 1_024;
/// Requests of half a kilobyte a span and 500 spans that fit the bytes in flight.
const INFLIGHT_REQUESTS: u64 = 1_000;
/// Traces are this long on average, in spans; their lengths differ by a thousand times.
const TRACE_SPANS: u64 = 17;
/// Requests in a thousand that may be refused at a rate that counts as taken.
const REFUSED_PER_MILLE: u64 = 1;
/// Steps of the search for the rate.
const STEPS: u32 = 14;

fn main() {
    let arguments = Arguments::parse();
    println!(
        "{:>6} {:>7} {:>8} {:>5} {:>12} {:>13} {:>9} {:>10} {:>13}",
        "cores", "workers", "shards", "hot", "spans/s", "spans/s/core", "workers", "busiest", "p99 wait ms"
    );
    for &cores in &arguments.cores {
        let share = |percent: &u64| (cores * percent / 100).clamp(1, arguments.shards_max);
        let mut shards: Vec<u64> = arguments.shards_percent.iter().map(share).collect();
        shards.dedup();
        for shards in shards {
            for &hot in &arguments.hot_percent {
                let machine = Machine {
                    workers: (cores - shards.min(cores - 1)).max(1) as usize,
                    shards: shards as usize,
                    hot_percent: hot,
                };
                row(&arguments, cores, &machine);
            }
        }
    }
}

/// Threads that have a core each.
struct Machine {
    workers: usize,
    shards: usize,
    hot_percent: u64,
}

/// What happened at one rate.
struct Outcome {
    /// Of the second half of the requests: the first fills the queues.
    refused: u64,
    /// Busy time in the run's, in per cent: of all workers, of the busiest shard.
    workers: u64,
    busiest: u64,
    /// Nanoseconds that 99 of 100 messages waited at most.
    wait: u64,
}

fn row(arguments: &Arguments, cores: u64, machine: &Machine) {
    // More than this the workers alone would not take.
    let per_request = arguments.request_ns + arguments.spans * arguments.worker_ns;
    let (mut taken, mut too_much) = (0, 2_000_000_000 * machine.workers as u64 / per_request.max(1));
    for _ in 0..STEPS {
        let rate = u64::midpoint(taken, too_much);
        match run(arguments, machine, rate.max(1)).refused * 2_000 <= arguments.requests * REFUSED_PER_MILLE {
            true => taken = rate,
            false => too_much = rate,
        }
    }
    let at = run(arguments, machine, taken.max(1));
    let spans = taken * arguments.spans;
    println!(
        "{cores:>6} {:>7} {:>8} {:>4}% {spans:>12} {:>13} {:>8}% {:>9}% {:>13}.{}",
        machine.workers,
        machine.shards,
        machine.hot_percent,
        spans / cores,
        at.workers,
        at.busiest,
        at.wait / 1_000_000,
        at.wait / 100_000 % 10
    );
}

/// Plays `rate` requests a second.
fn run(arguments: &Arguments, machine: &Machine, rate: u64) -> Outcome {
    let apart = 1_000_000_000 / rate;
    let mut workers = vec![0; machine.workers];
    let mut shards = vec![Shard::default(); machine.shards];
    let (mut now, mut refused, mut worked, mut end) = (0, 0, 0, 1);
    let mut waits = Vec::new();
    let mut parts = vec![0; machine.shards];
    for request in 0..arguments.requests {
        let place = Place::new(request);
        // Between nothing and twice the mean.
        now += place.at(1).within(0, 2 * apart);
        let cost = arguments.request_ns + arguments.spans * arguments.worker_ns;
        let worker = workers.iter_mut().min().expect("there is a worker");
        let queued = now.max(*worker).saturating_sub(now);
        // Bytes in flight are bounded: whoever finds so many requests before it is refused at the door.
        if queued * machine.workers as u64 > INFLIGHT_REQUESTS * cost {
            refused += u64::from(request * 2 >= arguments.requests);
            continue;
        }
        let done = now.max(*worker) + cost;
        *worker = done;
        worked += cost;
        spread(arguments, machine, place, &mut parts);
        let takers = parts.iter().zip(&mut shards).filter(|(spans, _)| **spans > 0);
        let mut takers: Vec<(u64, &mut Shard)> = takers.map(|(spans, shard)| (*spans, shard)).collect();
        if takers.iter_mut().any(|(_, shard)| shard.is_full(done)) {
            refused += u64::from(request * 2 >= arguments.requests);
            continue;
        }
        for (spans, shard) in takers {
            let (wait, over) = shard.take(done, arguments.message_ns + spans * arguments.shard_ns);
            waits.push(wait);
            end = end.max(over);
        }
    }
    waits.sort_unstable();
    let busiest = shards.iter().map(|shard| shard.worked).max().unwrap_or(0);
    Outcome {
        refused,
        workers: worked * 100 / (end * machine.workers as u64),
        busiest: busiest * 100 / end,
        wait: waits.get(waits.len() * 99 / 100).copied().unwrap_or(0),
    }
}

/// How many spans of a request each shard gets.
fn spread(arguments: &Arguments, machine: &Machine, place: Place, parts: &mut [u64]) {
    parts.fill(0);
    let hot = arguments.spans * machine.hot_percent / 100;
    parts[0] += hot;
    let (mut left, mut trace) = (arguments.spans - hot, 2);
    while left > 0 {
        trace += 1;
        let of = place.at(trace);
        // One in two hundred is of a trace far longer than a request.
        let spans = match of.at(1).chance(5_000) {
            true => left,
            false => of.at(2).within(1, 2 * TRACE_SPANS - 1).min(left),
        };
        parts[of.at(3).within(0, machine.shards as u64 - 1) as usize] += spans;
        left -= spans;
    }
}

/// One server with its queue.
#[derive(Clone, Default)]
struct Shard {
    /// When each message that waits or is worked on will be done.
    ends: std::collections::VecDeque<u64>,
    worked: u64,
}

impl Shard {
    fn is_full(&mut self, now: u64) -> bool {
        while self.ends.front().is_some_and(|end| *end <= now) {
            self.ends.pop_front();
        }
        self.ends.len() >= QUEUE_MESSAGES
    }

    /// How long the message waits, and when it is done.
    fn take(&mut self, now: u64, cost: u64) -> (u64, u64) {
        let start = self.ends.back().map_or(now, |last| (*last).max(now));
        self.ends.push_back(start + cost);
        self.worked += cost;
        (start - now, start + cost)
    }
}
