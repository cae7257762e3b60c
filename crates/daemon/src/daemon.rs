//! Build, run, drain: the daemon as a list.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use hotspan_api::{Listener, View};
use hotspan_ingest::{
    Caps, Core, Inbox, Message, OtherSignals, Outbox, SharedDictionary, queue, serve_grpc, serve_http,
};
use hotspan_model::{Counts, LogTime, Nanos, ParamKey, TableSeed};
use hotspan_otlp::Limits;
use hotspan_pipeline::{Pipeline, Settings};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle as Task;

use crate::backend::Reader;
use crate::exemplars::Exemplars;
use crate::raw::RawRequests;
use crate::shard::{Published, Shard};
use crate::shared::Shared;
use crate::viewer::Viewer;
use crate::{Config, MemoryParts};

/// What a hotspot takes with a full reservoir, timeline and histograms.
const HOTSPOT_BYTES: u64 = 40 << 10;
/// However little memory there is, a shard remembers so many.
const HOTSPOTS_MIN: usize = 100;
/// What a fact takes with a full calendar.
const FACT_BYTES: u64 = 2 << 10;
/// However little memory there is, a shard remembers so many facts.
const FACTS_MIN: usize = 1_000;
/// Messages that wait for one shard.
const QUEUE_MESSAGES: usize = 1_024;

/// Where a running daemon is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// OTLP/gRPC.
    pub otlp_grpc: SocketAddr,
    /// OTLP/HTTP.
    pub otlp_http: SocketAddr,
    /// API, metrics, health.
    pub listen: SocketAddr,
}

