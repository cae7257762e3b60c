//! The thresholds that hold in each segment: one look-up a segment, one resolution for each operation ever seen.

use hashbrown::HashTable;
use hotspan_model::{Asked, Class, Kind, Knob, Lookup, Symbol, Tuning, Workload};

use super::layout::Layout;
use super::segments::{Segment, is_entry};
use crate::Forest;
use crate::detectors::{REPEAT_MIN, REPEAT_MIN_FAST};

/// Operations whose thresholds are remembered; beyond, all are resolved anew.
const KNOWN_MAX: usize = 65_536;

/// Thresholds by segment of the trace at hand, and what is remembered of those before. Symbols must mean the same in
/// all of them.
#[derive(Debug, Default)]
pub(crate) struct Thresholds {
    tuning: Tuning,
    /// Whether all segments share the first profile.
    uniform: bool,
    /// Whether every threshold is its default everywhere.
    untuned: bool,
    profiles: Vec<Profile>,
    known: Vec<Known>,
    places: HashTable<u32>,
    /// Profile of each segment; empty when they share the first.
    segments: Vec<u32>,
}

/// Values that differ from their defaults, and those that are asked for every operation.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Profile {
    set: Vec<(&'static str, u64)>,
    repeat_min: u64,
    repeat_min_fast: u64,
}

/// What an operation's thresholds are.
#[derive(Clone, Copy, Debug)]
struct Known {
    key: (Symbol, Symbol, Workload),
    profile: u32,
}

