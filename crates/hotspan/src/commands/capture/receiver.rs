//! A receiver of this process alone, which writes every request that it takes to a file.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread::JoinHandle as Thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use hotspan_ingest::{
    Caps, Core, Message, Outbox, Refusal, Settings, SharedDictionary, Signal, Transport, queue, serve_both,
};
use hotspan_model::{ParamKey, TableSeed};
use hotspan_otlp::Limits;
use tokio::net::TcpListener;
use tokio::task::JoinHandle as Task;
use tokio::time::sleep;

use super::recorder::{Recorded, Recording};

/// Requests that wait to be written.
const QUEUE_MESSAGES: usize = 1_024;
/// How long connections may take to end.
const GRACE: Duration = Duration::from_secs(2);
/// How often it is looked whether something came.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Longest wait for senders that never rest.
const IDLE_MAX: Duration = Duration::from_secs(60);

/// A running receiver.
pub(super) struct Receiver {
    core: Arc<Core>,
    address: SocketAddr,
    server: Task<()>,
    outbox: Outbox<Message>,
    writer: Thread<std::io::Result<Recorded>>,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Received {
    /// What is in the file, and what is not.
    pub(super) recorded: Recorded,
    /// What was refused, each in a sentence.
    pub(super) refused: Vec<String>,
    /// Signals that came and are not used.
    pub(super) other_signals: Vec<&'static str>,
}

impl Received {
    /// Whether no span came at all.
    pub(super) fn is_silent(&self) -> bool {
        let Recorded {
            requests,
            beyond,
            unwritable,
            ..
        } = self.recorded;
        requests + beyond + unwritable == 0 && self.refused.is_empty()
    }
}

impl Receiver {
    /// Listens on a free port of loopback and records to `path`, at most so many bytes.
    pub(super) async fn start(path: &Path, bytes_max: u64) -> Result<Receiver> {
        let settings = Settings {
            grace: GRACE,
            ..Settings::default()
        };
        let seed = TableSeed::default();
        let (outbox, inbox) = queue(QUEUE_MESSAGES);
        let core = Core::new(
            settings,
            Limits::default(),
            ParamKey::BUILT_IN,
            seed,
            SharedDictionary::new(Caps::default(), seed),
            vec![outbox.clone()],
        );
        let recording = Recording::create(path, bytes_max, core.raw_reader())
            .with_context(|| format!("{}: cannot be written", path.display()))?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .context("no port of 127.0.0.1 is free")?;
        let address = listener.local_addr()?;
        let writer = std::thread::Builder::new()
            .name("recording".to_owned())
            .spawn(move || recording.run(&inbox))?;
        Ok(Receiver {
            server: tokio::spawn(serve_both(listener, Arc::clone(&core))),
            core,
            address,
            outbox,
            writer,
        })
    }

    /// Where spans are sent.
    pub(super) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits until nothing came for `idle`.
    pub(super) async fn idle(&self, idle: Duration) {
        let begun = Instant::now();
        let (mut last, mut quiet) = (self.came(), begun);
        while quiet.elapsed() < idle && begun.elapsed() < IDLE_MAX.max(idle) {
            sleep(LOOK_EVERY).await;
            let now = self.came();
            if now != last {
                (last, quiet) = (now, Instant::now());
            }
        }
    }

    /// Requests so far, and bytes of one that is coming.
    fn came(&self) -> (u64, u64) {
        let counters = self.core.counters();
        let requests = counters.requests.iter().map(|of| of.load(Relaxed)).sum();
        (requests, self.core.budget().used())
    }

    /// Takes nothing more, and writes what was taken to the end.
    pub(super) async fn stop(self) -> Result<Received> {
        self.core.drain();
        self.server.await.context("the receiver broke")?;
        self.outbox.close();
        let writer = self.writer;
        let ended = tokio::task::spawn_blocking(move || writer.join()).await?;
        let recorded = ended
            .map_err(|_| anyhow!("the recording broke"))?
            .context("the recording cannot be written")?;
        let counters = self.core.counters();
        let signals = [Signal::Logs, Signal::Metrics, Signal::Profiles].into_iter();
        Ok(Received {
            recorded,
            refused: refused(&self.core),
            other_signals: signals
                .filter(|&signal| counters.other_signal_bytes[signal as usize].load(Relaxed) > 0)
                .map(Signal::name)
                .collect(),
        })
    }
}

/// Requests that were turned away for good; senders come again with those that found no room.
fn refused(core: &Core) -> Vec<String> {
    let comes_again = Refusal::Overloaded(Duration::ZERO).name();
    let mut sentences = Vec::new();
    for transport in Transport::ALL {
        let counts = core.counters().requests_refused[transport as usize].iter();
        for (count, reason) in counts.zip(Refusal::NAMES) {
            let count = count.load(Relaxed);
            if count > 0 && reason != comes_again {
                let by = transport.name();
                sentences.push(format!("{count} requests by {by} were refused: {reason}"));
            }
        }
    }
    sentences
}
