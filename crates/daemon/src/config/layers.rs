//! Flags over environment over file over defaults; errors of all of them are reported together.

use std::collections::BTreeMap;
use std::fmt;

use hotspan_api::closest;
use hotspan_model::Tuning;
use toml::Value;

use super::secrets::{HIDDEN, is_secret};
use super::tuning::{Reading, What};
use super::{Config, KEYS, Key};

/// With less, hardly a request fits into its share.
pub(crate) const MEMORY_MIN: u64 = 32 << 20;

/// The list of what holds for some workloads alone; a table of the file and no flag.
const WORKLOADS: &str = "workloads";

/// The key whose value in a file is a table of names and addresses.
const LINKS: &str = "links";

/// The key whose value in a file is a table of tables.
const TENANTS: &str = "tenants";

/// Keys of variables that other commands read, or that name the file.
const OTHERS: [&str; 10] = [
    "config",
    "url",
    "timeout",
    "output",
    "color",
    "token",
    "token_file",
    "ca",
    "cert",
    "key",
];

/// The table of a file that is for clients.
const CLIENT: &str = "client";

/// Where a value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The table.
    Default,
    /// The file named by `--config`.
    File,
    /// A variable `HOTSPAN_…`.
    Environment,
    /// The command line.
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Origin::Default => "default",
            Origin::File => "file",
            Origin::Environment => "environment",
            Origin::Flag => "flag",
        })
    }
}

/// One thing wrong with the configuration. The value of a secret is not said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{origin} {key} = {value:?}: {why}")]
pub struct ConfigError {
    /// Which key.
    pub key: String,
    /// Its value.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
    /// What is wrong, and what would be right.
    pub why: String,
}

/// Everything that is wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigErrors(pub Vec<ConfigError>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, error) in self.0.iter().enumerate() {
            if at > 0 {
                writeln!(f)?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

/// How the keys of the gate of builds begin, which this process has no use for.
const GATE: &str = "check_";

/// Values by key, the strongest origin winning.
#[derive(Clone, Default)]
pub struct Layers {
    values: BTreeMap<String, (Origin, String)>,
    /// Tables of the file, by key.
    tables: Vec<(String, Value)>,
    errors: Vec<ConfigError>,
}

impl fmt::Debug for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Layers({})", self.summary())
    }
}

impl Layers {
    /// Adds a value; a stronger origin keeps its own. Unknown keys are remembered as errors.
    pub fn set(&mut self, origin: Origin, key: &str, value: &str) {
        if !KEYS.iter().any(|known| known.name == key) {
            let names = KEYS.iter().map(|known| known.name).chain([WORKLOADS]);
            let why = format!("no such key; did you mean {}?", closest(key, names));
            self.errors.push(ConfigError {
                key: key.to_owned(),
                value: said(key, value),
                origin,
                why,
            });
            return;
        }
        let slot = self
            .values
            .entry(key.to_owned())
            .or_insert((origin, value.to_owned()));
        if origin >= slot.0 {
            *slot = (origin, value.to_owned());
        }
    }

    /// Adds the keys of a TOML document.
    pub fn set_toml(&mut self, text: &str) {
        let table = match text.parse::<toml::Table>() {
            Ok(table) => table,
            Err(error) => {
                let why = error.message().to_owned();
                let line = error
                    .span()
                    .map_or(1, |span| text[..span.start].matches('\n').count() + 1);
                let (key, value) = ("config".to_owned(), format!("line {line}"));
                self.errors.push(ConfigError {
                    key,
                    value,
                    origin: Origin::File,
                    why,
                });
                return;
            }
        };
        for (key, value) in table {
            if key == CLIENT && value.is_table() {
                continue;
            }
            let rules = matches!(key.as_str(), "knobs" | "efforts") && value.is_table();
            if rules || key == WORKLOADS {
                self.tables.push((key, value));
                continue;
            }
            let value = match (value.as_str(), value.as_table()) {
                (Some(text), _) => text.to_owned(),
                (None, Some(links)) if key == LINKS => named(links),
                (None, Some(tables)) if key == TENANTS => super::tenants::line(tables),
                (None, _) => value.to_string(),
            };
            self.set(Origin::File, &key, &value);
        }
    }

