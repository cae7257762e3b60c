//! Thresholds and efforts that differ from their defaults: everywhere, or for some workloads.

use std::ops::RangeInclusive;

use crate::{Effort, Fingerprint, Knob, MILLION, Meta};

/// Most rules of one kind: each is tried once for every operation that is seen.
pub const RULES_MAX: usize = 256;
/// Longest pattern, in bytes.
const PATTERN_MAX: usize = 256;
/// A span that lasts longer is implausible, so a threshold beyond would never be reached.
const DAY_NS: u64 = 24 * 3_600 * 1_000_000_000;
/// Most of anything that is counted.
const COUNT_MAX: u64 = 1_000_000;

/// What a segment works for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Workload {
    /// It answers requests.
    Server,
    /// It works on messages.
    Consumer,
    /// It was called by nobody: a timer, a batch, a command.
    Job,
}

impl Workload {
    /// All of them.
    pub const ALL: [Workload; 3] = [Workload::Server, Workload::Consumer, Workload::Job];

    /// How configuration calls it.
    pub fn name(self) -> &'static str {
        match self {
            Workload::Server => "server",
            Workload::Consumer => "consumer",
            Workload::Job => "job",
        }
    }
}

/// Names that are meant: `*` stands for any run of characters, `?` for one, all else for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// The error says what is wrong with `text`.
    pub fn new(text: &str) -> Result<Pattern, String> {
        if text.is_empty() {
            return Err("an empty pattern matches nothing; leave it out, or write *".to_owned());
        }
        if text.len() > PATTERN_MAX {
            return Err(format!(
                "the pattern is {} bytes, over the limit of {PATTERN_MAX}",
                text.len()
            ));
        }
        if text.chars().any(char::is_control) {
            return Err("the pattern has control characters, which no name has".to_owned());
        }
        Ok(Pattern(text.to_owned()))
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Whether `name` is meant. Takes at most the product of both lengths.
    pub fn matches(&self, name: &str) -> bool {
        let (mut pattern, mut rest) = (self.0.chars(), name.chars());
        // Where the last star stands, and what it has not swallowed yet.
        let mut star = None;
        loop {
            let mut ahead = (pattern.clone(), rest.clone());
            match (ahead.0.next(), ahead.1.next()) {
                (None, None) => return true,
                (Some('*'), _) => {
                    star = Some((ahead.0.clone(), rest.clone()));
                    pattern = ahead.0;
                }
                (Some(meant), Some(found)) if meant == '?' || meant == found => (pattern, rest) = ahead,
                (_, _) => {
                    let Some((after, swallowed)) = &mut star else {
                        return false;
                    };
                    if swallowed.next().is_none() {
                        return false;
                    }
                    (pattern, rest) = (after.clone(), swallowed.clone());
                }
            }
        }
    }
}

/// Which segments a rule is about; a part that is absent leaves all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    /// Names of services.
    pub service: Option<Pattern>,
    /// Names of segment operations.
    pub operation: Option<Pattern>,
    /// What they work for.
    pub workload: Option<Workload>,
}

impl Selector {
    /// Whether it leaves all segments.
    pub fn is_everywhere(&self) -> bool {
        *self == Selector::default()
    }

    /// Whether a rule for these is about what is asked. A rule for some operations says nothing of a service as a
    /// whole.
    fn holds(&self, asked: Asked<'_>) -> bool {
        let operation = |pattern: &Pattern| asked.operation.is_some_and(|name| pattern.matches(name));
        self.service
            .as_ref()
            .is_none_or(|pattern| pattern.matches(asked.service))
            && self.operation.as_ref().is_none_or(operation)
            && self.workload.is_none_or(|meant| asked.workload == Some(meant))
    }

    /// The operation says more than the service, and that more than the workload.
    fn precision(&self) -> [bool; 3] {
        [
            self.operation.is_some(),
            self.service.is_some(),
            self.workload.is_some(),
        ]
    }
}

/// Whose threshold is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The service.
    pub service: &'a str,
    /// Its segment operation; `None` for the service as a whole.
    pub operation: Option<&'a str>,
    /// What it works for, where that is known.
    pub workload: Option<Workload>,
}

/// A threshold for some segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnobRule {
    /// For which.
    pub selector: Selector,
    /// Which threshold.
    pub knob: &'static Knob,
    /// Its value there.
    pub value: u64,
}

/// The effort of a detector's hotspots in some segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EffortRule {
    /// In which.
    pub selector: Selector,
    /// Whose; `None` for every detector's.
    pub detector: Option<&'static str>,
    /// Weeks of one team.
    pub effort: Effort,
}

/// Everything that was set. The most precise rule holds; of equally precise ones the last. What says the same is equal: a rule
/// takes the place of an earlier one for the same segments, and the order of those for all segments does not show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tuning {
    /// Least precise first.
    knobs: Vec<KnobRule>,
    /// Least precise first.
    efforts: Vec<EffortRule>,
    /// Efforts of single hotspots.
    hotspots: Vec<(Fingerprint, Effort)>,
}

