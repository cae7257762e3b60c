//! Build, run, drain: the daemon as a list.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use crossbeam_queue::ArrayQueue;
use hotspan_access::Access;
use hotspan_api::{Gate, Listener, View};
use hotspan_hotspots::Hotspots;
use hotspan_ingest::{
    Caps, Core, Inbox, Message, OtherSignals, Outbox, SharedDictionary, WHOLE_SHARE, queue, serve_grpc,
    serve_http,
};
use hotspan_model::{Counts, LogTime, Nanos, ParamKey, TableSeed};
use hotspan_otlp::Limits;
use hotspan_pipeline::{Pipeline, Settings};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle as Task;

use crate::backend::Reader;
use crate::exemplars::Exemplars;
use crate::late_details::LateDetails;
use crate::raw::{RawLimits, RawRequests};
use crate::shard::{Published, Shard};
use crate::shared::Shared;
use crate::storage::{Opened, Pace, Past, Storing};
use crate::threads::{Threads, spawn};
use crate::viewer::TOLD_MAX;
use crate::watching::Watching;
use crate::{Config, MemoryParts, alerts};

/// What a hotspot takes with a full reservoir, timeline and histograms.
const HOTSPOT_BYTES: u64 = 40 << 10;
/// The same of an operation, an edge, a service and a pair of operations whose order is watched.
const OPERATION_BYTES: u64 = 2 << 10;
const EDGE_BYTES: u64 = 1 << 10;
const SERVICE_BYTES: u64 = 512;
const HAND_OFF_BYTES: u64 = 128;
/// What counters of one name take, with the copy that readers see.
const METERED_BYTES: u64 = 2 << 10;
/// What a fact takes with a full calendar, and a moment of it.
const FACT_BYTES: u64 = 2 << 10;
const MOMENT_BYTES: u64 = 32;
/// However little memory there is, a shard remembers so many of each.
const ROWS_MIN: usize = 100;
/// Memory for which a decoder's memos get one more entry: they grow to their usual size at 1 GiB.
const BYTES_PER_MEMO_ENTRY: u64 = 64 << 10;
/// How much longer than a trace may stay open its requests are kept, so that its exemplar is read from them.
const RAW_SPARE: Duration = Duration::from_secs(5);
/// Time after a trace was decided within which its exemplar is usually read.
const RAW_READ: Duration = Duration::from_secs(2);
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
    /// Certificates or tokens cannot be used.
    #[error("{0}")]
    Access(#[from] hotspan_access::AccessError),
    /// Nobody can be told of alerts.
    #[error("{0}")]
    Alerts(String),
    /// What is kept cannot be used.
    #[error(transparent)]
    Store(#[from] hotspan_store::StoreError),
    /// What is kept cannot be read.
    #[error(transparent)]
    Load(#[from] hotspan_store::LoadError),
    /// A thread cannot be started.
    #[error("a thread cannot be started; raise the limit of threads, or ask for fewer with --shards")]
    Thread(#[source] std::io::Error),
}

/// A running daemon.
#[derive(Debug)]
pub struct Daemon {
    addresses: Addresses,
    pub(crate) shared: Arc<Shared>,
    receivers: Vec<Task<()>>,
    threads: Threads,
    api: Task<std::io::Result<()>>,
    api_stop: oneshot::Sender<()>,
    alerts: alerts::Sender,
    pub(crate) shutdown_delay: Duration,
    watching: Option<Watching>,
}

struct Listeners {
    grpc: TcpListener,
    http: TcpListener,
    api: TcpListener,
    addresses: Addresses,
}

impl Daemon {
    /// Whether values that are right one by one fit together; starts nothing.
    pub fn check(config: &Config) -> Result<(), StartError> {
        let settings = pipeline_settings(config, &config.memory_parts());
        config.access().load()?;
        Ok(settings.assembly.check()?)
    }

    /// Binds, builds and starts everything; on an error nothing runs.
    pub async fn start(config: &Config) -> Result<Daemon, StartError> {
        let parts = config.memory_parts();
        let settings = pipeline_settings(config, &parts);
        settings.assembly.check()?;
        let (access, watcher) = config.access().load()?;
        let listeners = Listeners::bind(config).await?;
        parts.log();
        let seed = TableSeed(rand::random());
        let opened = config.kept_in().map(Opened::new).transpose()?;
        let key = match (config.parameter_key, &opened) {
            (Some(key), _) => key.expose(),
            (None, Some(opened)) => opened.parameter_key()?,
            (None, None) => rand::random(),
        };
        let (outboxes, inboxes): (Vec<_>, Vec<_>) = (0..config.shard_count())
            .map(|_| queue::<Message>(QUEUE_MESSAGES))
            .unzip();
        let addresses = listeners.addresses;
        let dictionary = dictionary(&parts, seed);
        let past = match opened {
            Some(opened) => opened.load(&settings.hotspots, seed, inboxes.len(), &dictionary)?,
            None => Past::default(),
        };
        let Past {
            shards: hotspots,
            notes,
            store,
            traces,
            status,
        } = past;
        let shared = shared(Basis {
            config,
            parts: &parts,
            settings,
            seed,
            key: ParamKey(key),
            dictionary,
            outboxes,
            addresses,
            access: &access,
            storing: Storing::new(notes, traces, status),
        });
        let shards = shards(config, &parts, seed, inboxes, hotspots, &shared);
        let store = store.map(|store| (store, pace(config)));
        let threads = Threads::start(&shared, shards, config.snapshot_interval, store, spawn)
            .map_err(StartError::Thread)?;
        let (api_stop, stopped) = oneshot::channel();
        let stopped = async move { drop(stopped.await) };
        let public_urls = config.public_urls(addresses.listen);
        let reader = Arc::new(Reader::new(Arc::clone(&shared), public_urls));
        let gate = Gate {
            access: Arc::clone(&access),
            metrics_are_open: config.metrics_open,
        };
        Ok(Daemon {
            addresses,
            receivers: vec![
                tokio::spawn(serve_grpc(listeners.grpc, Arc::clone(&shared.core))),
                tokio::spawn(serve_http(listeners.http, Arc::clone(&shared.core))),
            ],
            alerts: alerts::Sender::start(&shared).map_err(|why| StartError::Alerts(why.to_string()))?,
            watching: (access.has_tls() || access.is_guarded()).then(|| Watching::start(watcher)),
            api: tokio::spawn(hotspan_api::serve(listeners.api, reader, gate, stopped)),
            shared,
            threads,
            api_stop,
            shutdown_delay: config.shutdown_delay,
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

    /// Says that it is not ready, takes requests for `shutdown_delay` more, then drains and ends: requests in flight
    /// finish, open traces are decided, nothing that was accepted is lost. Gives the books at the end.
    pub async fn stop(self) -> Counts {
        drop((self.alerts, self.watching));
        self.shared.core.leave();
        tokio::time::sleep(self.shutdown_delay).await;
        self.shared.core.drain();
        for receiver in self.receivers {
            if let Err(error) = receiver.await {
                tracing::error!(%error, "a receiver panicked");
            }
        }
        let mut threads = self.threads;
        let ended = tokio::task::spawn_blocking(move || threads.end());
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

fn dictionary(parts: &MemoryParts, seed: TableSeed) -> SharedDictionary {
    let caps = Caps {
        bytes_max: parts.dictionary,
        ..Caps::default()
    };
    SharedDictionary::new(caps, seed)
}

/// What everything shared is made of.
struct Basis<'a> {
    config: &'a Config,
    parts: &'a MemoryParts,
    settings: Settings,
    seed: TableSeed,
    key: ParamKey,
    dictionary: SharedDictionary,
    outboxes: Vec<Outbox<Message>>,
    addresses: Addresses,
    access: &'a Arc<Access>,
    storing: Storing,
}

fn shared(basis: Basis<'_>) -> Arc<Shared> {
    let Basis {
        config,
        parts,
        settings,
        seed,
        key,
        dictionary,
        outboxes,
        addresses,
        access,
        storing,
    } = basis;
    let ingest = hotspan_ingest::Settings {
        access: Arc::clone(access),
        cors: config.cors(),
        ..ingest_settings(config, parts, addresses.listen)
    };
    Arc::new(Shared {
        core: Core::new(
            ingest,
            decoding(parts),
            key,
            seed,
            dictionary.clone(),
            outboxes.clone(),
        ),
        dictionary,
        published: outboxes.iter().map(|_| Published::new()).collect(),
        outboxes,
        exemplars: Exemplars::new(parts.exemplars),
        view: ArcSwap::from_pointee(View::default()),
        told: ArrayQueue::new(TOLD_MAX),
        storing,
        settings,
        parts: *parts,
        started: now(),
        listeners: addresses.named(),
        exposed: config.exposed(),
        compat: config.compat,
        alerts: ArcSwap::from_pointee(config.alerts(addresses.listen)),
        alert_counts: alerts::Counts::default(),
        access: Arc::clone(access),
        origin: Instant::now(),
        viewed: AtomicU64::new(0),
        level: AtomicUsize::new(0),
    })
}

fn shards(
    config: &Config,
    parts: &MemoryParts,
    seed: TableSeed,
    inboxes: Vec<Inbox<Message>>,
    hotspots: Vec<Hotspots>,
    shared: &Arc<Shared>,
) -> Vec<Shard> {
    // Exemplars are read a little after their traces are decided.
    let raw = RawLimits {
        bytes_max: parts.raw / inboxes.len() as u64,
        age_min: config.complete_quiet + RAW_READ,
        age_max: config.age + RAW_SPARE,
    };
    let mut hotspots = hotspots.into_iter();
    let shard = |(inbox, published): (Inbox<Message>, &Arc<Published>)| Shard {
        inbox,
        pipeline: match hotspots.next() {
            Some(hotspots) => Pipeline::resume(shared.settings.clone(), seed, hotspots),
            None => Pipeline::new(shared.settings.clone(), seed),
        }
        .timed(since_start),
        raw: RawRequests::new(raw),
        late: LateDetails::new(shared.core.raw_reader()),
        shared: Arc::clone(shared),
        published: Arc::clone(published),
        snapshot_interval: config.snapshot_interval,
        share: WHOLE_SHARE,
    };
    inboxes.into_iter().zip(&shared.published).map(shard).collect()
}

fn pace(config: &Config) -> Pace {
    Pace {
        interval: config.store_interval,
        limits: hotspan_store::Limits {
            age: nanos(config.store_age),
            bytes: config.store_bytes_max,
        },
        exemplars_max: config.store_exemplars_max,
    }
}

fn nanos(time: Duration) -> Nanos {
    Nanos(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}

fn pipeline_settings(config: &Config, parts: &MemoryParts) -> Settings {
    Settings {
        assembly: hotspan_assembly::Settings {
            complete_quiet: nanos(config.complete_quiet),
            root_quiet: nanos(config.root_quiet),
            rootless_quiet: nanos(config.rootless_quiet),
            age: nanos(config.age),
            ..hotspan_assembly::Settings::within(parts.assembly / config.shard_count() as u64)
        },
        analysis: hotspan_analysis::AnalyserSettings {
            metered: config.metered(),
            ..hotspan_analysis::AnalyserSettings::default()
        },
        hotspots: aggregates(parts.answers / config.shard_count() as u64),
        ..Settings::default()
    }
    .tuned(&config.tuning)
}

/// Each worker of the receivers has memos of its own, so that little memory must mean small ones.
fn decoding(parts: &MemoryParts) -> Limits {
    let usual = Limits::default();
    let fit = usize::try_from(parts.total / BYTES_PER_MEMO_ENTRY).unwrap_or(usize::MAX);
    Limits {
        memo_entries_max: fit.min(usual.memo_entries_max),
        ..usual
    }
}

/// Tables as large as `bytes` allow: half for hotspots, an eighth for operations and for facts each, the rest for what
/// lies between.
fn aggregates(bytes: u64) -> hotspan_hotspots::Settings {
    let usual = hotspan_hotspots::Settings::default();
    let fit = |share: u64, each: u64, most: usize| {
        let rows = usize::try_from(bytes / share / each).unwrap_or(usize::MAX);
        rows.clamp(ROWS_MIN, most)
    };
    hotspan_hotspots::Settings {
        hotspots_max: fit(2, HOTSPOT_BYTES, usual.hotspots_max),
        operations_of_all_max: fit(8, OPERATION_BYTES, usual.operations_of_all_max),
        facts_max: fit(16, FACT_BYTES, usual.facts_max),
        moments_max: fit(16, MOMENT_BYTES, usual.moments_max),
        edges_max: fit(8, EDGE_BYTES, usual.edges_max),
        services_max: fit(16, SERVICE_BYTES, usual.services_max),
        hand_offs_max: fit(16, HAND_OFF_BYTES, usual.hand_offs_max),
        metered_max: fit(16, METERED_BYTES, usual.metered_max),
        ..usual
    }
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
        page: format!("{}://{page}/", config.scheme()).into(),
        ..hotspan_ingest::Settings::default()
    }
}

/// A clock that only goes on, for what the pure crates do not measure themselves.
fn since_start() -> Nanos {
    static START: OnceLock<Instant> = OnceLock::new();
    let since = START.get_or_init(Instant::now).elapsed();
    Nanos(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

fn now() -> LogTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    LogTime(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use hotspan_hotspots::Notes;

    use super::*;
    use crate::storage::StoreStatus;
    use crate::{Layers, Origin};

    /// Starts the threads of a daemon of three shards where the thread of number `broken` cannot be started. Gives
    /// how many began and how many ended.
    fn start_with_broken(broken: usize) -> (usize, usize, bool) {
        let mut layers = Layers::default();
        layers.set(Origin::Flag, "shards", "3");
        let config = Config::read(&layers).unwrap();
        let (parts, seed) = (config.memory_parts(), TableSeed(7));
        let (outboxes, inboxes): (Vec<_>, Vec<_>) = (0..3).map(|_| queue(4)).unzip();
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let addresses = Addresses {
            otlp_grpc: nowhere,
            otlp_http: nowhere,
            listen: nowhere,
        };
        let settings = pipeline_settings(&config, &parts);
        let shared = shared(Basis {
            config: &config,
            parts: &parts,
            settings,
            seed,
            key: ParamKey([7; 16]),
            dictionary: dictionary(&parts, seed),
            outboxes,
            addresses,
            access: &Access::open(),
            storing: Storing::new(Notes::default(), Default::default(), StoreStatus::default()),
        });
        let shards = shards(&config, &parts, seed, inboxes, Vec::new(), &shared);
        let (begun, ended) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
        let started = Threads::start(&shared, shards, config.snapshot_interval, None, |name, run| {
            if begun.load(Ordering::SeqCst) == broken {
                return Err(std::io::ErrorKind::WouldBlock.into());
            }
            begun.fetch_add(1, Ordering::SeqCst);
            let ended = Arc::clone(&ended);
            spawn(
                name,
                Box::new(move || {
                    run();
                    ended.fetch_add(1, Ordering::SeqCst);
                }),
            )
        });
        let is_up = started.is_ok();
        drop(started);
        (begun.load(Ordering::SeqCst), ended.load(Ordering::SeqCst), is_up)
    }

    #[test]
    fn tables_fit_their_memory_and_do_not_grow_for_ever() {
        let small = aggregates(8 << 20);
        assert_eq!((small.hotspots_max, small.operations_of_all_max), (102, 512));
        assert_eq!(aggregates(0).edges_max, ROWS_MIN);
        assert_eq!(aggregates(u64::MAX), hotspan_hotspots::Settings::default());
    }

    #[test]
    fn threads_start_all_or_none() {
        for broken in 0..4 {
            assert_eq!(start_with_broken(broken), (broken, broken, false));
        }
        assert_eq!(start_with_broken(4), (4, 4, true));
    }
}
