//! The decision: what each finding is against the baseline and the allow-list, which budgets are overrun, and
//! whether there was enough to judge at all.

use std::collections::BTreeSet;

use super::allow::{AllowList, Allowed};
use super::baseline::{Baseline, Known};
use super::budgets::{Limits, Overrun, overruns};
use super::evidence::Evidence;
use super::found::Found;
use super::status::{Acceptance, Status};

/// What is asked of the evidence.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules {
    /// `new`, `worse`, `any` or detectors.
    pub(super) fail_on: Vec<String>,
    /// Findings become known instead of failing.
    pub(super) updates: bool,
    /// The most that any entry operation may do.
    pub(super) limits: Limits,
    /// Fewest traces.
    pub(super) expect_roots: u64,
    /// Most incomplete traces.
    pub(super) max_incomplete: u64,
    /// The day, `2026-11-28`.
    pub(super) today: String,
}

/// One finding and what is decided about it.
#[derive(Clone, Debug)]
pub(super) struct Judged<'a> {
    /// The finding.
    pub(super) found: &'a Found,
    /// What it is.
    pub(super) status: Status,
    /// The rule by which it fails, if it does.
    pub(super) fails: Option<String>,
}

/// How a check ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Enough was seen, and nothing fails.
    Clean,
    /// Something fails.
    Failed,
    /// Nothing fails in what was seen, which is too little to say more.
    Silent,
}

/// The whole decision.
#[derive(Clone, Debug)]
pub(super) struct Verdict<'a> {
    /// What it rests on.
    pub(super) evidence: &'a Evidence,
    /// Every finding: those that fail first, then by place.
    pub(super) judged: Vec<Judged<'a>>,
    /// Budgets, by place.
    pub(super) overruns: Vec<Overrun>,
    /// In the baseline, its operation called, and not found.
    pub(super) fixed: Vec<&'a Known>,
    /// In the baseline, and its operation not called.
    pub(super) not_exercised: Vec<&'a Known>,
    /// Entries of the allow-list that no finding is meant by.
    pub(super) unused: Vec<&'a Allowed>,
    /// Why too little was seen; empty when enough was.
    pub(super) silence: Vec<String>,
}

impl<'a> Verdict<'a> {
    /// Judges everything.
    pub(super) fn new(
        evidence: &'a Evidence,
        baseline: &'a Baseline,
        allow: &'a AllowList,
        rules: &Rules,
    ) -> Verdict<'a> {
        let mut judged: Vec<Judged<'_>> = evidence
            .found
            .iter()
            .map(|found| judge(found, baseline, allow, rules))
            .collect();
        judged.sort_by(|a, b| place(a).cmp(&place(b)));
        let found: BTreeSet<&str> = evidence.found.iter().map(|found| found.id.as_str()).collect();
        let called = evidence.operations.iter();
        let called: BTreeSet<_> = called.map(|at| (&*at.service, &*at.operation)).collect();
        let gone = baseline.list().into_iter();
        let gone = gone.filter(|known| !found.contains(known.id.as_str()));
        let (fixed, not_exercised) =
            gone.partition(|known| called.contains(&(&*known.service, &*known.operation)));
        let is_unused = |of: &&Allowed| !evidence.found.iter().any(|found| of.holds(found));
        Verdict {
            evidence,
            judged,
            overruns: overruns(evidence, &allow.budgets, rules.limits),
            fixed,
            not_exercised,
            unused: allow.allowed.iter().filter(is_unused).collect(),
            silence: silence(evidence, rules),
        }
    }

    /// How it ends. What fails, fails whatever was not seen.
    pub(super) fn outcome(&self) -> Outcome {
        let fails = self.judged.iter().any(|one| one.fails.is_some()) || !self.overruns.is_empty();
        match (fails, self.silence.is_empty()) {
            (true, _) => Outcome::Failed,
            (false, false) => Outcome::Silent,
            (false, true) => Outcome::Clean,
        }
    }

    /// In one line, for people.
    pub(super) fn headline(&self) -> String {
        let count = |name| self.judged.iter().filter(|one| one.status.name() == name).count();
        let mut parts = Vec::new();
        for name in ["new", "worse", "expired", "known", "allowed", "acknowledged"] {
            let count = count(name);
            if count > 0 {
                parts.push(format!("{count} {name}"));
            }
        }
        if !self.overruns.is_empty() {
            parts.push(format!("{} over budget", self.overruns.len()));
        }
        if !self.fixed.is_empty() {
            parts.push(format!("{} fixed", self.fixed.len()));
        }
        let said = match parts.is_empty() {
            true => "no findings".to_owned(),
            false => parts.join(", "),
        };
        let Evidence { traces, spans, .. } = *self.evidence;
        let seen = format!("{} of {}", counted(traces, "trace"), counted(spans, "span"));
        match self.outcome() {
            Outcome::Clean => format!("passed: {said} in {seen}"),
            Outcome::Failed => format!("failed: {said} in {seen}"),
            Outcome::Silent => format!("not judged: {}; {said}", self.silence.join("; ")),
        }
    }
}

