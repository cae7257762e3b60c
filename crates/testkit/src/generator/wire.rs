//! Spans as an SDK would send them, in either generation of attribute names.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span};

use super::program::{Act, Arguments, Leaf, Protocol, What};
use super::rng::Place;

/// Which names attributes have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// Before semantic conventions 1.23.
    Legacy,
    /// Since.
    Stable,
}

/// What goes wrong on the way from a process to its exporter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Noise {
    /// Most that a host's clock is off, in nanoseconds.
    pub skew: u64,
    /// Lost spans in a million.
    pub loss: u64,
    /// Times are cut to whole milliseconds, as JavaScript does.
    pub coarse: bool,
    /// A head sampler's rejection threshold of 56 bits, which its spans state as `ot=th`; none when zero.
    pub threshold: u64,
}

impl Noise {
    /// Whether the sampler keeps a trace: by the randomness that its id ends in.
    pub fn keeps(&self, trace: u128) -> bool {
        let random = trace & ((1 << 56) - 1);
        random >= u128::from(self.threshold)
    }

    fn trace_state(&self) -> String {
        match self.threshold {
            0 => String::new(),
            threshold => format!("ot=th:{}", format!("{threshold:014x}").trim_end_matches('0')),
        }
    }
}

/// One trace as requests: one for each service, in order of their names.
pub fn requests(
    acts: &[Act],
    trace: u128,
    start: u64,
    generation: Generation,
    noise: Noise,
    place: Place,
) -> Vec<ExportTraceServiceRequest> {
    let mut services: BTreeMap<&str, Vec<Span>> = BTreeMap::new();
    for (n, act) in acts.iter().enumerate() {
        if place.at(1).at(n as u64).chance(noise.loss) {
            continue;
        }
        let clock = Place::new(act.service.bytes().fold(place.number(), |hash, byte| {
            hash.wrapping_mul(31) ^ u64::from(byte)
        }));
        let shift = start + clock.within(0, 2 * noise.skew) - noise.skew;
        let cut = |time: u64| {
            if noise.coarse {
                time / 1_000_000 * 1_000_000
            } else {
                time
            }
        };
        services.entry(act.service).or_default().push(Span {
            trace_id: trace.to_be_bytes().to_vec(),
            span_id: act.id.to_be_bytes().to_vec(),
            parent_span_id: if act.parent == 0 {
                Vec::new()
            } else {
                act.parent.to_be_bytes().to_vec()
            },
            start_time_unix_nano: cut(shift + act.start),
            end_time_unix_nano: cut(shift + act.start) + (act.end - act.start),
            trace_state: noise.trace_state(),
            links: links(act),
            ..described(act, generation)
        });
    }
    services
        .into_iter()
        .map(|(service, spans)| request(service, spans))
        .collect()
}

/// Gives the senders of requests another attribute: a version, an instance.
pub fn describe(requests: &mut [ExportTraceServiceRequest], key: &str, value: &str) {
    let resources = requests
        .iter_mut()
        .flat_map(|request| &mut request.resource_spans);
    for resource in resources.filter_map(|spans| spans.resource.as_mut()) {
        resource.attributes.retain(|attribute| attribute.key != key);
        let mut attributes = Attributes(std::mem::take(&mut resource.attributes));
        attributes.text(key, value);
        resource.attributes = attributes.0;
    }
}

fn links(act: &Act) -> Vec<span::Link> {
    let What::Consumer { links, .. } = &act.what else {
        return Vec::new();
    };
    let link = |&(trace, id): &(u128, u64)| span::Link {
        trace_id: trace.to_be_bytes().to_vec(),
        span_id: id.to_be_bytes().to_vec(),
        ..Default::default()
    };
    links.iter().map(link).collect()
}

fn request(service: &str, spans: Vec<Span>) -> ExportTraceServiceRequest {
    let mut attributes = Attributes::default();
    attributes.text("service.name", service);
    attributes.text("service.version", "1.4.0");
    attributes.text("host.name", &format!("{service}-7d9f"));
    attributes.text("telemetry.sdk.language", "python");
    let scope = InstrumentationScope {
        name: "shop.instrumentation".into(),
        ..Default::default()
    };
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource {
                attributes: attributes.0,
                ..Default::default()
            }),
            scope_spans: vec![ScopeSpans {
                scope: Some(scope),
                spans,
                ..Default::default()
            }],
            ..Default::default()
        }],
    }
}

#[derive(Default)]
struct Attributes(Vec<KeyValue>);

impl Attributes {
    fn put(&mut self, key: &str, value: any_value::Value) {
        let value = Some(AnyValue { value: Some(value) });
        self.0.push(KeyValue {
            key: key.to_owned(),
            value,
            ..Default::default()
        });
    }

    fn text(&mut self, key: &str, value: &str) {
        self.put(key, any_value::Value::StringValue(value.to_owned()));
    }

    fn number(&mut self, key: &str, value: i64) {
        self.put(key, any_value::Value::IntValue(value));
    }
}

