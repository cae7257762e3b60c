//! Looks every second whether certificates or tokens changed.

use std::time::Duration;

use hotspan_access::Watcher;
use tokio::task::JoinHandle as Task;
use tokio::time::{MissedTickBehavior, interval};

/// How often files are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// The running task; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Watching(Task<()>);

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Watching {
    /// Starts looking.
    pub(crate) fn start(watcher: Watcher) -> Watching {
        Watching(tokio::spawn(look(watcher)))
    }
}

async fn look(mut watcher: Watcher) {
    let mut pace = interval(LOOK);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        pace.tick().await;
        // Files may lie on a slow or hanging mount.
        let looked = tokio::task::spawn_blocking(move || {
            watcher.look();
            watcher
        });
        watcher = match looked.await {
            Ok(watcher) => watcher,
            Err(error) => return tracing::error!(%error, "certificates and tokens are looked at no more"),
        };
    }
}
