//! Everything behind the ports for one tenant, or for whatever belongs to none: dictionary, shards, answers, store and
//! alerts. Nothing in it is shared with another, so nothing that one tenant sends can fill or show what is of another.

use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use crossbeam_queue::ArrayQueue;
use hotspan_access::Access;
use hotspan_api::View;
use hotspan_hotspots::Hotspots;
use hotspan_ingest::{Core, Inbox, Message, Outbox, SharedDictionary, WHOLE_SHARE, queue};
use hotspan_model::{LogTime, Nanos, ParamKey, TableSeed};
use hotspan_pipeline::{Pipeline, Settings};
use tracing::Span;

use crate::daemon::Addresses;
use crate::exemplars::Exemplars;
use crate::kept::Kept;
use crate::late_details::LateDetails;
use crate::logged::Logged;
use crate::own_traces::OwnTraces;
use crate::plan::Plan;
use crate::raw::{RawLimits, RawRequests};
use crate::shard::{Published, Shard};
use crate::shared::Shared;
use crate::start_error::StartError;
use crate::storage::{Opened, Past, Storing};
use crate::threads::{Run, Threads, spawn};
use crate::viewer::TOLD_MAX;
use crate::wal::{Takeover, Wal, appending, begin_log, seed};
use crate::{Config, alerts, sizing};

/// How much longer than a trace may stay open its requests are kept, so that its exemplar is read from them.
const RAW_SPARE: Duration = Duration::from_secs(5);
/// Time after a trace was decided within which its exemplar is usually read.
const RAW_READ: Duration = Duration::from_secs(2);
/// Messages that wait for one shard.
pub(crate) const QUEUE_MESSAGES: usize = 1_024;

/// What houses have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site<'a> {
    pub(crate) config: &'a Config,
    pub(crate) access: &'a Arc<Access>,
    pub(crate) addresses: Addresses,
    pub(crate) own: &'a OwnTraces,
}

/// A running one. Dropped, it is ended.
#[derive(Debug)]
pub(crate) struct House {
    pub(crate) shared: Arc<Shared>,
    threads: Threads,
    alerts: alerts::Sender,
}

impl House {
    /// Reads what is kept, and starts everything; on an error nothing of it runs.
    pub(crate) fn open(plan: &Plan, site: &Site<'_>) -> Result<House, StartError> {
        let span = match &plan.tenant {
            // In JSON a span has a key `name` of its own.
            Some(tenant) => tracing::error_span!("of", %tenant),
            None => Span::none(),
        };
        span.in_scope(|| open(plan, site))
    }

    /// No more alerts are sent.
    pub(crate) fn quiet(self) -> (Arc<Shared>, Threads) {
        drop(self.alerts);
        (self.shared, self.threads)
    }
}

fn open(plan: &Plan, site: &Site<'_>) -> Result<House, StartError> {
    plan.parts.log();
    let config = site.config;
    let settings = sizing::pipeline(config, &plan.parts, plan.shards);
    let opened = plan.dir.as_deref().map(Opened::new).transpose()?;
    let seed = seed(config, opened.as_ref())?;
    let key = parameter_key(config, opened.as_ref())?;
    let (outboxes, inboxes): (Vec<_>, Vec<_>) =
        (0..plan.shards).map(|_| queue::<Message>(QUEUE_MESSAGES)).unzip();
    let dictionary = sizing::dictionary(&plan.parts, seed);
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
        progress,
    } = past;
    let log = begin_log(config, plan, progress.as_ref(), seed, &settings)?;
    let shared = shared(
        plan,
        site,
        Basis {
            settings,
            seed,
            key,
            dictionary,
            outboxes,
            storing: Storing::new(notes, traces, status),
            wal: log.as_ref().map(|(wal, _)| Arc::clone(wal)),
        },
    );
    let takeovers = log.as_ref().map(|(_, begun)| begun.takeovers.clone());
    let shards = shards(config, plan, seed, inboxes, (hotspots, takeovers), &shared);
    let log = log.map(|log| appending(config, &shared, log));
    let store = store.map(|store| (store, sizing::pace(config, plan)));
    let threads = Threads::start(
        &shared,
        shards,
        config.snapshot_interval,
        store,
        log,
        |name, run| spawn_for(plan, name, run),
    )
    .map_err(StartError::Thread)?;
    Ok(House {
        alerts: alerts::Sender::start(&shared).map_err(|why| StartError::Alerts(why.to_string()))?,
        shared,
        threads,
    })
}

/// A thread whose name and lines in the log tell the tenant.
fn spawn_for(plan: &Plan, name: &str, run: Run) -> std::io::Result<std::thread::JoinHandle<()>> {
    let Some(tenant) = &plan.tenant else {
        return spawn(name, run);
    };
    let span = Span::current();
    spawn(&format!("{name}/{tenant}"), Box::new(move || span.in_scope(run)))
}

/// What everything shared is made of.
struct Basis {
    settings: Settings,
    seed: TableSeed,
    key: ParamKey,
    dictionary: SharedDictionary,
    outboxes: Vec<Outbox<Message>>,
    storing: Storing,
    wal: Option<Arc<Wal>>,
}

