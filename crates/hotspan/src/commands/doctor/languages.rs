//! What to set in which language's SDK. Names of variables, packages and functions are those of the SDKs.

use std::collections::{BTreeMap, BTreeSet};

/// The language of an SDK, as `telemetry.sdk.language` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Language {
    Cpp,
    Dotnet,
    Erlang,
    Go,
    Java,
    NodeJs,
    Php,
    Python,
    Ruby,
    Rust,
    WebJs,
    Other,
}

/// What is needed of an SDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// Smaller requests.
    Compression,
    /// Requests that are not JSON.
    Protobuf,
    /// The context passed on to callees.
    Propagators,
    /// Whole traces kept or left out.
    Sampler,
    /// Room for spans that wait to be sent.
    Queue,
    /// Spans of HTTP clients, drivers and pools.
    Instrumentation,
    /// The version of the service.
    Version,
}

const COMPRESSION: &str = "OTEL_EXPORTER_OTLP_COMPRESSION=gzip";
const PROTOBUF: &str = "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf";
const PROPAGATORS: &str = "OTEL_PROPAGATORS=tracecontext,baggage";
const SAMPLER: &str = "OTEL_TRACES_SAMPLER=parentbased_always_on";
const QUEUE: &str = "OTEL_BSP_MAX_QUEUE_SIZE=8192, so that no span is thrown away before it is sent";
const VERSION: &str = "OTEL_RESOURCE_ATTRIBUTES=service.version=$(git describe --always)";

impl Language {
    pub(super) fn of(name: &str) -> Language {
        match name {
            "cpp" => Language::Cpp,
            "dotnet" => Language::Dotnet,
            "erlang" => Language::Erlang,
            "go" => Language::Go,
            "java" => Language::Java,
            "nodejs" => Language::NodeJs,
            "php" => Language::Php,
            "python" => Language::Python,
            "ruby" => Language::Ruby,
            "rust" => Language::Rust,
            "webjs" => Language::WebJs,
            _ => Language::Other,
        }
    }

    /// How people call it; settings of others begin with the variable itself.
    pub(super) fn name(self) -> &'static str {
        match self {
            Language::Cpp => "C++",
            Language::Dotnet => ".NET",
            Language::Erlang => "Erlang",
            Language::Go => "Go",
            Language::Java => "Java",
            Language::NodeJs => "Node.js",
            Language::Php => "PHP",
            Language::Python => "Python",
            Language::Ruby => "Ruby",
            Language::Rust => "Rust",
            Language::WebJs => "browsers",
            Language::Other => "others",
        }
    }
}

impl Need {
    /// The settings that fill it, a line for each way that these languages have. Where no language is known, the
    /// variable that most SDKs read.
    pub(super) fn settings(self, languages: &BTreeSet<Language>) -> Vec<String> {
        let mut ways: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for &language in languages {
            ways.entry(self.setting(language))
                .or_default()
                .push(language.name());
        }
        match ways.is_empty() {
            true => vec![self.setting(Language::Other).to_owned()],
            false => ways
                .iter()
                .map(|(way, of)| format!("{}: {way}", of.join(", ")))
                .collect(),
        }
    }

    fn setting(self, language: Language) -> &'static str {
        match self {
            Need::Compression => compression(language),
            Need::Protobuf => protobuf(language),
            Need::Propagators => propagators(language),
            Need::Sampler => sampler(language),
            Need::Queue => queue(language),
            Need::Instrumentation => instrumentation(language),
            Need::Version => version(language),
        }
    }
}

fn compression(language: Language) -> &'static str {
    match language {
        Language::Dotnet => {
            "OTEL_EXPORTER_OTLP_COMPRESSION=gzip, which SDKs before May 2026 do not read; else through a Collector"
        }
        Language::Rust => {
            "OTEL_EXPORTER_OTLP_COMPRESSION=gzip, once opentelemetry-otlp is built with gzip-tonic (gRPC) or gzip-http"
        }
        Language::WebJs => "new OTLPTraceExporter({ compression: 'gzip' }), where the browser can",
        Language::Cpp
        | Language::Erlang
        | Language::Go
        | Language::Java
        | Language::NodeJs
        | Language::Php
        | Language::Python
        | Language::Ruby
        | Language::Other => COMPRESSION,
    }
}

