//! The gRPC side: every answer is the one that HTTP gives, and tools find their way.

use std::net::SocketAddr;

use hotspan_proto::v1::hotspots_client::HotspotsClient;
use hotspan_proto::v1::reports_client::ReportsClient;
use hotspan_proto::v1::traces_client::TracesClient;
use hotspan_proto::v1::{
    AuditRequest, Break, GetHotspotRequest, GetTraceRequest, Hotspot, ListHotspotsRequest, ListRequest,
    ListTracesRequest, NearMissesRequest, SetStateRequest, Sort, State, StatusRequest,
};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};
use serde_json::{Map, Value};
use tonic::Code;
use tonic::transport::Channel;

use crate::client::get;
use crate::sample::hotspot;
use crate::world::World;

pub(crate) async fn channel(at: SocketAddr) -> Channel {
    Channel::from_shared(format!("http://{at}"))
        .unwrap()
        .connect()
        .await
        .unwrap()
}

/// Proves that a message says what an HTTP path says, through the descriptors alone.
pub(crate) async fn same(at: SocketAddr, path: &str, message: &impl Message) {
    let pool = DescriptorPool::decode(hotspan_proto::DESCRIPTORS).unwrap();
    let descriptor = pool.get_message_by_name(&full_name(message)).unwrap();
    let dynamic = DynamicMessage::decode(descriptor, message.encode_to_vec().as_slice()).unwrap();
    let options = SerializeOptions::new()
        .stringify_64_bit_integers(false)
        .use_proto_field_name(true)
        .skip_default_fields(false);
    let said = dynamic
        .serialize_with_options(serde_json::value::Serializer, &options)
        .unwrap();
    let http = get(at, path).await;
    assert_eq!(http.status, 200, "{path}");
    assert_eq!(plain("", said), plain("", http.json()), "{path}");
}

/// Rust calls the messages as the descriptors do.
fn full_name<M>(_: &M) -> String {
    let name = std::any::type_name::<M>().rsplit("::").next().unwrap();
    format!("hotspan.v1.{name}")
}

