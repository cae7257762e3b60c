//! What operators may tune about the receivers: every limit has a unit in its name or type.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use hotspan_access::Access;
use hotspan_model::Millionths;
use hotspan_telemetry::Traces;

use crate::Cors;

/// One mebibyte, in bytes.
pub const MIB: u64 = 1 << 20;

/// What is done with logs, metrics and profiles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OtherSignals {
    /// Read and forgotten, so that a shared exporter stays content.
    #[default]
    Discard,
    /// Answered as a method that does not exist.
    Refuse,
}

/// Limits of connections, messages and bytes in flight.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Largest message, before and after decompression, in bytes.
    pub message_bytes_max: u64,
    /// Most bytes of requests that are read, decoded or queued at once.
    pub inflight_bytes_max: u64,
    /// Largest part of `inflight_bytes_max` that one source address holds.
    pub peer_share: Millionths,
    /// Most inflated bytes per compressed byte, beyond the first MiB of output.
    pub inflate_ratio_max: u64,
    /// Largest zstd window, as a power of two of bytes.
    pub zstd_window_log_max: u32,
    /// Most connections of one listener at once.
    pub connections_max: usize,
    /// Most connections of one source address at once, on both listeners together.
    pub connections_per_peer_max: usize,
    /// Most streams of one HTTP/2 connection at once.
    pub streams_max: u32,
    /// Largest header list, in bytes.
    pub header_bytes_max: u32,
    /// Longest time from a connection's start to its first headers.
    pub header_time_max: Duration,
    /// Longest time from a request's headers to its hand-over.
    pub request_time_max: Duration,
    /// Age at which a slow body is ended while others are refused for want of memory.
    pub slow_body_age: Duration,
    /// Longest time a connection stays without a request.
    pub idle_max: Duration,
    /// Age at which a connection is asked to reconnect, so that load spreads; `None` for never.
    pub connection_age_max: Option<Duration>,
    /// How long running requests may take after their connection was asked to end.
    pub grace: Duration,
    /// Whose requests these are; `None` for what belongs to no tenant.
    pub tenant: Option<Arc<str>>,
    /// Most spans a second; `None` for as many as there is room for.
    pub spans_per_second_max: Option<NonZeroU32>,
    /// What is done with logs, metrics and profiles.
    pub other_signals: OtherSignals,
    /// Whether messages keep the bytes they were decoded from, for exemplars.
    pub keep_raw: bool,
    /// `service.instance.id` of this process, whose spans are dropped; `None` to analyse them.
    pub own_instance: Option<Box<str>>,
    /// Where this process tells of the requests that it answers.
    pub traces: Traces,
    /// Who may come in.
    pub access: Arc<Access>,
    /// Whose pages may send from a browser.
    pub cors: Cors,
    /// Where people find the page, for those who open the receiver's address in a browser.
    pub page: Box<str>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            message_bytes_max: 64 * MIB,
            inflight_bytes_max: 256 * MIB,
            peer_share: Millionths(500_000),
            inflate_ratio_max: 100,
            zstd_window_log_max: 23,
            connections_max: 1_024,
            connections_per_peer_max: 64,
            streams_max: 100,
            header_bytes_max: 16 << 10,
            header_time_max: Duration::from_secs(10),
            request_time_max: Duration::from_secs(30),
            slow_body_age: Duration::from_secs(2),
            idle_max: Duration::from_secs(300),
            connection_age_max: None,
            grace: Duration::from_secs(10),
            tenant: None,
            spans_per_second_max: None,
            other_signals: OtherSignals::Discard,
            keep_raw: true,
            own_instance: None,
            traces: Traces::default(),
            access: Access::open(),
            cors: Cors::default(),
            page: "http://127.0.0.1:4319/".into(),
        }
    }
}
