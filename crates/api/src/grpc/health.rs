//! `grpc.health.v1`: serving while every check of `/readyz` is well.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior};
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Request, Response, Status, async_trait};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::Health;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::Backend;

/// How often a watched state is looked at.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The services whose health can be asked for; the empty name is the whole server.
const SERVICES: [&str; 5] = [
    "",
    "hotspan.v1.Hotspots",
    "hotspan.v1.Traces",
    "hotspan.v1.Reports",
    "jaeger.api_v3.QueryService",
];

/// Readiness in the words of gRPC.
#[derive(Clone, Debug)]
pub(super) struct Readiness {
    backend: Arc<dyn Backend>,
}

impl Readiness {
    pub(super) fn new(backend: Arc<dyn Backend>) -> Readiness {
        Readiness { backend }
    }

    fn now(&self) -> ServingStatus {
        match self.backend.ready().iter().all(|check| check.ok) {
            true => ServingStatus::Serving,
            false => ServingStatus::NotServing,
        }
    }
}

#[async_trait]
impl Health for Readiness {
    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        match SERVICES.contains(&request.get_ref().service.as_str()) {
            true => Ok(Response::new(response(self.now()))),
            false => Err(Status::not_found("no such service")),
        }
    }

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let known = SERVICES.contains(&request.get_ref().service.as_str());
        let readiness = self.clone();
        let mut said = None;
        let looks = tokio_stream::wrappers::IntervalStream::new(every(LOOK_AGAIN));
        let states = looks.filter_map(move |_| {
            let now = if known {
                readiness.now()
            } else {
                ServingStatus::ServiceUnknown
            };
            (said.replace(now) != Some(now)).then(|| Ok(response(now)))
        });
        Ok(Response::new(Box::pin(states)))
    }
}

/// Ticks at once and then each `period`; those that nobody waited for are left out.
pub(super) fn every(period: Duration) -> Interval {
    let mut interval = tokio::time::interval(period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
    interval
}

fn response(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse {
        status: status.into(),
    }
}