/// What both sides mean: without nulls, absent waterfalls and replays, words in lower case, tuples by name, moments without
/// zeros at the end.
fn plain(key: &str, value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(_, value)| !value.is_null());
            let fields: Map<String, Value> = kept
                .map(|(key, value)| (key.clone(), plain(&key, value)))
                .collect();
            let of_details = |key: &str| matches!(key, "waterfalls" | "before_after");
            let empty = |key: &str, value: &Value| of_details(key) && value == &Value::Array(Vec::new());
            fields
                .into_iter()
                .filter(|(key, value)| !empty(key, value))
                .collect()
        }
        Value::Array(items) => items
            .into_iter()
            .map(|item| plain(key, named(key, item)))
            .collect(),
        Value::String(text) => Value::String(plain_text(text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

/// A tuple as the object that gRPC has for it.
fn named(key: &str, item: Value) -> Value {
    let names: &[&str] = match key {
        "entries" => &["operation", "traces"],
        "minute" | "hour" => &["at", "traces", "critical_path_ns"],
        _ => return item,
    };
    match item {
        Value::Array(values) => names.iter().map(|&name| name.to_owned()).zip(values).collect(),
        named @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            named
        }
    }
}

fn plain_text(text: String) -> String {
    let prefixes = [
        "BREAK_",
        "CHANGE_",
        "STATE_",
        "IMPACT_BASIS_",
        "ROLE_",
        "KIND_",
        "CAUSE_",
        "MARK_",
        "OVER_",
    ];
    if let Some(word) = prefixes.iter().find_map(|prefix| text.strip_prefix(prefix)) {
        return word.to_lowercase();
    }
    match text.strip_suffix('Z') {
        Some(moment) if moment.contains('.') => {
            format!("{}Z", moment.trim_end_matches('0').trim_end_matches('.'))
        }
        Some(_) | None => text,
    }
}

#[tokio::test]
async fn every_list_is_the_one_that_http_gives() {
    let at = World::start().await;
    let mut hotspots = HotspotsClient::new(channel(at).await).max_decoding_message_size(16 << 20);
    for (path, request) in [
        ("", ListHotspotsRequest::default()),
        (
            "?service=orders&service=cart&entry=GET%20/entry&detector=serial-calls&break=synchronous&state=worsening\
             &min_confidence=0.5&since=-40h&until=now&sort=impact&limit=3",
            ListHotspotsRequest {
                service: vec!["orders".to_owned(), "cart".to_owned()],
                entry: vec!["GET /entry".to_owned()],
                detector: vec!["serial-calls".to_owned()],
                r#break: vec![Break::Synchronous.into()],
                state: vec![State::Worsening.into()],
                min_confidence: Some(0.5),
                since: "-40h".to_owned(),
                sort: Sort::Impact.into(),
                limit: 3,
                cursor: String::new(),
                until: "now".to_owned(),
            },
        ),
        (
            "?min_confidence=0&limit=1000",
            ListHotspotsRequest {
                min_confidence: Some(0.0),
                limit: 1_000,
                ..ListHotspotsRequest::default()
            },
        ),
    ] {
        let list = hotspots.list(request).await.unwrap().into_inner();
        assert!(!list.hotspots.is_empty(), "{path}");
        same(at, &format!("/api/v1/hotspots{path}"), &list).await;
    }
    let first = ListHotspotsRequest {
        limit: 7,
        ..ListHotspotsRequest::default()
    };
    let cursor = hotspots
        .list(first.clone())
        .await
        .unwrap()
        .into_inner()
        .next_cursor
        .unwrap();
    let second = hotspots
        .list(ListHotspotsRequest {
            cursor: cursor.clone(),
            ..first
        })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(second.hotspots[0].rank, 8);
    same(at, &format!("/api/v1/hotspots?limit=7&cursor={cursor}"), &second).await;

    let mut traces = TracesClient::new(channel(at).await);
    let request = ListTracesRequest {
        detector: vec!["serial-calls".to_owned()],
        ..ListTracesRequest::default()
    };
    let list = traces.list(request).await.unwrap().into_inner();
    same(at, "/api/v1/traces?detector=serial-calls", &list).await;
}

#[tokio::test]
async fn a_watched_list_comes_whole_and_then_as_what_differs() {
    let at = World::start().await;
    let mut hotspots = HotspotsClient::new(channel(at).await).max_decoding_message_size(16 << 20);
    let request = ListHotspotsRequest {
        limit: 5,
        ..ListHotspotsRequest::default()
    };
    let list = hotspots.list(request.clone()).await.unwrap().into_inner();
    let mut differences = hotspots.watch(request.clone()).await.unwrap().into_inner();
    let whole = differences.message().await.unwrap().unwrap();
    assert_eq!((&whole.changed, whole.total), (&list.hotspots, list.total));
    let said = |id: &str, state: State| SetStateRequest {
        id: id.to_owned(),
        state: state.into(),
        reason: "known".to_owned(),
        until: "1h".to_owned(),
        ..SetStateRequest::default()
    };
    let (first, second) = (&list.hotspots[0].id, &list.hotspots[1].id);
    hotspots
        .set_state(said(first, State::Acknowledged))
        .await
        .unwrap();
    hotspots.set_state(said(second, State::Muted)).await.unwrap();
    let (mut changed, mut gone) = (Vec::new(), Vec::new());
    while gone.is_empty() {
        let difference = differences.message().await.unwrap().unwrap();
        assert!(difference.snapshot > whole.snapshot);
        changed.extend(difference.changed);
        gone.extend(difference.gone);
    }
    assert_eq!(gone.as_slice(), std::slice::from_ref(second));
    let is = |row: &Hotspot, id: &str, state: State| row.id == id && row.state == i32::from(state);
    assert!(changed.iter().any(|row| is(row, first, State::Acknowledged)));
    assert!(
        changed.iter().all(|row| !whole.changed.contains(row)),
        "nothing is sent twice"
    );
    let refused = ListHotspotsRequest {
        cursor: list.next_cursor.unwrap(),
        ..request
    };
    let refused = hotspots.watch(refused).await.map(drop).unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn every_single_answer_is_the_one_that_http_gives() {
    let at = World::start().await;
    let mut hotspots = HotspotsClient::new(channel(at).await);
    let id = hotspot(1).id.to_string();
    let detail = hotspots
        .get(GetHotspotRequest {
            id: id.clone(),
            ..GetHotspotRequest::default()
        })
        .await
        .unwrap()
        .into_inner();
    assert_eq!((detail.waterfalls.len(), detail.before_after.len()), (1, 2));
    same(at, &format!("/api/v1/hotspots/{id}"), &detail).await;

    let mut traces = TracesClient::new(channel(at).await);
    let trace = traces
        .get(GetTraceRequest {
            trace_id: "1".to_owned(),
        })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(trace.spans.len(), 4);
    same(at, "/api/v1/traces/1", &trace).await;
}

#[tokio::test]
async fn every_report_is_the_one_that_http_gives() {
    let at = World::start().await;
    let mut reports = ReportsClient::new(channel(at).await);
    let all = ListRequest::default();
    same(
        at,
        "/api/v1/status",
        reports.status(StatusRequest {}).await.unwrap().get_ref(),
    )
    .await;
    same(
        at,
        "/api/v1/services",
        reports.services(all.clone()).await.unwrap().get_ref(),
    )
    .await;
    same(
        at,
        "/api/v1/operations",
        reports.operations(all.clone()).await.unwrap().get_ref(),
    )
    .await;
    same(
        at,
        "/api/v1/dependencies",
        reports.dependencies(all.clone()).await.unwrap().get_ref(),
    )
    .await;
    same(
        at,
        "/api/v1/third-parties",
        reports.third_parties(all).await.unwrap().get_ref(),
    )
    .await;
    let one = ListRequest {
        service: vec!["cart".to_owned()],
        limit: 1,
        ..ListRequest::default()
    };
    let page = reports.operations(one).await.unwrap().into_inner();
    assert_eq!((page.total, page.operations.len()), (2, 1));
    same(at, "/api/v1/operations?service=cart&limit=1", &page).await;
}

#[tokio::test]
async fn near_misses_and_the_audit_are_those_that_http_gives() {
    let at = World::start().await;
    let mut reports = ReportsClient::new(channel(at).await).max_decoding_message_size(16 << 20);
    for (path, request) in [
        ("", NearMissesRequest::default()),
        (
            "?service=cart&entry=GET%20/cart&entry=POST%20/cart&limit=1",
            NearMissesRequest {
                service: vec!["cart".to_owned()],
                entry: vec!["GET /cart".to_owned(), "POST /cart".to_owned()],
                limit: 1,
                cursor: String::new(),
            },
        ),
    ] {
        let list = reports.near_misses(request).await.unwrap().into_inner();
        assert!(!list.near_misses.is_empty(), "{path}");
        same(at, &format!("/api/v1/near-misses{path}"), &list).await;
    }
    let refused = NearMissesRequest {
        limit: 1_001,
        ..NearMissesRequest::default()
    };
    let refused = reports.near_misses(refused).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let audit = reports.audit(AuditRequest {}).await.unwrap().into_inner();
    assert!(!audit.interventions.is_empty());
    same(at, "/api/v1/audit", &audit).await;
}

#[tokio::test]
async fn refusals_are_statuses_in_the_same_words() {
    let at = World::start().await;
    let mut hotspots = HotspotsClient::new(channel(at).await);
    let default = ListHotspotsRequest::default;
    for request in [
        ListHotspotsRequest {
            detector: vec!["serial-cals".to_owned()],
            ..default()
        },
        ListHotspotsRequest {
            limit: 1_001,
            ..default()
        },
        ListHotspotsRequest {
            cursor: "x".to_owned(),
            ..default()
        },
        ListHotspotsRequest {
            since: "yesterday".to_owned(),
            ..default()
        },
        ListHotspotsRequest {
            min_confidence: Some(f64::NAN),
            ..default()
        },
        ListHotspotsRequest {
            sort: 99,
            ..default()
        },
        ListHotspotsRequest {
            state: vec![99],
            ..default()
        },
        ListHotspotsRequest {
            r#break: vec![0],
            ..default()
        },
    ] {
        let refused = hotspots.list(request.clone()).await.map(drop).unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{request:?}");
        assert!(!refused.message().is_empty());
    }
    let unknown = hotspots
        .get(GetHotspotRequest {
            id: "0".repeat(32),
            ..GetHotspotRequest::default()
        })
        .await
        .unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
    let mut traces = TracesClient::new(channel(at).await);
    let unknown = traces
        .get(GetTraceRequest {
            trace_id: "zz".to_owned(),
        })
        .await
        .unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
}

#[tokio::test]
async fn an_unknown_method_is_unimplemented_and_no_page() {
    let at = World::start().await;
    let reply = crate::client::send(
        at,
        "POST",
        "/hotspan.v1.Nobody/Nothing",
        "content-type: application/grpc\r\n",
    )
    .await;
    assert_eq!((reply.status, reply.header("grpc-status")), (200, "12"));
}

#[test]
fn every_enum_starts_with_unspecified() {
    let pool = DescriptorPool::decode(hotspan_proto::DESCRIPTORS).unwrap();
    let ours = pool.all_enums().filter(|of| of.package_name() == "hotspan.v1");
    for of in ours {
        let zero = of.get_value(0).unwrap();
        assert!(zero.name().ends_with("_UNSPECIFIED"), "{}", zero.full_name());
    }
}
