//! What an exemplar shows of an attribute. Doubt redacts: a value is shown when its key is on a list, never else.

use hotspan_model::ParamKey;

use super::{ParamHasher, Statement, analyse, graphql, names, url};

/// What stands for a value that is not shown.
pub const REDACTED: &str = "(redacted)";

/// Longest value that is shown, in bytes.
const VALUE_BYTES_MAX: usize = 4 * 1024;

/// An attribute's value as far as it can be shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// A string.
    Text(&'a str),
    /// An integer.
    Int(i64),
    /// A floating-point number.
    Double(f64),
    /// A truth value.
    Bool(bool),
    /// Bytes, arrays, maps.
    Other,
}

/// How the text of a key is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// As it came.
    Plain,
    /// A statement, sanitised.
    Statement,
    /// A URL: scheme, host, path template, query keys.
    Url,
    /// A path, or path and query.
    Path,
    /// A query: its keys.
    Query,
    /// A name that may hold ids.
    Name,
    /// A destination.
    Destination,
    /// A GraphQL document.
    Document,
    Redacted,
}

/// Words of low cardinality, versions, systems, numbers and truth values.
const PLAIN: &[&str] = &[
    "aws.region",
    "cloud.provider",
    "cloud.region",
    "code.function",
    "code.function.name",
    "code.line.number",
    "code.lineno",
    "db.operation.batch.size",
    "db.operation.name",
    "db.response.returned_rows",
    "db.response.status_code",
    "db.system",
    "db.system.name",
    "deployment.environment",
    "deployment.environment.name",
    "error",
    "exception.escaped",
    "faas.coldstart",
    "faas.trigger",
    "gen_ai.operation.name",
    "gen_ai.provider.name",
    "gen_ai.request.model",
    "gen_ai.response.model",
    "gen_ai.system",
    "gen_ai.usage.completion_tokens",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.prompt_tokens",
    "graphql.operation.type",
    "http.flavor",
    "http.method",
    "http.request.body.size",
    "http.request.method",
    "http.request.resend_count",
    "http.request_content_length",
    "http.response.body.size",
    "http.response.status_code",
    "http.response_content_length",
    "http.scheme",
    "http.status_code",
    "http.status_text",
    "messaging.batch.message_count",
    "messaging.operation",
    "messaging.operation.name",
    "messaging.operation.type",
    "messaging.system",
    "net.host.port",
    "net.peer.port",
    "net.transport",
    "network.protocol.name",
    "network.protocol.version",
    "network.transport",
    "network.type",
    "os.type",
    "otel.library.name",
    "otel.library.version",
    "otel.scope.name",
    "otel.scope.version",
    "otel.status_code",
    "peer.service",
    "process.runtime.name",
    "process.runtime.version",
    "rpc.grpc.status_code",
    "rpc.method",
    "rpc.response.status_code",
    "rpc.service",
    "rpc.status_code",
    "rpc.system",
    "rpc.system.name",
    "server.port",
    "service.name",
    "service.namespace",
    "service.peer.name",
    "service.version",
    "span.kind",
    "telemetry.distro.name",
    "telemetry.distro.version",
    "telemetry.sdk.language",
    "telemetry.sdk.name",
    "telemetry.sdk.version",
    "thread.id",
    "url.scheme",
    "vcs.ref.head.revision",
];

/// Keys whose texts are shown in the form beside them.
const FORMS: &[(&str, Form)] = &[
    ("db.query.text", Form::Statement),
    ("db.statement", Form::Statement),
    ("graphql.document", Form::Document),
    ("url.full", Form::Url),
    ("http.url", Form::Url),
    ("url.path", Form::Path),
    ("http.target", Form::Path),
    ("url.query", Form::Query),
    ("url.template", Form::Name),
    ("http.route", Form::Name),
    ("http.host", Form::Plain),
    ("http.server_name", Form::Plain),
    ("net.host.name", Form::Plain),
    ("net.peer.name", Form::Plain),
    ("server.address", Form::Plain),
    ("host.name", Form::Plain),
    ("db.query.summary", Form::Name),
    ("db.operation", Form::Name),
    ("db.collection.name", Form::Name),
    ("db.sql.table", Form::Name),
    ("db.mongodb.collection", Form::Name),
    ("db.cassandra.table", Form::Name),
    ("db.namespace", Form::Name),
    ("db.name", Form::Name),
    ("db.redis.database_index", Form::Plain),
    ("db.stored_procedure.name", Form::Name),
    ("error.type", Form::Name),
    ("exception.type", Form::Name),
    ("faas.invoked_name", Form::Name),
    ("graphql.operation.name", Form::Name),
    ("messaging.consumer.group.name", Form::Name),
    ("messaging.kafka.consumer.group", Form::Name),
    ("messaging.destination", Form::Destination),
    ("messaging.destination.name", Form::Destination),
    ("messaging.destination.template", Form::Destination),
];

/// Parts of keys that no list can override.
const SECRETS: [&str; 9] = [
    "password",
    "passwd",
    "secret",
    "token",
    "cookie",
    "authorization",
    "api-key",
    "api_key",
    "apikey",
];

