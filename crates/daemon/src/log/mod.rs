//! The daemon's own log: fields on stderr, text or JSON lines, ten a second of each kind and each of bounded length, with a filter that can be
//! changed while it runs.

mod limit;
mod line;

use tracing_subscriber::filter::ParseError;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, Registry, fmt, reload};

use crate::Config;
use limit::Limit;
use line::Lines;

/// The library of `/mcp` tells of every message; a filter that names it wins over this.
const QUIET: &str = "rmcp=error";

/// Whether the filter of the log can be read; the error says why not.
pub fn check_log(config: &Config) -> Result<(), ParseError> {
    filter(config).map(drop)
}

fn filter(config: &Config) -> Result<EnvFilter, ParseError> {
    EnvFilter::try_new(format!("{QUIET},{}", config.log))
}

/// The log of this process.
#[derive(Clone, Debug)]
pub struct Log {
    filter: reload::Handle<EnvFilter, Registry>,
    limit: Limit,
}

impl Log {
    /// Sets it up; where a log is there already (an embedding program's, an earlier daemon's in a test), that one stays.
    /// The error says why the filter cannot be read.
    pub fn start(config: &Config) -> Result<Log, ParseError> {
        let (filter, handle) = reload::Layer::new(filter(config)?);
        let limit = Limit::new();
        let lines = fmt::layer().with_writer(Lines(std::io::stderr));
        let lines = match config.log_json {
            true => lines.json().boxed(),
            false => lines.with_ansi(false).boxed(),
        };
        let log = tracing_subscriber::registry()
            .with(filter)
            .with(limit.clone())
            .with(lines);
        drop(log.try_init());
        Ok(Log {
            filter: handle,
            limit,
        })
    }

    /// Takes the filter of another configuration; the error says why it cannot be read, and the filter stays.
    pub fn set(&self, config: &Config) -> Result<(), ParseError> {
        let filter = filter(config)?;
        if let Err(error) = self.filter.reload(filter) {
            tracing::debug!(%error, "another log is in use");
        }
        Ok(())
    }

    /// Says once a second how many lines were left out, for as long as it is polled.
    pub async fn tell_of_left_out(self) {
        self.limit.tell().await;
    }
}
