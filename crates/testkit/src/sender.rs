//! Sends OTLP as an SDK would: one connection, gRPC, patient with a receiver that asks for time.

use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};

/// How often a refused request is sent again before it is given up.
const TRIES_MAX: u32 = 8;
/// Largest message to send, in bytes.
const MESSAGE_BYTES_MAX: usize = 64 << 20;

/// Why a request did not arrive.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The endpoint is no URL.
    #[error("{endpoint} is no endpoint; write say http://127.0.0.1:4317")]
    Endpoint {
        /// What was given.
        endpoint: String,
    },
    /// Nobody answers there.
    #[error("no receiver answers at {endpoint}")]
    Unreachable {
        /// Where.
        endpoint: String,
        /// Why.
        source: tonic::transport::Error,
    },
    /// The receiver refused for good.
    #[error("the receiver refused: {0}")]
    Refused(Box<Status>),
}

/// What became of what was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Requests that were accepted.
    pub requests: u64,
    /// Spans in them.
    pub spans: u64,
    /// Spans among them that the receiver refused.
    pub rejected: u64,
    /// Requests that were sent again.
    pub retries: u64,
}

/// A connection to a receiver.
#[derive(Debug)]
pub struct Sender {
    client: TraceServiceClient<Channel>,
    sent: Sent,
}

impl Sender {
    /// Connects to an endpoint such as `http://127.0.0.1:4317`.
    pub async fn connect(endpoint: &str) -> Result<Sender, SendError> {
        let url = if endpoint.contains("://") {
            endpoint.to_owned()
        } else {
            format!("http://{endpoint}")
        };
        let bad = |_| SendError::Endpoint {
            endpoint: endpoint.to_owned(),
        };
        let channel = Endpoint::from_shared(url).map_err(bad)?.connect().await;
        let channel = channel.map_err(|source| SendError::Unreachable {
            endpoint: endpoint.to_owned(),
            source,
        })?;
        let client = TraceServiceClient::new(channel).max_encoding_message_size(MESSAGE_BYTES_MAX);
        Ok(Sender {
            client,
            sent: Sent::default(),
        })
    }

    /// Sends one request; waits and tries again while the receiver asks for it.
    pub async fn send(&mut self, request: ExportTraceServiceRequest) -> Result<(), SendError> {
        let scopes = request
            .resource_spans
            .iter()
            .flat_map(|resource| &resource.scope_spans);
        let spans: usize = scopes.map(|scope| scope.spans.len()).sum();
        let mut tries = 0;
        loop {
            match self.client.export(request.clone()).await {
                Ok(reply) => {
                    let partial = reply.into_inner().partial_success.unwrap_or_default();
                    self.sent.requests += 1;
                    self.sent.spans += spans as u64;
                    self.sent.rejected += u64::try_from(partial.rejected_spans).unwrap_or(0);
                    return Ok(());
                }
                Err(status) if status.code() == Code::Unavailable && tries < TRIES_MAX => {
                    tokio::time::sleep(Duration::from_millis(100 << tries)).await;
                    tries += 1;
                    self.sent.retries += 1;
                }
                Err(status) => return Err(SendError::Refused(Box::new(status))),
            }
        }
    }

    /// What was sent so far.
    pub fn sent(&self) -> Sent {
        self.sent
    }
}