/// `1 trace`, `2 traces`.
pub(super) fn counted(count: u64, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

/// Where a finding stands in every list.
fn place<'a>(one: &'a Judged<'_>) -> (bool, [&'a str; 4]) {
    let found = one.found;
    (
        one.fails.is_none(),
        [&found.service, &found.operation, &found.detector, &found.id],
    )
}

fn judge<'a>(found: &'a Found, baseline: &Baseline, allow: &AllowList, rules: &Rules) -> Judged<'a> {
    let status = status(found, baseline, allow, &rules.today);
    let asked = |rule: &str| rules.fail_on.iter().any(|of| of == rule);
    let rule = match &status {
        Status::Allowed(_) | Status::Acknowledged(_) => None,
        Status::Expired(_) => Some("expired"),
        Status::New | Status::Worse(_) | Status::Known if rules.updates => None,
        Status::New if asked("new") => Some("new"),
        Status::Worse(_) if asked("worse") => Some("worse"),
        Status::New | Status::Worse(_) | Status::Known => {
            let detector = [found.detector.as_str(), "any"];
            detector.into_iter().find(|rule| asked(rule))
        }
    };
    Judged {
        found,
        fails: rule.map(ToOwned::to_owned),
        status,
    }
}

fn status(found: &Found, baseline: &Baseline, allow: &AllowList, today: &str) -> Status {
    let meant: Vec<&Allowed> = allow.allowed.iter().filter(|of| of.holds(found)).collect();
    let holding = meant.iter().find(|of| !of.is_expired(today));
    let acceptance = |of: &Allowed| Acceptance {
        reason: of.reason.clone(),
        until: of.expires.clone(),
    };
    match (holding, meant.first(), &found.acknowledged) {
        (Some(of), _, _) => Status::Allowed(acceptance(of)),
        (None, Some(of), _) => Status::Expired(acceptance(of)),
        (None, None, Some(reason)) => Status::Acknowledged(reason.clone()),
        (None, None, None) => match baseline.get(found).map(|known| known.worse(found)) {
            None => Status::New,
            Some(None) => Status::Known,
            Some(Some(how)) => Status::Worse(how),
        },
    }
}

/// What was too little to judge by.
fn silence(evidence: &Evidence, rules: &Rules) -> Vec<String> {
    let Evidence {
        traces,
        incomplete,
        ref incomplete_trace,
        ref lost,
        ..
    } = *evidence;
    let mut silence = Vec::new();
    if traces == 0 {
        silence.push("there are no traces".to_owned());
    } else if traces < rules.expect_roots {
        silence.push(format!(
            "{traces} of {} expected traces are there",
            rules.expect_roots
        ));
    }
    if incomplete > rules.max_incomplete {
        let one = incomplete_trace.as_ref();
        silence.push(format!(
            "{} lack spans{}, {} may (--max-incomplete)",
            counted(incomplete, "trace"),
            one.map_or_else(String::new, |id| format!(" (one is {id})")),
            rules.max_incomplete
        ));
    }
    silence.extend_from_slice(lost);
    silence
}