/// Why a daemon does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address cannot be bound.
    #[error("{key} = {address}: {why}")]
    Bind {
        /// The key that names the address.
        key: &'static str,
        /// The address.
        address: SocketAddr,
        /// What is wrong and what to do.
        why: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The timers contradict each other.
    #[error("{0}")]
    Timers(#[from] hotspan_assembly::SettingsError),
    /// A thread cannot be started.
    #[error("a thread cannot be started")]
    Thread(#[source] std::io::Error),
}

/// A running daemon.
#[derive(Debug)]
pub struct Daemon {
    addresses: Addresses,
    shared: Arc<Shared>,
    receivers: Vec<Task<()>>,
    shards: Vec<JoinHandle<()>>,
    viewer: JoinHandle<()>,
    viewer_stop: Arc<AtomicBool>,
    api: Task<std::io::Result<()>>,
    api_stop: oneshot::Sender<()>,
}

struct Listeners {
    grpc: TcpListener,
    http: TcpListener,
    api: TcpListener,
    addresses: Addresses,
}

impl Daemon {
    /// Binds, builds and starts everything; on an error nothing runs.
    pub async fn start(config: &Config) -> Result<Daemon, StartError> {
        let parts = config.memory_parts();
        let settings = pipeline_settings(config, &parts);
        settings.assembly.check()?;
        let listeners = Listeners::bind(config).await?;
        let seed = TableSeed(rand::random());
        let (outboxes, inboxes): (Vec<_>, Vec<_>) = (0..config.shard_count())
            .map(|_| queue::<Message>(QUEUE_MESSAGES))
            .unzip();
        let shared = shared(config, &parts, settings, seed, outboxes, listeners.addresses);
        let shards = start_shards(config, &parts, seed, inboxes, &shared)?;
        let viewer_stop = Arc::new(AtomicBool::new(false));
        let (stop, interval) = (Arc::clone(&viewer_stop), config.snapshot_interval);
        let viewer = Viewer {
            shared: Arc::clone(&shared),
            interval,
            stop,
        };
        let viewer = spawn("answers", move || viewer.run())?;
        let (api_stop, stopped) = oneshot::channel();
        let stopped = async move { drop(stopped.await) };
        let reader = Arc::new(Reader(Arc::clone(&shared)));
        Ok(Daemon {
            addresses: listeners.addresses,
            receivers: vec![
                tokio::spawn(serve_grpc(listeners.grpc, Arc::clone(&shared.core))),
                tokio::spawn(serve_http(listeners.http, Arc::clone(&shared.core))),
            ],
            api: tokio::spawn(hotspan_api::serve(listeners.api, reader, stopped)),
            shared,
            shards,
            viewer,
            viewer_stop,
            api_stop,
        })
    }

    /// Where it is reached.
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// The newest answers.
    pub fn view(&self) -> Arc<View> {
        self.shared.view.load_full()
    }

    /// Drains and ends: requests in flight finish, open traces are decided, nothing that was accepted is lost.
    /// Gives the books at the end.
    pub async fn stop(self) -> Counts {
        self.shared.core.drain();
        for receiver in self.receivers {
            if let Err(error) = receiver.await {
                tracing::error!(%error, "a receiver panicked");
            }
        }
        for outbox in &self.shared.outboxes {
            outbox.close();
        }
        let (shards, viewer, stop) = (self.shards, self.viewer, self.viewer_stop);
        let ended = tokio::task::spawn_blocking(move || {
            let broken = shards.into_iter().filter_map(|shard| shard.join().err()).count();
            stop.store(true, Ordering::SeqCst);
            viewer.thread().unpark();
            broken + usize::from(viewer.join().is_err())
        });
        let broken = ended.await.unwrap_or(1);
        if broken > 0 {
            tracing::error!(broken, "owner threads panicked");
        }
        if self.api_stop.send(()).is_ok()
            && let Ok(Err(error)) = self.api.await
        {
            tracing::warn!(%error, "the API ended early");
        }
        self.shared.view.load().status.counts
    }
}

impl Listeners {
    async fn bind(config: &Config) -> Result<Listeners, StartError> {
        let grpc = bind("otlp_grpc", config.otlp_grpc).await?;
        let http = bind("otlp_http", config.otlp_http).await?;
        let api = bind("listen", config.listen).await?;
        let bound = |key, asked, listener: &TcpListener| {
            listener
                .local_addr()
                .map_err(|source| bind_error(key, asked, source))
        };
        let addresses = Addresses {
            otlp_grpc: bound("otlp_grpc", config.otlp_grpc, &grpc)?,
            otlp_http: bound("otlp_http", config.otlp_http, &http)?,
            listen: bound("listen", config.listen, &api)?,
        };
        Ok(Listeners {
            grpc,
            http,
            api,
            addresses,
        })
    }
}

impl Addresses {
    fn named(&self) -> Vec<Listener> {
        let named = [
            ("otlp_grpc", self.otlp_grpc),
            ("otlp_http", self.otlp_http),
            ("api", self.listen),
        ];
        named
            .map(|(name, address)| Listener {
                name,
                address: address.to_string(),
            })
            .into()
    }
}

async fn bind(key: &'static str, address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| bind_error(key, address, source))
}

fn bind_error(key: &'static str, address: SocketAddr, source: std::io::Error) -> StartError {
    let why = if source.kind() == std::io::ErrorKind::AddrInUse {
        let flag = key.replace('_', "-");
        format!(
            "the port is in use; stop what listens there, or choose another with --{flag} (port 0 picks one)"
        )
    } else {
        "the address cannot be bound".to_owned()
    };
    StartError::Bind {
        key,
        address,
        why,
        source,
    }
}

fn shared(
    config: &Config,
    parts: &MemoryParts,
    settings: Settings,
    seed: TableSeed,
    outboxes: Vec<Outbox<Message>>,
    addresses: Addresses,
) -> Arc<Shared> {
    let caps = Caps {
        bytes_max: parts.dictionary,
        ..Caps::default()
    };
    let dictionary = SharedDictionary::new(caps, seed);
    let ingest = ingest_settings(config, parts, addresses.listen);
    let key = ParamKey(config.parameter_key.unwrap_or_else(rand::random));
    Arc::new(Shared {
        core: Core::new(
            ingest,
            Limits::default(),
            key,
            seed,
            dictionary.clone(),
            outboxes.clone(),
        ),
        dictionary,
        published: outboxes.iter().map(|_| Published::new()).collect(),
        outboxes,
        exemplars: Exemplars::default(),
        view: ArcSwap::from_pointee(View::default()),
        settings,
        started: now(),
        listeners: addresses.named(),
        origin: Instant::now(),
        viewed: AtomicU64::new(0),
    })
}

fn start_shards(
    config: &Config,
    parts: &MemoryParts,
    seed: TableSeed,
    inboxes: Vec<Inbox<Message>>,
    shared: &Arc<Shared>,
) -> Result<Vec<JoinHandle<()>>, StartError> {
    let raw_bytes_max = parts.raw / inboxes.len() as u64;
    let start = |(n, (inbox, published)): (usize, (Inbox<Message>, &Arc<Published>))| {
        let shard = Shard {
            inbox,
            pipeline: Pipeline::new(shared.settings.clone(), seed),
            raw: RawRequests::new(raw_bytes_max),
            shared: Arc::clone(shared),
            published: Arc::clone(published),
            snapshot_interval: config.snapshot_interval,
        };
        spawn(&format!("shard-{n}"), move || shard.run())
    };
    inboxes
        .into_iter()
        .zip(&shared.published)
        .enumerate()
        .map(start)
        .collect()
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StartError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(run)
        .map_err(StartError::Thread)
}

fn pipeline_settings(config: &Config, parts: &MemoryParts) -> Settings {
    let nanos = |time: std::time::Duration| Nanos(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    Settings {
        assembly: hotspan_assembly::Settings {
            complete_quiet: nanos(config.complete_quiet),
            root_quiet: nanos(config.root_quiet),
            rootless_quiet: nanos(config.rootless_quiet),
            age: nanos(config.age),
            bytes_max: parts.assembly / config.shard_count() as u64,
            ..hotspan_assembly::Settings::default()
        },
        hotspots: hotspan_hotspots::Settings {
            hotspots_max: hotspots_max(parts.answers / config.shard_count() as u64),
            facts_max: facts_max(parts.answers / config.shard_count() as u64),
            ..hotspan_hotspots::Settings::default()
        },
        ..Settings::default()
    }
}

/// How many hotspots fit into so many bytes, an eighth of which is for facts.
fn hotspots_max(bytes: u64) -> usize {
    let most = hotspan_hotspots::Settings::default().hotspots_max;
    usize::try_from((bytes - bytes / 8) / HOTSPOT_BYTES).map_or(most, |fit| fit.clamp(HOTSPOTS_MIN, most))
}

/// How many facts fit into an eighth of so many bytes.
fn facts_max(bytes: u64) -> usize {
    let most = hotspan_hotspots::Settings::default().facts_max;
    usize::try_from(bytes / 8 / FACT_BYTES).map_or(most, |fit| fit.clamp(FACTS_MIN, most))
}

fn ingest_settings(config: &Config, parts: &MemoryParts, page: SocketAddr) -> hotspan_ingest::Settings {
    hotspan_ingest::Settings {
        message_bytes_max: config.message_bytes_max,
        inflight_bytes_max: parts.inflight,
        other_signals: match config.refuse_other_signals {
            true => OtherSignals::Refuse,
            false => OtherSignals::Discard,
        },
        grace: config.drain,
        keep_raw: true,
        page: format!("http://{page}/").into(),
        ..hotspan_ingest::Settings::default()
    }
}

fn now() -> LogTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    LogTime(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}
