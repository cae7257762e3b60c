//! The tables: what each minute looked like, and what held.

use std::time::Instant;

use super::trend::Trend;
use super::{Look, Seen};
use crate::asking::Asked;
use crate::receiver::Usage;

/// This part of the time warms up and is not fitted: traces are remembered, tables fill.
const WARM_UP: u32 = 4;
/// Growth of resident memory that is none, as a share of it.
const MEMORY_SLACK: f64 = 0.02;
/// The same of files and threads, which come in whole ones.
const FILES_SLACK: f64 = 4.0;
const THREADS_SLACK: f64 = 2.0;
const MIB: f64 = (1 << 20) as f64;

/// Something that must hold, and what was seen of it.
pub(super) struct Check {
    name: &'static str,
    saw: String,
    pub(super) holds: bool,
}

impl Check {
    pub(super) fn name(&self) -> &'static str {
        self.name
    }
}

/// Prints a row for each minute.
pub(super) fn minutes(seen: &Seen) {
    println!("| minute | spans/s | resident MiB | files | threads | answers p50/p99 ms | no answer |");
    println!("|---|---|---|---|---|---|---|");
    let minute_of = |at: Instant| at.duration_since(seen.start).as_secs() / 60;
    for minute in 0..seen.minutes {
        let looks: Vec<_> = seen
            .looks
            .iter()
            .filter(|look| minute_of(look.at) == minute)
            .collect();
        let answers = seen
            .answers
            .iter()
            .filter(|answer| minute_of(answer.at) == minute);
        let asked: Asked = answers.copied().collect();
        let [Some(first), Some(last)] = [looks.first(), looks.last()] else {
            continue;
        };
        let spans = (last.received - first.received) as f64;
        let seconds = (last.at - first.at).as_secs_f64();
        let mean = |of: fn(&Usage) -> f64| {
            looks.iter().map(|look| of(&look.usage)).sum::<f64>() / looks.len() as f64
        };
        println!(
            "| {} | {:.0} | {:.1} | {:.0} | {:.0} | {asked} | {} |",
            minute + 1,
            spans / seconds.max(f64::MIN_POSITIVE),
            mean(resident),
            mean(files),
            mean(threads),
            asked.failed(),
        );
    }
}

fn resident(usage: &Usage) -> f64 {
    usage.resident_bytes as f64 / MIB
}

fn files(usage: &Usage) -> f64 {
    usage.files as f64
}

fn threads(usage: &Usage) -> f64 {
    usage.threads as f64
}

/// Everything that must hold.
pub(super) fn checks(seen: &Seen) -> Vec<Check> {
    let (sent, books) = (&seen.sent, &seen.books);
    // What was sent on a connection that ended may have been taken once, twice or not.
    let unknown = sent.cut * seen.spans_each as u64;
    let surplus = books.received.checked_sub(sent.spans);
    let asked: Asked = seen.answers.iter().copied().collect();
    let check = |name, holds, saw| Check { name, saw, holds };
    vec![
        check(
            "every span that was accepted was received",
            surplus.is_some_and(|surplus| surplus <= unknown),
            format!(
                "{} accepted at {} a second, {} received, {unknown} unknown",
                sent.spans, seen.rate, books.received
            ),
        ),
        check(
            "received = analysed + dropped",
            books.open == 0 && books.received == books.analysed + books.dropped,
            format!(
                "{} analysed, {} dropped, {} open",
                books.analysed, books.dropped, books.open
            ),
        ),
        check(
            "every refusal was heard and counted",
            books.refused == sent.retries - sent.cut,
            format!("{} counted, {} heard", books.refused, sent.retries - sent.cut),
        ),
        flat("resident memory is flat", seen, resident, "MiB", |mean| {
            MEMORY_SLACK * mean
        }),
        flat("open files are flat", seen, files, "files", |_| FILES_SLACK),
        flat("threads are flat", seen, threads, "threads", |_| THREADS_SLACK),
        check(
            "every question has an answer",
            asked.failed() == 0,
            format!("p50/p99 ms {asked}, {} failed", asked.failed()),
        ),
        check(
            "every reload was read, wrong ones refused",
            seen.reloads.are_in(&seen.log),
            format!("{} reloads", seen.reloads.count()),
        ),
        check(
            "what changed was stored",
            books.commits >= seen.minutes && books.failed_commits == 0,
            format!("{} commits, {} failed", books.commits, books.failed_commits),
        ),
        check(
            "nothing else is an error",
            seen.reloads.other_errors(&seen.log) == 0,
            format!(
                "{} errors in the log, {} stray connections",
                seen.reloads.other_errors(&seen.log),
                seen.strays
            ),
        ),
        check("it ends when asked", seen.ended_well, "exit code".to_owned()),
    ]
}

/// Whether something of the process grows after it is warm.
fn flat(
    name: &'static str,
    seen: &Seen,
    of: fn(&Usage) -> f64,
    unit: &str,
    slack: impl Fn(f64) -> f64,
) -> Check {
    let warm = seen.start + std::time::Duration::from_secs(seen.minutes * 60) / WARM_UP;
    let point = |look: &Look| {
        let at = look.at.duration_since(seen.start).as_secs_f64() / 60.0;
        (at, of(&look.usage))
    };
    let points: Vec<_> = seen
        .looks
        .iter()
        .filter(|look| look.at >= warm)
        .map(point)
        .collect();
    let trend = Trend::of(&points);
    let minutes = points
        .last()
        .zip(points.first())
        .map_or(0.0, |(last, first)| last.0 - first.0);
    Check {
        name,
        saw: format!(
            "{:.1} {unit}, {:+.3} a minute over {minutes:.0} minutes, ± {:.1}",
            trend.mean,
            trend.growth / minutes.max(f64::MIN_POSITIVE),
            trend.spread
        ),
        holds: trend.is_flat(slack(trend.mean)),
    }
}

/// Prints what held.
pub(super) fn list(checks: &[Check]) {
    println!("\n| | seen | |\n|---|---|---|");
    for check in checks {
        let outcome = if check.holds { "holds" } else { "BROKEN" };
        println!("| {} | {} | {outcome} |", check.name, check.saw);
    }
}
