//! `serve` on SIGHUP: the configuration is read again, as a whole or not at all.

use anyhow::anyhow;
use hotspan_daemon::{Changes, Config, Daemon, Layers, Log};

use crate::arguments::ServeArguments;

/// What a daemon was started with, and what it heard last.
pub(super) struct Reloads<'a> {
    pub(super) arguments: &'a ServeArguments,
    pub(super) log: Log,
    pub(super) started: Layers,
    pub(super) last: Layers,
}

impl Reloads<'_> {
    /// Reads everything again and says what became of it; what is wrong changes nothing.
    pub(super) fn reload(&mut self, daemon: &mut Daemon) {
        let changes = match self.read(daemon) {
            Ok(changes) => changes,
            Err(error) => return tracing::error!("the running configuration stays: {error:#}"),
        };
        let (applied, need_restart) = (changes.applied.join(", "), changes.need_restart.join(", "));
        tracing::info!(applied, "the configuration was read again");
        if !need_restart.is_empty() {
            tracing::warn!(
                need_restart,
                "keys that differ from those at the start wait for a restart"
            );
        }
    }

    fn read(&mut self, daemon: &mut Daemon) -> anyhow::Result<Changes> {
        let now = self.arguments.layers()?;
        let config = Config::read(&now)?;
        Daemon::check(&config)?;
        self.log.set(&config).map_err(|why| unreadable(&config, &why))?;
        daemon.reload(&config);
        let changes = Changes::of(&self.started, &self.last, &now);
        self.last = now;
        Ok(changes)
    }
}

pub(super) fn unreadable(config: &Config, why: &dyn std::fmt::Display) -> anyhow::Error {
    anyhow!("log = {:?}: {why}", config.log)
}
