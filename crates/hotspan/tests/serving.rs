//! What `serve` says while it lives: where it is, the exact variables that point an SDK at it (CL4), what a service
//! manager and a balancer hear.

#[path = "support/daemon.rs"]
mod daemon;

use std::fs::{self, File};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::time::Duration;

use daemon::{Daemon, within};

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

#[test]
fn a_service_manager_hears_that_it_is_ready_lives_and_stops() {
    let socket = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("manager.socket");
    drop(std::fs::remove_file(&socket));
    let manager = UnixDatagram::bind(&socket).expect("the socket can be made");
    manager
        .set_read_timeout(Some(Duration::from_secs(30)))
        .expect("it is not zero");
    let hears = || {
        let mut said = [0; 1024];
        let length = manager.recv(&mut said).expect("it speaks");
        String::from_utf8_lossy(&said[..length]).into_owned()
    };
    let daemon = Daemon::start_with("managed", |command| {
        command
            .env("NOTIFY_SOCKET", &socket)
            .env("WATCHDOG_USEC", "20000");
    });
    let ready = hears();
    let listen = daemon.url("listen").replace("http://", "");
    assert!(
        ready.starts_with("READY=1\n") && ready.contains(&listen),
        "{ready}"
    );
    assert_eq!((hears(), hears()), ("WATCHDOG=1\n".into(), "WATCHDOG=1\n".into()));
    daemon.signal("TERM");
    while hears() != "STOPPING=1\n" {}
}

#[test]
fn a_balancer_has_the_shutdown_delay_to_look_elsewhere() {
    let daemon = Daemon::start_with("leaving", |command| {
        command.args(["--shutdown-delay", "60min"]);
    });
    let readyz = format!("{}/readyz", daemon.url("listen"));
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    let is_ready = || agent.get(&readyz).call().expect("it answers").status() == 200;
    within(|| is_ready().then_some(()));
    daemon.signal("TERM");
    within(|| (!is_ready()).then_some(()));
    let traces = format!("{}/v1/traces", daemon.url("otlp_http"));
    let taken = agent.post(&traces).content_type("application/json").send("{}");
    assert_eq!(taken.expect("it is still there").status(), 200);
}

#[test]
fn a_changed_file_is_read_again_whole_or_not_at_all() {
    let [file, log] =
        ["reload.toml", "reload.log"].map(|name| PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name));
    fs::write(&file, "log = \"warn\"\nmemory = \"512MiB\"\n").expect("it can be written");
    let daemon = Daemon::start_with("reloading", |command| {
        command.arg("--config").arg(&file);
        command.stderr(File::create(&log).expect("it can be made"));
    });
    let reload = |text: &str, said: &[&str]| {
        fs::write(&file, text).expect("it can be written");
        let before = fs::read_to_string(&log).expect("it is there").len();
        daemon.signal("HUP");
        within(|| {
            let log = fs::read_to_string(&log).expect("it is there");
            said.iter().all(|word| log[before..].contains(word)).then_some(())
        });
    };
    reload(
        "log = \"debug\"\nmemory = \"5 boxes\"\nshutdown_dely = \"1s\"\n",
        &[
            "the running configuration stays",
            "memory = \"5 boxes\"",
            "shutdown_delay",
        ],
    );
    // The filter of the log holds at once: before, this line was below it.
    reload(
        "log = \"info\"\nmemory = \"1GiB\"\ncritical_services = \"pay*\"\n",
        &[
            "INFO",
            "applied=\"log, critical_services\"",
            "need_restart=\"memory\"",
        ],
    );
}