/// That of an installation: as it was told, or as it was drawn when the directory was new.
fn parameter_key(config: &Config, opened: Option<&Opened>) -> Result<ParamKey, StartError> {
    Ok(ParamKey(match (config.parameter_key, opened) {
        (Some(key), _) => key.expose(),
        (None, Some(opened)) => opened.parameter_key()?,
        (None, None) => rand::random(),
    }))
}

fn shared(plan: &Plan, site: &Site<'_>, basis: Basis) -> Arc<Shared> {
    let Basis {
        settings,
        seed,
        key,
        dictionary,
        outboxes,
        storing,
        wal,
    } = basis;
    let Site {
        config,
        access,
        addresses,
        own,
    } = *site;
    let ingest = hotspan_ingest::Settings {
        access: Arc::clone(access),
        own_instance: own.instance.clone(),
        traces: own.traces.clone(),
        ..sizing::ingest(config, plan, addresses.listen)
    };
    let alerts = alerts::Settings {
        tenant: plan.tenant.clone(),
        ..config.alerts(addresses.listen)
    };
    Arc::new(Shared {
        tenant: plan.tenant.clone(),
        core: Core::new(
            ingest,
            sizing::decoding(&plan.parts),
            key,
            seed,
            dictionary.clone(),
            outboxes.clone(),
        ),
        dictionary,
        published: outboxes.iter().map(|_| Published::new()).collect(),
        outboxes,
        exemplars: Exemplars::new(plan.parts.exemplars),
        view: ArcSwap::from_pointee(View::default()),
        told: ArrayQueue::new(TOLD_MAX),
        storing,
        wal,
        settings,
        parts: plan.parts,
        started: now(),
        listeners: addresses.named(),
        exposed: config.exposed(),
        compat: config.compat,
        alerts: ArcSwap::from_pointee(alerts),
        alert_counts: alerts::Counts::default(),
        access: Arc::clone(access),
        traces: own.traces.clone(),
        origin: Instant::now(),
        viewed: AtomicU64::new(0),
        level: AtomicUsize::new(0),
    })
}

fn shards(
    config: &Config,
    plan: &Plan,
    seed: TableSeed,
    inboxes: Vec<Inbox<Message>>,
    (hotspots, takeovers): (Vec<Hotspots>, Option<Vec<Takeover>>),
    shared: &Arc<Shared>,
) -> Vec<Shard> {
    // Exemplars are read a little after their traces are decided.
    let raw = RawLimits {
        bytes_max: plan.parts.raw / inboxes.len() as u64,
        age_min: config.complete_quiet + RAW_READ,
        age_max: config.age + RAW_SPARE,
    };
    let mut hotspots = hotspots.into_iter();
    let mut takeovers = takeovers.unwrap_or_default().into_iter();
    let shard = |(n, (inbox, published)): (usize, (Inbox<Message>, &Arc<Published>))| {
        let mut pipeline = match hotspots.next() {
            Some(hotspots) => Pipeline::resume(shared.settings.clone(), seed, hotspots),
            None => Pipeline::new(shared.settings.clone(), seed),
        }
        .timed(since_start);
        let log = shared.wal.as_ref().zip(takeovers.next());
        Shard {
            inbox,
            logged: log.map(|(wal, takeover)| Logged::new(Arc::clone(wal), n, takeover, &mut pipeline)),
            pipeline,
            raw: RawRequests::new(raw),
            kept: Kept::default(),
            late: LateDetails::new(shared.core.raw_reader()),
            shared: Arc::clone(shared),
            published: Arc::clone(published),
            snapshot_interval: config.snapshot_interval,
            share: WHOLE_SHARE,
        }
    };
    let ends = inboxes.into_iter().zip(&shared.published);
    ends.enumerate().map(shard).collect()
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
    use std::net::SocketAddr;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use hotspan_access::Tenants;
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
        let plan = Plan::all(&config, &Tenants::default()).unwrap().remove(0);
        let seed = TableSeed(7);
        let (outboxes, inboxes): (Vec<_>, Vec<_>) = (0..3).map(|_| queue(4)).unzip();
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let addresses = Addresses {
            otlp_grpc: nowhere,
            otlp_http: nowhere,
            listen: nowhere,
        };
        let access = Access::open();
        let site = Site {
            config: &config,
            access: &access,
            addresses,
            own: &OwnTraces::default(),
        };
        let shared = shared(
            &plan,
            &site,
            Basis {
                settings: sizing::pipeline(&config, &plan.parts, plan.shards),
                seed,
                key: ParamKey([7; 16]),
                dictionary: sizing::dictionary(&plan.parts, seed),
                outboxes,
                storing: Storing::new(Notes::default(), Default::default(), StoreStatus::default()),
                wal: None,
            },
        );
        let shards = shards(&config, &plan, seed, inboxes, (Vec::new(), None), &shared);
        let (begun, ended) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
        let started = Threads::start(
            &shared,
            shards,
            config.snapshot_interval,
            None,
            None,
            |name, run| {
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
            },
        );
        let is_up = started.is_ok();
        drop(started);
        (begun.load(Ordering::SeqCst), ended.load(Ordering::SeqCst), is_up)
    }

    #[test]
    fn threads_start_all_or_none() {
        for broken in 0..4 {
            assert_eq!(start_with_broken(broken), (broken, broken, false));
        }
        assert_eq!(start_with_broken(4), (4, 4, true));
    }
}
