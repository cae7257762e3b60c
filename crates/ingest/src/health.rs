//! `grpc.health.v1`: whether this receiver takes requests.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use prost::Message;

use crate::gather::Gather;
use crate::phase::Phase;
use crate::reply::Reply;
use crate::{Code, Core, Refusal, Transport, Verdict, grpc};

/// What is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// Now.
    Check,
    /// Now, and whenever it changes.
    Watch,
}

const SERVING: i32 = 1;
const NOT_SERVING: i32 = 2;
const SERVICE_UNKNOWN: i32 = 3;

/// Empty stands for the server as a whole.
const SERVICES: [&str; 2] = ["", "opentelemetry.proto.collector.trace.v1.TraceService"];

#[derive(Clone, PartialEq, Message)]
struct HealthRequest {
    #[prost(string, tag = "1")]
    service: String,
}

#[derive(Clone, PartialEq, Message)]
struct HealthResponse {
    #[prost(int32, tag = "1")]
    status: i32,
}

/// Answers a check, or begins a watch that ends when the receiver leaves.
pub(crate) async fn answer(core: &Arc<Core>, gather: &mut Gather<'_>, method: Method) -> Response<Reply> {
    let service = match service(gather).await {
        Ok(service) => service,
        Err(refusal) => {
            core.counters.refused(Transport::Grpc, &refusal, gather.read());
            return grpc::failure(&refusal.verdict());
        }
    };
    let is_known = SERVICES.contains(&service.as_str());
    match method {
        Method::Check if is_known => grpc::success(&status(core.is_leaving())),
        Method::Check => grpc::failure(&not_found(&service)),
        Method::Watch => watch(core, is_known),
    }
}

async fn service(gather: &mut Gather<'_>) -> Result<String, Refusal> {
    let framed = gather.framed(false).await?;
    let request = HealthRequest::decode(framed.bytes).map_err(|cause| Refusal::Undecodable {
        field: "service".into(),
        what: cause.to_string(),
    })?;
    Ok(request.service)
}

fn status(is_leaving: bool) -> Vec<u8> {
    let status = if is_leaving { NOT_SERVING } else { SERVING };
    HealthResponse { status }.encode_to_vec()
}

fn watch(core: &Arc<Core>, is_known: bool) -> Response<Reply> {
    let mut phases = core.phases();
    let first = match is_known {
        true => status(core.is_leaving()),
        false => HealthResponse {
            status: SERVICE_UNKNOWN,
        }
        .encode_to_vec(),
    };
    let last = async move {
        // An error says that the receivers are gone, which ends the watch as well.
        let _gone = phases.wait_for(|&phase| phase >= Phase::Leaving).await.is_err();
        match is_known {
            true => grpc::frame(&status(true)),
            false => Bytes::new(),
        }
    };
    let mut trailers = http::HeaderMap::with_capacity(1);
    trailers.insert("grpc-status", http::HeaderValue::from_static("0"));
    grpc::headed(
        Reply::bytes(grpc::frame(&first))
            .then(Box::pin(last))
            .with_trailers(trailers),
    )
}

fn not_found(service: &str) -> Verdict {
    Verdict {
        code: Code::NotFound,
        message: format!("no such service: {service:?}"),
        ..Refusal::Fault.verdict()
    }
}