impl Tuning {
    /// Adds a threshold. The caller has checked its value.
    pub fn set_knob(&mut self, rule: KnobRule) {
        self.knobs
            .retain(|of| of.knob.name != rule.knob.name || of.selector != rule.selector);
        self.knobs.push(rule);
        self.knobs.sort_by_key(|rule| {
            let everywhere = rule.selector.is_everywhere();
            (rule.selector.precision(), everywhere.then_some(rule.knob.name))
        });
    }

    /// Adds an effort.
    pub fn set_effort(&mut self, rule: EffortRule) {
        self.efforts
            .retain(|of| of.detector != rule.detector || of.selector != rule.selector);
        self.efforts.push(rule);
        self.efforts.sort_by_key(|rule| {
            let everywhere = rule.selector.is_everywhere();
            (
                rule.selector.precision(),
                rule.detector.is_some(),
                everywhere.then_some(rule.detector),
            )
        });
    }

    /// Adds the effort of one hotspot.
    pub fn set_hotspot(&mut self, id: Fingerprint, effort: Effort) {
        self.hotspots.retain(|&(of, _)| of != id);
        self.hotspots.push((id, effort));
        self.hotspots.sort_by_key(|&(id, _)| id);
    }

    /// What was set of thresholds, least precise first.
    pub fn knobs(&self) -> &[KnobRule] {
        &self.knobs
    }

    /// What was set of efforts, least precise first.
    pub fn efforts(&self) -> &[EffortRule] {
        &self.efforts
    }

    /// Efforts of single hotspots.
    pub fn hotspots(&self) -> &[(Fingerprint, Effort)] {
        &self.hotspots
    }

    /// Whether every segment has the same thresholds.
    pub fn is_uniform(&self) -> bool {
        self.knobs.iter().all(|rule| rule.selector.is_everywhere())
    }

    /// A threshold where no rule singles a segment out.
    pub fn base(&self, knob: &Knob) -> u64 {
        let everywhere = |rule: &&KnobRule| rule.selector.is_everywhere();
        let set = self.knobs.iter().rev().filter(everywhere);
        value(set, knob)
    }

    /// A threshold for what is asked.
    pub fn knob(&self, knob: &Knob, asked: Asked<'_>) -> u64 {
        let set = self.knobs.iter().rev();
        value(set.filter(|rule| rule.selector.holds(asked)), knob)
    }

    /// All thresholds that differ from their defaults for what is asked, each once.
    pub fn differing(&self, asked: Asked<'_>) -> Vec<(&'static str, u64)> {
        let mut set: Vec<(&'static str, u64)> = Vec::new();
        for rule in self.knobs.iter().filter(|rule| rule.selector.holds(asked)) {
            set.retain(|&(name, _)| name != rule.knob.name);
            if rule.value != rule.knob.default {
                set.push((rule.knob.name, rule.value));
            }
        }
        set.sort_unstable();
        set
    }

    /// Weeks of one team for a detector's hotspots where no rule singles a segment out.
    pub fn base_effort(&self, meta: &Meta) -> Effort {
        let everywhere = |rule: &&EffortRule| rule.selector.is_everywhere();
        let mut set = self.efforts.iter().rev().filter(everywhere);
        let set = set.find(|rule| rule.detector.is_none_or(|detector| detector == meta.id));
        set.map_or(meta.effort, |rule| rule.effort)
    }

    /// Weeks of one team for one hotspot.
    pub fn effort(&self, meta: &Meta, id: Fingerprint, asked: Asked<'_>) -> Effort {
        let mut hotspots = self.hotspots.iter().rev();
        if let Some(&(_, effort)) = hotspots.find(|&&(hotspot, _)| hotspot == id) {
            return effort;
        }
        let mut set = self
            .efforts
            .iter()
            .rev()
            .filter(|rule| rule.selector.holds(asked));
        let set = set.find(|rule| rule.detector.is_none_or(|detector| detector == meta.id));
        set.map_or(meta.effort, |rule| rule.effort)
    }
}

fn value<'a>(mut rules: impl Iterator<Item = &'a KnobRule>, knob: &Knob) -> u64 {
    let set = rules.find(|rule| rule.knob.name == knob.name);
    set.map_or(knob.default, |rule| rule.value)
}

