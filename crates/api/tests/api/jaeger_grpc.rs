//! Jaeger's `api_v3` over gRPC says what it says over HTTP (JG10).

use std::collections::HashMap;

use hotspan_proto::jaeger::api_v3::query_service_client::QueryServiceClient;
use hotspan_proto::jaeger::api_v3::{
    Filter, FindTraceSummariesRequest, FindTracesRequest, GetDependenciesRequest, GetOperationsRequest,
    GetServicesRequest, GetTraceRequest, TraceQueryParameters,
};
use hotspan_proto::opentelemetry::proto::trace::v1::TracesData;
use prost_types::{Duration, Timestamp};
use tokio_stream::StreamExt as _;
use tonic::transport::Channel;
use tonic::{Code, Streaming};

use crate::client::get;
use crate::grpc::channel;
use crate::shop::{CART, SEARCH, id, start};

async fn client() -> QueryServiceClient<Channel> {
    QueryServiceClient::new(channel(start().await).await)
}

/// Everything of the day of the traces.
fn day() -> TraceQueryParameters {
    let at = |seconds| Some(Timestamp { seconds, nanos: 0 });
    TraceQueryParameters {
        start_time_min: at(1_763_942_400),
        start_time_max: at(1_764_028_800),
        ..TraceQueryParameters::default()
    }
}

async fn all<T>(stream: Streaming<T>) -> Vec<T> {
    stream.map(Result::unwrap).collect().await
}

/// Names of the spans of a message, in order.
fn names(of: &TracesData) -> Vec<&str> {
    let scopes = of.resource_spans.iter().flat_map(|of| &of.scope_spans);
    scopes
        .flat_map(|of| &of.spans)
        .map(|span| span.name.as_str())
        .collect()
}

#[tokio::test]
async fn jg10_a_trace_comes_over_grpc_too() {
    let mut client = client().await;
    let request = GetTraceRequest {
        trace_id: format!("{CART:x}"),
        ..GetTraceRequest::default()
    };
    let parts = all(client.get_trace(request).await.unwrap().into_inner()).await;
    assert_eq!(parts.len(), 1);
    let expected = [
        "GET /cart",
        "GET",
        "GET /orders",
        "SELECT items",
        "SELECT items",
        "send",
    ];
    assert_eq!(names(&parts[0]), expected);
    for (trace_id, code) in [("77", Code::NotFound), ("zz", Code::InvalidArgument)] {
        let request = GetTraceRequest {
            trace_id: trace_id.to_owned(),
            ..GetTraceRequest::default()
        };
        assert_eq!(
            client.get_trace(request).await.unwrap_err().code(),
            code,
            "{trace_id}"
        );
    }
}

#[tokio::test]
async fn jg10_searches_find_what_they_find_over_http() {
    let mut client = client().await;
    let tag = |key: &str, value: &str| HashMap::from([(key.to_owned(), value.to_owned())]);
    let both = [id(CART).to_string(), id(SEARCH).to_string()];
    let second = Duration { seconds: 1, nanos: 0 };
    for (query, expected) in [
        (day(), &both[..]),
        (
            TraceQueryParameters {
                search_depth: 1,
                ..day()
            },
            &both[..1],
        ),
        (
            TraceQueryParameters {
                service_name: "search".to_owned(),
                ..day()
            },
            &both[1..],
        ),
        (
            TraceQueryParameters {
                duration_min: Some(second),
                ..day()
            },
            &both[1..],
        ),
        (
            TraceQueryParameters {
                attributes: tag("hotspan.detector", "redundant-query").into_iter().collect(),
                ..day()
            },
            &both[..1],
        ),
    ] {
        let request = FindTraceSummariesRequest {
            query: Some(query.clone()),
        };
        let chunks = all(client.find_trace_summaries(request).await.unwrap().into_inner()).await;
        let found: Vec<String> = chunks
            .into_iter()
            .flat_map(|chunk| chunk.summaries)
            .map(|summary| summary.trace_id)
            .collect();
        assert_eq!(found, expected, "{query:?}");
        let request = FindTracesRequest { query: Some(query) };
        let traces = all(client.find_traces(request).await.unwrap().into_inner()).await;
        assert_eq!(traces.len(), expected.len());
    }
}

#[tokio::test]
async fn jg10_names_and_edges_are_those_of_http() {
    let at = start().await;
    let mut client = QueryServiceClient::new(channel(at).await);
    let services = client
        .get_services(GetServicesRequest {})
        .await
        .unwrap()
        .into_inner();
    let http = get(at, "/jaeger/api/v3/services").await.json();
    assert_eq!(serde_json::json!(services.services), http["services"]);
    let request = GetOperationsRequest {
        service: "orders".to_owned(),
        span_kind: "client".to_owned(),
    };
    let operations = client
        .get_operations(request)
        .await
        .unwrap()
        .into_inner()
        .operations;
    assert_eq!(
        (operations.len(), operations[0].name.as_str()),
        (1, "SELECT items")
    );
    let edges = client
        .get_dependencies(GetDependenciesRequest::default())
        .await
        .unwrap();
    let edges = edges.into_inner().dependencies;
    assert_eq!((edges[0].parent.as_str(), edges[0].call_count), ("cart", 23));
}

#[tokio::test]
async fn jg10_what_makes_no_sense_is_refused_in_words() {
    let mut client = client().await;
    let before = Some(Timestamp {
        seconds: -1,
        nanos: 0,
    });
    for (query, said) in [
        (TraceQueryParameters::default(), "start_time_min"),
        (
            TraceQueryParameters {
                start_time_max: before,
                ..day()
            },
            "start_time_max",
        ),
        (
            TraceQueryParameters {
                search_depth: 2_001,
                ..day()
            },
            "search_depth",
        ),
        (
            TraceQueryParameters {
                search_depth: -1,
                ..day()
            },
            "search_depth",
        ),
        (
            TraceQueryParameters {
                filter: Some(Filter {}),
                ..day()
            },
            "filter",
        ),
    ] {
        let request = FindTracesRequest { query: Some(query) };
        let status = client.find_traces(request).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{said}");
        assert!(status.message().contains(said), "{}", status.message());
    }
    let request = GetOperationsRequest::default();
    assert_eq!(
        client.get_operations(request).await.unwrap_err().code(),
        Code::InvalidArgument
    );
}
