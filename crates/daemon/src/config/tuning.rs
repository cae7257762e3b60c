//! Thresholds and efforts for some workloads: tables of the file, and rules of a flag or variable.
//!
//! Everything is checked against the detectors themselves, and everything wrong is reported at once.

use hotspan_api::closest;
use hotspan_model::{
    EffortRule, Fingerprint, Knob, KnobRule, Millionths, Pattern, RULES_MAX, Selector, Tuning, Workload,
};
use toml::{Table, Value};

use super::layers::{ConfigError, Origin};

/// Longest effort, in millionths of a week: ten years.
const EFFORT_MAX: u64 = 520_000_000;
/// Keys of one of the `workloads`.
const PARTS: [&str; 5] = ["service", "operation", "kind", "knobs", "efforts"];

/// Reads rules into a [`Tuning`].
pub(super) struct Reading<'a> {
    pub(super) tuning: Tuning,
    errors: &'a mut Vec<ConfigError>,
    rules: usize,
}

/// What a rule sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Knobs,
    Efforts,
}

impl What {
    fn key(self) -> &'static str {
        match self {
            What::Knobs => "knobs",
            What::Efforts => "efforts",
        }
    }
}

impl<'a> Reading<'a> {
    pub(super) fn new(errors: &'a mut Vec<ConfigError>) -> Reading<'a> {
        Reading {
            tuning: Tuning::default(),
            errors,
            rules: 0,
        }
    }

    /// Reads `[knobs]` or `[efforts]` of the file.
    pub(super) fn table(&mut self, what: What, table: &Table) {
        self.entries(what, what.key(), table, &Selector::default());
    }

    /// Reads the list `[[workloads]]` of the file.
    pub(super) fn workloads(&mut self, list: &Value) {
        let Some(list) = list.as_array() else {
            let why = "not a list of tables; write [[workloads]] before each";
            return self.error(Origin::File, "workloads", &shown(list), why);
        };
        for (at, entry) in list.iter().enumerate() {
            let key = format!("workloads[{at}]");
            match entry.as_table() {
                Some(table) => self.workload(&key, table),
                None => self.error(Origin::File, &key, &shown(entry), "not a table"),
            }
        }
    }

    /// Reads rules as a flag or variable has them: `NAME=VALUE @ service=GLOB, operation=GLOB, kind=KIND; …`.
    pub(super) fn rules(&mut self, what: What, origin: Origin, text: &str) {
        for rule in text.split(';').map(str::trim).filter(|rule| !rule.is_empty()) {
            let (entry, parts) = rule.split_once(" @ ").unwrap_or((rule, ""));
            let Some((name, value)) = entry.split_once('=') else {
                let why = "not NAME=VALUE, nor that and @ service=GLOB, operation=GLOB, kind=KIND";
                self.error(origin, what.key(), rule, why);
                continue;
            };
            let mut selector = Selector::default();
            let wrong = self.errors.len();
            for part in parts.split(',').map(str::trim).filter(|part| !part.is_empty()) {
                let (part, value) = part.split_once('=').unwrap_or((part, ""));
                let key = format!("{} @ {}", what.key(), part.trim());
                self.select(origin, &key, part.trim(), value.trim(), &mut selector);
            }
            if self.errors.len() == wrong {
                let key = format!("{}.{}", what.key(), name.trim());
                self.set(what, origin, &key, name.trim(), value.trim(), &selector);
            }
        }
    }

    fn workload(&mut self, key: &str, table: &Table) {
        let mut selector = Selector::default();
        for (part, value) in table {
            let key = format!("{key}.{part}");
            match (part.as_str(), value) {
                ("knobs" | "efforts", Value::Table(_)) => {}
                ("knobs" | "efforts", _) => {
                    let why = "not a table; write say { repeat_min = 20 }";
                    self.error(Origin::File, &key, &shown(value), why);
                }
                (_, _) => self.select(Origin::File, &key, part, &shown(value), &mut selector),
            }
        }
        let named = ["service", "operation", "kind"].map(|part| table.contains_key(part));
        if !named.contains(&true) {
            let why =
                "names no service, operation or kind; what holds for all of them is [knobs] and [efforts]";
            self.error(Origin::File, key, &table.to_string().replace('\n', " "), why);
        }
        for what in [What::Knobs, What::Efforts] {
            if let Some(Value::Table(entries)) = table.get(what.key()) {
                self.entries(what, &format!("{key}.{}", what.key()), entries, &selector);
            }
        }
    }

    fn entries(&mut self, what: What, key: &str, table: &Table, selector: &Selector) {
        for (name, value) in table {
            let key = format!("{key}.{name}");
            self.set(what, Origin::File, &key, name, &shown(value), selector);
        }
    }

    fn select(&mut self, origin: Origin, key: &str, part: &str, value: &str, selector: &mut Selector) {
        let done = match part {
            "service" => Pattern::new(value).map(|pattern| selector.service = Some(pattern)),
            "operation" => Pattern::new(value).map(|pattern| selector.operation = Some(pattern)),
            "kind" => kind(value).map(|workload| selector.workload = Some(workload)),
            _ => Err(format!("no such key; did you mean {}?", closest(part, PARTS))),
        };
        if let Err(why) = done {
            self.error(origin, key, value, &why);
        }
    }

    fn set(&mut self, what: What, origin: Origin, key: &str, name: &str, value: &str, selector: &Selector) {
        self.rules += 1;
        if self.rules == RULES_MAX + 1 {
            let why = format!("more than {RULES_MAX} rules; let patterns say more at once");
            self.error(origin, key, value, &why);
        }
        let done = match what {
            What::Knobs => self.knob(name, value, selector),
            What::Efforts => self.effort(name, value, selector),
        };
        if let Err(why) = done {
            self.error(origin, key, value, &why);
        }
    }

    fn knob(&mut self, name: &str, value: &str, selector: &Selector) -> Result<(), String> {
        let known = knobs();
        let Some(&knob) = known.iter().find(|knob| knob.name == name) else {
            let near = closest(name, known.iter().map(|knob| knob.name));
            return Err(format!("no detector has such a knob; did you mean {near}?"));
        };
        let range = knob.range();
        let (least, most) = (range.start(), range.end());
        let fits = value.parse().ok().filter(|value| range.contains(value));
        let value = fits.ok_or_else(|| format!("not a whole number from {least} to {most}"))?;
        self.tuning.set_knob(KnobRule {
            selector: selector.clone(),
            knob,
            value,
        });
        Ok(())
    }

    fn effort(&mut self, name: &str, value: &str, selector: &Selector) -> Result<(), String> {
        let effort = weeks(value).ok_or("not a number of weeks above 0 and up to 520; write say 0.5")?;
        if let Some(id) = Fingerprint::from_hex(name) {
            if !selector.is_everywhere() {
                return Err("a hotspot is one, wherever it is; name it in efforts alone".to_owned());
            }
            self.tuning.set_hotspot(id, effort);
            return Ok(());
        }
        let ids = || hotspan_pipeline::catalogue().into_iter().map(|meta| meta.id);
        let detector = ids().find(|&id| id == name);
        if detector.is_none() && name != "*" {
            let near = closest(name, ids());
            return Err(format!(
                "neither a detector nor * nor the id of a hotspot; did you mean {near}?"
            ));
        }
        self.tuning.set_effort(EffortRule {
            selector: selector.clone(),
            detector,
            effort,
        });
        Ok(())
    }

    fn error(&mut self, origin: Origin, key: &str, value: &str, why: &str) {
        self.errors.push(ConfigError {
            key: key.to_owned(),
            value: value.to_owned(),
            origin,
            why: why.to_owned(),
        });
    }
}

/// Every knob that there is.
fn knobs() -> Vec<&'static Knob> {
    let own = hotspan_pipeline::catalogue();
    let own = own.into_iter().flat_map(|meta| meta.knobs);
    hotspan_pipeline::shared_knobs().into_iter().chain(own).collect()
}

