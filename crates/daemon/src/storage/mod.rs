//! What outlives the process: opened and read before anything runs, written by one thread while it does.

mod evidence;
mod kept;
mod status;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use crossbeam_queue::ArrayQueue;
use hotspan_api::NotSaid;
use hotspan_hotspots::{Hotspots, Notes, Settings, Snapshot};
use hotspan_ingest::SharedDictionary;
use hotspan_model::TableSeed;
use hotspan_store::{DataDir, Known, LoadError, Loaded, Progress, Said, Store, StoreError, TraceReader};
use tokio::sync::oneshot;

use evidence::Evidence;
pub(crate) use kept::KeptTraces;
pub(crate) use status::StoreStatus;
pub(crate) use writer::{Pace, Writer};

/// Things said that wait for the writer; no more are said at once.
const SAVES_MAX: usize = 2 * crate::viewer::TOLD_MAX;

/// A person said something that is shown and not yet stored.
#[derive(Debug)]
pub(crate) struct Save {
    pub(crate) said: Said,
    pub(crate) answer: oneshot::Sender<Result<(), NotSaid>>,
}

/// What goes to the writer, beside snapshots.
#[derive(Debug)]
pub(crate) struct Storing {
    /// The newest notes.
    pub(crate) notes: arc_swap::ArcSwap<Notes>,
    /// What people wait for.
    pub(crate) saves: ArrayQueue<Save>,
    /// Traces that are read when they are asked for.
    pub(crate) traces: KeptTraces,
    pub(crate) status: StoreStatus,
}

impl Storing {
    pub(crate) fn new(notes: Notes, traces: KeptTraces, status: StoreStatus) -> Storing {
        Storing {
            notes: arc_swap::ArcSwap::from_pointee(notes),
            saves: ArrayQueue::new(SAVES_MAX),
            traces,
            status,
        }
    }

    /// What readers get.
    pub(crate) fn read(&self) -> hotspan_api::Storage {
        hotspan_api::Storage {
            exemplars_unreadable: self.traces.unreadable(),
            ..self.status.read()
        }
    }
}

/// An open store, before it is known what the shards need.
#[derive(Debug)]
pub(crate) struct Opened {
    store: Store,
    aside: Option<hotspan_store::Aside>,
    dir: PathBuf,
}

/// What earlier processes left: nothing, where everything is in memory.
#[derive(Debug, Default)]
pub(crate) struct Past {
    /// One for each shard, if there is a past.
    pub(crate) shards: Vec<Hotspots>,
    pub(crate) notes: Notes,
    /// What writes on, and what it need not write.
    pub(crate) store: Option<(Store, Stored)>,
    pub(crate) traces: KeptTraces,
    pub(crate) status: StoreStatus,
    /// How far a log was used; `None` where there was none, or its rows are gone.
    pub(crate) progress: Option<Progress>,
}

/// What the file holds already.
#[derive(Debug, Default)]
pub(crate) struct Stored {
    /// By shard; none where all rows must be written anew.
    pub(crate) shards: Vec<Arc<Snapshot>>,
    pub(crate) notes: Notes,
    evidence: Evidence,
}

impl Opened {
    /// Locks and opens the file of a directory.
    pub(crate) fn new(dir: &Path) -> Result<Opened, StoreError> {
        let (store, aside) = Store::open(DataDir::lock(dir)?, SystemTime::now())?;
        Ok(Opened {
            store,
            aside,
            dir: dir.to_owned(),
        })
    }

    /// The key of parameter hashes that belongs to what is stored.
    pub(crate) fn parameter_key(&self) -> Result<[u8; 16], StoreError> {
        self.store.dir().parameter_key(rand::random())
    }

    /// How far a log was used.
    pub(crate) fn progress(&self) -> Result<Option<Progress>, StoreError> {
        self.store.progress()
    }

    /// Reads everything. A file that turns out to be damaged is moved aside, and there is no past.
    pub(crate) fn load(
        self,
        settings: &Settings,
        seed: TableSeed,
        shards: usize,
        dictionary: &SharedDictionary,
    ) -> Result<Past, LoadError> {
        let start = Instant::now();
        let Opened {
            mut store,
            mut aside,
            dir,
        } = self;
        let ids = hotspan_pipeline::catalogue().into_iter().map(|meta| meta.id);
        let mut known = Known::new(ids);
        let mut read = |store: &Store| -> Result<(Loaded, Notes), LoadError> {
            let loaded = store.load(settings, seed, shards, &mut dictionary.handle(), &mut known)?;
            Ok((loaded, Notes::load(store.notes()?)))
        };
        let (mut loaded, notes) = match read(&store) {
            Err(error) if error.is_corrupt() => {
                let (fresh, moved) = store.start_over(error.to_string(), SystemTime::now())?;
                (store, aside) = (fresh, Some(moved));
                read(&store)?
            }
            other => other?,
        };
        if let Some(aside) = &aside {
            tracing::error!(
                moved_to = %aside.file.display(),
                why = %aside.why,
                "THE STORE WAS DAMAGED and was moved aside; hotspots and notes begin anew. Keep the file, or put a \
                 backup in its place and start again"
            );
        }
        if loaded.strangers > 0 || loaded.beyond > 0 {
            tracing::warn!(
                unknown = loaded.strangers,
                no_room = loaded.beyond,
                "some stored rows are left out: unknown ones are of another version, for the rest there is too little \
                 memory"
            );
        }
        tracing::info!(
            dir = %dir.display(),
            rows = loaded.rows,
            millis = start.elapsed().as_millis() as u64,
            "the store is read"
        );
        let held = match loaded.as_stored {
            true => loaded.shards.iter_mut().map(Hotspots::snapshot).collect(),
            false => Vec::new(),
        };
        let stored = Stored {
            shards: held,
            notes: notes.clone(),
            evidence: Evidence::load(&store)?,
        };
        let traces = KeptTraces::new(TraceReader::new(store.dir(), seed), known);
        let status = StoreStatus::of(&store, loaded.rows, aside.as_ref());
        status.holds_exemplars(stored.evidence.size());
        Ok(Past {
            progress: store.progress()?,
            shards: loaded.shards,
            notes,
            store: Some((store, stored)),
            traces,
            status,
        })
    }
}