impl Profile {
    fn new(set: Vec<(&'static str, u64)>) -> Profile {
        let (repeat_min, repeat_min_fast) = (get(&set, &REPEAT_MIN), get(&set, &REPEAT_MIN_FAST));
        Profile {
            set,
            repeat_min,
            repeat_min_fast,
        }
    }
}

fn get(set: &[(&'static str, u64)], knob: &Knob) -> u64 {
    let set = set.iter().find(|&&(name, _)| name == knob.name);
    set.map_or(knob.default, |&(_, value)| value)
}

impl Thresholds {
    /// Those that `tuning` says.
    pub(crate) fn new(tuning: Tuning) -> Thresholds {
        let mut thresholds = Thresholds {
            uniform: tuning.is_uniform(),
            tuning,
            ..Thresholds::default()
        };
        thresholds.forget();
        thresholds.untuned = thresholds.uniform && thresholds.profiles[0].set.is_empty();
        thresholds
    }

    /// Finds the thresholds of every segment of a trace.
    pub(super) fn assign(
        &mut self,
        segments: &[Segment],
        forest: &Forest,
        layout: &Layout,
        dictionary: &dyn Lookup,
    ) {
        self.segments.clear();
        if self.uniform {
            return;
        }
        if self.known.len() >= KNOWN_MAX {
            self.forget();
        }
        for segment in segments {
            let workload = workload(segment, forest, layout);
            let profile = self.profile((segment.service, segment.operation, workload), dictionary);
            self.segments.push(profile);
        }
    }

    /// A threshold in a segment.
    #[inline]
    pub(super) fn get(&self, segment: u32, knob: &Knob) -> u64 {
        if self.untuned {
            return knob.default;
        }
        let profile = self.of(segment);
        profile.map_or(knob.default, |profile| get(&profile.set, knob))
    }

    /// No segment of the trace at hand has a lower one.
    #[inline]
    pub(super) fn least(&self, knob: &Knob) -> u64 {
        if self.untuned {
            return knob.default;
        }
        let values = self.profiles.iter().map(|profile| get(&profile.set, knob));
        values.min().unwrap_or(knob.default)
    }

    /// Required weight of queries and calls in a segment.
    pub(super) fn repeat_min(&self, segment: u32) -> u64 {
        self.of(segment)
            .map_or(REPEAT_MIN.default, |profile| profile.repeat_min)
    }

    /// Required weight of cache commands and publishes in a segment.
    pub(super) fn repeat_min_fast(&self, segment: u32) -> u64 {
        self.of(segment)
            .map_or(REPEAT_MIN_FAST.default, |profile| profile.repeat_min_fast)
    }

    fn of(&self, segment: u32) -> Option<&Profile> {
        let at = self.segments.get(segment as usize).copied().unwrap_or(0);
        self.profiles.get(at as usize)
    }

    fn profile(&mut self, key: (Symbol, Symbol, Workload), dictionary: &dyn Lookup) -> u32 {
        let known = &self.known;
        let same = |&at: &u32| known[at as usize].key == key;
        if let Some(&at) = self.places.find(hash(key), same) {
            return self.known[at as usize].profile;
        }
        let (service, operation, workload) = key;
        let set = self.tuning.differing(Asked {
            service: dictionary.text(service),
            operation: Some(dictionary.text(operation)),
            workload: Some(workload),
        });
        let like = self.profiles.iter().position(|profile| profile.set == set);
        let profile = like.unwrap_or_else(|| {
            self.profiles.push(Profile::new(set));
            self.profiles.len() - 1
        }) as u32;
        self.known.push(Known { key, profile });
        let known = &self.known;
        let at = known.len() as u32 - 1;
        self.places
            .insert_unique(hash(key), at, |&at| hash(known[at as usize].key));
        profile
    }

    /// Forgets all operations. The first profile is that of all segments where no rule singles any out.
    fn forget(&mut self) {
        self.known.clear();
        self.places.clear();
        self.profiles.clear();
        let nobody = Asked {
            service: "",
            operation: None,
            workload: None,
        };
        let set = self.tuning.differing(nobody);
        self.profiles.push(Profile::new(set));
    }
}

/// Numbers bring equal operations together, and for nothing else.
fn hash((service, operation, workload): (Symbol, Symbol, Workload)) -> u64 {
    let pair = u64::from(service.raw()) << 32 | u64::from(operation.raw());
    (pair ^ (workload as u64).rotate_right(2)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// What a segment works for: a root that answers nobody and takes no message is a job.
fn workload(segment: &Segment, forest: &Forest, layout: &Layout) -> Workload {
    let root = forest.node(layout.node(segment.root));
    match (root.kind(), root.class()) {
        (Kind::Consumer, _) | (_, Class::Consumer) => Workload::Consumer,
        _ if is_entry(root) => Workload::Server,
        _ => Workload::Job,
    }
}

#[cfg(test)]
mod tests {
    use hotspan_model::{
        Dictionary, Facts, KnobRule, LocalDictionary, Pattern, Report, Selector, TableSeed, Vocabulary,
    };
    use hotspan_testkit::Drawing;

    use super::*;
    use crate::{Analyser, AnalyserSettings, SHARED_KNOBS, When};

    const LOOP: &str = "shop GET /list 0..100\n  db SELECT item 10..15 x7";

    fn rule(selector: Selector, name: &str, value: u64) -> KnobRule {
        let own = crate::catalogue().into_iter().flat_map(|meta| meta.knobs);
        let mut knobs = SHARED_KNOBS.into_iter().chain(own);
        let knob = knobs.find(|knob| knob.name == name).unwrap();
        KnobRule {
            selector,
            knob,
            value,
        }
    }

    fn service(text: &str) -> Selector {
        Selector {
            service: Some(Pattern::new(text).unwrap()),
            ..Selector::default()
        }
    }

    fn operation(text: &str) -> Selector {
        Selector {
            operation: Some(Pattern::new(text).unwrap()),
            ..Selector::default()
        }
    }

    fn workload(workload: Workload) -> Selector {
        Selector {
            workload: Some(workload),
            ..Selector::default()
        }
    }

    /// The detectors that speak of `text` under some rules.
    fn found(text: &str, rules: Vec<KnobRule>) -> Vec<&'static str> {
        let (mut tuning, drawing) = (Tuning::default(), Drawing::new(text));
        rules.into_iter().for_each(|rule| tuning.set_knob(rule));
        let mut analyser = Analyser::new(AnalyserSettings {
            tuning,
            ..AnalyserSettings::default()
        });
        let mut report = Report::default();
        analyser.analyse(
            &drawing.trace,
            None,
            When::Claimed,
            &drawing.dictionary,
            &mut report,
        );
        let ids = report.findings.iter().map(|finding| finding.detector);
        ids.filter(|&id| id != "uninstrumented-gap").collect()
    }

    #[test]
    fn a_threshold_everywhere_silences_and_wakes() {
        assert_eq!(found(LOOP, vec![]), ["n-plus-one-query"]);
        let all = Selector::default();
        assert_eq!(
            found(LOOP, vec![rule(all.clone(), "repeat_min", 7)]),
            ["n-plus-one-query"]
        );
        assert!(found(LOOP, vec![rule(all.clone(), "repeat_min", 8)]).is_empty());
        assert!(found(LOOP, vec![rule(all, "cost_min_ns", 36_000_000)]).is_empty());
    }

    #[test]
    fn a_threshold_for_some_workloads_leaves_the_others() {
        for (selector, silent) in [
            (service("shop"), true),
            (service("s*p"), true),
            (service("billing"), false),
            (operation("GET /l*"), true),
            (operation("GET /m*"), false),
            (workload(Workload::Server), true),
            (workload(Workload::Consumer), false),
            (workload(Workload::Job), false),
        ] {
            let said = found(LOOP, vec![rule(selector.clone(), "repeat_min", 8)]);
            assert_eq!(said.is_empty(), silent, "{selector:?}");
        }
    }

    #[test]
    fn one_trace_may_hold_both_sides() {
        let text = "
            shop GET /list 0..200
              db SELECT item 10..15 x7
              call pricing GET /prices 60..190
                pricing GET /prices 61..189
                  db SELECT price 70..80 x7
            ";
        assert_eq!(found(text, vec![]).len(), 2);
        let said = found(text, vec![rule(service("pricing"), "repeat_min", 8)]);
        assert_eq!(said, ["n-plus-one-query"]);
    }

    #[test]
    fn what_is_remembered_is_what_would_be_resolved() {
        let mut dictionary = LocalDictionary::new(TableSeed::default());
        let mut tuning = Tuning::default();
        tuning.set_knob(rule(operation("*7"), "repeat_min", 9));
        let mut thresholds = Thresholds::new(tuning);
        let mut name = |text: &str| dictionary.admit(Vocabulary::Operation, None, text, Facts::None);
        let shop = name("shop");
        let names: Vec<Symbol> = (0..20).map(|n| name(&format!("GET /{n}"))).collect();
        for round in 0..2 {
            for (n, &name) in names.iter().enumerate() {
                let at = thresholds.profile((shop, name, Workload::Server), &dictionary);
                let expected = if n % 10 == 7 { 9 } else { 5 };
                let value = thresholds.profiles[at as usize].repeat_min;
                assert_eq!(value, expected, "{round} {n}");
            }
        }
        assert_eq!((thresholds.known.len(), thresholds.profiles.len()), (20, 2));
    }
}
