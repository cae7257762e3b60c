//! Opening the log beside the store, before anything runs: whether they are of one time, and from where on to read.

use std::path::Path;
use std::time::Instant;

use hotspan_log::{Begin, Folder, Log, LogError, Passed, Settings};
use hotspan_model::{Offset, TableSeed};
use hotspan_pipeline::{Held, Seam};
use hotspan_store::Progress;

use super::{Carried, Takeover};

/// The log's directory in that of the data.
pub(crate) const DIRECTORY: &str = "log";

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotBegun {
    /// The directory cannot be made.
    #[error("{0}: {1}")]
    Directory(String, #[source] std::io::Error),
    /// What is there cannot be used.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// An open log whose records can all be read, and how to go on.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(crate) log: Log<Folder>,
    /// The first record to read.
    pub(crate) from: u64,
    /// Whether damage is passed over.
    pub(crate) skips: bool,
    /// How many records there are to read, and what is none.
    pub(crate) to_replay: u64,
    pub(crate) passed: Passed,
    /// One for each shard.
    pub(crate) takeovers: Vec<Takeover>,
}

/// Opens the log below `dir`, which goes on from `progress`, with so many shards under these rules.
pub(crate) fn begin(
    dir: &Path,
    progress: Option<&Progress>,
    (shards, rules): (usize, &[u8]),
    settings: Settings,
    skips: bool,
) -> Result<Begun, NotBegun> {
    let path = dir.join(DIRECTORY);
    let folder = Folder::new(&path).map_err(|why| NotBegun::Directory(path.display().to_string(), why))?;
    let needed = progress.map(|progress| progress.floor..progress.hi);
    let begin = Begin {
        needed: needed.clone(),
        generation: rand::random(),
        skips,
    };
    let opened = Log::open(folder, settings, begin)?;
    let (log, mut passed) = (opened.log, opened.passed);
    let from = needed.map_or(log.first(), |needed| needed.start);
    let (to_replay, lost) = check(&log, from, skips)?;
    passed.lost = passed.lost.max(lost);
    if passed.torn > 0 {
        tracing::warn!(
            bytes = passed.torn,
            "a write that nobody was told of was torn off the log"
        );
    }
    if passed.lost > 0 {
        tracing::error!(
            records = passed.lost,
            "ACKNOWLEDGED RECORDS cannot be read and are passed over"
        );
    }
    Ok(Begun {
        takeovers: takeovers(progress, shards, rules),
        log,
        from,
        skips,
        to_replay,
        passed,
    })
}

/// Reads all that will be read again, so that a damaged log is told before anybody is served.
fn check(log: &Log<Folder>, from: u64, skips: bool) -> Result<(u64, u64), LogError> {
    let (start, mut reader, mut records) = (Instant::now(), log.read(from, skips), 0);
    for record in reader.by_ref() {
        records += u64::from(from <= record?.at.offset.0);
    }
    let millis = start.elapsed().as_millis() as u64;
    tracing::info!(records, millis, "the log is read; its records are taken again");
    Ok((records, reader.passed().lost))
}

/// How each shard goes on. Where there were more or fewer, traces are in other shards than before: a seam.
fn takeovers(progress: Option<&Progress>, shards: usize, rules: &[u8]) -> Vec<Takeover> {
    let begin = Takeover {
        hi: Offset(0),
        held: Held::default(),
        seam: Seam::None,
    };
    let Some(progress) = progress else {
        return vec![begin; shards];
    };
    let carried = Carried::read(&progress.stubs, progress.rules.clone()).unwrap_or_default();
    let hi = Offset(progress.hi);
    if carried.held.len() == shards {
        let seam = match carried.rules == rules {
            true => Seam::None,
            false => Seam::Rules,
        };
        let go_on = |held| Takeover { hi, held, seam };
        return carried.held.into_iter().map(go_on).collect();
    }
    // Each gets all stubs: those of traces that are not its own are never asked for, and end.
    let stubs = carried.held.into_iter().flat_map(|held| held.stubs).collect();
    let held = Held {
        floor: Offset(progress.floor),
        stubs,
    };
    let seam = Seam::Rules;
    vec![Takeover { hi, held, seam }; shards]
}

/// What spreads traces over the shards: as before, or as it is drawn.
pub(crate) fn seed(progress: Option<&Progress>, drawn: TableSeed) -> TableSeed {
    let carried = progress.and_then(|progress| Carried::read(&progress.stubs, Vec::new()));
    carried.map_or(drawn, |carried| carried.seed)
}