fn kind(text: &str) -> Result<Workload, String> {
    let named = Workload::ALL.into_iter().find(|workload| workload.name() == text);
    named.ok_or_else(|| {
        let near = closest(text, Workload::ALL.map(Workload::name));
        format!("neither server nor consumer nor job; did you mean {near}?")
    })
}

/// A decimal number of weeks, read without a float.
fn weeks(text: &str) -> Option<Millionths> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits(whole) && digits(part) && part.len() <= 6 && !whole.is_empty();
    let value = number.then(|| format!("{whole}{part:0<6}").parse::<u64>().ok())??;
    (1..=EFFORT_MAX).contains(&value).then_some(Millionths(value))
}

/// A value as it reads in the file, text without its quotes.
fn shown(value: &Value) -> String {
    let text = value.as_str().map(ToOwned::to_owned);
    text.unwrap_or_else(|| value.to_string())
}

#[cfg(test)]
mod tests {
    use hotspan_model::Asked;

    use super::super::{Config, Layers};
    use super::*;

    fn read(file: &str, flags: &[(&str, &str)]) -> Result<Tuning, String> {
        let mut layers = Layers::default();
        layers.set_toml(file);
        for (key, value) in flags {
            layers.set(Origin::Flag, key, value);
        }
        let config = Config::read(&layers).map_err(|errors| errors.to_string())?;
        Ok(config.tuning)
    }

