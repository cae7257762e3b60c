//! Which setting opens an eye, and what stops what is refused. Names of variables are those of the SDKs and agents.

use std::collections::BTreeSet;

use super::languages::Language;

/// Attributes of the older generation that tell which one a sender speaks.
pub(super) const OLD_NAMES: [&str; 10] = [
    "http.method",
    "http.url",
    "http.target",
    "http.status_code",
    "net.peer.name",
    "net.host.name",
    "db.statement",
    "db.system",
    "db.name",
    "db.sql.table",
];

/// What lets most SDKs speak both generations of names.
pub(super) const BOTH_NAMES: &str = "OTEL_SEMCONV_STABILITY_OPT_IN=http/dup,database/dup";

/// Settings of common instrumentations by the beginning of the attribute that is missing: those of these languages,
/// or of all where none is known.
pub(super) fn opening(attribute: &str, languages: &BTreeSet<Language>) -> Vec<String> {
    let found = OPENING.iter().find(|(begins, _)| attribute.starts_with(begins));
    let of_languages =
        |of: &Option<Language>| of.is_none_or(|of| languages.is_empty() || languages.contains(&of));
    let settings = found.map_or(&[][..], |(_, settings)| settings).iter();
    settings
        .filter(|(of, _)| of_languages(of))
        .map(|(of, setting)| match of {
            Some(language) => format!("{}: {setting}", language.name()),
            None => (*setting).to_owned(),
        })
        .collect()
}

/// A setting, and the only language that knows it.
type Setting = (Option<Language>, &'static str);

const DATASOURCE: Setting = (
    Some(Language::Java),
    "OTEL_INSTRUMENTATION_JDBC_DATASOURCE_ENABLED=true of the agent",
);

const OPENING: [(&str, &[Setting]); 9] = [
    (
        "db.query.text",
        &[
            (
                Some(Language::Dotnet),
                "OTEL_DOTNET_AUTO_SQLCLIENT_SET_DBSTATEMENT_FOR_TEXT=true, OTEL_DOTNET_AUTO_ENTITYFRAMEWORKCORE_SET_DBSTATEMENT_FOR_TEXT=true of the agent",
            ),
            (
                Some(Language::Ruby),
                "db_statement: :obfuscate of the instrumentation of the driver",
            ),
            (
                None,
                "others send it unless they are told not to; install the instrumentation of the driver",
            ),
        ],
    ),
    (
        "db.query.parameter",
        &[
            (
                Some(Language::Java),
                "OTEL_INSTRUMENTATION_JDBC_EXPERIMENTAL_CAPTURE_QUERY_PARAMETERS=true of the agent",
            ),
            (
                Some(Language::NodeJs),
                "new PgInstrumentation({ enhancedDatabaseReporting: true })",
            ),
        ],
    ),
    (
        "a span named connect",
        &[
            DATASOURCE,
            (
                Some(Language::NodeJs),
                "instrumentation-pg has pg.connect unless ignoreConnectSpans is set",
            ),
        ],
    ),
    (
        "db.client.connection.pool",
        &[
            DATASOURCE,
            (
                Some(Language::NodeJs),
                "instrumentation-pg has pg-pool.connect unless ignoreConnectSpans is set",
            ),
        ],
    ),
    (
        "spans of BEGIN and COMMIT",
        &[(
            Some(Language::Java),
            "OTEL_INSTRUMENTATION_JDBC_EXPERIMENTAL_TRANSACTION_ENABLED=true of the agent",
        )],
    ),
    (
        "service.version",
        &[(
            None,
            "OTEL_RESOURCE_ATTRIBUTES=service.version=$(git describe --always)",
        )],
    ),
    ("http.request.method", &[(None, BOTH_NAMES)]),
    ("server.address", &[(None, BOTH_NAMES)]),
    ("db.namespace", &[(None, BOTH_NAMES)]),
];

/// What to do about requests that are refused for this reason.
pub(super) fn refused(reason: &str) -> &'static str {
    match reason {
        "undecodable" => {
            "send OTLP: the sender's protocol and endpoint do not fit (OTEL_EXPORTER_OTLP_PROTOCOL)"
        }
        "too_large" => "send smaller batches (OTEL_BSP_MAX_EXPORT_BATCH_SIZE), or raise message_bytes_max",
        "overloaded" => "give the daemon more memory (--memory) or shards (--shards); senders send again",
        "over_rate" => {
            "raise the tenant's rate in the daemon's key tenants, or sample at the senders; they send again"
        }
        "unauthenticated" | "forbidden" => {
            "show a token with the scope ingest: OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20TOKEN"
        }
        "too_slow" => "look at the network between the sender and here",
        "unknown_coding" => "compress with gzip or zstd, or not at all (OTEL_EXPORTER_OTLP_COMPRESSION)",
        "wrong_type" => {
            "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf or http/json for the HTTP port, grpc for the other"
        }
        "wrong_method" | "unknown" => "OTEL_EXPORTER_OTLP_ENDPOINT is the address alone; SDKs add /v1/traces",
        "bad_frame" => "something that is no OTLP/gRPC speaks to the gRPC port",
        "draining" => "the daemon was stopping; senders send again",
        _ => "the daemon's log says more",
    }
}

/// What to do about spans that are dropped for this reason; `None` where it is how things should be.
pub(super) fn dropped(reason: &str) -> Option<&'static str> {
    Some(match reason {
        "invalid_trace_id" | "invalid_span_id" | "malformed_span" => {
            "a sender writes broken spans: update its SDK, or what it goes through"
        }
        "truncated" => {
            "traces are longer than can be held; split endless ones, or give more memory (--memory)"
        }
        "late_dropped" => "spans come after their trace was decided: flush sooner (OTEL_BSP_SCHEDULE_DELAY)",
        "degraded" => "there was no room for all traces: more memory (--memory) or shards (--shards)",
        "poison" => "a fault of ours: please report what the daemon logged",
        _ => return None,
    })
}

/// What to do about what was read although it was not as it should be, and whether it must be repaired.
pub(super) fn tolerated(kind: &str) -> Option<(bool, &'static str)> {
    Some(match kind {
        "service_missing" | "service_empty" | "service_no_text" => {
            (true, "set OTEL_SERVICE_NAME for every service")
        }
        "bad_parent" | "bad_field" | "type_mismatch" => {
            (true, "update the SDK of the sender, or what it goes through")
        }
        "dropped_parts" => (
            false,
            "SDKs left out attributes or events: OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT, OTEL_SPAN_EVENT_COUNT_LIMIT",
        ),
        "cut" => (false, "long texts were cut; nothing that rules need is lost"),
        "bad_tracestate" => (false, "sampling that it would tell is unknown"),
        "duplicate_keys" | "too_deep" | "snake_case" => (false, "read all the same"),
        _ => return None,
    })
}
