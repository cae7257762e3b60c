//! Build, run, drain: the daemon as a list.

use std::net::SocketAddr;
use std::sync::Arc;

use hotspan_access::Tenants;
use hotspan_api::{Backend, Backends, Gate, Listener, View};
use hotspan_ingest::{Cores, serve_grpc, serve_http};
use hotspan_model::Counts;
use hotspan_telemetry::Exporting;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle as Task;

use crate::backend::Reader;
use crate::house::{House, Site};
use crate::own_traces::OwnTraces;
use crate::plan::{Plan, TENANTS};
use crate::shared::Shared;
use crate::start_error::StartError;
use crate::wal::has_place;
use crate::watching::Watching;
use crate::{Config, own_traces, sizing};

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

/// A running daemon.
#[derive(Debug)]
pub struct Daemon {
    addresses: Addresses,
    /// What belongs to no tenant, then the tenants by place.
    houses: Vec<House>,
    cores: Cores,
    tenants: Tenants,
    receivers: Vec<Task<()>>,
    api: Task<std::io::Result<()>>,
    api_stop: oneshot::Sender<()>,
    pub(crate) shutdown_delay: std::time::Duration,
    watching: Option<Watching>,
    own_traces: Option<Exporting>,
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
        // A program may choose a directory where none is named.
        if config.in_memory {
            has_place(config)?;
        }
        let (access, _) = config.access().load()?;
        own_traces::check(config)?;
        let plans = Plan::all(config, access.tenants())?;
        let check = |plan: &Plan| {
            sizing::pipeline(config, &plan.parts, plan.shards)
                .assembly
                .check()
        };
        Ok(plans.iter().try_for_each(check)?)
    }

    /// Binds, builds and starts everything; on an error nothing runs.
    pub async fn start(config: &Config) -> Result<Daemon, StartError> {
        has_place(config)?;
        let (access, watcher) = config.access().load()?;
        let plans = Plan::all(config, access.tenants())?;
        for plan in &plans {
            sizing::pipeline(config, &plan.parts, plan.shards)
                .assembly
                .check()?;
        }
        let listeners = Listeners::bind(config).await?;
        let own = OwnTraces::start(config, &listeners.addresses).await?;
        let addresses = listeners.addresses;
        let site = Site {
            config,
            access: &access,
            addresses,
            own: &own,
        };
        let houses: Vec<House> = plans
            .iter()
            .map(|plan| House::open(plan, &site))
            .collect::<Result<_, StartError>>()?;
        tell_of_strangers(config, access.tenants());
        let shared: Vec<Arc<Shared>> = houses.iter().map(|house| Arc::clone(&house.shared)).collect();
        let cores = cores(&shared);
        let (api_stop, stopped) = oneshot::channel();
        let stopped = async move { drop(stopped.await) };
        let backends = backends(&shared, &config.public_urls(addresses.listen));
        let gate = Gate {
            access: Arc::clone(&access),
            metrics_are_open: config.metrics_open,
            traces: own.traces,
        };
        Ok(Daemon {
            addresses,
            receivers: vec![
                tokio::spawn(serve_grpc(listeners.grpc, cores.clone())),
                tokio::spawn(serve_http(listeners.http, cores.clone())),
            ],
            watching: (access.has_tls() || access.is_guarded()).then(|| Watching::start(watcher)),
            api: tokio::spawn(hotspan_api::serve(listeners.api, backends, gate, stopped)),
            tenants: access.tenants().clone(),
            houses,
            cores,
            api_stop,
            shutdown_delay: config.shutdown_delay,
            own_traces: own.exporting,
        })
    }

    /// Where it is reached.
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// Whether requests are taken: what logs hold was read again.
    pub fn is_ready(&self) -> bool {
        let mut logs = self.shared().filter_map(|shared| shared.wal.as_ref());
        logs.all(|wal| wal.status.progress().0)
    }

    /// Whose spans and answers it keeps apart.
    pub fn tenants(&self) -> &Tenants {
        &self.tenants
    }

    /// The newest answers about what belongs to no tenant.
    pub fn view(&self) -> Arc<View> {
        self.houses[0].shared.view.load_full()
    }

    /// What is shared behind the ports, for each tenant.
    pub(crate) fn shared(&self) -> impl Iterator<Item = &Arc<Shared>> {
        self.houses.iter().map(|house| &house.shared)
    }

    /// Says that it is not ready, takes requests for `shutdown_delay` more, then drains and ends: requests in flight
    /// finish, open traces are decided, nothing that was accepted is lost. Gives the books at the end, of all tenants
    /// together.
    pub async fn stop(self) -> Counts {
        drop(self.watching);
        let (shared, mut threads): (Vec<_>, Vec<_>) = self.houses.into_iter().map(House::quiet).unzip();
        self.cores.leave();
        tokio::time::sleep(self.shutdown_delay).await;
        self.cores.drain();
        for receiver in self.receivers {
            if let Err(error) = receiver.await {
                tracing::error!(%error, "a receiver panicked");
            }
        }
        let ended =
            tokio::task::spawn_blocking(move || threads.iter_mut().map(|threads| threads.end()).sum());
        let broken: usize = ended.await.unwrap_or(1);
        if broken > 0 {
            tracing::error!(broken, "owner threads panicked");
        }
        if self.api_stop.send(()).is_ok()
            && let Ok(Err(error)) = self.api.await
        {
            tracing::warn!(%error, "the API ended early");
        }
        // It sends what waits, and blocks meanwhile.
        let own_traces = self.own_traces;
        if tokio::task::spawn_blocking(move || drop(own_traces))
            .await
            .is_err()
        {
            tracing::error!("the end of own traces panicked");
        }
        let mut counts = Counts::default();
        for shared in shared {
            counts.add(&shared.view.load().status.counts);
        }
        counts
    }
}

/// What receives, with the first house's at the door.
fn cores(shared: &[Arc<Shared>]) -> Cores {
    let core = |shared: &Arc<Shared>| Arc::clone(&shared.core);
    Cores::new(core(&shared[0]), shared[1..].iter().map(core))
}

/// What is read, with the first house's for whoever asks how the process is.
fn backends(shared: &[Arc<Shared>], public_urls: &[String]) -> Backends {
    let reader = |shared: &Arc<Shared>, beside: &[Arc<Shared>]| -> Arc<dyn Backend> {
        Arc::new(Reader::new(
            Arc::clone(shared),
            beside.to_vec(),
            public_urls.to_vec(),
        ))
    };
    let (own, tenants) = (&shared[0], &shared[1..]);
    Backends::new(
        reader(own, tenants),
        tenants.iter().map(|tenant| reader(tenant, &[])).collect(),
    )
}

/// Names what is kept of tenants that are no more: nobody else would notice.
fn tell_of_strangers(config: &Config, tenants: &Tenants) {
    let Some(dir) = config.kept_in().map(|dir| dir.join(TENANTS)) else {
        return;
    };
    // Where there is no such directory, nothing is kept.
    let entries = std::fs::read_dir(&dir).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let strangers: Vec<String> = names.filter(|name| tenants.find(name).is_none()).collect();
    if !strangers.is_empty() {
        tracing::warn!(dir = %dir.display(), ?strangers, "what is kept of tenants that are no more stays where it is");
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
    /// Every listener's.
    pub(crate) fn all(&self) -> [SocketAddr; 3] {
        [self.otlp_grpc, self.otlp_http, self.listen]
    }

    /// As readers hear of them.
    pub(crate) fn named(&self) -> Vec<Listener> {
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
