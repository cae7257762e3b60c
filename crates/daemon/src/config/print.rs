//! A configuration as TOML that reads back: every key with its value and where that came from.

use std::collections::BTreeMap;

use hotspan_model::{Millionths, Selector, Tuning};
use toml::Value;

use super::secrets::is_secret;
use super::{Config, KEYS, Key, Layers, Origin};

/// Columns of a key and its value, before its origin.
const VALUE: usize = 40;
/// Keys that are rules, written as tables.
pub(super) const RULES: [&str; 2] = ["knobs", "efforts"];

impl Layers {
    /// All keys of `config`, which these layers gave. `resolved` shows numbers where a value leaves them to the machine.
    pub fn print(&self, config: &Config, resolved: bool) -> String {
        let mut text = String::new();
        for key in KEYS.iter().filter(|key| !key.is_rules()) {
            let (origin, value) = self.value(key);
            text.push_str(&line(key, (origin, value), config, resolved));
        }
        text + &rules(&config.tuning)
    }
}

fn line(key: &Key, (origin, value): (Origin, &str), config: &Config, resolved: bool) -> String {
    if is_secret(key.name) && !value.is_empty() {
        return format!("# {} is set by {origin} and not shown\n", key.name);
    }
    let found = match (key.name, value) {
        ("memory", "0") => Some(config.memory_parts().total.to_string()),
        ("shards", "0") => Some(config.shard_count().to_string()),
        _ => None,
    };
    let (value, why) = match found.filter(|_| resolved) {
        Some(found) => (found, ", from this machine"),
        None => (value.to_owned(), ""),
    };
    let assigned = format!("{} = {}", key.name, literal(key, &value));
    format!("{assigned:<VALUE$} # {origin}{why}\n")
}

/// A value as TOML writes it.
fn literal(key: &Key, value: &str) -> String {
    let number = value
        .parse::<u64>()
        .is_ok_and(|number| number.to_string() == value);
    match key.is_switch() {
        true => super::value::switch(value).unwrap_or(false).to_string(),
        false if number => value.to_owned(),
        false => quoted(value),
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// Thresholds and efforts that differ, wherever they came from.
fn rules(tuning: &Tuning) -> String {
    let mut everywhere: [BTreeMap<String, String>; RULES.len()] = Default::default();
    let mut some = String::new();
    let mut add = |place: usize, selector: &Selector, name: &str, value: String| {
        if selector.is_everywhere() {
            everywhere[place].insert(name.to_owned(), value);
        } else {
            let table = RULES[place];
            some += &format!(
                "\n[[workloads]]\n{}{table} = {{ {} = {value} }}\n",
                parts(selector),
                quoted(name)
            );
        }
    };
    for rule in tuning.knobs() {
        add(0, &rule.selector, rule.knob.name, rule.value.to_string());
    }
    for rule in tuning.efforts() {
        add(
            1,
            &rule.selector,
            rule.detector.unwrap_or("*"),
            weeks(rule.effort),
        );
    }
    for (id, effort) in tuning.hotspots() {
        add(1, &Selector::default(), &id.to_string(), weeks(*effort));
    }
    let tables = RULES.iter().zip(everywhere).filter(|(_, set)| !set.is_empty());
    let tables: String = tables
        .map(|(table, set)| {
            let set: String = set
                .iter()
                .map(|(name, value)| format!("{} = {value}\n", quoted(name)))
                .collect();
            format!("\n[{table}]\n{set}")
        })
        .collect();
    tables + &some
}

fn parts(selector: &Selector) -> String {
    let patterns = [("service", &selector.service), ("operation", &selector.operation)];
    let patterns = patterns
        .into_iter()
        .filter_map(|(part, pattern)| Some((part, pattern.as_ref()?.text())));
    let kind = selector.workload.map(|workload| ("kind", workload.name()));
    patterns
        .chain(kind)
        .map(|(part, text)| format!("{part} = {}\n", quoted(text)))
        .collect()
}

/// A number of weeks without a float.
fn weeks(of: Millionths) -> String {
    let text = format!("{}.{:06}", of.0 / 1_000_000, of.0 % 1_000_000);
    match text.trim_end_matches('0') {
        whole if whole.ends_with('.') => format!("{whole}0"),
        part => part.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers(file: &str) -> Layers {
        let mut layers = Layers::default();
        layers.set_toml(file);
        layers
    }

    fn read(layers: &Layers) -> Config {
        Config::read(layers).unwrap()
    }

    #[test]
    fn every_key_is_there_with_its_origin() {
        let mut layers = layers("shards = 3\nready_file = \"a \\\"b\\\".json\"");
        layers.set(Origin::Environment, "demo", "on");
        layers.set(Origin::Flag, "memory", "512MiB");
        let text = layers.print(&read(&layers), false);
        for key in KEYS.iter().filter(|key| !RULES.contains(&key.name)) {
            assert!(
                text.lines()
                    .any(|line| line.starts_with(&format!("{} = ", key.name))),
                "{text}"
            );
        }
        let has = |said: &str, origin: &str| {
            text.lines()
                .any(|line| line.starts_with(said) && line.ends_with(origin))
        };
        assert!(
            has("shards = 3 ", "# file") && has("demo = true ", "# environment"),
            "{text}"
        );
        assert!(
            has("memory = \"512MiB\" ", "# flag") && has("age = \"90s\" ", "# default"),
            "{text}"
        );
    }

    #[test]
    fn what_is_printed_reads_back_as_the_same() {
        let file = "
            shards = 2
            ready_file = \"a 'b' \\\"c\\\" \\\\.json\"
            log_json = true
            [links]
            trace = \"https://g.test/t/{trace_id}?a=b\"
            [knobs]
            chatty_min = 12
            repeat_min = 8
            [efforts]
            slow-query = 1.5
            5f0c0000000000000000000000000001 = 2
            [[workloads]]
            service = \"bil*\\\"\"
            kind = \"job\"
            knobs = { repeat_min = 20 }
            efforts = { \"*\" = 4 }
            ";
        let mut first = layers(file);
        first.set(Origin::Flag, "knobs", "repeat_min=30 @ operation=GET /x");
        let config = read(&first);
        let text = first.print(&config, false);
        let again = layers(&text);
        assert_eq!(read(&again), config, "{text}");
        assert!(
            text.contains("[[workloads]]\noperation = \"GET /x\"\nknobs = { \"repeat_min\" = 30 }"),
            "{text}"
        );
    }

    #[test]
    fn resolved_values_are_numbers_and_secrets_are_not_shown() {
        let layers =
            layers("parameter_key = \"000102030405060708090a0b0c0d0e0f\"\nwebhook_secret = \"hush\"\n");
        let config = read(&layers);
        let text = layers.print(&config, true);
        assert!(
            !text.contains("0001020304")
                && !text.contains("hush")
                && text.contains("# parameter_key is set by file"),
            "{text}"
        );
        assert!(
            text.contains(&format!("shards = {} ", config.shard_count())),
            "{text}"
        );
        assert!(text.contains("# default, from this machine"), "{text}");
    }
}
