//! Configuration: every key is a flag, an environment variable `HOTSPAN_…` and a TOML key; one table lists them.

mod keys;
mod layers;
mod memory;
mod print;
mod secrets;
mod tenants;
mod tuning;
mod value;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hotspan_api::{Compat, Exposed, LinkTemplate};
use hotspan_ingest::{Cors, Origins};
use hotspan_model::{Millionths, Nanos, Pattern, Tuning};
use http::HeaderName;

use crate::alerts::{self, Allowed};

pub use keys::{KEYS, Key};
pub(crate) use layers::MEMORY_MIN;
pub use layers::{ConfigError, ConfigErrors, Layers, Origin};
pub use memory::MemoryParts;
pub(crate) use memory::part;
pub use tenants::TenantLimits;
pub use value::{Ack, Secret, SecretKey, SpanStyles, bytes, duration, hex_key};

/// What the daemon runs with: every value checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where OTLP/gRPC is received.
    pub otlp_grpc: SocketAddr,
    /// Where OTLP/HTTP is received.
    pub otlp_http: SocketAddr,
    /// Where everything that reads is answered.
    pub listen: SocketAddr,
    /// Addresses beyond loopback are accepted without TLS and credentials.
    pub allow_insecure: bool,
    /// Certificate chain of all ports.
    pub tls_cert: Option<PathBuf>,
    /// Its private key.
    pub tls_key: Option<PathBuf>,
    /// Authorities of client certificates.
    pub tls_client_ca: Option<PathBuf>,
    /// Hashes of tokens and names of certificates, with their scopes.
    pub tokens_file: Option<PathBuf>,
    /// `/metrics` needs no credential.
    pub metrics_open: bool,
    /// Tenants that have room here, beside those that `tokens_file` names; and what each may take.
    pub tenants: BTreeMap<String, TenantLimits>,
    /// The share of what belongs to no tenant, beside theirs.
    pub no_tenant_share: u32,
    /// What belongs to no tenant by its credential may name one in `X-Scope-OrgID`.
    pub trust_header: bool,
    /// Sites whose pages may send from a browser.
    pub cors_origins: Origins,
    /// Headers that their pages may set.
    pub cors_headers: Vec<HeaderName>,
    /// How long browsers remember that they may.
    pub cors_max_age: Duration,
    /// Where people and agents reach the API from elsewhere; links begin with the first.
    pub public_url: Vec<String>,
    /// Where people look beside the page.
    pub links: Vec<LinkTemplate>,
    /// Memory to live in, in bytes; 0 reads the container's limit or half of the machine.
    pub memory: u64,
    /// Owner threads; 0 takes half of the cores, at least one.
    pub shards: usize,
    /// Where hotspots and notes are kept; in memory alone when absent.
    pub data_dir: Option<PathBuf>,
    /// Nothing is kept, whatever `data_dir` says.
    pub in_memory: bool,
    /// What OK means to a sender.
    pub ack: Ack,
    /// Most bytes of the log.
    pub wal_bytes_max: u64,
    /// How often requests are written to the log.
    pub wal_group: Duration,
    /// A damaged log is used without what cannot be read.
    pub skip_corrupt: bool,
    /// How often what changed is stored.
    pub store_interval: Duration,
    /// How long what nothing touches is stored.
    pub store_age: Duration,
    /// Most bytes of the store.
    pub store_bytes_max: u64,
    /// Most bytes of the traces in it.
    pub store_exemplars_max: u64,
    /// Written as JSON when the listeners are up.
    pub ready_file: Option<PathBuf>,
    /// Feeds itself a demo shop.
    pub demo: bool,
    /// Keys the hashes of literal values; drawn for the process when absent.
    pub parameter_key: Option<SecretKey>,
    /// Metrics and logs are refused instead of discarded.
    pub refuse_other_signals: bool,
    /// Longest request, before and after decompression, in bytes.
    pub message_bytes_max: u64,
    /// Filter of the daemon's own log.
    pub log: String,
    /// The log is JSON lines.
    pub log_json: bool,
    /// How often readers get a new snapshot.
    pub snapshot_interval: Duration,
    /// How long requests are still taken at shutdown after `/readyz` and the health service said no.
    pub shutdown_delay: Duration,
    /// How long requests in flight may take to finish at shutdown.
    pub drain: Duration,
    /// A complete trace is decided when quiet for so long.
    pub complete_quiet: Duration,
    /// A trace with a root is decided when quiet for so long.
    pub root_quiet: Duration,
    /// A trace without a root is decided when quiet for so long.
    pub rootless_quiet: Duration,
    /// Any trace is decided at this age.
    pub age: Duration,
    /// `/metrics` has the service graph.
    pub metrics_service_graph: bool,
    /// `/metrics` has spans in these styles.
    pub metrics_span_metrics: SpanStyles,
    /// Most series that traces add to `/metrics`.
    pub metrics_series_max: usize,
    /// Surfaces for clients of other tools.
    pub compat: Compat,
    /// Alertmanager that hears of alerts.
    pub alertmanager_url: Option<String>,
    /// Webhook that hears of alerts.
    pub webhook_url: Secret,
    /// Signs what the webhook hears.
    pub webhook_secret: Secret,
    /// The same, from a file.
    pub webhook_secret_file: Secret,
    /// Services whose new and worsening hotspots ask for somebody.
    pub critical_services: Vec<Pattern>,
    /// Hotspots that show in so long after the first data are not new.
    pub alerts_learn: Duration,
    /// Authorities that alerts trust beside those of the system.
    pub alerts_ca: Option<PathBuf>,
    /// Addresses of receivers that may be private.
    pub alerts_allow: Allowed,
    /// Where traces of this process itself are sent.
    pub traces_endpoint: Option<String>,
    /// Share of what is traced that becomes a span.
    pub traces_sample: Millionths,
    /// Thresholds and efforts that differ from their defaults.
    pub tuning: Tuning,
}

