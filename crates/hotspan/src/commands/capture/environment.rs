//! The variables under which a command exports its traces here.

use std::ffi::OsString;
use std::path::Path;

/// A variable and its value; `None` takes it away.
pub(super) type Variable = (&'static str, Option<String>);

/// Variables that would lead spans elsewhere, or leave some out.
const TAKEN_AWAY: [&str; 3] = [
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_TRACES_SAMPLER_ARG",
    "OTEL_SDK_DISABLED",
];
/// Values that a caller may have reasons for.
const UNLESS_SET: [(&str, &str); 4] = [
    ("OTEL_METRICS_EXPORTER", "none"),
    ("OTEL_LOGS_EXPORTER", "none"),
    // A test suite makes spans faster than services do, and an SDK drops what its queue has no room for.
    ("OTEL_BSP_MAX_QUEUE_SIZE", "65536"),
    ("OTEL_BSP_SCHEDULE_DELAY", "200"),
];
/// Where clients look for addresses that need no proxy.
const NO_PROXY: [&str; 2] = ["NO_PROXY", "no_proxy"];
const HOST: &str = "127.0.0.1";

/// Names the service where its program does not.
pub(super) const SERVICE: &str = "OTEL_SERVICE_NAME";
/// Runs a Python program with instrumentation; not what anybody would call the service.
const WRAPPER: &str = "opentelemetry-instrument";

/// What `command` needs to send its spans to `endpoint`; `own` are the variables that are set already.
pub(super) fn variables(
    endpoint: &str,
    command: &[OsString],
    own: impl Fn(&str) -> Option<String>,
) -> Vec<Variable> {
    let mut variables: Vec<Variable> = TAKEN_AWAY.iter().map(|&name| (name, None)).collect();
    let mut set = |name, value: &str| variables.push((name, Some(value.to_owned())));
    set("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint);
    set("OTEL_TRACES_EXPORTER", "otlp");
    set("OTEL_TRACES_SAMPLER", "always_on");
    let is_set = |name: &str| own(name).is_some_and(|value| !value.is_empty());
    let protocols = [
        "OTEL_EXPORTER_OTLP_PROTOCOL",
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
    ];
    if !protocols.into_iter().any(is_set) {
        set("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
    }
    for (name, value) in UNLESS_SET {
        if !is_set(name) {
            set(name, value);
        }
    }
    let resource = own("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
    let is_named = resource
        .split(',')
        .any(|pair| pair.trim_start().starts_with("service.name="));
    if !is_set(SERVICE) && !is_named {
        set(SERVICE, &name(command));
    }
    for name in NO_PROXY {
        let others = own(name).unwrap_or_default();
        if !others.split(',').any(|host| host.trim() == HOST) {
            let all = [others.as_str(), HOST].map(str::trim);
            set(name, all.join(",").trim_start_matches(','));
        }
    }
    variables
}

/// What a command is called that is only wrapped.
fn name(command: &[OsString]) -> String {
    let mut names = command.iter().map(|part| {
        let path = Path::new(part);
        path.file_name().unwrap_or(part).to_string_lossy().into_owned()
    });
    let first = names.next().unwrap_or_default();
    match first == WRAPPER {
        true => names.find(|name| !name.starts_with('-')).unwrap_or(first),
        false => first,
    }
}

/// What to say when no span came.
pub(super) fn hint(endpoint: &str) -> String {
    format!(
        "hotspan: the command exported no span. It was run with OTEL_TRACES_EXPORTER=otlp and
  OTEL_EXPORTER_OTLP_ENDPOINT={endpoint} (gRPC and HTTP), which an OpenTelemetry SDK must read:
  Python   pip install opentelemetry-distro opentelemetry-exporter-otlp, opentelemetry-bootstrap -a install, then
           hotspan capture -- opentelemetry-instrument COMMAND
  Node.js  NODE_OPTIONS='--require @opentelemetry/auto-instrumentations-node/register'
  Java     JAVA_TOOL_OPTIONS=-javaagent:opentelemetry-javaagent.jar
  others   an exporter for OTLP made in code, without an endpoint of its own
  And the provider must be shut down (or flushed) before the process ends, in every worker process too."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: &str, own: &[(&str, &str)]) -> Option<Option<String>> {
        let own = |wanted: &str| {
            let found = own.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, value)| (*value).to_owned())
        };
        let command = ["/usr/bin/opentelemetry-instrument", "/usr/bin/pytest"].map(OsString::from);
        let all = variables("http://127.0.0.1:9", &command, own);
        let found = all.into_iter().find(|(of, _)| *of == name);
        found.map(|(_, value)| value)
    }

    fn value(text: &str) -> Option<Option<String>> {
        Some(Some(text.to_owned()))
    }

    #[test]
    fn every_span_comes_here_whatever_was_set() {
        let own = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://collector:4317"),
            ("OTEL_TRACES_SAMPLER", "traceidratio"),
            ("OTEL_SDK_DISABLED", "true"),
        ];
        assert_eq!(
            set("OTEL_EXPORTER_OTLP_ENDPOINT", &own),
            value("http://127.0.0.1:9")
        );
        assert_eq!(set("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &own), Some(None));
        assert_eq!(set("OTEL_TRACES_SAMPLER", &own), value("always_on"));
        assert_eq!(set("OTEL_SDK_DISABLED", &own), Some(None));
    }

    #[test]
    fn names_and_protocols_of_the_caller_stay() {
        assert_eq!(set(SERVICE, &[]), value("pytest"));
        assert_eq!(set(SERVICE, &[("OTEL_SERVICE_NAME", "shop")]), None);
        let resource = [("OTEL_RESOURCE_ATTRIBUTES", "a=b, service.name=shop")];
        assert_eq!(set(SERVICE, &resource), None);
        assert_eq!(set("OTEL_EXPORTER_OTLP_PROTOCOL", &[]), value("http/protobuf"));
        let grpc = [("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")];
        assert_eq!(set("OTEL_EXPORTER_OTLP_PROTOCOL", &grpc), None);
        assert_eq!(
            set("OTEL_METRICS_EXPORTER", &[("OTEL_METRICS_EXPORTER", "console")]),
            None
        );
    }

    #[test]
    fn no_proxy_stands_between() {
        assert_eq!(set("NO_PROXY", &[]), value("127.0.0.1"));
        assert_eq!(
            set("no_proxy", &[("no_proxy", "intern")]),
            value("intern,127.0.0.1")
        );
        assert_eq!(set("NO_PROXY", &[("NO_PROXY", "a, 127.0.0.1")]), None);
    }
}
