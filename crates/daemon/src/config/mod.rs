//! Configuration: every key is a flag, an environment variable `HOTSPAN_…` and a TOML key; one table lists them.

mod keys;
mod layers;
mod memory;
mod tuning;
mod value;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use hotspan_model::Tuning;

pub use keys::{KEYS, Key};
pub use layers::{ConfigError, ConfigErrors, Layers, Origin};
pub use memory::MemoryParts;
pub use value::hex_key;

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
    /// Where people and agents reach the API from elsewhere; links begin with the first.
    pub public_url: Vec<String>,
    /// Memory to live in, in bytes; 0 reads the container's limit or half of the machine.
    pub memory: u64,
    /// Owner threads; 0 takes half of the cores, at least one.
    pub shards: usize,
    /// Written as JSON when the listeners are up.
    pub ready_file: Option<PathBuf>,
    /// Feeds itself a demo shop.
    pub demo: bool,
    /// Keys the hashes of literal values; drawn for the process when absent.
    pub parameter_key: Option<[u8; 16]>,
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

    /// Where the API, bound to `listen`, is reached from elsewhere, best first: what is said, then that address if it
    /// is one.
    pub(crate) fn public_urls(&self, listen: SocketAddr) -> Vec<String> {
        let bound = !listen.ip().is_unspecified() && !listen.ip().is_loopback();
        let bound = bound.then(|| format!("http://{listen}"));
        self.public_url.iter().cloned().chain(bound).collect()
    }

    /// Where the memory goes.
    pub fn memory_parts(&self) -> MemoryParts {
        MemoryParts::of(if self.memory > 0 {
            self.memory
        } else {
            memory::available()
        })
    }

    fn unset() -> Config {
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        Config {
            otlp_grpc: nowhere,
            otlp_http: nowhere,
            listen: nowhere,
            allow_insecure: false,
            public_url: Vec::new(),
            memory: 0,
            shards: 0,
            ready_file: None,
            demo: false,
            parameter_key: None,
            refuse_other_signals: false,
            message_bytes_max: 0,
            log: String::new(),
            log_json: false,
            snapshot_interval: Duration::ZERO,
            drain: Duration::ZERO,
            complete_quiet: Duration::ZERO,
            root_quiet: Duration::ZERO,
            rootless_quiet: Duration::ZERO,
            age: Duration::ZERO,
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