/// Most shards that are taken unasked.
const SHARDS_MOST: usize = 32;

impl Config {
    /// Reads all layers; reports every error at once.
    pub fn read(layers: &Layers) -> Result<Config, ConfigErrors> {
        layers.resolve()
    }

    /// How many owner threads there are.
    pub fn shard_count(&self) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        if self.shards > 0 {
            self.shards
        } else {
            (cores / 2).clamp(1, SHARDS_MOST)
        }
    }

    /// Where hotspots and notes are kept; `None` when they are not.
    pub fn kept_in(&self) -> Option<&Path> {
        self.data_dir.as_deref().filter(|_| !self.in_memory)
    }

    /// Where the API, bound to `listen`, is reached from elsewhere, best first: what is said, then that address if it
    /// is one.
    pub(crate) fn public_urls(&self, listen: SocketAddr) -> Vec<String> {
        let bound = !listen.ip().is_unspecified() && !listen.ip().is_loopback();
        let bound = bound.then(|| format!("{}://{listen}", self.scheme()));
        self.public_url.iter().cloned().chain(bound).collect()
    }

    /// How addresses of this daemon begin.
    pub fn scheme(&self) -> &'static str {
        match self.tls_cert {
            Some(_) => "https",
            None => "http",
        }
    }

    /// The files that decide who may come in.
    pub(crate) fn access(&self) -> hotspan_access::Settings {
        hotspan_access::Settings {
            certificate: self.tls_cert.clone(),
            key: self.tls_key.clone(),
            client_ca: self.tls_client_ca.clone(),
            tokens: self.tokens_file.clone(),
            tenants: self.tenants.keys().cloned().collect(),
            trust_header: self.trust_header,
        }
    }

    /// Whose pages may send.
    pub(crate) fn cors(&self) -> Cors {
        Cors {
            origins: self.cors_origins.clone(),
            headers: self.cors_headers.clone(),
            max_age: self.cors_max_age,
        }
    }

    /// Where the memory goes.
    pub fn memory_parts(&self) -> MemoryParts {
        MemoryParts::of(if self.memory > 0 {
            self.memory
        } else {
            memory::available()
        })
    }

    /// What `/metrics` has.
    pub fn exposed(&self) -> Exposed {
        Exposed {
            service_graph: self.metrics_service_graph,
            tempo_spans: self.metrics_span_metrics.tempo,
            collector_spans: self.metrics_span_metrics.collector,
            series_max: self.metrics_series_max,
        }
    }

    /// What traces have to be counted for.
    pub(crate) fn metered(&self) -> hotspan_analysis::Metered {
        let spans = &self.metrics_span_metrics;
        hotspan_analysis::Metered {
            spans: spans.tempo || spans.collector,
            links: self.metrics_service_graph,
        }
    }

    /// What alerts need; people reach the page at the first public address, or where it is bound.
    pub(crate) fn alerts(&self, page: SocketAddr) -> alerts::Settings {
        let learn = u64::try_from(self.alerts_learn.as_nanos()).unwrap_or(u64::MAX);
        let public = self.public_urls(page).into_iter().next();
        let page = public.unwrap_or_else(|| format!("{}://{page}", self.scheme()));
        alerts::Settings {
            tenant: None,
            alertmanager: self.alertmanager_url.clone(),
            webhook: self.webhook_url.clone(),
            secret: match self.webhook_secret_file.expose() {
                "" => self.webhook_secret.clone(),
                _ => self.webhook_secret_file.clone(),
            },
            critical: self.critical_services.clone(),
            learn: Nanos(learn),
            allowed: self.alerts_allow.clone(),
            ca: self.alerts_ca.clone(),
            page: page.trim_end_matches('/').to_owned(),
            links: self.links.clone(),
        }
    }

    fn unset() -> Config {
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        Config {
            otlp_grpc: nowhere,
            otlp_http: nowhere,
            listen: nowhere,
            allow_insecure: false,
            tls_cert: None,
            tls_key: None,
            tls_client_ca: None,
            tokens_file: None,
            metrics_open: false,
            tenants: BTreeMap::new(),
            no_tenant_share: 1,
            trust_header: false,
            cors_origins: Origins::default(),
            cors_headers: Vec::new(),
            cors_max_age: Duration::ZERO,
            public_url: Vec::new(),
            links: Vec::new(),
            memory: 0,
            shards: 0,
            data_dir: None,
            in_memory: false,
            ack: Ack::default(),
            wal_bytes_max: 0,
            wal_group: Duration::ZERO,
            skip_corrupt: false,
            store_interval: Duration::ZERO,
            store_age: Duration::ZERO,
            store_bytes_max: 0,
            store_exemplars_max: 0,
            ready_file: None,
            demo: false,
            parameter_key: None,
            refuse_other_signals: false,
            message_bytes_max: 0,
            log: String::new(),
            log_json: false,
            snapshot_interval: Duration::ZERO,
            shutdown_delay: Duration::ZERO,
            drain: Duration::ZERO,
            complete_quiet: Duration::ZERO,
            root_quiet: Duration::ZERO,
            rootless_quiet: Duration::ZERO,
            age: Duration::ZERO,
            metrics_service_graph: false,
            metrics_span_metrics: SpanStyles::default(),
            metrics_series_max: 0,
            compat: Compat::default(),
            alertmanager_url: None,
            webhook_url: Secret::default(),
            webhook_secret: Secret::default(),
            webhook_secret_file: Secret::default(),
            critical_services: Vec::new(),
            alerts_learn: Duration::ZERO,
            alerts_ca: None,
            alerts_allow: Allowed::default(),
            traces_endpoint: None,
            traces_sample: Millionths(0),
            tuning: Tuning::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_others_reach_is_a_public_one() {
        let mut config = Config::unset();
        let said = "https://spans.test".to_owned();
        config.public_url = vec![said.clone()];
        for (listen, urls) in [
            ("127.0.0.1:4319", vec![said.clone()]),
            ("0.0.0.0:4319", vec![said.clone()]),
            ("10.0.0.7:4319", vec![said, "http://10.0.0.7:4319".to_owned()]),
        ] {
            assert_eq!(config.public_urls(listen.parse().unwrap()), urls);
        }
    }
}
