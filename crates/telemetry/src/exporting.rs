//! Sends the chosen spans over OTLP/gRPC, from threads of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::tonic_types::transport::ClientTlsConfig;
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithTonicConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider, SpanData, SpanExporter as Exporter,
};
use tokio::sync::oneshot;

use crate::Traces;

/// Spans that wait at most; beyond, they are dropped.
const QUEUE: usize = 2_048;
const BATCH: usize = 512;
/// How often what waits is sent.
const PACE: Duration = Duration::from_secs(1);
/// Longest export, and longest wait for the last one.
const LONGEST: Duration = Duration::from_secs(5);

/// What is told, to whom, by whom.
#[derive(Clone, Debug)]
pub struct Telling {
    /// Where OTLP/gRPC is taken, `http://…` or `https://…`.
    pub endpoint: String,
    /// Share of requests, questions, commits and snapshots that become a span: 0 to 1.
    pub share: f64,
    /// `service.instance.id`.
    pub instance: String,
    /// `service.version`.
    pub version: &'static str,
}

/// Why nothing can be sent.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The endpoint or its TLS is not as it must be.
    #[error("{0}")]
    Endpoint(#[from] opentelemetry_otlp::ExporterBuildError),
    /// No thread for it.
    #[error("no thread can be started: {0}")]
    Thread(#[from] std::io::Error),
}

/// The running export. Dropped, it sends what waits, for five seconds at most, and ends.
#[derive(Debug)]
pub struct Exporting {
    provider: SdkTracerProvider,
    /// Ends the runtime when it is dropped.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Exporting {
    /// Starts it. That nobody listens at the endpoint is no error: what cannot be sent is dropped.
    pub fn start(telling: &Telling) -> Result<(Exporting, Traces), ExportError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let exporter = {
            // The channel lives in the runtime that is entered when it is made.
            let _entered = runtime.enter();
            exporter(&telling.endpoint)?
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::Builder::new()
            .name("own-traces".to_owned())
            .spawn(move || drop(runtime.block_on(stopped)))?;
        let provider = SdkTracerProvider::builder()
            .with_sampler(Sampler::TraceIdRatioBased(telling.share))
            .with_resource(resource(telling))
            .with_span_processor(batches(Reporting {
                exporter,
                is_failing: AtomicBool::new(false),
            }))
            .build();
        let tracer = provider.tracer("hotspan");
        let exporting = Exporting {
            provider,
            stop: Some(stop),
            thread: Some(thread),
        };
        Ok((exporting, Traces(Some(Arc::new(tracer)))))
    }
}

impl Drop for Exporting {
    fn drop(&mut self) {
        if let Err(error) = self.provider.shutdown_with_timeout(LONGEST) {
            tracing::debug!(%error, "the last own traces were not sent");
        }
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of own traces panicked");
        }
    }
}

fn exporter(endpoint: &str) -> Result<SpanExporter, opentelemetry_otlp::ExporterBuildError> {
    let builder = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .with_timeout(LONGEST);
    match endpoint.starts_with("https:") {
        true => builder.with_tls_config(ClientTlsConfig::new().with_enabled_roots()),
        false => builder,
    }
    .build()
}

/// Names nothing but what is said here: the environment of the process stays out of it.
fn resource(telling: &Telling) -> Resource {
    Resource::builder_empty()
        .with_service_name("hotspan")
        .with_attributes([
            KeyValue::new("service.instance.id", telling.instance.clone()),
            KeyValue::new("service.version", telling.version),
        ])
        .build()
}

fn batches(exporter: Reporting) -> BatchSpanProcessor {
    let config = BatchConfigBuilder::default()
        .with_max_queue_size(QUEUE)
        .with_max_export_batch_size(BATCH)
        .with_scheduled_delay(PACE)
        .build();
    BatchSpanProcessor::builder(exporter)
        .with_batch_config(config)
        .build()
}

/// Says in the log when nothing arrives and when it does again; the library drops spans in silence.
#[derive(Debug)]
struct Reporting {
    exporter: SpanExporter,
    is_failing: AtomicBool,
}

impl Exporter for Reporting {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let sent = self.exporter.export(batch).await;
        let was_failing = self.is_failing.swap(sent.is_err(), Relaxed);
        match &sent {
            Err(error) if !was_failing => tracing::warn!(%error, "own traces cannot be sent and are dropped"),
            Ok(()) if was_failing => tracing::info!("own traces are sent again"),
            Ok(()) | Err(_) => {}
        }
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
