//! Sends OTLP as an SDK would: one connection, gRPC, patient with a receiver that asks for time.

use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
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

/// What a sender shows, and whom it trusts.
#[derive(Clone, Default)]
pub struct Showing {
    /// Value of the header `authorization`.
    pub authorization: Option<String>,
    /// Authorities in PEM; those of the system without.
    pub ca: Option<String>,
    /// A client certificate and its key, in PEM.
    pub pair: Option<(String, String)>,
}

impl std::fmt::Debug for Showing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Showing")
    }
}

impl Showing {
    fn tls(&self) -> ClientTlsConfig {
        let config = ClientTlsConfig::new();
        let config = match &self.ca {
            Some(pem) => config.ca_certificate(Certificate::from_pem(pem)),
            None => config.with_native_roots(),
        };
        match &self.pair {
            Some((certificate, key)) => config.identity(Identity::from_pem(certificate, key)),
            None => config,
        }
    }
}

/// A connection to a receiver.
#[derive(Debug)]
pub struct Sender {
    client: TraceServiceClient<Channel>,
    authorization: Option<MetadataValue<Ascii>>,
    sent: Sent,
}

impl Sender {
    /// Connects to an endpoint such as `http://127.0.0.1:4317`.
    pub async fn connect(endpoint: &str) -> Result<Sender, SendError> {
        Sender::connect_with(endpoint, &Showing::default()).await
    }

    /// The same, to a receiver that asks for something.
    pub async fn connect_with(endpoint: &str, showing: &Showing) -> Result<Sender, SendError> {
        let url = if endpoint.contains("://") {
            endpoint.to_owned()
        } else {
            format!("http://{endpoint}")
        };
        let bad = |_| SendError::Endpoint {
            endpoint: endpoint.to_owned(),
        };
        let has_tls = url.starts_with("https://");
        let mut channel = Endpoint::from_shared(url).map_err(bad)?;
        if has_tls {
            channel = channel.tls_config(showing.tls()).map_err(bad)?;
        }
        let channel = channel.connect().await;
        let channel = channel.map_err(|source| SendError::Unreachable {
            endpoint: endpoint.to_owned(),
            source,
        })?;
        let client = TraceServiceClient::new(channel).max_encoding_message_size(MESSAGE_BYTES_MAX);
        Ok(Sender {
            client,
            authorization: showing
                .authorization
                .as_deref()
                .and_then(|value| value.parse().ok()),
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
            let mut sending = tonic::Request::new(request.clone());
            if let Some(value) = &self.authorization {
                sending.metadata_mut().insert("authorization", value.clone());
            }
            match self.client.export(sending).await {
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
