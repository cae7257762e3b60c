//! `hotspan config`: is a configuration right, and what is each value.

use std::path::PathBuf;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use hotspan_daemon::{Config, Daemon, Layers};

use crate::arguments::ServeArguments;
use crate::exit::Failure;
use crate::output::print;

/// What `config` does.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  hotspan config check hotspan.toml           what is wrong, all at once
  hotspan config print --resolved             every key with its value and origin")]
pub(crate) enum ConfigArguments {
    /// Check flags, variables and the file as `serve` would, without starting anything
    #[command(after_help = "Examples:
  hotspan config check hotspan.toml
  hotspan config check --config hotspan.toml --memory 512MiB

Everything that is wrong is told at once, each with its key, value, reason and the nearest key.
Exit codes: 0 right, 2 wrong.")]
    Check(CheckArguments),
    /// Print every key with its value and where that came from, as TOML that reads back
    #[command(after_help = "Examples:
  hotspan config print                        defaults and what variables set
  hotspan config print --resolved hotspan.toml
  HOTSPAN_SHARDS=2 hotspan config print > hotspan.toml

parameter_key is not shown. Exit codes: 0 printed, 2 the configuration is wrong.")]
    Print(PrintArguments),
}

/// Flags of `config check`: a file, and those of `serve`.
#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// A TOML file; the same as --config
    #[arg(value_name = "FILE", conflicts_with = "config")]
    file: Option<PathBuf>,
    #[command(flatten)]
    serve: ServeArguments,
}

/// Flags of `config print`.
#[derive(Debug, Args)]
pub(crate) struct PrintArguments {
    #[command(flatten)]
    of: CheckArguments,
    /// Show the numbers where a value leaves them to the machine
    #[arg(long)]
    resolved: bool,
}

pub(crate) fn run(arguments: ConfigArguments) -> Result<(), Failure> {
    match arguments {
        ConfigArguments::Check(of) => {
            let checked = read(of)?;
            Ok(print(&format!(
                "the configuration is right: {}\n",
                checked.0.summary()
            ))?)
        }
        ConfigArguments::Print(PrintArguments { of, resolved }) => {
            let (layers, config) = read(of)?;
            Ok(print(&layers.print(&config, resolved))?)
        }
    }
}

/// Layers that give a configuration with which a daemon would start.
fn read(of: CheckArguments) -> Result<(Layers, Config), Failure> {
    let CheckArguments { file, mut serve } = of;
    serve.config = file.or(serve.config);
    let layers = serve.layers()?;
    let config = Config::read(&layers).map_err(anyhow::Error::from)?;
    hotspan_daemon::check_log(&config).map_err(|why| anyhow!("log = {:?}: {why}", config.log))?;
    Daemon::check(&config).map_err(anyhow::Error::from)?;
    Ok((layers, config))
}