const SERVER: i32 = 2;
const CLIENT: i32 = 3;
const INTERNAL: i32 = 1;
const PRODUCER: i32 = 4;
const CONSUMER: i32 = 5;

/// Name, kind, status and attributes of a span.
fn described(act: &Act, generation: Generation) -> Span {
    let new = generation == Generation::Stable;
    let mut to = Attributes::default();
    let (name, kind, failed) = match &act.what {
        What::Server {
            operation,
            protocol: Protocol::Http,
        } => (served(&mut to, new, operation), SERVER, false),
        What::Client {
            service,
            operation,
            protocol: Protocol::Http,
            item,
        } => {
            let url = format!("http://{service}:8080{}", path(operation, *item));
            http(&mut to, new, "GET", &url, service, 200);
            ("GET".to_owned(), CLIENT, false)
        }
        What::Server {
            operation,
            protocol: Protocol::Rpc,
        } => {
            rpc(&mut to, new, operation);
            (format!("shop.{operation}"), SERVER, false)
        }
        What::Client {
            service,
            operation,
            protocol: Protocol::Rpc,
            ..
        } => {
            rpc(&mut to, new, operation);
            to.text(if new { "server.address" } else { "net.peer.name" }, service);
            (format!("shop.{operation}"), CLIENT, false)
        }
        What::GivenUp { service, operation } => {
            let url = format!("http://{service}:8080{}", path(operation, 7));
            http_request(&mut to, new, "GET", &url, service);
            to.text("error.type", "timeout");
            ("GET".to_owned(), CLIENT, true)
        }
        What::Unrouted { name } => {
            to.text(if new { "http.request.method" } else { "http.method" }, "GET");
            (name.clone(), SERVER, false)
        }
        What::Consumer { topic, .. } => (taken(&mut to, new, topic), CONSUMER, false),
        What::Job { name } | What::Internal { name } => ((*name).to_owned(), INTERNAL, false),
        What::Leaf { leaf, item } => self::leaf(&mut to, new, leaf, *item),
    };
    let status = failed.then(|| Status {
        code: 2,
        ..Default::default()
    });
    Span {
        name,
        kind,
        attributes: to.0,
        status,
        ..Default::default()
    }
}

/// Attributes and name of a request by HTTP.
fn served(to: &mut Attributes, new: bool, operation: &str) -> String {
    to.text(if new { "http.request.method" } else { "http.method" }, "GET");
    to.text("http.route", operation);
    to.text(if new { "url.path" } else { "http.target" }, &path(operation, 7));
    let status = if new {
        "http.response.status_code"
    } else {
        "http.status_code"
    };
    to.number(status, 200);
    format!("GET {operation}")
}

/// Attributes and name of a message that is taken.
fn taken(to: &mut Attributes, new: bool, topic: &str) -> String {
    message(to, new, topic);
    let operation = if new {
        "messaging.operation.type"
    } else {
        "messaging.operation"
    };
    to.text(operation, "process");
    format!("process {topic}")
}

/// A route with its parameters filled in.
fn path(route: &str, item: u64) -> String {
    let filled = |part: &str| {
        if part.starts_with('{') {
            item.to_string()
        } else {
            part.to_owned()
        }
    };
    route.split('/').map(filled).collect::<Vec<_>>().join("/")
}

fn rpc(to: &mut Attributes, new: bool, operation: &str) {
    let (service, method) = operation.split_once('/').unwrap_or(("Shop", operation));
    to.text(if new { "rpc.system.name" } else { "rpc.system" }, "grpc");
    match new {
        true => to.text("rpc.method", &format!("shop.{service}/{method}")),
        false => {
            to.text("rpc.service", &format!("shop.{service}"));
            to.text("rpc.method", method);
        }
    }
    to.number(
        if new {
            "rpc.response.status_code"
        } else {
            "rpc.grpc.status_code"
        },
        0,
    );
}

fn http(to: &mut Attributes, new: bool, method: &str, url: &str, host: &str, status: u16) {
    http_request(to, new, method, url, host);
    to.number(
        if new {
            "http.response.status_code"
        } else {
            "http.status_code"
        },
        status.into(),
    );
}

/// The attributes of a call that may have no answer.
fn http_request(to: &mut Attributes, new: bool, method: &str, url: &str, host: &str) {
    to.text(if new { "http.request.method" } else { "http.method" }, method);
    to.text(if new { "url.full" } else { "http.url" }, url);
    to.text(if new { "server.address" } else { "net.peer.name" }, host);
}

fn database(to: &mut Attributes, new: bool, system: &str, text: &str) {
    let namespace = if system == "redis" { "0" } else { "shop" };
    store(to, new, system, text, namespace);
}

fn store(to: &mut Attributes, new: bool, system: &str, text: &str, namespace: &str) {
    to.text(if new { "db.system.name" } else { "db.system" }, system);
    to.text(if new { "db.query.text" } else { "db.statement" }, text);
    to.text(if new { "db.namespace" } else { "db.name" }, namespace);
    to.text(
        if new { "server.address" } else { "net.peer.name" },
        &format!("{system}.internal"),
    );
}