/// The text that stands for the value of `key`. `system` is the span's canonical `db.system` (the dialect of its
/// statement); `allow` are the keys that the operator allows by name.
pub fn shown(key: &str, value: Value<'_>, system: &str, allow: &[String]) -> String {
    let form = form(key, allow);
    match value {
        _ if form == Form::Redacted => REDACTED.to_owned(),
        Value::Text(text) => bounded(text_as(form, text, system)),
        Value::Int(number) => number.to_string(),
        Value::Double(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Other => REDACTED.to_owned(),
    }
}

fn form(key: &str, allow: &[String]) -> Form {
    let counts = key.starts_with("gen_ai.usage.");
    if is_secret(key) && !counts {
        return Form::Redacted;
    }
    if allow.iter().any(|allowed| allowed == key) {
        return Form::Plain;
    }
    if let Some(&(_, form)) = FORMS.iter().find(|(known, _)| *known == key) {
        return form;
    }
    if PLAIN.contains(&key) {
        return Form::Plain;
    }
    Form::Redacted
}

/// Whether a key names a secret: such a value is never shown, whoever allows it.
pub fn is_secret(key: &str) -> bool {
    let lower = key.to_ascii_lowercase();
    SECRETS.iter().any(|secret| lower.contains(secret))
}

fn text_as(form: Form, text: &str, system: &str) -> String {
    let mut out = String::new();
    let mut params = ParamHasher::new(ParamKey::BUILT_IN);
    match form {
        Form::Plain => out.push_str(text),
        Form::Statement => {
            let mut statement = Statement::default();
            analyse(system, text, ParamKey::BUILT_IN, &mut statement);
            return statement.sanitised;
        }
        Form::Url => {
            let url = url::Url::parse(text);
            url::template(url.path, url.query, &mut params, &mut out);
            if !url.host.is_empty() {
                out.insert_str(0, &address(&url));
            }
        }
        Form::Path => {
            let url = url::Url::parse(text);
            url::template(url.path, url.query, &mut params, &mut out);
        }
        Form::Query => {
            url::template("", text, &mut params, &mut out);
            out = out.trim_start_matches(['/', '?']).to_owned();
        }
        Form::Name => names::mask(text, &mut out),
        Form::Destination => names::destination(text, false, &mut out),
        Form::Document => graphql::template(text, &mut out),
        Form::Redacted => out.push_str(REDACTED),
    }
    out
}

/// `scheme://host:port`.
fn address(url: &url::Url<'_>) -> String {
    let host = url.host.to_ascii_lowercase();
    let port = if url.port == 0 {
        String::new()
    } else {
        format!(":{}", url.port)
    };
    match url.scheme {
        "" => format!("//{host}{port}"),
        scheme => format!("{scheme}://{host}{port}"),
    }
}

fn bounded(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(VALUE_BYTES_MAX));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(key: &str, value: &str) -> String {
        shown(key, Value::Text(value), "postgresql", &[])
    }

    #[test]
    fn statements_and_urls_are_shown_without_their_values() {
        assert_eq!(
            text("db.statement", "SELECT a FROM t WHERE b = 'x'"),
            "SELECT a FROM t WHERE b = ?"
        );
        assert_eq!(
            text("url.full", "https://u:p@Shop.test:8443/a/42?q=x#f"),
            "https://shop.test:8443/a/{}?q"
        );
        assert_eq!(text("http.target", "/a/42?q=x"), "/a/{}?q");
        assert_eq!(text("url.query", "q=x&a=y"), "a&q");
        assert_eq!(text("graphql.document", "{ a(b: 5) }"), "{ a(b: ?) }");
    }

    #[test]
    fn only_listed_keys_are_shown() {
        assert_eq!(text("http.request.method", "GET"), "GET");
        assert_eq!(shown("http.status_code", Value::Int(503), "", &[]), "503");
        assert_eq!(shown("faas.coldstart", Value::Bool(true), "", &[]), "true");
        assert_eq!(text("server.address", "Shard-7.internal"), "Shard-7.internal");
        assert_eq!(text("http.route", "/v1/users/{id}"), "/v1/users/{id}");
        for key in [
            "user.id",
            "enduser.id",
            "exception.message",
            "http.request.header.x",
            "gen_ai.prompt",
            "messaging.message.id",
            "client.address",
            "db.query.parameter.0",
            "app.order",
            "exception.stacktrace",
            "session.id",
        ] {
            assert_eq!(text(key, "x"), REDACTED, "{key}");
            assert_eq!(shown(key, Value::Int(7), "", &[]), REDACTED, "{key}");
        }
        assert_eq!(shown("http.method", Value::Other, "", &[]), REDACTED);
    }

    #[test]
    fn types_of_errors_are_shown_without_ids() {
        assert_eq!(
            text("exception.type", "shop.errors.NotFound"),
            "shop.errors.NotFound"
        );
        assert_eq!(text("error.type", "order 4711 gone"), "order # gone");
    }

    #[test]
    fn a_query_part_without_a_value_is_taken_for_one() {
        assert_eq!(text("url.query", "letmein&q=x"), "q&{}");
        assert_eq!(
            text("url.full", "https://shop.test/a?letmein"),
            "https://shop.test/a?{}"
        );
    }

    #[test]
    fn what_may_be_a_string_is_hidden_when_the_database_is_unknown() {
        let statement = "SELECT a FROM t WHERE b = \"letmein\"";
        for system in ["", "neo4j", "somedb"] {
            let shown = shown("db.statement", Value::Text(statement), system, &[]);
            assert_eq!(shown, "SELECT a FROM t WHERE b = ?", "{system}");
        }
        assert_eq!(text("db.statement", statement), statement);
    }

    #[test]
    fn an_operator_allows_keys_by_name_but_no_secrets() {
        let allow = ["app.tenant".to_owned(), "app.password".to_owned()];
        assert_eq!(shown("app.tenant", Value::Text("acme"), "", &allow), "acme");
        assert_eq!(shown("app.other", Value::Text("acme"), "", &allow), REDACTED);
        assert_eq!(shown("app.password", Value::Text("acme"), "", &allow), REDACTED);
    }

    #[test]
    fn a_long_value_is_cut_on_a_character() {
        let long = "é".repeat(4_000);
        assert_eq!(text("http.status_text", &long).len(), 4_096);
    }
}