fn protobuf(language: Language) -> &'static str {
    match language {
        Language::NodeJs => {
            "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf; in code, @opentelemetry/exporter-trace-otlp-proto instead of -http"
        }
        Language::WebJs => "@opentelemetry/exporter-trace-otlp-proto instead of exporter-trace-otlp-http",
        Language::Cpp => "OtlpHttpExporterOptions::content_type = HttpRequestContentType::kBinary",
        Language::Rust => ".with_protocol(Protocol::HttpBinary) of the exporter's builder",
        Language::Dotnet
        | Language::Erlang
        | Language::Go
        | Language::Java
        | Language::Php
        | Language::Python
        | Language::Ruby
        | Language::Other => PROTOBUF,
    }
}

fn propagators(language: Language) -> &'static str {
    match language {
        Language::Go => {
            "otel.SetTextMapPropagator(autoprop.NewTextMapPropagator()): without it no context is passed on at all"
        }
        Language::Rust => {
            "opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new()): none is set by default"
        }
        Language::Cpp => {
            "GlobalTextMapPropagator::SetGlobalPropagator with HttpTraceContext: none is set by default"
        }
        Language::WebJs => "propagateTraceHeaderCorsUrls of the instrumentations of fetch and XMLHttpRequest",
        Language::Dotnet
        | Language::Erlang
        | Language::Java
        | Language::NodeJs
        | Language::Php
        | Language::Python
        | Language::Ruby
        | Language::Other => PROPAGATORS,
    }
}

fn sampler(language: Language) -> &'static str {
    variable_or_code(
        language,
        SAMPLER,
        "ParentBasedSamplerFactory::Create(AlwaysOnSamplerFactory::Create()) of the provider",
        "sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }) of WebTracerProvider",
    )
}

fn queue(language: Language) -> &'static str {
    variable_or_code(
        language,
        QUEUE,
        "BatchSpanProcessorOptions::max_queue_size = 8192",
        "new BatchSpanProcessor(exporter, { maxQueueSize: 8192 })",
    )
}

/// A variable, or what is written in the code of the two that read none.
fn variable_or_code(
    language: Language,
    variable: &'static str,
    cpp: &'static str,
    web: &'static str,
) -> &'static str {
    match language {
        Language::Cpp => cpp,
        Language::WebJs => web,
        Language::Dotnet
        | Language::Erlang
        | Language::Go
        | Language::Java
        | Language::NodeJs
        | Language::Php
        | Language::Python
        | Language::Ruby
        | Language::Rust
        | Language::Other => variable,
    }
}

fn instrumentation(language: Language) -> &'static str {
    match language {
        Language::Cpp => "no agent: spans around HTTP clients and database calls are made by hand",
        Language::Dotnet => {
            "the automatic instrumentation, or AddHttpClientInstrumentation() and AddSqlClientInstrumentation()"
        }
        Language::Erlang => "opentelemetry_ecto, opentelemetry_req, opentelemetry_phoenix and their setup()",
        Language::Go => {
            "otelhttp.NewTransport for HTTP clients, otelsql.Open for databases, otelgrpc.NewClientHandler for gRPC"
        }
        Language::Java => {
            "-javaagent:opentelemetry-javaagent.jar; for pools OTEL_INSTRUMENTATION_JDBC_DATASOURCE_ENABLED=true"
        }
        Language::NodeJs => {
            "NODE_OPTIONS=--require=@opentelemetry/auto-instrumentations-node/register; it has pg, mysql, redis, http"
        }
        Language::Php => {
            "the extension opentelemetry, and open-telemetry/opentelemetry-auto-pdo, -guzzle and the like"
        }
        Language::Python => "opentelemetry-bootstrap -a install, then start with opentelemetry-instrument",
        Language::Ruby => "opentelemetry-instrumentation-all, and c.use_all",
        Language::Rust => "reqwest-tracing for HTTP clients, spans of tracing around database calls",
        Language::WebJs => "@opentelemetry/auto-instrumentations-web",
        Language::Other => "install the instrumentation of the HTTP client, the driver and its pool",
    }
}

fn version(language: Language) -> &'static str {
    match language {
        Language::WebJs => "resourceFromAttributes({ 'service.version': … }) of WebTracerProvider",
        Language::Cpp
        | Language::Dotnet
        | Language::Erlang
        | Language::Go
        | Language::Java
        | Language::NodeJs
        | Language::Php
        | Language::Python
        | Language::Ruby
        | Language::Rust
        | Language::Other => VERSION,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_that_share_a_setting_share_a_line() {
        let languages = ["java", "python", "go", "rust"].map(Language::of).into();
        let lines = Need::Propagators.settings(&languages);
        assert_eq!(lines.len(), 3);
        assert!(lines.contains(&format!("Java, Python: {PROPAGATORS}")));
        assert_eq!(Need::Sampler.settings(&BTreeSet::new()), [SAMPLER]);
    }
}