    /// Adds the variables that start with `HOTSPAN_`; those of other commands are theirs.
    pub fn set_environment(&mut self, variables: impl Iterator<Item = (String, String)>) {
        for (name, value) in variables {
            let key = name.strip_prefix("HOTSPAN_").map(str::to_ascii_lowercase);
            let is_ours = |key: &String| !OTHERS.contains(&key.as_str()) && !key.starts_with(GATE);
            if let Some(key) = key.filter(is_ours) {
                self.set(Origin::Environment, &key, &value);
            }
        }
    }

    pub(super) fn resolve(&self) -> Result<Config, ConfigErrors> {
        let (mut config, mut errors) = (Config::unset(), self.errors.clone());
        for key in KEYS {
            let (origin, value) = self.value(key);
            if let Err(why) = (key.set)(&mut config, value) {
                errors.push(ConfigError {
                    key: key.name.to_owned(),
                    value: said(key.name, value),
                    origin,
                    why,
                });
            }
        }
        config.tuning = self.tuning(&mut errors);
        if config.memory > 0 && config.memory < MEMORY_MIN {
            let (origin, value) = self
                .values
                .get("memory")
                .cloned()
                .unwrap_or((Origin::Default, String::new()));
            errors.push(ConfigError {
                key: "memory".to_owned(),
                value,
                origin,
                why: "too little to work in; give it 32MiB or more, or 0 for what the machine has".to_owned(),
            });
        }
        self.reachable(&config, &mut errors);
        if errors.is_empty() {
            Ok(config)
        } else {
            Err(ConfigErrors(errors))
        }
    }

    /// What others reach needs TLS and credentials, and a demo finds its way over plain OTLP only.
    fn reachable(&self, config: &Config, errors: &mut Vec<ConfigError>) {
        let has_tls = config.tls_cert.is_some() && config.tls_key.is_some();
        let is_guarded = config.access().is_guarded();
        let mut complain = |key: &str, value: String, why: String| {
            let origin = self
                .values
                .get(key)
                .map_or(Origin::Default, |&(origin, _)| origin);
            errors.push(ConfigError {
                key: key.to_owned(),
                value,
                origin,
                why,
            });
        };
        let lacks = match (has_tls, is_guarded) {
            (true, true) => None,
            (true, false) => Some("tokens_file or tls_client_ca"),
            (false, true) => Some("tls_cert and tls_key"),
            (false, false) => Some("tls_cert, tls_key, and tokens_file or tls_client_ca"),
        };
        let addresses = [
            ("otlp_grpc", config.otlp_grpc),
            ("otlp_http", config.otlp_http),
            ("listen", config.listen),
        ];
        for (key, address) in addresses {
            if let Some(lacks) = lacks.filter(|_| !config.allow_insecure && !address.ip().is_loopback()) {
                let why = format!(
                    "a wider address needs TLS and credentials: set {lacks}; or spell out allow_insecure = true \
                     (--allow-insecure)"
                );
                complain(key, address.to_string(), why);
            }
        }
        if !config.tenants.is_empty() && config.tokens_file.is_none() && !config.trust_header {
            let why =
                "nothing would belong to a tenant; set tokens_file, whose entries name them, or trust_header";
            let names: Vec<&str> = config.tenants.keys().map(String::as_str).collect();
            complain(TENANTS, names.join(" "), why.to_owned());
        }
        if config.demo && (config.tls_cert.is_some() || is_guarded) {
            let why = "the demo sends to its own port without TLS and a token; leave tls_cert, tls_client_ca and \
                       tokens_file out for it";
            complain("demo", "true".to_owned(), why.to_owned());
        }
    }

    /// How many keys and rules are not left to their defaults, by origin.
    pub fn summary(&self) -> String {
        let count = |wanted| {
            self.values
                .values()
                .filter(|(origin, _)| *origin == wanted)
                .count()
        };
        let origins = [Origin::Flag, Origin::Environment, Origin::File];
        let keys = origins.map(|origin| format!("{} from {origin}", count(origin)));
        format!("keys {}; {} tables of rules", keys.join(", "), self.tables.len())
    }