impl Knob {
    /// The values that make sense, by the unit that ends its name: a share, a length of time, else a count.
    pub fn range(&self) -> RangeInclusive<u64> {
        match self.name.rsplit('_').next() {
            Some("millionths") => 0..=MILLION,
            Some("ns") => 0..=DAY_NS,
            // One of anything repeats nothing.
            Some(_) if self.name.starts_with("repeat_") => 2..=COUNT_MAX,
            Some(_) | None => 1..=COUNT_MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static ROWS: Knob = Knob {
        name: "rows_min",
        default: 5,
        what: "fewest rows",
    };

    fn pattern(text: &str) -> Pattern {
        Pattern::new(text).unwrap()
    }

    #[test]
    fn what_says_the_same_is_equal() {
        static COST: Knob = Knob {
            name: "cost_min_ns",
            default: 5,
            what: "least cost",
        };
        let tuning = |rules: &[(&'static Knob, u64, Option<&str>)]| {
            let mut tuning = Tuning::default();
            for &(knob, value, service) in rules {
                let selector = Selector {
                    service: service.map(pattern),
                    ..Selector::default()
                };
                tuning.set_knob(KnobRule {
                    selector,
                    knob,
                    value,
                });
            }
            tuning
        };
        let one = tuning(&[(&ROWS, 7, None), (&COST, 9, None)]);
        assert_eq!(
            tuning(&[(&COST, 9, None), (&ROWS, 3, None), (&ROWS, 7, None)]),
            one
        );
        assert_ne!(
            tuning(&[(&COST, 9, None), (&ROWS, 7, None), (&ROWS, 3, None)]),
            one
        );
        // Of equally precise rules the last holds, so their order is said.
        let (a, b) = ((&ROWS, 7, Some("a*")), (&ROWS, 8, Some("*b")));
        assert_ne!(tuning(&[a, b]), tuning(&[b, a]));
    }

    fn asked<'a>(service: &'a str, operation: &'a str, workload: Workload) -> Asked<'a> {
        Asked {
            service,
            operation: Some(operation),
            workload: Some(workload),
        }
    }

    fn set(tuning: &mut Tuning, selector: Selector, value: u64) {
        tuning.set_knob(KnobRule {
            selector,
            knob: &ROWS,
            value,
        });
    }

    #[test]
    fn a_star_stands_for_any_run_and_a_question_mark_for_one_character() {
        for (text, name, meant) in [
            ("GET /orders", "GET /orders", true),
            ("GET /orders", "GET /orders/1", false),
            ("GET *", "GET /orders", true),
            ("*orders*", "GET /orders/1", true),
            ("*a*b*c", "xaybzbc", true),
            ("*a*b*c", "xaybzb", false),
            ("?", "é", true),
            ("?", "", false),
            ("*", "", true),
            ("a**", "a", true),
            ("{id}[0]", "{id}[0]", true),
        ] {
            assert_eq!(pattern(text).matches(name), meant, "{text} on {name}");
        }
    }

    #[test]
    fn a_pattern_of_many_stars_ends() {
        let text = "*a".repeat(100);
        assert!(!pattern(&text).matches(&"a".repeat(99)));
        assert!(pattern(&text).matches(&"a".repeat(5_000)));
    }

    #[test]
    fn patterns_that_nothing_could_match_are_refused() {
        for text in ["", "a\nb", &"x".repeat(257)] {
            assert!(Pattern::new(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_most_precise_rule_holds_in_whatever_order_they_were_set() {
        let selectors = [
            Selector::default(),
            Selector {
                workload: Some(Workload::Job),
                ..Selector::default()
            },
            Selector {
                service: Some(pattern("bill*")),
                ..Selector::default()
            },
            Selector {
                operation: Some(pattern("GET *")),
                ..Selector::default()
            },
        ];
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] {
            let mut tuning = Tuning::default();
            for at in order {
                set(&mut tuning, selectors[at].clone(), 10 + at as u64);
            }
            let value =
                |service, operation, workload| tuning.knob(&ROWS, asked(service, operation, workload));
            assert_eq!(value("shop", "POST /", Workload::Server), 10);
            assert_eq!(value("shop", "nightly", Workload::Job), 11);
            assert_eq!(value("billing", "nightly", Workload::Job), 12);
            assert_eq!(value("billing", "GET /bills", Workload::Server), 13);
            assert_eq!(tuning.base(&ROWS), 10);
            assert!(!tuning.is_uniform());
        }
    }

    #[test]
    fn of_equally_precise_rules_the_last_holds() {
        let mut tuning = Tuning::default();
        set(&mut tuning, Selector::default(), 7);
        set(&mut tuning, Selector::default(), 8);
        let shop = asked("shop", "GET /", Workload::Server);
        assert_eq!(tuning.knob(&ROWS, shop), 8);
        assert_eq!(tuning.differing(shop), [("rows_min", 8)]);
        set(&mut tuning, Selector::default(), ROWS.default);
        assert_eq!(tuning.differing(shop), []);
    }

    #[test]
    fn a_rule_for_operations_says_nothing_of_a_service_as_a_whole() {
        let mut tuning = Tuning::default();
        let operation = Some(pattern("*"));
        let selector = Selector {
            operation,
            ..Selector::default()
        };
        set(&mut tuning, selector, 7);
        let whole = Asked {
            service: "shop",
            operation: None,
            workload: None,
        };
        assert_eq!(tuning.knob(&ROWS, whole), 5);
    }

    #[test]
    fn the_unit_in_a_name_tells_the_range() {
        let range = |name| Knob { name, ..ROWS }.range();
        assert_eq!(range("share_millionths"), 0..=1_000_000);
        assert_eq!(range("wait_ns"), 0..=86_400_000_000_000);
        assert_eq!(range("members_min"), 1..=1_000_000);
        assert_eq!(range("repeat_min"), 2..=1_000_000);
    }
}
