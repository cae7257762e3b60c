//! What attributes mean: classes, templates, callees, flags, in both generations of names.

use hotspan_model::{Class, Flag, Lookup, Peer, Verb, Visibility};

use crate::request::{Decoded, Span, Value, attribute, int, one, span, text, texts, with};

const SERVER: i32 = 2;
const CLIENT: i32 = 3;
const PRODUCER: i32 = 4;

fn client(pairs: &[(&str, &str)]) -> Decoded {
    one(vec![with(CLIENT, "op", texts(pairs))])
}

#[test]
fn a_query_has_the_same_symbols_in_both_generations() {
    let old = client(&[
        ("db.system", "mssql"),
        ("db.statement", "SELECT a FROM t WHERE id = 7"),
        ("db.name", "shop"),
        ("net.peer.name", "DB"),
        ("net.peer.port", "1433"),
    ]);
    let new = client(&[
        ("db.system.name", "microsoft.sql_server"),
        ("db.query.text", "SELECT a FROM t WHERE id = 7"),
        ("db.namespace", "shop"),
        ("server.address", "db"),
    ]);
    assert_eq!(old.lines(), new.lines());
    assert_eq!(new.template(), "select a from t where id=?");
    assert_eq!(new.callee(), "microsoft.sql_server://db/shop");
    assert_eq!(new.span().bits.visibility(), Visibility::Visible);
    assert_eq!(
        new.dictionary
            .template(new.span().template.unwrap())
            .unwrap()
            .verb,
        Verb::Read
    );
}

#[test]
fn parameters_show_in_the_hash_and_nowhere_else() {
    let query = |literal: &str| {
        client(&[
            ("db.system", "postgresql"),
            ("db.statement", &format!("SELECT {literal} FROM t")),
        ])
    };
    assert_ne!(query("7").span().params, query("8").span().params);
    assert_eq!(query("7").template(), query("8").template());
    let bound = |parameters: &[(&str, &str)]| {
        let mut pairs = vec![
            ("db.system", "postgresql"),
            ("db.statement", "SELECT a FROM t WHERE b = $1"),
        ];
        pairs.extend(parameters);
        client(&pairs)
    };
    assert_eq!(bound(&[]).span().bits.visibility(), Visibility::Hidden);
    let (one, other) = (
        bound(&[("db.query.parameter.a", "1")]),
        bound(&[("db.query.parameter.a", "2")]),
    );
    assert_eq!(one.span().bits.visibility(), Visibility::Visible);
    assert_ne!(one.span().params, other.span().params);
    let pair = bound(&[("db.query.parameter.a", "1"), ("db.query.parameter.b", "2")]);
    let swapped = bound(&[("db.query.parameter.b", "2"), ("db.query.parameter.a", "1")]);
    assert_eq!(pair.span().params, swapped.span().params);
}

#[test]
fn a_store_without_text_goes_by_summary_then_operation_then_name() {
    let system = ("db.system", "mongodb");
    let summary = client(&[
        system,
        ("db.query.summary", "find orders"),
        ("db.operation", "find"),
    ]);
    assert_eq!(summary.template(), "find orders");
    let operation = client(&[
        system,
        ("db.operation", "find"),
        ("db.mongodb.collection", "orders"),
    ]);
    assert_eq!(operation.template(), "FIND orders");
    assert_eq!(operation.span().bits.visibility(), Visibility::None);
    let named = client(&[system]);
    assert!(named.has(Flag::Unnamed) && named.template() == "op");
    assert_eq!(named.span().class(), Class::Db);
}

#[test]
fn statements_decide_between_classes_of_stores() {
    let class = |system, text| {
        client(&[("db.system", system), ("db.statement", text)])
            .span()
            .class()
    };
    assert_eq!(class("postgresql", "BEGIN"), Class::DbMeta);
    assert_eq!(class("postgresql", "SELECT a FROM b"), Class::Db);
    assert_eq!(class("redis", "GET a"), Class::Cache);
    assert_eq!(class("redis", "BLPOP a 0"), Class::Wait);
    assert_eq!(class("redis", "PING"), Class::DbMeta);
    let begin = client(&[("db.system", "postgresql"), ("db.operation", "BEGIN")]);
    assert_eq!(begin.span().class(), Class::DbMeta);
}

