//! OTLP/gRPC: one unary method, on the message body itself.
//!
//! The frame is read here and not by a generated server, so that a request is admitted before a byte of it is
//! buffered, and every fault gets the status that clients act on.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use hotspan_access::{Scope, Tenant, Visitor};
use hotspan_otlp::Encoding;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;

use crate::gather::Gather;
use crate::reply::Reply;
use crate::{
    Answer, Coding, Core, Cores, OtherSignals, Peer, Refusal, Signal, Transport, Verdict, WireMessage,
    health, wire,
};

const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
const CODINGS: HeaderValue = HeaderValue::from_static("identity,gzip,zstd");

/// What a path names.
enum Named {
    Traces,
    Other(Signal),
    Health(health::Method),
}

/// Answers one call.
pub(crate) async fn call(
    cores: Cores,
    peer: Arc<Peer>,
    visitor: Visitor,
    request: Request<Incoming>,
) -> Response<Reply> {
    let (head, body) = request.into_parts();
    if !is_grpc(&head.headers) || head.method != Method::POST {
        return not_grpc(cores.door());
    }
    let access = &cores.door().settings.access;
    let tenant = access.authorize(&visitor, &head.headers, Scope::Ingest);
    let (core, peer) = cores.enter(*tenant.as_ref().unwrap_or(&Tenant::NONE), peer);
    let began = core.settings.traces.begin();
    let mut gather = Gather::new(core, &peer, body);
    let outcome = match (method(head.uri.path()), tenant) {
        // Whoever looks after this process has no credential.
        (Some(Named::Health(method)), _) => return health::answer(core, &mut gather, method).await,
        (_, Err(denied)) => Err(denied.into()),
        (Some(Named::Traces), Ok(_)) => traces(core, &peer, &head.headers, &mut gather).await,
        (Some(Named::Other(signal)), Ok(_)) => other(core, &peer, signal, &mut gather).await,
        (None, Ok(_)) => Err(Refusal::Unknown(format!("no such method: {}", head.uri.path()))),
    };
    core.told(began, Transport::Grpc, gather.read(), &outcome);
    match outcome {
        Ok(accepted) => success(&wire::response(&accepted, None, Encoding::Protobuf)),
        Err(refusal) => {
            core.counters.refused(Transport::Grpc, &refusal, gather.read());
            gather.pass();
            failure(&refusal.verdict())
        }
    }
}

fn method(path: &str) -> Option<Named> {
    match path {
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export" => Some(Named::Traces),
        "/opentelemetry.proto.collector.logs.v1.LogsService/Export" => Some(Named::Other(Signal::Logs)),
        "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export" => {
            Some(Named::Other(Signal::Metrics))
        }
        "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export" => {
            Some(Named::Other(Signal::Profiles))
        }
        "/grpc.health.v1.Health/Check" => Some(Named::Health(health::Method::Check)),
        "/grpc.health.v1.Health/Watch" => Some(Named::Health(health::Method::Watch)),
        _ => None,
    }
}

async fn traces(core: &Arc<Core>, peer: &Peer, headers: &HeaderMap, gather: &mut Gather<'_>) -> Answer {
    core.takes_spans()?;
    let coding = coding(headers)?;
    let framed = gather.framed(coding != Coding::Identity).await?;
    let coding = if framed.is_compressed {
        coding
    } else {
        Coding::Identity
    };
    let message = WireMessage {
        bytes: framed.bytes,
        encoding: Encoding::Protobuf,
        transport: Transport::Grpc,
        coding,
        lease: framed.lease,
    };
    core.accept(message, peer).await
}

async fn other(core: &Core, peer: &Peer, signal: Signal, gather: &mut Gather<'_>) -> Answer {
    if core.settings.other_signals == OtherSignals::Refuse {
        return Err(Refusal::Unknown(format!(
            "{} are not received here",
            signal.name()
        )));
    }
    core.is_open()?;
    gather.discard().await?;
    Ok(core.discarded(signal, gather.read(), peer))
}

fn coding(headers: &HeaderMap) -> Result<Coding, Refusal> {
    let Some(value) = headers.get("grpc-encoding") else {
        return Ok(Coding::Identity);
    };
    let name = String::from_utf8_lossy(value.as_bytes());
    Coding::from_header(&name).ok_or_else(|| Refusal::UnknownCoding(name.into_owned()))
}

/// `application/grpc`, alone or with a suffix or parameter that still means protobuf.
pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
    let rest = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.as_bytes().strip_prefix(b"application/grpc"));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"+proto") || rest.starts_with(b";"))
}

/// Whoever speaks plain HTTP here gets HTTP back.
fn not_grpc(core: &Core) -> Response<Reply> {
    let refusal = Refusal::WrongType("this port speaks OTLP/gRPC; send OTLP/HTTP to port 4318".into());
    core.counters.refused(Transport::Grpc, &refusal, 0);
    let verdict = refusal.verdict();
    let mut response = Response::new(Reply::bytes(wire::status(&verdict, Encoding::Json)));
    *response.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A reply with one message and the status behind it.
pub(crate) fn success(message: &[u8]) -> Response<Reply> {
    let mut trailers = HeaderMap::with_capacity(1);
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    headed(Reply::bytes(frame(message)).with_trailers(trailers))
}

/// A reply of headers alone.
pub(crate) fn failure(verdict: &Verdict) -> Response<Reply> {
    let mut response = headed(Reply::default());
    let headers = response.headers_mut();
    headers.insert("grpc-status", HeaderValue::from(verdict.code as i32));
    headers.insert("grpc-message", percent_encoded(&verdict.message));
    if let Some(details) = wire::status_header(verdict).and_then(|text| HeaderValue::try_from(text).ok()) {
        headers.insert("grpc-status-details-bin", details);
    }
    response
}

/// A reply with what every gRPC reply has.
pub(crate) fn headed(body: Reply) -> Response<Reply> {
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, GRPC);
    response.headers_mut().insert("grpc-accept-encoding", CODINGS);
    response
}

/// An uncompressed message in its frame.
pub(crate) fn frame(message: &[u8]) -> Bytes {
    if message.is_empty() {
        return Bytes::from_static(&[0; 5]);
    }
    let mut framed = BytesMut::with_capacity(5 + message.len());
    framed.put_u8(0);
    // Replies are cut to a few KiB.
    framed.put_u32(message.len() as u32);
    framed.put_slice(message);
    framed.freeze()
}

/// The text of `grpc-message`: visible ASCII but `%` as it is, all else as `%XX`.
fn percent_encoded(text: &str) -> HeaderValue {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' '..=b'~' if byte != b'%' => encoded.push(char::from(byte)),
            _ => encoded += &format!("%{byte:02X}"),
        }
    }
    HeaderValue::try_from(encoded).unwrap_or(HeaderValue::from_static("unprintable"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_in_headers_are_ascii() {
        assert_eq!(percent_encoded("50% café\n"), "50%25 caf%C3%A9%0A");
    }

    #[test]
    fn a_frame_is_flag_length_message() {
        assert_eq!(&frame(b"ab")[..], b"\0\0\0\0\x02ab");
    }
}
