//! What `serve` says when it is up: where it is, and the exact variables that point an SDK at it (CL4).

#[path = "support/daemon.rs"]
mod daemon;

use daemon::Daemon;

#[test]
fn the_variables_for_an_sdk_are_printed_with_the_bound_addresses() {
    let daemon = Daemon::start("serving");
    let [grpc, http, listen] = ["otlp_grpc", "otlp_http", "listen"].map(|key| daemon.url(key));
    let said = daemon.stop();
    let lines: Vec<&str> = said.lines().map(str::trim).collect();
    for line in [
        "export OTEL_TRACES_EXPORTER=otlp",
        "export OTEL_EXPORTER_OTLP_PROTOCOL=grpc",
        &format!("export OTEL_EXPORTER_OTLP_ENDPOINT={grpc}"),
        "export OTEL_SERVICE_NAME=<name of the service>",
        &format!(
            "(over HTTP: OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf, OTEL_EXPORTER_OTLP_ENDPOINT={http})"
        ),
        &format!("Then: hotspan hotspots --url {listen}"),
    ] {
        assert!(lines.contains(&line), "{said} lacks {line}");
    }
}
