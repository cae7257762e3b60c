//! How long a daemon takes from an empty process to shards that hold a full store:
//! `cargo run --release -p hotspan-store --example start -- [HOTSPOTS] [DIR]`.
//!
//! Every hotspot has 400 traces over nine days: full trends, wide histograms, a full reservoir. Printed are the size,
//! the time of the first commit, of one with a tenth of the rows changed, and of opening, checking and reading.

#![expect(clippy::print_stdout, reason = "a program that reports")]

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use hotspan_hotspots::{Hotspots, Settings, Snapshot};
use hotspan_model::{
    Class, Dictionary, Facts, Finding, Fingerprint, Identity, LocalDictionary, LogTime, Millionths, Nanos,
    OpRef, Params, Report, Saving, SourceFacts, SpanId, Symbol, TableSeed, TemplateFacts, Terms, TraceId,
    Vocabulary,
};
use hotspan_store::{DataDir, Known, Store};

const DETECTOR: &str = "n-plus-one-query";
const TRACES: u64 = 400;
const NOW_S: u64 = 1_700_000_000;
const DAYS_S: u64 = 9 * 86_400;

/// One fault of one operation.
struct Fault {
    fingerprint: Fingerprint,
    at: OpRef,
    template: Symbol,
    source: Symbol,
}

fn fault(n: usize, dictionary: &mut LocalDictionary) -> Fault {
    let mut text = |text: &str| dictionary.admit(Vocabulary::Text, None, text, Facts::None);
    let service = text(&format!("service-{}", n % 50));
    let facts = SourceFacts {
        service,
        namespace: None,
        version: Some(text("1.4.0")),
        instance: None,
        host: None,
        environment: None,
        language: Some(text("python")),
        scope: Some(text("django")),
        front_end: false,
        unnamed: false,
    };
    let source = dictionary.admit(Vocabulary::Source, None, &format!("{n}"), Facts::Source(facts));
    let operation = format!("GET /api/resource-{n}/items");
    let operation = dictionary.admit(Vocabulary::Operation, Some(service), &operation, Facts::None);
    let statement =
        format!("SELECT a, b, c FROM orders_{n} o JOIN items i ON i.order_id = o.id WHERE o.id = ? LIMIT ?");
    let facts = TemplateFacts {
        reads: [format!("orders_{n}").into(), "items".into()].into(),
        summary: format!("SELECT orders_{n} items").into(),
        ..TemplateFacts::default()
    };
    Fault {
        fingerprint: Fingerprint(Identity::new("example").number(n as u128).finish()),
        at: OpRef { service, operation },
        template: dictionary.admit(
            Vocabulary::Template,
            Some(service),
            &statement,
            Facts::Template(facts),
        ),
        source,
    }
}

fn report(fault: &Fault, n: u64, nth: usize) -> Option<Report> {
    // Spread over four octaves, the same in every run.
    let draw = Identity::new("draw")
        .number(n.into())
        .number(nth as u128)
        .finish() as u64;
    let path = Nanos(5_000_000 + draw % 75_000_000);
    let trace = TraceId::new(u128::from(n) << 64 | (nth as u128 + 1))?;
    let anchor = SpanId::new(draw | 1)?;
    let finding = Finding {
        detector: DETECTOR,
        fingerprint: fault.fingerprint,
        service: fault.at.service,
        operation: fault.at.operation,
        anchor,
        anchor_at: (fault.at.service, fault.at.operation),
        class: Class::Db,
        template: Some(fault.template),
        callee: None,
        callee_service: None,
        templates: 0..0,
        members: 0..40,
        hand_offs: 0..0,
        calls: 5 + draw % 120,
        wall: path,
        path,
        segment: Nanos(path.0 * 2),
        saving: Saving {
            min: Nanos(path.0 / 4),
            likely: Nanos(path.0 / 2),
            max: path,
        },
        unit: Nanos(path.0 * 2),
        awaited: true,
        parallel: false,
        params: Params::Visible { distinct: 10 },
        terms: Terms::default(),
        code: None,
        rows_before: None,
        source: fault.source,
        dear: true,
        headless: false,
        same_team: false,
        deferrable: false,
        needs_many: false,
        kin: 0,
    };
    // Half of them in the last two hours, a minute each; half over all days.
    let age = match n.is_multiple_of(2) {
        true => (TRACES - n) * 18,
        false => DAYS_S * (TRACES - n) / TRACES,
    };
    Some(Report {
        trace: Some(trace),
        version: 1,
        weight: Millionths::ONE,
        at: LogTime((NOW_S - age) * 1_000_000_000),
        entry: Some(fault.at),
        duration: Nanos(path.0 * 2),
        spans: 60,
        members: (1..=40).filter_map(|member| SpanId::new(draw ^ member)).collect(),
        findings: vec![finding],
        ..Report::default()
    })
}