#[test]
fn batches_are_marked_with_their_size() {
    let rows = client(&[
        ("db.system", "mysql"),
        ("db.statement", "INSERT INTO t VALUES (1),(2),(3)"),
    ]);
    assert!(rows.has(Flag::Batched));
    assert_eq!(rows.extras().batch, Some(3));
    let keys = client(&[("db.system", "redis"), ("db.statement", "MGET ? ?")]);
    assert!(keys.has(Flag::Batched));
    let said = vec![
        text("db.system", "mysql"),
        text("db.operation", "INSERT"),
        int("db.operation.batch.size", 9),
    ];
    assert_eq!(one(vec![with(CLIENT, "op", said)]).extras().batch, Some(9));
    let single = vec![text("db.system", "mysql"), int("db.operation.batch.size", 1)];
    assert!(!one(vec![with(CLIENT, "op", single)]).has(Flag::Batched));
}

#[test]
fn a_call_has_the_same_template_in_both_generations() {
    let old = client(&[
        ("http.method", "GET"),
        ("http.url", "http://Catalog:8080/products/17?b=1&a=2#x"),
    ]);
    let new = client(&[
        ("http.request.method", "GET"),
        ("url.full", "http://Catalog:8080/products/17?b=1&a=2#x"),
        ("server.address", "catalog"),
        ("server.port", "8080"),
    ]);
    let parts = client(&[
        ("http.request.method", "GET"),
        ("url.scheme", "http"),
        ("url.path", "/products/17"),
        ("url.query", "b=1&a=2"),
        ("server.address", "catalog:8080"),
    ]);
    for call in [&old, &new, &parts] {
        assert_eq!(call.template(), "GET catalog/products/{}?a&b");
        assert_eq!(call.callee(), "http://catalog:8080");
        assert_eq!(
            (call.span().class(), call.span().bits.visibility()),
            (Class::Call, Visibility::Visible)
        );
        assert_eq!(call.span().params, old.span().params);
    }
    let post = client(&[
        ("http.method", "POST"),
        ("http.url", "https://api.stripe.com:443/v1/charges"),
    ]);
    assert_eq!(
        (post.callee(), post.span().bits.visibility()),
        ("http://api.stripe.com", Visibility::Hidden)
    );
    let facts = post.dictionary.callee(post.span().callee.unwrap()).unwrap();
    assert_eq!((facts.peer, &*facts.domain), (Peer::ThirdParty, "stripe.com"));
}

#[test]
fn one_url_may_be_many_operations() {
    let call = |name| {
        client(&[
            ("http.method", "POST"),
            ("http.url", "http://api/graphql"),
            ("graphql.operation.name", name),
        ])
    };
    assert_eq!(call("GetCart").template(), "POST api/graphql GetCart");
    assert_eq!(call("AddItem").template(), "POST api/graphql AddItem");
    let template = client(&[
        ("http.method", "GET"),
        ("http.url", "http://api/a/word"),
        ("url.template", "a/{slug}"),
    ]);
    assert_eq!(template.template(), "GET api/a/{slug}");
}

#[test]
fn a_proxy_is_looked_through() {
    let header = client(&[
        ("http.method", "GET"),
        ("http.url", "http://localhost:15001/a"),
        ("http.request.header.host", "catalog:8080"),
    ]);
    assert_eq!(header.callee(), "http://catalog:8080");
    let address = client(&[
        ("http.request.method", "GET"),
        ("server.address", "localhost"),
        ("http.url", "http://catalog/a"),
    ]);
    assert_eq!(address.callee(), "http://catalog");
}

#[test]
fn procedures_join_service_and_method() {
    let old = client(&[
        ("rpc.system", "grpc"),
        ("rpc.service", "shop.Catalog"),
        ("rpc.method", "Get"),
    ]);
    let new = client(&[("rpc.system.name", "grpc"), ("rpc.method", "shop.Catalog/Get")]);
    for call in [&old, &new] {
        assert_eq!((call.template(), call.callee()), ("shop.Catalog/Get", "grpc://"));
        let facts = call.dictionary.callee(call.span().callee.unwrap()).unwrap();
        assert_eq!(facts.peer, Peer::Unknown);
    }
}

