//! A configuration that is read again while the daemon runs: what can change at once does, the rest is named.

use crate::{Config, Daemon, KEYS, Layers};

/// Keys that a running daemon takes.
const LIVE: [&str; 4] = ["log", "shutdown_delay", "critical_services", "alerts_learn"];

/// What a reload means for the keys that differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// They hold from now on.
    pub applied: Vec<&'static str>,
    /// They differ from what the daemon was started with, and hold after a restart.
    pub need_restart: Vec<&'static str>,
}

impl Changes {
    /// Those between what the daemon was started with, what was read last, and what is read now.
    pub fn of(started: &Layers, last: &Layers, now: &Layers) -> Changes {
        let names = || {
            KEYS.iter()
                .filter(|key| !now.agrees(last, key))
                .map(|key| key.name)
        };
        let waits = KEYS
            .iter()
            .filter(|key| !now.agrees(started, key))
            .map(|key| key.name);
        Changes {
            applied: names().filter(|name| LIVE.contains(name)).collect(),
            need_restart: waits.filter(|name| !LIVE.contains(name)).collect(),
        }
    }
}

impl Daemon {
    /// Takes the live keys of a configuration that was checked; the filter of the log belongs to the process and is set
    /// with [`crate::Log::set`].
    pub fn reload(&mut self, config: &Config) {
        let alerts = config.alerts(self.addresses().listen);
        for shared in self.shared() {
            shared.alerts.rcu(|running| crate::alerts::Settings {
                critical: alerts.critical.clone(),
                learn: alerts.learn,
                ..crate::alerts::Settings::clone(running)
            });
        }
        self.shutdown_delay = config.shutdown_delay;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers(text: &str) -> Layers {
        let mut layers = Layers::default();
        layers.set_toml(text);
        layers
    }

    #[test]
    fn changed_keys_hold_at_once_or_after_a_restart() {
        let started = layers("log = \"info\"\nmemory = \"1GiB\"\n[knobs]\nrepeat_min = 8");
        let changes = |last: &Layers, now: &Layers| Changes::of(&started, last, now);
        assert_eq!(changes(&started, &started), Changes::default());

        let first = layers("log = \"debug\"\nmemory = \"2GiB\"\n[knobs]\nrepeat_min = 9");
        let applied = vec!["log"];
        let need_restart = vec!["memory", "knobs"];
        assert_eq!(
            changes(&started, &first),
            Changes {
                applied,
                need_restart
            }
        );

        // What waits is named again each time; what holds already is not.
        let need_restart = vec!["memory", "knobs"];
        assert_eq!(
            changes(&first, &first),
            Changes {
                applied: vec![],
                need_restart
            }
        );

        let tenants = "log = \"info\"\nmemory = \"1GiB\"\n[knobs]\nrepeat_min = 8\n[tenants.acme]\nshare = 2";
        assert_eq!(changes(&started, &layers(tenants)).need_restart, ["tenants"]);

        let some = layers(
            "log = \"info\"\nmemory = \"1GiB\"\n[[workloads]]\nservice = \"a\"\nknobs = { repeat_min = 8 }",
        );
        assert_eq!(changes(&started, &some).need_restart, ["knobs", "efforts"]);
    }
}
