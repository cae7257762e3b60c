//! `jaeger.api_v3` over gRPC: the same answers as over HTTP, a trace or a part of one a message.

use std::sync::Arc;

use hotspan_proto::jaeger::api_v3::query_service_server::QueryService;
use hotspan_proto::jaeger::api_v3::{
    DependenciesResponse, Dependency, FindTraceSummariesRequest, FindTraceSummariesResponse,
    FindTracesRequest, GetDependenciesRequest, GetOperationsRequest, GetOperationsResponse,
    GetServicesRequest, GetServicesResponse, GetTraceRequest, Operation, ServiceSummary,
    TraceQueryParameters, TraceSummary,
};
use hotspan_proto::opentelemetry::proto::trace::v1::TracesData;
use prost_types::{Duration, Timestamp};
use tokio_stream::Iter;
use tonic::{Request, Response, Status, async_trait};

use super::question::{KINDS, Question, RFC3339, V3_LIMIT};
use super::v1;
use crate::Backend;
use crate::ask::Problem;
use crate::compat::{self, LIMIT_MAX, Summary, Trace, Wanted};

/// Most spans of one message: clients read at most 4 MiB unless they are told otherwise.
const SPANS_MAX: usize = 1_000;

type Answer<T> = Result<Response<T>, Status>;
type Several<T> = Iter<std::vec::IntoIter<Result<T, Status>>>;

/// Answers from what is held.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    backend: Arc<dyn Backend>,
}

impl Reader {
    pub(crate) fn new(backend: Arc<dyn Backend>) -> Reader {
        Reader { backend }
    }

    async fn find<T>(
        &self,
        query: Option<TraceQueryParameters>,
        keep: impl Fn(&Trace) -> (T, usize),
    ) -> Result<Response<Vec<T>>, Problem> {
        let question = question(query.unwrap_or_default())?;
        let found = compat::search(&*self.backend, &question.wanted, question.limit, |trace| {
            question.matches(&trace).then(|| keep(&trace))
        });
        let found = found.await;
        let mut response = Response::new(found.found);
        if found.truncated {
            let cut = tonic::metadata::MetadataValue::from_static("true");
            response.metadata_mut().insert("hotspan-truncated", cut);
        }
        Ok(response)
    }
}

fn several<T>(items: Response<Vec<T>>) -> Response<Several<T>> {
    items.map(|items| {
        let items: Vec<Result<T, Status>> = items.into_iter().map(Ok).collect();
        tokio_stream::iter(items)
    })
}

#[async_trait]
impl QueryService for Reader {
    type GetTraceStream = Several<TracesData>;
    type FindTracesStream = Several<TracesData>;
    type FindTraceSummariesStream = Several<FindTraceSummariesResponse>;

    async fn get_trace(&self, request: Request<GetTraceRequest>) -> Answer<Self::GetTraceStream> {
        let text = request.into_inner().trace_id;
        let id = compat::trace_id(&text).ok_or_else(|| Problem::bad_value("trace_id", &text, compat::ID))?;
        let trace = compat::held(&*self.backend, id).await;
        let trace = trace.ok_or_else(|| Status::not_found(compat::ABSENT))?;
        Ok(several(Response::new(messages(&trace))))
    }

    async fn find_traces(&self, request: Request<FindTracesRequest>) -> Answer<Self::FindTracesStream> {
        let query = request.into_inner().query;
        let found = self
            .find(query, |trace| (messages(trace), trace.weight()))
            .await?;
        Ok(several(
            found.map(|traces| traces.into_iter().flatten().collect()),
        ))
    }

    async fn get_services(&self, _: Request<GetServicesRequest>) -> Answer<GetServicesResponse> {
        let services = compat::services(&self.backend.view());
        Ok(Response::new(GetServicesResponse { services }))
    }

    async fn get_operations(&self, request: Request<GetOperationsRequest>) -> Answer<GetOperationsResponse> {
        let GetOperationsRequest { service, span_kind } = request.into_inner();
        let kind = match span_kind.as_str() {
            "" => None,
            word => Some(
                compat::kind_of(&word.to_ascii_lowercase())
                    .ok_or_else(|| Problem::bad_value("span_kind", word, KINDS))?,
            ),
        };
        let operations = v1::operations_of_kind(&*self.backend, &service, kind).await?;
        let operations = operations.into_iter().map(|of| Operation {
            name: of.name,
            span_kind: of.span_kind.to_owned(),
        });
        Ok(Response::new(GetOperationsResponse {
            operations: operations.collect(),
        }))
    }

