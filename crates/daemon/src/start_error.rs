//! What keeps a daemon from starting, in words that name the key, the value and the fix.

use std::net::SocketAddr;

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
    /// There is too little for all tenants.
    #[error("{0}")]
    Tenants(String),
    /// Nobody can be told of alerts.
    #[error("{0}")]
    Alerts(String),
    /// Traces of this process cannot go where they should.
    #[error("traces_endpoint = {endpoint}: {why}")]
    Traces {
        /// Where they should go.
        endpoint: String,
        /// Why they cannot.
        why: String,
    },
    /// What is kept cannot be used.
    #[error(transparent)]
    Store(#[from] hotspan_store::StoreError),
    /// What is kept cannot be read.
    #[error(transparent)]
    Load(#[from] hotspan_store::LoadError),
    /// The log cannot be used.
    #[error("{0}")]
    Log(String),
    /// A thread cannot be started.
    #[error("a thread cannot be started; raise the limit of threads, or ask for fewer with --shards")]
    Thread(#[source] std::io::Error),
}