    /// Rules of the file, then those of a flag or variable, which hold over equally precise ones.
    fn tuning(&self, errors: &mut Vec<ConfigError>) -> Tuning {
        let mut reading = Reading::new(errors);
        for (key, value) in &self.tables {
            match (key.as_str(), value) {
                ("knobs", Value::Table(table)) => reading.table(What::Knobs, table),
                ("efforts", Value::Table(table)) => reading.table(What::Efforts, table),
                (_, list) => reading.workloads(list),
            }
        }
        for (key, what) in [("knobs", What::Knobs), ("efforts", What::Efforts)] {
            if let Some((origin, rules)) = self.values.get(key) {
                reading.rules(what, *origin, rules);
            }
        }
        reading.tuning
    }

    /// Whether other layers say the same of a key. Rules of workloads are in one table, which is either kind's.
    pub(crate) fn agrees(&self, other: &Layers, key: &Key) -> bool {
        let same = self.value(key).1 == other.value(key).1;
        let tables = |layers: &Layers| -> Vec<Value> {
            let of_key = layers
                .tables
                .iter()
                .filter(|(name, _)| name == key.name || name == WORKLOADS);
            of_key.map(|(_, table)| table.clone()).collect()
        };
        same && (!key.is_rules() || tables(self) == tables(other))
    }

    pub(super) fn value(&self, key: &Key) -> (Origin, &str) {
        match self.values.get(key.name) {
            Some((origin, value)) => (*origin, value),
            None => (Origin::Default, key.default),
        }
    }
}

/// A table as a flag has it: `name=value`, by blanks.
fn named(table: &toml::Table) -> String {
    let pairs = table.iter().map(|(name, value)| match value.as_str() {
        Some(text) => format!("{name}={text}"),
        None => format!("{name}={value}"),
    });
    pairs.collect::<Vec<String>>().join(" ")
}

