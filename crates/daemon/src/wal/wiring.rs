//! From configuration to a log, its owner, and what they share.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use hotspan_ingest::{Journal, queue};
use hotspan_model::TableSeed;
use hotspan_pipeline::Settings;
use hotspan_store::Progress;

use super::{Appender, Begun, Carried, Cuts, DIRECTORY, Rhythm, Wal, WalStatus, begin, rules, start};
use crate::house::QUEUE_MESSAGES;
use crate::plan::Plan;
use crate::shared::Shared;
use crate::start_error::StartError;
use crate::storage::Opened;
use crate::threads::Appending;
use crate::{Ack, Config};

/// Whether there is a place for the log.
pub(crate) fn has_place(config: &Config) -> Result<(), StartError> {
    match config.ack == Ack::Wal && config.kept_in().is_none() {
        true => {
            let why = "ack = wal: there is no place for the log; name one with --data-dir, and leave out --in-memory";
            Err(StartError::Log(why.to_owned()))
        }
        false => Ok(()),
    }
}

/// With a log, traces are spread over the shards as before.
pub(crate) fn seed(config: &Config, opened: Option<&Opened>) -> Result<TableSeed, StartError> {
    let drawn = TableSeed(rand::random());
    match opened.filter(|_| config.ack == Ack::Wal) {
        Some(opened) => Ok(start::seed(opened.progress()?.as_ref(), drawn)),
        None => Ok(drawn),
    }
}

pub(crate) fn begin_log(
    config: &Config,
    plan: &Plan,
    progress: Option<&Progress>,
    seed: TableSeed,
    settings: &Settings,
) -> Result<Option<(Arc<Wal>, Begun)>, StartError> {
    let Some(dir) = plan.dir.as_deref() else {
        return Ok(None);
    };
    if config.ack != Ack::Wal {
        let left = dir.join(DIRECTORY);
        if left.exists() {
            tracing::warn!(log = %left.display(), "what an earlier process acknowledged may be in this log, which is not read; \
                start once with --ack wal, or remove it");
        }
        return Ok(None);
    }
    let rules = rules(settings);
    let log = hotspan_log::Settings {
        bytes_max: plan.wal_bytes_max,
        ..hotspan_log::Settings::default()
    };
    let begun = begin(dir, progress, (plan.shards, &rules), log, config.skip_corrupt)
        .map_err(|why| StartError::Log(why.to_string()))?;
    let wal = Wal {
        cuts: Cuts::new(plan.shards),
        status: WalStatus::default(),
        floor: AtomicU64::new(0),
        carried: Carried {
            seed,
            held: Vec::new(),
            rules,
        },
    };
    wal.status.found(begun.passed, begun.to_replay, begun.log.bytes());
    Ok(Some((Arc::new(wal), begun)))
}

/// Has requests wait for the log, whose owner is to be started.
pub(crate) fn appending(config: &Config, shared: &Arc<Shared>, (wal, begun): (Arc<Wal>, Begun)) -> Appending {
    let (outbox, inbox) = queue(QUEUE_MESSAGES);
    shared.core.keep_journal(Journal::new(outbox));
    let rhythm = Rhythm {
        group: config.wal_group,
        cut: config.store_interval,
    };
    let shared = Arc::clone(shared);
    Box::new(move |stop| Appender::new(begun, inbox, (shared, wal), rhythm, stop))
}