#[test]
fn messages_go_to_their_destination() {
    let send = one(vec![with(
        PRODUCER,
        "send",
        texts(&[
            ("messaging.system", "kafka"),
            ("messaging.destination", "orders-2024"),
        ]),
    )]);
    assert_eq!(
        (send.template(), send.callee()),
        ("send orders-#", "kafka:///orders-#")
    );
    let mut attributes = texts(&[
        ("messaging.destination.name", "amq.gen-x"),
        ("messaging.system", "rabbitmq"),
    ]);
    attributes.push(attribute(
        "messaging.destination.temporary",
        Value::BoolValue(true),
    ));
    attributes.push(int("messaging.batch.message_count", 5));
    let temporary = one(vec![with(PRODUCER, "send", attributes)]);
    assert_eq!(temporary.template(), "send (temporary)");
    assert_eq!(
        (temporary.has(Flag::Batched), temporary.extras().batch),
        (true, Some(5))
    );
}

#[test]
fn a_server_goes_by_method_and_route_and_tells_its_own_path() {
    let routed = |pairs: &[(&str, &str)]| one(vec![with(SERVER, "GET orders/recent", texts(pairs))]);
    let django = routed(&[
        ("http.method", "GET"),
        ("http.route", "orders/recent"),
        ("http.target", "/orders/recent?x=1"),
    ]);
    assert_eq!(
        (django.operation(), django.callee()),
        ("GET /orders/recent", "GET /orders/recent")
    );
    let path = routed(&[("http.request.method", "GET"), ("url.path", "/orders/17")]);
    assert_eq!(
        (path.operation(), path.callee()),
        ("GET /orders/{}", "GET /orders/{}")
    );
    let rpc = routed(&[("rpc.service", "a.B"), ("rpc.method", "C")]);
    assert_eq!((rpc.operation(), rpc.callee()), ("a.B/C", "a.B/C"));
    assert_eq!(routed(&[]).operation(), "GET orders/recent");
    let other = routed(&[
        ("http.request.method", "_OTHER"),
        ("http.request.method_original", "PROPFIND"),
        ("http.route", "/a"),
    ]);
    assert_eq!(other.operation(), "HTTP /a");
}

#[test]
fn any_sign_of_failure_counts() {
    let failed = |kind, attributes| one(vec![with(kind, "op", attributes)]).has(Flag::Failed);
    assert!(failed(SERVER, vec![int("http.status_code", 500)]));
    assert!(!failed(SERVER, vec![int("http.status_code", 404)]));
    assert!(failed(CLIENT, vec![int("http.response.status_code", 404)]));
    assert!(failed(CLIENT, texts(&[("error.type", "timeout")])));
    assert!(failed(1, vec![attribute("error", Value::BoolValue(true))]));
    assert!(!failed(1, vec![attribute("error", Value::BoolValue(false))]));
}

#[test]
fn rare_values_stand_beside_the_span() {
    let attributes = vec![
        text("code.namespace", "shop.views"),
        text("code.function", "orders"),
        text("code.filepath", "views.py"),
        int("code.lineno", 42),
        text("db.response.status_code", "40001"),
        int("http.request.resend_count", 2),
        text("messaging.kafka.consumer.group", "billing"),
        text("hotspan.ignore", "n-plus-one-query, slow-query"),
        int("db.response.returned_rows", 12),
    ];
    let decoded = one(vec![Span { attributes, ..span() }]);
    let extras = decoded.extras();
    let shown = |symbol: Option<_>| symbol.map(|symbol| decoded.text(symbol).to_owned());
    assert_eq!(
        shown(extras.code).as_deref(),
        Some("views.py:42 shop.views.orders")
    );
    assert_eq!(shown(extras.group).as_deref(), Some("billing"));
    assert_eq!(
        shown(extras.ignore).as_deref(),
        Some("n-plus-one-query,slow-query")
    );
    assert_eq!(
        (extras.rows, extras.resend, extras.batch),
        (Some(12), Some(2), None)
    );
    assert!(extras.status.is_some() && decoded.has(Flag::Ignored) && decoded.has(Flag::HasSide));
    assert!(!one(vec![span()]).has(Flag::HasSide));
}

#[test]
fn partitions_of_one_table_are_not_one_read_repeated() {
    let query = |statement: &str| client(&[("db.system", "postgresql"), ("db.statement", statement)]);
    for (one, other) in [
        ("SELECT a FROM events_20240101", "SELECT a FROM events_20250101"),
        (
            "SELECT a FROM t WHERE b IN (NULL)",
            "SELECT a FROM t WHERE b IN (TRUE)",
        ),
        ("FETCH 10 FROM c1", "FETCH 10 FROM c2"),
    ] {
        let (one, other) = (query(one), query(other));
        assert_eq!(one.template(), other.template());
        assert_ne!(one.span().params, other.span().params, "{}", one.template());
    }
}