#[cfg(test)]
mod tests {
    use super::super::evidence::At;
    use super::*;

    fn found(id: u8, detector: &str) -> Found {
        Found {
            id: format!("{id:032x}"),
            detector: detector.to_owned(),
            service: "shop".to_owned(),
            operation: "GET /orders".to_owned(),
            calls_p50: 10,
            ..Found::default()
        }
    }

    fn evidence(found: Vec<Found>) -> Evidence {
        Evidence {
            found,
            traces: 3,
            spans: 30,
            operations: vec![At {
                service: "shop".to_owned(),
                operation: "GET /orders".to_owned(),
            }],
            ..Evidence::default()
        }
    }

    fn rules(fail_on: &[&str]) -> Rules {
        Rules {
            fail_on: fail_on.iter().map(|&rule| rule.to_owned()).collect(),
            expect_roots: 1,
            today: "2026-11-28".to_owned(),
            ..Rules::default()
        }
    }

    fn allow(expires: &str) -> AllowList {
        let path = std::env::temp_dir().join(format!("hotspan-allow-{}-{expires}.toml", std::process::id()));
        let entry =
            format!("[[allow]]\ndetector = \"slow-query\"\nreason = \"known\"\nexpires = {expires}\n");
        std::fs::write(&path, entry).unwrap();
        let list = AllowList::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        list
    }

    fn outcome(evidence: &Evidence, allow: &AllowList, rules: &Rules) -> Outcome {
        Verdict::new(evidence, &Baseline::default(), allow, rules).outcome()
    }

    #[test]
    fn each_rule_fails_what_it_names() {
        let evidence = evidence(vec![found(1, "slow-query")]);
        let of = |rule: &str| outcome(&evidence, &AllowList::default(), &rules(&[rule]));
        assert_eq!(of("any"), Outcome::Failed);
        assert_eq!(of("new"), Outcome::Failed);
        assert_eq!(of("slow-query"), Outcome::Failed);
        assert_eq!(of("n-plus-one-query"), Outcome::Clean);
        assert_eq!(of("worse"), Outcome::Clean);
    }

    #[test]
    fn what_is_accepted_passes_until_its_day_is_over_and_then_fails_whatever_is_asked() {
        let evidence = evidence(vec![found(1, "slow-query")]);
        assert_eq!(
            outcome(&evidence, &allow("2026-11-28"), &rules(&["any"])),
            Outcome::Clean
        );
        let over = allow("2026-11-27");
        assert_eq!(outcome(&evidence, &over, &rules(&["worse"])), Outcome::Failed);
        let baseline = Baseline::default();
        let rules = rules(&["worse"]);
        let verdict = Verdict::new(&evidence, &baseline, &over, &rules);
        assert!(
            verdict.judged[0]
                .status
                .note()
                .contains("2026-11-27, which is over: known")
        );
        let nothing = self::evidence(Vec::new());
        let verdict = Verdict::new(&nothing, &baseline, &over, &rules);
        assert_eq!((verdict.unused.len(), verdict.outcome()), (1, Outcome::Clean));
    }

    #[test]
    fn silence_is_never_clean_and_a_failure_is_one_all_the_same() {
        let quiet = Evidence::default();
        assert_eq!(
            outcome(&quiet, &AllowList::default(), &rules(&["any"])),
            Outcome::Silent
        );
        let mut cut = evidence(Vec::new());
        cut.incomplete = 1;
        assert_eq!(
            outcome(&cut, &AllowList::default(), &rules(&["any"])),
            Outcome::Silent
        );
        cut.found = vec![found(1, "slow-query")];
        assert_eq!(
            outcome(&cut, &AllowList::default(), &rules(&["any"])),
            Outcome::Failed
        );
        let mut few = rules(&["any"]);
        few.expect_roots = 4;
        assert_eq!(
            outcome(&evidence(Vec::new()), &AllowList::default(), &few),
            Outcome::Silent
        );
    }
}