/// A value as an error says it.
fn said(key: &str, value: &str) -> String {
    let has_credential = value.contains("://") && value.contains('@');
    match is_secret(key) || has_credential {
        true => HIDDEN.to_owned(),
        false => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(layers: &Layers) -> Config {
        Config::read(layers).unwrap()
    }

    #[test]
    fn the_defaults_are_valid() {
        let config = read(&Layers::default());
        assert_eq!(config.otlp_grpc.port(), 4317);
        assert_eq!(config.message_bytes_max, 64 << 20);
    }

    #[test]
    fn a_flag_beats_the_environment_beats_the_file() {
        let mut layers = Layers::default();
        layers.set(Origin::Flag, "shards", "3");
        layers.set_environment([("HOTSPAN_SHARDS".to_owned(), "2".to_owned())].into_iter());
        layers.set_toml("shards = 1\nage = \"60s\"");
        assert_eq!(read(&layers).shards, 3);
        assert_eq!(read(&layers).age.as_secs(), 60);
    }

    #[test]
    fn links_are_a_table_of_the_file_or_one_line() {
        let mut layers = Layers::default();
        layers.set_toml(
            "[links]\ntrace = \"https://g.test/t/{trace_id}\"\nlogs = \"https://g.test/l?s={service}\"",
        );
        let names: Vec<String> = read(&layers)
            .links
            .iter()
            .map(|of| of.name().to_owned())
            .collect();
        assert_eq!(names, ["logs", "trace"]);
        let mut layers = Layers::default();
        layers.set_toml("[links]\ntrace = \"https://g.test/{nothing}\"");
        let text = Config::read(&layers).unwrap_err().to_string();
        assert!(
            text.starts_with("file links = ") && text.contains("no placeholder {nothing}"),
            "{text}"
        );
    }

    #[test]
    fn variables_of_other_commands_are_no_keys() {
        let mut layers = Layers::default();
        let gate = format!("{GATE}baseline");
        for key in OTHERS.into_iter().chain([gate.as_str()]) {
            let name = format!("HOTSPAN_{}", key.to_ascii_uppercase());
            layers.set_environment([(name, "x".to_owned())].into_iter());
        }
        assert!(Config::read(&layers).is_ok());
    }

    #[test]
    fn what_a_file_says_to_clients_is_theirs() {
        let mut layers = Layers::default();
        layers.set_toml("shards = 2\n[client]\nurl = \"http://10.0.0.7:4319\"");
        assert_eq!(read(&layers).shards, 2);
        layers.set_toml("client = 1");
        assert!(
            Config::read(&layers)
                .unwrap_err()
                .to_string()
                .contains("no such key")
        );
    }

    #[test]
    fn all_errors_come_together_each_with_key_value_and_fix() {
        let mut layers = Layers::default();
        layers.set(Origin::Flag, "listen", "nowhere");
        layers.set_toml("shrads = 2\nmemory = 4096");
        layers.set_environment([("HOTSPAN_AGE".to_owned(), "soon".to_owned())].into_iter());
        let text = Config::read(&layers).unwrap_err().to_string();
        assert_eq!(text.lines().count(), 4, "{text}");
        assert!(text.contains("file memory = \"4096\": too little"), "{text}");
        assert!(text.contains("did you mean shards?"), "{text}");
        assert!(text.contains("environment age = \"soon\""), "{text}");
    }

    /// What is said of a wide address with these keys beside it.
    fn said_of_wide(keys: &[(&str, &str)]) -> String {
        let mut layers = Layers::default();
        layers.set(Origin::Flag, "otlp_http", "0.0.0.0:4318");
        for (key, value) in keys {
            layers.set(Origin::Flag, key, value);
        }
        Config::read(&layers).map_or_else(|errors| errors.to_string(), |_| String::new())
    }

    #[test]
    fn a_wider_address_needs_tls_and_credentials_or_must_be_spelled_out() {
        let tls = [("tls_cert", "a"), ("tls_key", "b")];
        for (keys, lacks) in [
            (
                &[][..],
                "set tls_cert, tls_key, and tokens_file or tls_client_ca; or spell out allow_insecure",
            ),
            (&tls, "set tokens_file or tls_client_ca; or"),
            (&[("tokens_file", "c")], "set tls_cert and tls_key; or"),
        ] {
            let said = said_of_wide(keys);
            assert!(
                said.contains(lacks) && said.contains("--allow-insecure"),
                "{said}"
            );
        }
        for enough in [("tokens_file", "c"), ("tls_client_ca", "c")] {
            assert_eq!(said_of_wide(&[tls[0], tls[1], enough]), "");
        }
        assert_eq!(said_of_wide(&[("allow_insecure", "true")]), "");
        let both = said_of_wide(&[("allow_insecure", "true"), ("demo", "true"), ("tokens_file", "c")]);
        assert!(
            both.contains("demo = \"true\": the demo sends to its own port"),
            "{both}"
        );
    }

    #[test]
    fn tenants_need_something_that_tells_them_apart() {
        let said = |more: &str| {
            let mut layers = Layers::default();
            layers.set_toml(&format!("{more}\n[tenants.acme]\nshare = 3\nrate = 5000"));
            Config::read(&layers).map_err(|errors| errors.to_string())
        };
        let why = said("").unwrap_err();
        assert!(
            why.contains("tenants = \"acme\": nothing would belong to a tenant")
                && why.contains("set tokens_file"),
            "{why}"
        );
        for enough in ["tokens_file = \"t.toml\"", "trust_header = true"] {
            let config = said(enough).unwrap();
            assert_eq!(config.tenants["acme"].share, 3);
            assert_eq!(config.tenants["acme"].rate.map(u32::from), Some(5_000));
        }
    }

    #[test]
    fn no_error_says_a_secret() {
        let mut layers = Layers::default();
        layers.set(Origin::Flag, "parameter_key", "canary-1");
        layers.set_toml("webhok_secret = \"canary-2\"\nadmin_token = \"canary-3\"\nwebhook_url = \"https://me:canary-4@a.test/\"");
        layers.set_toml("webhook_secret = \"canary-5\" \"canary-6\"");
        let errors = Config::read(&layers).unwrap_err();
        let text = format!("{errors} {errors:?}");
        assert_eq!(errors.0.len(), 5, "{text}");
        assert!(text.contains("did you mean webhook_secret?"), "{text}");
        assert!(!text.contains("canary"), "{text}");
    }
}
