//! Questions over HTTP and configuration files: every one gets an answer, and no question is a fault of ours.

use std::future::ready;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::Body;
use hotspan_api::{
    Backend, Check, FixFuture, Gate, HeldFuture, Metrics, NotSaid, SayFuture, TraceFuture, View, router,
};
use hotspan_daemon::{Config, ConfigErrors, Layers};
use hotspan_hotspots::Saying;
use hotspan_model::{FindingId, Fingerprint, TraceId};
use http::{Request, StatusCode};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt as _;

/// A daemon that has seen nothing.
#[derive(Debug)]
struct Nothing;

impl Backend for Nothing {
    fn view(&self) -> Arc<View> {
        Arc::default()
    }

    fn trace(&self, _: TraceId) -> TraceFuture<'_> {
        Box::pin(ready(None))
    }

    fn held(&self) -> HeldFuture<'_> {
        Box::pin(ready(Vec::new()))
    }

    fn fix(&self, _: TraceId, _: FindingId) -> FixFuture<'_> {
        Box::pin(ready(None))
    }

    fn say(&self, _: Fingerprint, _: Saying) -> SayFuture<'_> {
        Box::pin(ready(Err(NotSaid::Busy)))
    }

    fn metrics(&self) -> Metrics {
        Metrics::default()
    }

    fn ready(&self) -> Vec<Check> {
        Vec::new()
    }
}

static ASKED: LazyLock<(Runtime, Router)> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_all().build();
    (
        runtime.expect("a runtime needs no rights"),
        router(Arc::new(Nothing), Gate::default()),
    )
});

/// A path with its query, as in the first line of a request.
pub fn query(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(request) = Request::get(text.as_ref())
        .header("host", "127.0.0.1")
        .body(Body::empty())
    else {
        return;
    };
    let (runtime, router) = &*ASKED;
    let answer = runtime.block_on(router.clone().oneshot(request));
    let status = answer
        .map(|answer| answer.status())
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let ours = status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE;
    assert!(!ours, "{status} for {text}");
}

/// A configuration file. What is read prints as a file that reads back.
pub fn config(data: &[u8]) {
    // Secrets are not printed, and a file of one is whatever the machine has there.
    let Some(text) = std::str::from_utf8(data)
        .ok()
        .filter(|text| !text.contains("secret"))
    else {
        return;
    };
    if let Ok((printed, config)) = read(text)
        && config.parameter_key.is_none()
    {
        let again = read(&printed).map(|(_, again)| again);
        assert!(
            again.as_ref() == Ok(&config),
            "{printed} reads back as {again:?}, not {config:?}"
        );
    }
}

fn read(text: &str) -> Result<(String, Config), ConfigErrors> {
    let mut layers = Layers::default();
    layers.set_toml(text);
    let config = Config::read(&layers)?;
    Ok((layers.print(&config, false), config))
}