fn commit(
    store: &mut Store,
    now: &Snapshot,
    before: Option<&Snapshot>,
    dictionary: &LocalDictionary,
) -> Result<u64, Box<dyn Error>> {
    let mut commit = store.begin(1, LogTime(NOW_S * 1_000_000_000))?;
    let mut outcome = Ok(());
    now.changes(before, dictionary, |row| {
        if outcome.is_ok() {
            outcome = commit.row(0, &row);
        }
    });
    outcome?;
    Ok(commit.finish()?)
}

fn open(dir: &std::path::Path) -> Result<Store, Box<dyn Error>> {
    Ok(Store::open(DataDir::lock(dir)?, SystemTime::now())?.0)
}

fn fill(count: usize, dir: &std::path::Path) -> Result<(), Box<dyn Error>> {
    let settings = Settings {
        hotspots_max: count,
        ..Settings::default()
    };
    let mut dictionary = LocalDictionary::default();
    let faults: Vec<Fault> = (0..count).map(|n| fault(n, &mut dictionary)).collect();
    let mut shard = Hotspots::new(settings, TableSeed(1));
    for n in 0..TRACES {
        for (nth, fault) in faults.iter().enumerate() {
            let report = report(fault, n, nth).ok_or("no id is zero")?;
            shard.add(&report, &dictionary);
        }
    }
    let mut store = open(dir)?;
    let start = Instant::now();
    let first = shard.snapshot();
    let rows = commit(&mut store, &first, None, &dictionary)?;
    println!(
        "first commit of {rows} rows: {:?}, {} MB",
        start.elapsed(),
        store.bytes()? / 1_000_000
    );
    for (nth, fault) in faults.iter().enumerate().take(count / 10) {
        shard.add(&report(fault, TRACES, nth).ok_or("no id is zero")?, &dictionary);
    }
    let start = Instant::now();
    let second: Arc<Snapshot> = shard.snapshot();
    let rows = commit(&mut store, &second, Some(&first), &dictionary)?;
    println!("commit of {rows} changed rows: {:?}", start.elapsed());
    Ok(store.close()?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let count = arguments.next().map_or(Ok(10_000), |count| count.parse())?;
    let dir = arguments.next().map_or_else(
        || std::env::temp_dir().join(format!("hotspan-start-{}", std::process::id())),
        PathBuf::from,
    );
    fill(count, &dir)?;
    for round in 1..=3 {
        let start = Instant::now();
        let store = open(&dir)?;
        let opened = start.elapsed();
        let settings = Settings {
            hotspots_max: count,
            ..Settings::default()
        };
        let mut dictionary = LocalDictionary::default();
        let loaded = store.load(
            &settings,
            TableSeed(2),
            1,
            &mut dictionary,
            &mut Known::new([DETECTOR]),
        )?;
        println!(
            "start {round}: opened and checked in {opened:?}, {} rows read in {:?}, together {:?}",
            loaded.rows,
            start.elapsed() - opened,
            start.elapsed()
        );
    }
    std::fs::remove_dir_all(&dir)?;
    Ok(())
}
