//! No daemon answers: whether one could start here.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use anyhow::Error;
use hotspan_daemon::Config;

use super::{Check, Verdict};
use crate::arguments::layers;

/// A check for each address that `serve` would bind.
pub(super) fn all(config: Option<&Path>) -> Result<Vec<Check>, Error> {
    let config = Config::read(&layers(config)?)?;
    let addresses = [
        ("otlp-grpc", config.otlp_grpc),
        ("otlp-http", config.otlp_http),
        ("listen", config.listen),
    ];
    let mut checks = vec![
        Check::new("daemon", Verdict::Mend, "no daemon answers")
            .fix("hotspan serve starts one; --url names the address of another"),
    ];
    checks.extend(addresses.into_iter().map(|(flag, address)| port(flag, address)));
    Ok(checks)
}

fn port(flag: &str, address: SocketAddr) -> Check {
    match TcpListener::bind(address) {
        Ok(_) => Check::new("port", Verdict::Well, format!("{address} is free for --{flag}")),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            let says = format!("{address} is in use by another program");
            Check::new("port", Verdict::Mend, says)
                .fix(format!("stop that, or serve --{flag} with another address"))
        }
        Err(error) => Check::new(
            "port",
            Verdict::Mend,
            format!("{address} cannot be bound: {error}"),
        )
        .fix(format!("serve --{flag} with an address of this machine")),
    }
}