    async fn get_dependencies(&self, _: Request<GetDependenciesRequest>) -> Answer<DependenciesResponse> {
        let edges = v1::edges(&self.backend.view(), None).into_iter();
        let dependencies = edges.map(|edge| Dependency {
            parent: edge.parent,
            child: edge.child,
            call_count: edge.call_count,
        });
        Ok(Response::new(DependenciesResponse {
            dependencies: dependencies.collect(),
        }))
    }

    async fn find_trace_summaries(
        &self,
        request: Request<FindTraceSummariesRequest>,
    ) -> Answer<Self::FindTraceSummariesStream> {
        let query = request.into_inner().query;
        let found = self.find(query, |trace| (summary(trace), SUMMARY_BYTES)).await?;
        let chunk = |summaries: Vec<TraceSummary>| vec![FindTraceSummariesResponse { summaries }];
        Ok(several(found.map(chunk)))
    }
}

/// What one summary weighs, nearly.
const SUMMARY_BYTES: usize = 512;

/// A trace in parts that any client reads.
fn messages(trace: &Trace) -> Vec<TracesData> {
    let parts = trace.spans.chunks(SPANS_MAX);
    parts
        .map(|spans| TracesData {
            resource_spans: compat::resource_spans_proto(spans),
        })
        .collect()
}

fn summary(trace: &Trace) -> TraceSummary {
    let of = Summary::new(trace);
    let count = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    let services = of.services.iter().map(|(name, stats)| ServiceSummary {
        name: (*name).to_owned(),
        span_count: count(stats.spans),
        error_span_count: count(stats.errors),
    });
    TraceSummary {
        trace_id: trace.id.to_string(),
        root_service_name: of.root_service.to_owned(),
        root_operation_name: of.root_name.to_owned(),
        min_start_time_unix_nano: of.start,
        max_end_time_unix_nano: of.end,
        span_count: i32::try_from(trace.spans.len()).unwrap_or(i32::MAX),
        error_span_count: count(of.errors),
        orphan_span_count: count(of.orphans),
        services: services.collect(),
    }
}

fn question(of: TraceQueryParameters) -> Result<Question, Problem> {
    if of.filter.is_some() {
        let instead = "left out: ask with the other fields";
        return Err(Problem::bad_value("query.filter", "", instead));
    }
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    let limit = match of.search_depth {
        0 => Some(V3_LIMIT),
        depth => usize::try_from(depth).ok().filter(|&depth| depth <= LIMIT_MAX),
    };
    let limit = limit.ok_or_else(|| {
        let allowed = format!("a whole number from 1 to {LIMIT_MAX}, or 0");
        Problem::bad_value("query.search_depth", &of.search_depth.to_string(), &allowed)
    })?;
    let question = Question {
        wanted: Wanted {
            from: Some(moment("query.start_time_min", of.start_time_min)?),
            to: Some(moment("query.start_time_max", of.start_time_max)?),
            service: some(of.service_name),
            operation: some(of.operation_name),
            kind: None,
        },
        duration_min: of
            .duration_min
            .map(|of| length("query.duration_min", of))
            .transpose()?,
        duration_max: of
            .duration_max
            .map(|of| length("query.duration_max", of))
            .transpose()?,
        tags: of.attributes.into_iter().collect(),
        limit,
    };
    question.checked("query.duration_min", "query.attributes")
}

fn moment(name: &str, of: Option<Timestamp>) -> Result<u64, Problem> {
    let of = of.ok_or_else(|| Problem::bad_value(name, "", &format!("there: {RFC3339}")))?;
    nanos(of.seconds, of.nanos).ok_or_else(|| Problem::bad_value(name, &of.to_string(), "from 1970 on"))
}

fn length(name: &str, of: Duration) -> Result<u64, Problem> {
    let read = nanos(of.seconds, of.nanos);
    read.ok_or_else(|| Problem::bad_value(name, &of.to_string(), "a duration that is not negative"))
}

fn nanos(seconds: i64, nanos: i32) -> Option<u64> {
    let seconds = u64::try_from(seconds).ok()?.checked_mul(1_000_000_000)?;
    seconds.checked_add(u64::try_from(nanos).ok()?)
}
