//! `hotspan serve`: starts the daemon, says where it is, and drains it on a signal.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, anyhow};
use hotspan_daemon::{Addresses, Config, Daemon, Log};
use hotspan_testkit::demo::Shop;
use hotspan_testkit::sender::Sender;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::arguments::ServeArguments;
use crate::commands::reloads::{Reloads, unreadable};
use crate::exit::Failure;
use crate::service_manager;
use crate::state_directory::state_directory;

/// Requests a second that the demo shop serves.
const DEMO_RATE: u64 = 20;
/// Seed of the demo shop.
const DEMO_SEED: u64 = 7;

pub(crate) fn run(arguments: &ServeArguments) -> Result<(), Failure> {
    let layers = arguments.layers()?;
    let mut config = Config::read(&layers).map_err(anyhow::Error::from)?;
    // The demo's faults must not be found among those of real services later.
    if config.data_dir.is_none() && !config.in_memory && !config.demo {
        config.data_dir = Some(state_directory()?);
    }
    let log = Log::start(&config).map_err(|why| unreadable(&config, &why))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("ingest")
        .build()?;
    let reloads = Reloads {
        arguments,
        log,
        last: layers.clone(),
        started: layers,
    };
    let outcome = runtime.block_on(serve(&config, reloads));
    // After a second signal nobody waits for what still drains.
    runtime.shutdown_background();
    outcome
}

async fn serve(config: &Config, mut reloads: Reloads<'_>) -> Result<(), Failure> {
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(reloads.log.clone().tell_of_left_out());
    let mut daemon = Daemon::start(config).await.map_err(anyhow::Error::from)?;
    let addresses = daemon.addresses();
    greet(&daemon, config);
    if let Some(path) = &config.ready_file {
        let ready = serde_json::json!({
            "otlp_grpc": addresses.otlp_grpc.to_string(),
            "otlp_http": addresses.otlp_http.to_string(),
            "listen": addresses.listen.to_string(),
        });
        announce(path, &format!("{ready}\n")).with_context(|| format!("ready_file = {}", path.display()))?;
    }
    service_manager::ready(&format!(
        "OTLP on {}, page on {}",
        addresses.otlp_grpc, addresses.listen
    ));
    let demo = config.demo.then(|| tokio::spawn(demo(addresses)));
    loop {
        tokio::select! {
            () = asked(&mut term, &mut int) => break,
            _ = hangup.recv() => reloads.reload(&mut daemon),
        }
    }
    if let Some(demo) = demo {
        demo.abort();
    }
    service_manager::stopping();
    eprintln!("draining; a second signal exits at once");
    tokio::select! {
        counts = daemon.stop() => {
            let dropped: u64 = counts.dropped.iter().sum();
            eprintln!(
                "{} spans received, {} analysed, {dropped} dropped, {} open",
                counts.received, counts.analysed, counts.open
            );
            Ok(())
        }
        () = asked(&mut term, &mut int) => Err(anyhow!("ended by a second signal before everything was drained").into()),
    }
}

/// Whoever waits for the file sees all of it or none.
fn announce(path: &std::path::Path, text: &str) -> std::io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    std::fs::write(&beside, text)?;
    std::fs::rename(&beside, path)
}

async fn asked(term: &mut Signal, int: &mut Signal) {
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
}

/// What listens where, and what to tell an SDK.
fn greet(daemon: &Daemon, config: &Config) {
    let Addresses {
        otlp_grpc,
        otlp_http,
        listen,
    } = daemon.addresses();
    let names: Vec<&str> = daemon.tenants().all().map(|(_, name)| name).collect();
    let tenants = match names.is_empty() {
        true => String::new(),
        false => format!("\n  tenants    {}", names.join(", ")),
    };
    let scheme = config.scheme();
    let access = match (config.tls_client_ca.is_some(), config.tokens_file.is_some()) {
        (false, false) => "",
        (false, true) => "\n  access     with a token; see hotspan token new",
        (true, false) => "\n  access     with a client certificate",
        (true, true) => "\n  access     with a token or a client certificate",
    };
    eprintln!(
        "hotspan {version} is up
  OTLP/gRPC  {otlp_grpc}
  OTLP/HTTP  {otlp_http}
  page       {scheme}://{listen}/
  answers    {scheme}://{listen}/api/v1/hotspots   (metrics: /metrics, health: /readyz)
  agents     {scheme}://{listen}/mcp   (Model Context Protocol){access}{tenants}

Point a service at it:
  export OTEL_TRACES_EXPORTER=otlp
  export OTEL_EXPORTER_OTLP_PROTOCOL=grpc
  export OTEL_EXPORTER_OTLP_ENDPOINT={scheme}://{otlp_grpc}
  export OTEL_SERVICE_NAME=<name of the service>
(over HTTP: OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf, OTEL_EXPORTER_OTLP_ENDPOINT={scheme}://{otlp_http})

Then: hotspan hotspots --url {scheme}://{listen}
Nothing there? hotspan doctor --url {scheme}://{listen} tells why",
        version = env!("CARGO_PKG_VERSION"),
    );
}

/// Feeds the daemon over its own port, as any service would.
async fn demo(addresses: Addresses) {
    eprintln!("demo: a shop with known faults sends {DEMO_RATE} requests a second");
    let mut sender = match Sender::connect(&format!("http://{}", addresses.otlp_grpc)).await {
        Ok(sender) => sender,
        Err(error) => return tracing::error!(%error, "the demo shop stays closed"),
    };
    let (shop, mut pace) = (
        Shop::new(DEMO_SEED),
        tokio::time::interval(Duration::from_millis(1_000 / DEMO_RATE)),
    );
    for n in 0.. {
        pace.tick().await;
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_nanos();
        let made = shop.request(n, u64::try_from(now).unwrap_or(0));
        for request in made.requests {
            if let Err(error) = sender.send(request).await {
                return tracing::warn!(%error, "the demo shop closes");
            }
        }
    }
}
