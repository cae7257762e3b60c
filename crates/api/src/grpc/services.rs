//! The services of `hotspan.v1`: each answers what the same HTTP path answers.

use std::pin::Pin;
use std::sync::Arc;

use hotspan_proto::v1::hotspots_server::Hotspots;
use hotspan_proto::v1::reports_server::Reports;
use hotspan_proto::v1::traces_server::Traces;
use hotspan_proto::v1::{
    AuditRequest, AuditResponse, CompareRequest, CompareResponse, CompareTracesRequest,
    CompareTracesResponse, DependenciesResponse, GetHotspotRequest, GetTraceRequest, Hotspot,
    ListHotspotsRequest, ListHotspotsResponse, ListRequest, ListTracesRequest, ListTracesResponse,
    NearMissesRequest, NearMissesResponse, OperationsResponse, ServicesResponse, SetStateRequest,
    StatusRequest, StatusResponse, ThirdPartiesResponse, Trace, WatchHotspotsResponse,
};
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Request, Response, Status, async_trait};

use super::ask;
use super::watch::watch;
use crate::{Backend, read, shape};

/// Answers every service from the newest snapshot.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    backend: Arc<dyn Backend>,
}

type Answer<T> = Result<Response<T>, Status>;

fn answer<T>(of: impl Into<T>) -> Answer<T> {
    Ok(Response::new(of.into()))
}

impl Reader {
    pub(super) fn new(backend: Arc<dyn Backend>) -> Reader {
        Reader { backend }
    }
}

#[async_trait]
impl Hotspots for Reader {
    async fn list(&self, request: Request<ListHotspotsRequest>) -> Answer<ListHotspotsResponse> {
        let view = self.backend.view();
        let filter = ask::hotspots(request.into_inner(), &view)?;
        answer(read::hotspots(&view, &filter))
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Result<WatchHotspotsResponse, Status>> + Send>>;

    async fn watch(&self, request: Request<ListHotspotsRequest>) -> Answer<Self::WatchStream> {
        let filter = ask::watched(request.into_inner(), &self.backend.view())?;
        let differences = watch(Arc::clone(&self.backend), filter).map(Ok);
        Ok(Response::new(Box::pin(differences)))
    }

    async fn get(&self, request: Request<GetHotspotRequest>) -> Answer<Hotspot> {
        let view = self.backend.view();
        let request = request.into_inner();
        let waterfalls = ask::waterfalls(request.waterfalls)?;
        answer(read::hotspot(&*self.backend, &view, &request.id, waterfalls).await?)
    }

    async fn set_state(&self, request: Request<SetStateRequest>) -> Answer<Hotspot> {
        let (id, said) = ask::said(request.into_inner())?;
        answer(read::say(&*self.backend, &id, said).await?)
    }
}

#[async_trait]
impl Traces for Reader {
    async fn list(&self, request: Request<ListTracesRequest>) -> Answer<ListTracesResponse> {
        let view = self.backend.view();
        let filter = ask::traces(request.into_inner(), &view)?;
        answer(read::traces(&view, &filter))
    }

    async fn get(&self, request: Request<GetTraceRequest>) -> Answer<Trace> {
        answer(read::trace(&*self.backend, &request.into_inner().trace_id).await?)
    }
}

#[async_trait]
impl Reports for Reader {
    async fn status(&self, _: Request<StatusRequest>) -> Answer<StatusResponse> {
        answer(shape::Status::from(&*self.backend.view()))
    }

    async fn services(&self, request: Request<ListRequest>) -> Answer<ServicesResponse> {
        answer(read::services(
            &self.backend.view(),
            &ask::rows(request.into_inner())?,
        ))
    }

    async fn operations(&self, request: Request<ListRequest>) -> Answer<OperationsResponse> {
        answer(read::operations(
            &self.backend.view(),
            &ask::rows(request.into_inner())?,
        ))
    }

    async fn dependencies(&self, request: Request<ListRequest>) -> Answer<DependenciesResponse> {
        answer(read::dependencies(
            &self.backend.view(),
            &ask::rows(request.into_inner())?,
        ))
    }

    async fn third_parties(&self, request: Request<ListRequest>) -> Answer<ThirdPartiesResponse> {
        answer(read::third_parties(
            &self.backend.view(),
            &ask::rows(request.into_inner())?,
        ))
    }

    async fn near_misses(&self, request: Request<NearMissesRequest>) -> Answer<NearMissesResponse> {
        let filter = ask::near_misses(request.into_inner())?;
        answer(read::near_misses(&self.backend.view(), &filter))
    }

    async fn compare(&self, request: Request<CompareRequest>) -> Answer<CompareResponse> {
        let view = self.backend.view();
        let filter = ask::changes(request.into_inner(), &view)?;
        answer(read::compare(&view, &filter))
    }

    async fn compare_traces(&self, request: Request<CompareTracesRequest>) -> Answer<CompareTracesResponse> {
        let CompareTracesRequest { a, b } = request.into_inner();
        answer(read::compare_traces(&*self.backend, [("a", &a), ("b", &b)]).await?)
    }

    async fn audit(&self, _: Request<AuditRequest>) -> Answer<AuditResponse> {
        answer(read::audit(&self.backend.view()).0)
    }
}
