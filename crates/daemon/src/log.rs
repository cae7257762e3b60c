//! The daemon's own log: fields on stderr, text or JSON lines.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use crate::Config;

/// The library of `/mcp` tells of every message; a filter that names it wins over this.
const QUIET: &str = "rmcp=error";

/// Whether the filter of the log can be read; the error says why not.
pub fn check_log(config: &Config) -> Result<(), ParseError> {
    EnvFilter::try_new(&config.log).map(drop)
}

/// Sets up the log of this process; a second call changes nothing. The error says why the filter cannot be read.
pub fn log(config: &Config) -> Result<(), ParseError> {
    let filter = EnvFilter::try_new(format!("{QUIET},{}", config.log))?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // Fails only when a log is there already: an embedding program's, or an earlier daemon's in a test.
    drop(match config.log_json {
        true => log.json().try_init(),
        false => log.with_ansi(false).try_init(),
    });
    Ok(())
}
