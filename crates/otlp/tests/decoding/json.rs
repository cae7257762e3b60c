//! Rows of the contract for JSON.

use hotspan_model::{Flag, Kind, Nanos, Reason, Status, Timestamp};
use hotspan_otlp::Damage;

use crate::request::{Decoded, json};

/// Decodes a request whose one span has these members beside its ids.
fn span(members: &str) -> Decoded {
    spans(&format!(
        r#"{{"traceId":"{}","spanId":"{}",{members}}}"#,
        "0a".repeat(16),
        "0b".repeat(8)
    ))
}

fn spans(spans: &str) -> Decoded {
    let text = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{spans}]}}]}}]}}"#);
    json(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn c02_an_empty_request_succeeds() {
    for text in [
        "",
        " ",
        "{}",
        "null",
        r#"{"resourceSpans":[]}"#,
        r#"{"resourceSpans":[{"scopeSpans":[{"spans":[]}]}]}"#,
    ] {
        assert_eq!(json(text.as_bytes()).unwrap().tally.spans, 0, "{text}");
    }
}

#[test]
fn j01_ids_are_hex_in_any_case_and_nothing_else() {
    let ids = |trace: &str, span: &str| spans(&format!(r#"{{"traceId":"{trace}","spanId":"{span}"}}"#));
    let good = ids("5B8EFFF798038103D269B633813FC60C", "eee19b7ec3c1b174");
    assert_eq!(
        good.spans[0].0.trace.to_string(),
        "5b8efff798038103d269b633813fc60c"
    );
    assert_eq!(good.span().id.to_string(), "eee19b7ec3c1b174");
    let base64 = ids("W47/95gDgQPSabYzgT/GDA==", "eee19b7ec3c1b174");
    assert_eq!(base64.refused(Reason::InvalidTraceId), 1);
    let base64 = ids("5B8EFFF798038103D269B633813FC60C", "7uGbfsPBsXQ=");
    assert_eq!(base64.refused(Reason::InvalidSpanId), 1);
    assert!(span(r#""parentSpanId":"7uGbfsPBsXQ=""#).has(Flag::BadParent));
    assert!(span(r#""parentSpanId":"""#).span().is_root());
}

#[test]
fn j02_integers_are_numbers_strings_or_exponents() {
    for time in [
        "1544712660000000000",
        r#""1544712660000000000""#,
        "1.54471266e18",
        r#""1.54471266e18""#,
    ] {
        let decoded = span(&format!(
            r#""startTimeUnixNano":{time},"endTimeUnixNano":"1544712660000000005""#
        ));
        assert_eq!(
            decoded.span().start,
            Timestamp(1_544_712_660_000_000_000),
            "{time}"
        );
        assert_eq!(decoded.span().duration, Nanos(5));
    }
    for flags in ["768", r#""768""#, "7.68e2"] {
        assert!(
            span(&format!(r#""flags":{flags}"#)).has(Flag::RemoteParent),
            "{flags}"
        );
    }
    let status = |value: &str| {
        let value = format!(r#""attributes":[{{"key":"http.status_code","value":{{"intValue":{value}}}}}]"#);
        span(&value).span().bits.http_status()
    };
    assert_eq!(
        (status("503"), status(r#""503""#), status("5.03e2"), status("5.5")),
        (503, 503, 503, 0)
    );
}

#[test]
fn j03_doubles_may_be_quoted_or_no_numbers() {
    for double in ["200", "200.0", r#""200""#] {
        let value =
            format!(r#""attributes":[{{"key":"http.status_code","value":{{"doubleValue":{double}}}}}]"#);
        assert_eq!(span(&value).span().bits.http_status(), 200, "{double}");
    }
    for double in [r#""NaN""#, r#""Infinity""#, r#""-Infinity""#] {
        let value = format!(r#""attributes":[{{"key":"x","value":{{"doubleValue":{double}}}}}]"#);
        assert_eq!(span(&value).tally.type_mismatch, 0, "{double}");
    }
}

#[test]
fn j04_enums_are_numbers_quoted_or_not_or_names() {
    for kind in ["2", r#""2""#, r#""SPAN_KIND_SERVER""#] {
        assert_eq!(
            span(&format!(r#""kind":{kind}"#)).span().kind(),
            Kind::Server,
            "{kind}"
        );
    }
    for code in ["2", r#""2""#, r#""STATUS_CODE_ERROR""#] {
        let decoded = span(&format!(r#""status":{{"code":{code}}}"#));
        assert_eq!(decoded.span().bits.status(), Status::Error, "{code}");
    }
    assert_eq!(span(r#""kind":99"#).span().kind(), Kind::Unspecified);
    assert_eq!(span(r#""kind":-1"#).span().kind(), Kind::Unspecified);
}

#[test]
fn j05_null_is_the_default_of_every_field() {
    for field in [
        "name",
        "kind",
        "parentSpanId",
        "traceState",
        "flags",
        "startTimeUnixNano",
        "attributes",
        "events",
        "links",
        "status",
    ] {
        let decoded = span(&format!(r#""{field}":null"#));
        assert_eq!(
            (decoded.spans.len(), decoded.tally.type_mismatch),
            (1, 0),
            "{field}"
        );
    }
    let decoded = span(r#""attributes":[{"key":"a","value":{"arrayValue":{}}},{"key":"b","value":null}]"#);
    assert_eq!((decoded.tally.bad_field, decoded.tally.type_mismatch), (0, 0));
}

#[test]
fn j06_unknown_keys_are_ignored_and_snake_case_is_read_and_counted() {
    let decoded = span(r#""future":{"a":[1,{}]},"name":"n""#);
    assert_eq!(decoded.operation(), "n");
    let text = r#"{"resource_spans":[{"scope_spans":[{"spans":[{"trace_id":"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a",
        "span_id":"0b0b0b0b0b0b0b0b","start_time_unix_nano":"7","end_time_unix_nano":"9"}]}]}]}"#;
    let decoded = json(text.as_bytes()).unwrap();
    assert_eq!(
        (decoded.span().start, decoded.tally.snake_case),
        (Timestamp(7), 6)
    );
}

#[test]
fn j08_the_last_of_a_key_wins_and_a_wrong_type_costs_its_field() {
    assert_eq!(span(r#""name":"first","name":"last""#).operation(), "last");
    assert_eq!(
        span(r#""kind":2,"kind":"SPAN_KIND_CLIENT""#).span().kind(),
        Kind::Client
    );
    assert_eq!(span(r#""kind":2,"kind":null"#).span().kind(), Kind::Unspecified);
    let list = |status: &str| {
        format!(r#""attributes":[{{"key":"http.status_code","value":{{"intValue":{status}}}}}]"#)
    };
    let decoded = span(&format!("{},{}", list("200"), list("500")));
    assert_eq!(
        (decoded.span().bits.http_status(), decoded.tally.duplicate_keys),
        (500, 0)
    );
    let decoded = span(&format!(r#"{},"attributes":[]"#, list("200")));
    assert_eq!(decoded.span().bits.http_status(), 0);
    let decoded =
        span(r#""name":5,"kind":{},"attributes":"x","status":[],"startTimeUnixNano":"soon","flags":-1"#);
    assert_eq!((decoded.spans.len(), decoded.tally.type_mismatch), (1, 6));
}

#[test]
fn j08_a_span_that_is_no_object_is_malformed() {
    let decoded = spans("1, null, [], \"x\"");
    assert_eq!(
        (decoded.tally.spans, decoded.refused(Reason::MalformedSpan)),
        (4, 4)
    );
}

#[test]
fn j09_lone_surrogates_and_bad_utf8_are_replaced() {
    assert_eq!(span(r#""name":"a\ud800b""#).operation(), "a\u{fffd}b");
    let mut text = format!(
        r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"traceId":"{}","spanId":"{}","name":"a@b"}}]}}]}}]}}"#,
        "0a".repeat(16),
        "0b".repeat(8)
    )
    .into_bytes();
    let at = text.iter().position(|&byte| byte == b'@').unwrap();
    text[at] = 0xff;
    assert_eq!(json(&text).unwrap().operation(), "a\u{fffd}b");
}

#[test]
fn only_broken_json_is_undecodable() {
    for text in [
        "{",
        "[]",
        "1",
        "{}x",
        "{\"a\":}",
        "{\"resourceSpans\":[}",
        "nul",
        "{\"a\" 1}",
    ] {
        let error = json(text.as_bytes()).unwrap_err();
        assert_eq!(error.damage, Damage::Json, "{text}");
    }
    let error = json(b"{\"resourceSpans\": x}").unwrap_err();
    assert_eq!(
        (error.offset, error.to_string().as_str()),
        (18, "request: the text is no JSON at byte 18")
    );
}
