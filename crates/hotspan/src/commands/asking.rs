//! What commands that ask a daemon have in common: where it is, in which format its lists are written, what is unknown.

use std::time::Duration;

use clap::Args;
use hotspan_daemon::duration;
use serde_json::Value;

use crate::client::Client;
use crate::exit::Failure;
use crate::output::{ListFormat, rows};
use crate::showing::Showing;

/// Most names that are looked through for the one that was meant.
const NAMES: &str = "1000";

/// Where a daemon answers.
#[derive(Clone, Debug, Args)]
pub(crate) struct Address {
    /// Where the daemon answers
    #[arg(
        long,
        env = "HOTSPAN_URL",
        default_value = "http://127.0.0.1:4319",
        global = true
    )]
    pub(crate) url: String,
    /// How long an answer may take
    #[arg(
        long,
        env = "HOTSPAN_TIMEOUT",
        value_name = "TIME",
        default_value = "60s",
        value_parser = duration,
        global = true
    )]
    pub(crate) timeout: Duration,
    #[command(flatten)]
    pub(crate) showing: Showing,
}

impl Address {
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        Client::new(&self.url, self.timeout, &self.showing)
    }
}

/// Where a daemon answers, and how its answer is written.
#[derive(Clone, Debug, Args)]
pub(crate) struct Asking {
    #[command(flatten)]
    pub(crate) address: Address,
    /// How the answer is written
    #[arg(
        short,
        long,
        value_enum,
        env = "HOTSPAN_OUTPUT",
        default_value = "table",
        global = true
    )]
    pub(crate) output: ListFormat,
}

/// Fails when one of these services was never seen; names the nearest one that was.
pub(crate) fn known_services(client: &Client, named: &[String]) -> Result<(), Failure> {
    if named.is_empty() {
        return Ok(());
    }
    let answer = client.json("/api/v1/services", &[("limit", NAMES.to_owned())])?;
    known("service", named, &answer["services"], "service")
}

/// Fails when this operation was never seen; names the nearest one that was.
pub(crate) fn known_operation(client: &Client, named: &str) -> Result<(), Failure> {
    let answer = client.json("/api/v1/operations", &[("limit", NAMES.to_owned())])?;
    known(
        "operation",
        &[named.to_owned()],
        &answer["operations"],
        "operation",
    )
}

fn known(what: &str, named: &[String], list: &Value, key: &str) -> Result<(), Failure> {
    let names: Vec<&str> = rows(list).iter().filter_map(|row| row[key].as_str()).collect();
    let Some(name) = named.iter().find(|name| !names.contains(&name.as_str())) else {
        return Ok(());
    };
    let nearest = hotspan_api::nearest(name, names.iter().copied());
    let hint = nearest.map_or(String::new(), |nearest| format!("; did you mean `{nearest}`?"));
    Err(Failure::NoData(format!("no {what} `{name}` was seen{hint}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_that_was_never_seen_is_told_with_the_nearest() {
        let list = json!([{"service": "orders"}, {"service": "billing"}]);
        let of = |name: &str| {
            known(
                "service",
                &["billing".to_owned(), name.to_owned()],
                &list,
                "service",
            )
        };
        assert!(of("orders").is_ok());
        let Err(Failure::NoData(said)) = of("ordres") else {
            panic!("it is unknown")
        };
        assert_eq!(said, "no service `ordres` was seen; did you mean `orders`?");
    }
}