fn message(to: &mut Attributes, new: bool, topic: &str) {
    to.text("messaging.system", "rabbitmq");
    let destination = if new {
        "messaging.destination.name"
    } else {
        "messaging.destination"
    };
    to.text(destination, topic);
}

fn publish(to: &mut Attributes, new: bool, topic: &str, messages: u32) {
    message(to, new, topic);
    match new {
        true => to.text("messaging.operation.type", "send"),
        false => to.text("messaging.operation", "publish"),
    }
    if messages > 1 {
        to.number("messaging.batch.message_count", messages.into());
    }
}

/// Name, kind and failure of an outgoing operation.
fn leaf(to: &mut Attributes, new: bool, leaf: &Leaf, item: u64) -> (String, i32, bool) {
    match leaf {
        Leaf::Query { .. }
        | Leaf::QueryMany { .. }
        | Leaf::Insert { .. }
        | Leaf::Update { .. }
        | Leaf::Routine { .. } => {
            let (name, text) = statement(leaf, item);
            database(to, new, "postgresql", &text);
            (name, CLIENT, false)
        }
        Leaf::Statement { namespace, text } => {
            store(to, new, "postgresql", text, namespace);
            (String::new(), CLIENT, false)
        }
        Leaf::Session { text } => {
            database(to, new, "postgresql", text);
            ((*text).to_owned(), CLIENT, false)
        }
        Leaf::Shard { path } => {
            let host = format!("shard-{}.search.internal", item % 1_000);
            http(to, new, "GET", &format!("http://{host}{path}"), &host, 200);
            ("GET".to_owned(), CLIENT, false)
        }
        Leaf::Connect | Leaf::Checkout | Leaf::Wordless => {
            to.text(if new { "db.system.name" } else { "db.system" }, "postgresql");
            (plumbing(leaf).to_owned(), CLIENT, false)
        }
        Leaf::Publish { topic, messages } => {
            publish(to, new, topic, *messages);
            (format!("send {topic}"), PRODUCER, false)
        }
        Leaf::CacheGet { prefix } => {
            database(to, new, "redis", &format!("GET {prefix}:{item}"));
            ("GET".to_owned(), CLIENT, false)
        }
        Leaf::CacheMany { prefix } => {
            database(
                to,
                new,
                "redis",
                &format!("MGET {prefix}:1 {prefix}:2 {prefix}:3 {prefix}:{item}"),
            );
            ("MGET".to_owned(), CLIENT, false)
        }
        Leaf::Http {
            host,
            method,
            path,
            with_id,
            status,
        } => {
            let id = if *with_id {
                format!("/{item}")
            } else {
                String::new()
            };
            http(
                to,
                new,
                method,
                &format!("https://{host}{path}{id}"),
                host,
                *status,
            );
            ((*method).to_owned(), CLIENT, *status >= 400)
        }
    }
}

/// Span name of what shows nothing but its database.
fn plumbing(leaf: &Leaf) -> &'static str {
    if *leaf == Leaf::Connect {
        "connect"
    } else if *leaf == Leaf::Checkout {
        "pool.acquire"
    } else {
        "query"
    }
}

/// Span name and text of a statement.
fn statement(leaf: &Leaf, item: u64) -> (String, String) {
    match leaf {
        Leaf::Query { table, arguments } => {
            let value = match arguments {
                Arguments::Bound => "$1".to_owned(),
                Arguments::Inlined => item.to_string(),
                Arguments::Equal => "42".to_owned(),
            };
            let text = format!("SELECT id, name, price FROM {table} WHERE {table}.owner_id = {value}");
            (format!("SELECT {table}"), text)
        }
        Leaf::QueryMany { table } => {
            let list: Vec<String> = (0..item % 40 + 2).map(|n| n.to_string()).collect();
            let text = format!(
                "SELECT id, name, price FROM {table} WHERE owner_id IN ({})",
                list.join(", ")
            );
            (format!("SELECT {table}"), text)
        }
        Leaf::Insert { table } => (
            format!("INSERT {table}"),
            format!("INSERT INTO {table} (id, name) VALUES ({item}, 'x{item}')"),
        ),
        Leaf::Update { table } => (
            format!("UPDATE {table}"),
            format!("UPDATE {table} SET name = 'x{item}' WHERE id = {item}"),
        ),
        Leaf::Routine { name } => ("SELECT shop".to_owned(), format!("SELECT {name}($1)")),
        Leaf::Connect
        | Leaf::Checkout
        | Leaf::Wordless
        | Leaf::Publish { .. }
        | Leaf::Statement { .. }
        | Leaf::Session { .. }
        | Leaf::Shard { .. }
        | Leaf::CacheGet { .. }
        | Leaf::CacheMany { .. }
        | Leaf::Http { .. } => Default::default(),
    }
}
