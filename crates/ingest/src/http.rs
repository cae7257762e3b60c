//! OTLP/HTTP: protobuf and JSON by POST, and plain words for everybody else.

use std::sync::Arc;

use hotspan_access::{Scope, Tenant, Visitor, challenge};
use hotspan_otlp::Encoding;
use http::header::{
    ACCEPT_ENCODING, ALLOW, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, Version};
use hyper::body::Incoming;

use crate::cors::{Cors, share};
use crate::gather::Gather;
use crate::reply::Reply;
use crate::{Answer, Coding, Core, Cores, OtherSignals, Peer, Refusal, Signal, Transport, WireMessage, wire};

const CODINGS: HeaderValue = HeaderValue::from_static("gzip, zstd, identity");

/// What a path names: traces, or another signal.
type Target = Option<Signal>;

/// Answers one request; where its page may send from a browser, so that the page sees the answer.
pub(crate) async fn call(
    cores: Cores,
    peer: Arc<Peer>,
    visitor: Visitor,
    request: Request<Incoming>,
) -> Response<Reply> {
    let cors = &cores.door().settings.cors;
    let Some(site) = cors.permitted(request.headers()) else {
        return answer(&cores, peer, &visitor, request).await;
    };
    let mut response = match Cors::is_preflight(request.method(), request.headers()) {
        true => {
            let mut response = Response::new(Reply::default());
            *response.status_mut() = cors.allow(response.headers_mut());
            response
        }
        false => answer(&cores, peer, &visitor, request).await,
    };
    share(response.headers_mut(), site);
    response
}

async fn answer(
    cores: &Cores,
    peer: Arc<Peer>,
    visitor: &Visitor,
    request: Request<Incoming>,
) -> Response<Reply> {
    let (head, body) = request.into_parts();
    let encoding = encoding(&head.headers);
    let access = &cores.door().settings.access;
    let tenant = access.authorize(visitor, &head.headers, Scope::Ingest);
    let (core, peer) = cores.enter(*tenant.as_ref().unwrap_or(&Tenant::NONE), peer);
    let peer = &*peer;
    let began = core.settings.traces.begin();
    let mut gather = Gather::new(core, peer, body);
    let target = target(head.uri.path());
    let outcome = match &target {
        _ if let Err(denied) = tenant => Err(denied.into()),
        None => Err(Refusal::Unknown(format!("no such path: {}", head.uri.path()))),
        Some(_) if head.method != Method::POST => Err(Refusal::WrongMethod(words(core))),
        Some(None) => traces(core, peer, &head, encoding, &mut gather).await,
        Some(Some(signal)) => other(core, peer, *signal, &head, encoding, &mut gather).await,
    };
    core.told(began, Transport::Http, gather.read(), &outcome);
    let encoding = encoding.unwrap_or(Encoding::Json);
    match outcome {
        Ok(accepted) => {
            let message = wire::response(&accepted, target.flatten(), encoding);
            let mut response = Response::new(Reply::bytes(message));
            response
                .headers_mut()
                .insert(CONTENT_TYPE, content_type(encoding));
            response
        }
        Err(refusal) => {
            core.counters.refused(Transport::Http, &refusal, gather.read());
            failure(&refusal, encoding, head.version)
        }
    }
}

fn target(path: &str) -> Option<Target> {
    match path {
        "/v1/traces" => Some(None),
        "/v1/logs" => Some(Some(Signal::Logs)),
        "/v1/metrics" => Some(Some(Signal::Metrics)),
        "/v1development/profiles" => Some(Some(Signal::Profiles)),
        _ => None,
    }
}

async fn traces(
    core: &Arc<Core>,
    peer: &Peer,
    head: &Parts,
    encoding: Option<Encoding>,
    gather: &mut Gather<'_>,
) -> Answer {
    core.takes_spans()?;
    let encoding = encoding.ok_or_else(|| wrong_type(&head.headers))?;
    let coding = coding(&head.headers)?;
    let (bytes, lease) = gather.whole(announced(&head.headers)).await?;
    let message = WireMessage {
        bytes,
        encoding,
        transport: Transport::Http,
        coding,
        lease,
    };
    core.accept(message, peer).await
}

async fn other(
    core: &Core,
    peer: &Peer,
    signal: Signal,
    head: &Parts,
    encoding: Option<Encoding>,
    gather: &mut Gather<'_>,
) -> Answer {
    if core.settings.other_signals == OtherSignals::Refuse {
        return Err(Refusal::Unknown(format!(
            "{} are not received here",
            signal.name()
        )));
    }
    core.is_open()?;
    encoding.ok_or_else(|| wrong_type(&head.headers))?;
    gather.discard().await?;
    Ok(core.discarded(signal, gather.read(), peer))
}

/// By the content type, whatever its case and parameters.
fn encoding(headers: &HeaderMap) -> Option<Encoding> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let essence = value.split(';').next().unwrap_or_default().trim();
    match essence {
        _ if essence.eq_ignore_ascii_case("application/x-protobuf") => Some(Encoding::Protobuf),
        _ if essence.eq_ignore_ascii_case("application/json") => Some(Encoding::Json),
        _ => None,
    }
}

fn content_type(encoding: Encoding) -> HeaderValue {
    HeaderValue::from_static(match encoding {
        Encoding::Protobuf => "application/x-protobuf",
        Encoding::Json => "application/json",
    })
}

fn wrong_type(headers: &HeaderMap) -> Refusal {
    let found = headers.get(CONTENT_TYPE).map_or("none".into(), |value| {
        String::from_utf8_lossy(value.as_bytes()).into_owned()
    });
    Refusal::WrongType(format!(
        "content type {found} is not read; application/x-protobuf and application/json are"
    ))
}

fn coding(headers: &HeaderMap) -> Result<Coding, Refusal> {
    let mut values = headers.get_all(CONTENT_ENCODING).iter();
    let name = values
        .next()
        .map_or("".into(), |value| String::from_utf8_lossy(value.as_bytes()));
    match (Coding::from_header(&name), values.next()) {
        (Some(coding), None) => Ok(coding),
        _ => Err(Refusal::UnknownCoding(name.into_owned())),
    }
}

fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// For whoever opens the address in a browser.
fn words(core: &Core) -> String {
    format!(
        "this is an OTLP receiver: POST an ExportTraceServiceRequest here, as application/x-protobuf or \
         application/json; what was found is shown at {}",
        core.settings.page
    )
}

fn failure(refusal: &Refusal, encoding: Encoding, version: Version) -> Response<Reply> {
    let verdict = refusal.verdict();
    let mut response = Response::new(Reply::bytes(wire::status(&verdict, encoding)));
    *response.status_mut() = verdict.http;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type(encoding));
    if let Some(delay) = verdict.retry {
        let seconds = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if verdict.close && version < Version::HTTP_2 {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    match refusal {
        Refusal::Unauthenticated(_) => {
            challenge(headers);
            None
        }
        Refusal::WrongMethod(_) => headers.insert(ALLOW, HeaderValue::from_static("POST")),
        Refusal::UnknownCoding(_) => headers.insert(ACCEPT_ENCODING, CODINGS),
        Refusal::Undecodable { .. }
        | Refusal::TooLarge(_)
        | Refusal::Overloaded(_)
        | Refusal::OverRate(_)
        | Refusal::TooSlow(_)
        | Refusal::WrongType(_)
        | Refusal::Unknown(_)
        | Refusal::BadFrame(_)
        | Refusal::Forbidden(_)
        | Refusal::Draining
        | Refusal::Fault => None,
    };
    response
}
