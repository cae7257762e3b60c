//! The owner threads: a shard each, and one that makes views, and one that stores. They start all or none, and end with their owner.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use hotspan_store::Store;

use crate::shard::Shard;
use crate::shared::Shared;
use crate::storage::{Pace, Stored, Writer};
use crate::viewer::Viewer;
use crate::wal::Appender;

/// Makes the owner of the log, which is told by this when nothing takes its records any more.
pub(crate) type Appending = Box<dyn FnOnce(Arc<AtomicBool>) -> Appender>;

/// What a thread runs.
pub(crate) type Run = Box<dyn FnOnce() + Send>;

/// Running threads. Dropped, they are ended and waited for.
#[derive(Debug)]
pub(crate) struct Threads {
    shared: Arc<Shared>,
    shards: Vec<JoinHandle<()>>,
    viewer: Option<JoinHandle<()>>,
    viewer_stop: Arc<AtomicBool>,
    writer: Option<JoinHandle<()>>,
    writer_stop: Arc<AtomicBool>,
    appender: Option<JoinHandle<()>>,
    appender_stop: Arc<AtomicBool>,
}

impl Threads {
    /// Starts every thread with `spawn`; where one cannot be started, those before it are ended again.
    pub(crate) fn start(
        shared: &Arc<Shared>,
        shards: Vec<Shard>,
        snapshot_interval: Duration,
        store: Option<((Store, Stored), Pace)>,
        log: Option<Appending>,
        spawn: impl Fn(&str, Run) -> io::Result<JoinHandle<()>>,
    ) -> io::Result<Threads> {
        let mut threads = Threads {
            shared: Arc::clone(shared),
            shards: Vec::with_capacity(shards.len()),
            viewer: None,
            viewer_stop: Arc::default(),
            writer: None,
            writer_stop: Arc::default(),
            appender: None,
            appender_stop: Arc::default(),
        };
        if let Some((store, pace)) = store {
            let stop = Arc::clone(&threads.writer_stop);
            let writer = Writer::new(Arc::clone(shared), store, pace, stop);
            threads.writer = Some(spawn("store", Box::new(move || writer.run()))?);
        }
        for (n, shard) in shards.into_iter().enumerate() {
            let thread = spawn(&format!("shard-{n}"), Box::new(move || shard.run()))?;
            threads.shards.push(thread);
        }
        let viewer = Viewer {
            shared: Arc::clone(shared),
            interval: snapshot_interval,
            stop: Arc::clone(&threads.viewer_stop),
            writer: threads.writer.as_ref().map(|writer| writer.thread().clone()),
        };
        threads.viewer = Some(spawn("answers", Box::new(move || viewer.run()))?);
        if let Some(log) = log {
            let appender = log(Arc::clone(&threads.appender_stop));
            threads.appender = Some(spawn("log", Box::new(move || appender.run()))?);
        }
        Ok(threads)
    }

    /// Closes the queues and waits until what is in them is analysed, shown and stored. Gives the number of threads that
    /// panicked.
    pub(crate) fn end(&mut self) -> usize {
        if let Some(journal) = self.shared.core.journal() {
            journal.close();
        }
        let broken = end(self.appender.take(), &self.appender_stop);
        for outbox in &self.shared.outboxes {
            outbox.close();
        }
        let shards = self.shards.drain(..);
        let broken = broken + shards.filter_map(|shard| shard.join().err()).count();
        broken + end(self.viewer.take(), &self.viewer_stop) + end(self.writer.take(), &self.writer_stop)
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.end();
    }
}

/// Has a thread do its last round, and waits for it; gives the number of threads that panicked.
fn end(thread: Option<JoinHandle<()>>, stop: &AtomicBool) -> usize {
    stop.store(true, Ordering::SeqCst);
    let Some(thread) = thread else {
        return 0;
    };
    thread.thread().unpark();
    usize::from(thread.join().is_err())
}

/// A thread of the system.
pub(crate) fn spawn(name: &str, run: Run) -> io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(run)
}