    fn value(tuning: &Tuning, name: &str, place: (&str, &str, Workload)) -> u64 {
        let knob = knobs().into_iter().find(|knob| knob.name == name).unwrap();
        let (service, operation, workload) = place;
        let asked = Asked {
            service,
            operation: Some(operation),
            workload: Some(workload),
        };
        tuning.knob(knob, asked)
    }

    const FILE: &str = "
        [knobs]
        repeat_min = 8
        chatty_min = 12

        [efforts]
        slow-query = 1.5
        5f0c0000000000000000000000000001 = 2

        [[workloads]]
        service = \"billing*\"
        knobs = { repeat_min = 20 }
        efforts = { \"*\" = 4 }

        [[workloads]]
        operation = \"GET /reports/*\"
        kind = \"server\"
        knobs = { repeat_min = 30, cost_share_millionths = 0 }
        ";
    const BILLING: (&str, &str, Workload) = ("billing-eu", "nightly", Workload::Job);
    const REPORT: (&str, &str, Workload) = ("shop", "GET /reports/7", Workload::Server);
    const SHOP: (&str, &str, Workload) = ("shop", "GET /", Workload::Server);

    #[test]
    fn the_file_sets_thresholds_everywhere_and_for_some() {
        let tuning = read(FILE, &[]).unwrap();
        let repeats = [SHOP, BILLING, REPORT].map(|place| value(&tuning, "repeat_min", place));
        assert_eq!(repeats, [8, 20, 30]);
        assert_eq!(value(&tuning, "cost_share_millionths", REPORT), 0);
        assert_eq!(value(&tuning, "chatty_min", SHOP), 12);
        assert_eq!(tuning.efforts().len(), 2);
        assert_eq!(tuning.efforts()[0].effort, Millionths(1_500_000));
        assert_eq!(
            tuning.hotspots(),
            [(Fingerprint(0x5f0c << 112 | 1), Millionths(2_000_000))]
        );
    }

    #[test]
    fn a_flag_holds_over_an_equally_precise_rule_of_the_file() {
        let rules =
            "repeat_min=9; repeat_min=21 @ service=billing*; hop_chain_hops_min=6 @ kind=job, operation=n*";
        let tuning = read(FILE, &[("knobs", rules), ("efforts", "slow-query=3")]).unwrap();
        let repeats = [SHOP, BILLING, REPORT].map(|place| value(&tuning, "repeat_min", place));
        assert_eq!(repeats, [9, 21, 30]);
        let hops = [SHOP, BILLING].map(|place| value(&tuning, "hop_chain_hops_min", place));
        assert_eq!(hops, [4, 6]);
        // It takes the place of the file's.
        assert_eq!(tuning.efforts()[0].effort, Millionths(3_000_000));
    }

    /// A file, a flag, and what the one line about what is wrong says.
    const WRONG: [(&str, (&str, &str), &str); 15] = [
        (
            "[knobs]\nrepeat_mni = 8",
            ("efforts", ""),
            "file knobs.repeat_mni = \"8\": no detector has such a knob; did you mean repeat_min?",
        ),
        (
            "[knobs]\nrepeat_min = 1",
            ("efforts", ""),
            "file knobs.repeat_min = \"1\": not a whole number from 2 to 1000000",
        ),
        (
            "[knobs]\ncost_share_millionths = 1000001",
            ("efforts", ""),
            "not a whole number from 0 to 1000000",
        ),
        (
            "[knobs]\nrepeat_min = \"many\"",
            ("efforts", ""),
            "= \"many\": not a whole",
        ),
        (
            "[knobs]\nrepeat_min = -1",
            ("efforts", ""),
            "= \"-1\": not a whole",
        ),
        (
            "[efforts]\nn-plus-one-qeury = 1",
            ("efforts", ""),
            "efforts.n-plus-one-qeury = \"1\": neither a detector",
        ),
        (
            "[efforts]\nslow-query = 0.0",
            ("efforts", ""),
            "slow-query = \"0.0\": not a number of weeks",
        ),
        (
            "[[workloads]]\nservcie = \"a\"\nkind = \"job\"",
            ("efforts", ""),
            "file workloads[0].servcie = \"a\": no such key; did you mean service?",
        ),
        (
            "[[workloads]]\nservice = \"\"",
            ("efforts", ""),
            "file workloads[0].service = \"\": an empty pattern",
        ),
        (
            "[[workloads]]\nkind = \"sever\"",
            ("efforts", ""),
            "workloads[0].kind = \"sever\": neither server nor consumer nor job; did you mean server?",
        ),
        (
            "[[workloads]]\nknobs = { repeat_min = 8 }",
            ("efforts", ""),
            "names no service",
        ),
        ("workloads = 3", ("efforts", ""), "workloads = \"3\": not a list"),
        (
            "",
            ("knobs", "repeat_min"),
            "flag knobs = \"repeat_min\": not NAME=VALUE",
        ),
        (
            "",
            ("knobs", "repeat_min=8 @ sevrice=a"),
            "flag knobs @ sevrice = \"a\": no such key; did you mean service?",
        ),
        (
            "",
            ("efforts", "5f0c0000000000000000000000000001=2 @ kind=job"),
            "a hotspot is one",
        ),
    ];

    #[test]
    fn what_is_wrong_is_named_with_its_value_and_what_would_be_right() {
        for (file, flags, said) in WRONG {
            let errors = read(file, &[flags]).unwrap_err();
            assert!(errors.contains(said), "{file}: {errors}");
            assert_eq!(errors.lines().count(), 1, "{file}: {errors}");
        }
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let file = "shrads = 1\n[knobs]\na = 1\nrepeat_min = 0\n[efforts]\nb = 1\n[[workloads]]\nkind = \"c\"\nd = 1";
        let errors = read(file, &[("knobs", "e=1; repeat_min=x")]).unwrap_err();
        assert_eq!(errors.lines().count(), 8, "{errors}");
    }

    #[test]
    fn rules_have_a_bound() {
        let rules = |count| ["repeat_min=8"].repeat(count).join(";");
        assert!(read("", &[("knobs", &rules(RULES_MAX))]).is_ok());
        let errors = read("", &[("knobs", &rules(RULES_MAX + 9))]).unwrap_err();
        assert_eq!(errors.lines().count(), 1, "{errors}");
    }
}
