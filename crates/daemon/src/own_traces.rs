//! Traces of this process itself: where they go, and that this is not here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use hotspan_telemetry::{Exporting, Telling, Traces};
use http::Uri;
use tokio::net::lookup_host;
use tokio::time::timeout;

use crate::{Addresses, Config, StartError};

/// Longest wait for the addresses of a name.
const LOOKUP: Duration = Duration::from_secs(5);
/// Port of OTLP/gRPC where the endpoint names none.
const PORT: u16 = 4317;

/// What is sent of this process, and who it is.
#[derive(Debug, Default)]
pub(crate) struct OwnTraces {
    pub(crate) traces: Traces,
    /// The running export; nothing when nobody asked for it.
    pub(crate) exporting: Option<Exporting>,
    /// `service.instance.id` of what is sent.
    pub(crate) instance: Option<Box<str>>,
}

impl OwnTraces {
    /// Starts sending where that is configured. Refuses an endpoint that is one of our own listeners.
    pub(crate) async fn start(config: &Config, listeners: &Addresses) -> Result<OwnTraces, StartError> {
        let Some(endpoint) = &config.traces_endpoint else {
            return Ok(OwnTraces::default());
        };
        let (host, port) = place(endpoint)?;
        refuse_own(endpoint, addresses(&host, port).await, listeners)?;
        let instance = format!("{:032x}", rand::random::<u128>());
        let telling = Telling {
            endpoint: endpoint.clone(),
            share: config.traces_sample.0 as f64 / 1e6,
            instance: instance.clone(),
            version: env!("CARGO_PKG_VERSION"),
        };
        let started = Exporting::start(&telling).map_err(|error| refused(endpoint, error.to_string()));
        let (exporting, traces) = started?;
        Ok(OwnTraces {
            traces,
            exporting: Some(exporting),
            instance: Some(instance.into()),
        })
    }
}

/// Refuses what can be told from the configuration alone: an address, or `localhost`, at a port that is ours.
pub(crate) fn check(config: &Config) -> Result<(), StartError> {
    let Some(endpoint) = &config.traces_endpoint else {
        return Ok(());
    };
    let (host, port) = place(endpoint)?;
    let host = match host.as_str() {
        "localhost" => Some(Ipv4Addr::LOCALHOST.into()),
        host => host.parse::<IpAddr>().ok(),
    };
    let listeners = Addresses {
        otlp_grpc: config.otlp_grpc,
        otlp_http: config.otlp_http,
        listen: config.listen,
    };
    refuse_own(endpoint, host.map(|ip| SocketAddr::new(ip, port)), &listeners)
}

fn refuse_own(
    endpoint: &str,
    to: impl IntoIterator<Item = SocketAddr>,
    listeners: &Addresses,
) -> Result<(), StartError> {
    for to in to {
        if let Some(listener) = listeners.all().into_iter().find(|&of| is_at(to, of)) {
            let why =
                format!("that is this process itself, which listens on {listener}; name another receiver");
            return Err(refused(endpoint, why));
        }
    }
    Ok(())
}

fn refused(endpoint: &str, why: String) -> StartError {
    StartError::Traces {
        endpoint: endpoint.to_owned(),
        why,
    }
}

/// Host and port of an endpoint.
fn place(endpoint: &str) -> Result<(String, u16), StartError> {
    let uri: Option<Uri> = endpoint.parse().ok();
    let place = uri.as_ref().and_then(|uri| {
        let host = uri.host()?.trim_start_matches('[').trim_end_matches(']');
        Some((host.to_owned(), uri.port_u16().unwrap_or(PORT)))
    });
    place.ok_or_else(|| refused(endpoint, "it names no host".to_owned()))
}

/// What a name stands for now. One that is not known yet is no fault: what comes round later is dropped and counted.
async fn addresses(host: &str, port: u16) -> Vec<SocketAddr> {
    match timeout(LOOKUP, lookup_host((host, port))).await {
        Ok(Ok(found)) => found.collect(),
        Ok(Err(error)) => {
            tracing::warn!(host, %error, "the host of traces_endpoint is not known yet");
            Vec::new()
        }
        Err(_) => {
            tracing::warn!(host, "the host of traces_endpoint is not known within 5 seconds");
            Vec::new()
        }
    }
}

/// Whether what is sent to `to` comes to a listener, or would come there if it listened on the loopback of the other family.
fn is_at(to: SocketAddr, listener: SocketAddr) -> bool {
    let (to_ip, bound) = (connected(to.ip()), listener.ip().to_canonical());
    to.port() == listener.port()
        && (to_ip == bound
            || to_ip.is_loopback() && (bound.is_loopback() || bound.is_unspecified())
            || bound.is_unspecified() && is_of_this_machine(to_ip))
}

/// Where a connection to an address goes: to none means to loopback.
fn connected(to: IpAddr) -> IpAddr {
    let to = to.to_canonical();
    match to.is_unspecified() {
        true if to.is_ipv4() => Ipv4Addr::LOCALHOST.into(),
        true => Ipv6Addr::LOCALHOST.into(),
        false => to,
    }
}

/// Only an address of the machine can be bound; a datagram socket disturbs nobody.
fn is_of_this_machine(ip: IpAddr) -> bool {
    UdpSocket::bind((ip, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_a_listener_is_its_own() {
        for (to, listener, expected) in [
            ("127.0.0.1:4317", "127.0.0.1:4317", true),
            ("127.0.0.1:4318", "127.0.0.1:4317", false),
            ("[::1]:4317", "127.0.0.1:4317", true),
            ("[::1]:4317", "0.0.0.0:4317", true),
            ("127.0.0.1:4317", "[::]:4317", true),
            ("[::ffff:127.0.0.1]:4317", "127.0.0.1:4317", true),
            ("0.0.0.0:4317", "127.0.0.1:4317", true),
            ("127.0.0.1:4317", "0.0.0.0:4317", true),
            // A documentation address is nobody's here.
            ("192.0.2.1:4317", "0.0.0.0:4317", false),
            ("192.0.2.1:4317", "127.0.0.1:4317", false),
        ] {
            let at = |text: &str| text.parse().unwrap();
            assert_eq!(is_at(at(to), at(listener)), expected, "{to} at {listener}");
        }
    }

    #[test]
    fn endpoints_have_a_host_and_a_port() {
        for (endpoint, expected) in [
            ("http://collector:4319", ("collector", 4319)),
            ("https://collector.example.com", ("collector.example.com", 4317)),
            ("http://[::1]:5", ("::1", 5)),
        ] {
            let (host, port) = place(endpoint).unwrap();
            assert_eq!((host.as_str(), port), expected);
        }
    }
}
