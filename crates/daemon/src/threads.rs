//! The owner threads: a shard each, and one that makes views. They start all or none, and end with their owner.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::shard::Shard;
use crate::shared::Shared;
use crate::viewer::Viewer;

/// What a thread runs.
pub(crate) type Run = Box<dyn FnOnce() + Send>;

/// Running threads. Dropped, they are ended and waited for.
#[derive(Debug)]
pub(crate) struct Threads {
    shared: Arc<Shared>,
    shards: Vec<JoinHandle<()>>,
    viewer: Option<JoinHandle<()>>,
    viewer_stop: Arc<AtomicBool>,
}

impl Threads {
    /// Starts every thread with `spawn`; where one cannot be started, those before it are ended again.
    pub(crate) fn start(
        shared: &Arc<Shared>,
        shards: Vec<Shard>,
        snapshot_interval: Duration,
        spawn: impl Fn(&str, Run) -> io::Result<JoinHandle<()>>,
    ) -> io::Result<Threads> {
        let mut threads = Threads {
            shared: Arc::clone(shared),
            shards: Vec::with_capacity(shards.len()),
            viewer: None,
            viewer_stop: Arc::default(),
        };
        for (n, shard) in shards.into_iter().enumerate() {
            let thread = spawn(&format!("shard-{n}"), Box::new(move || shard.run()))?;
            threads.shards.push(thread);
        }
        let viewer = Viewer {
            shared: Arc::clone(shared),
            interval: snapshot_interval,
            stop: Arc::clone(&threads.viewer_stop),
        };
        threads.viewer = Some(spawn("answers", Box::new(move || viewer.run()))?);
        Ok(threads)
    }

    /// Closes the queues and waits until what is in them is analysed and shown. Gives the number of threads that
    /// panicked.
    pub(crate) fn end(&mut self) -> usize {
        for outbox in &self.shared.outboxes {
            outbox.close();
        }
        let shards = self.shards.drain(..);
        let broken = shards.filter_map(|shard| shard.join().err()).count();
        self.viewer_stop.store(true, Ordering::SeqCst);
        let Some(viewer) = self.viewer.take() else {
            return broken;
        };
        viewer.thread().unpark();
        broken + usize::from(viewer.join().is_err())
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.end();
    }
}

/// A thread of the system.
pub(crate) fn spawn(name: &str, run: Run) -> io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(run)
}
