//! Verdicts about what was seen. Pure: the same answers give the same report.

use std::collections::BTreeSet;

use serde_json::Value;

use super::languages::Need;
use super::seen::Seen;
use super::settings;
use super::{Check, Verdict, arriving, eyes, senders};
use crate::output::{at, number, percent_of, rows, text};

/// Share of requests or spans from which a loss of the past still counts.
const LOSS: f64 = 0.01;
/// Share of whole traces below which something is wrong.
const WHOLE: f64 = 0.9;
/// Share of traces with corrected clocks from which somebody should know.
const SKEWED: f64 = 0.1;

/// All of them, in the order of a span's life.
pub(super) fn all(seen: &Seen) -> Vec<Check> {
    let mut checks = vec![version(seen)];
    checks.extend(ready(seen));
    checks.extend(kept(seen));
    checks.push(arriving::check(seen));
    checks.extend(senders::all(seen));
    checks.extend(refused(seen));
    checks.extend(dropped(seen));
    checks.extend(tolerated(seen));
    checks.extend(pressure(seen));
    checks.extend(whole(seen));
    checks.extend(clocks(seen));
    checks.extend(sampling(seen));
    checks.extend(eyes::all(seen));
    checks
}

fn version(seen: &Seen) -> Check {
    let (ours, theirs) = (env!("CARGO_PKG_VERSION"), text(&seen.after["version"]));
    let up = match number(&seen.after["uptime_s"]) {
        seconds @ ..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3_600),
    };
    let whose = match text(&seen.after["tenant"]) {
        tenant if tenant.is_empty() => String::new(),
        tenant => format!(", about the tenant {tenant}"),
    };
    let says = format!("hotspan {theirs} answers{whose}, up for {up}");
    match ours == theirs {
        true => Check::new("daemon", Verdict::Well, says),
        false => Check::new("daemon", Verdict::Mend, format!("{says}; this program is {ours}"))
            .fix("update the older one: their answers may differ"),
    }
}

fn ready(seen: &Seen) -> Vec<Check> {
    let failed = rows(&seen.ready["checks"])
        .iter()
        .filter(|check| check["ok"] == false);
    let failed: Vec<Check> = failed
        .map(|check| {
            let says = format!(
                "{} is not ready: {}",
                text(&check["name"]),
                text(&check["detail"])
            );
            Check::new("ready", Verdict::Mend, says).fix("wait, or look into the daemon's log")
        })
        .collect();
    match failed.is_empty() {
        true => vec![Check::new(
            "ready",
            Verdict::Well,
            "it takes spans and answers questions",
        )],
        false => failed,
    }
}

/// What a restart would cost.
fn kept(seen: &Seen) -> Vec<Check> {
    let of = &seen.after["storage"];
    let mut checks = Vec::new();
    if of["store_failing"] == true {
        let says = format!("the store cannot be written: {}", text(&of["failing_why"]));
        let check = Check::new("kept", Verdict::Mend, says);
        checks.push(check.fix("make room, or repair the disk: the next try writes all that is missing"));
    }
    let aside = text(&of["moved_aside"]);
    if !aside.is_empty() {
        let says = format!(
            "the store was damaged when the daemon started, and hotspots began anew; it is at {aside}"
        );
        let check = Check::new("kept", Verdict::Mend, says);
        checks.push(
            check.fix("put a backup in its place and start again, or restart to confirm that it is gone"),
        );
    }
    if of["is_kept"] == false {
        let says = "hotspots and notes end with the process";
        checks.push(Check::new("kept", Verdict::Note, says).fix("start it without --in-memory"));
    }
    checks
}

fn refused(seen: &Seen) -> Vec<Check> {
    let before = |transport: &Value, reason: &Value| -> u64 {
        let of = rows(&seen.before["requests"]).iter();
        let of = of
            .filter(|of| of["transport"] == *transport)
            .flat_map(|of| rows(&of["refused"]));
        of.filter(|of| of["reason"] == *reason)
            .map(|of| number(&of["requests"]))
            .sum()
    };
    let mut checks = Vec::new();
    for of in rows(&seen.after["requests"]) {
        let refused = || rows(&of["refused"]).iter();
        let all = number(&of["accepted"]) + refused().map(|of| number(&of["requests"])).sum::<u64>();
        for reason in refused() {
            let (now, then) = (
                number(&reason["requests"]),
                before(&of["transport"], &reason["reason"]),
            );
            let name = text(&reason["reason"]);
            let says = format!(
                "{now} of {all} {} requests were refused: {name}",
                text(&of["transport"])
            );
            let verdict = loss(now, then, all);
            checks.push(Check::new("refused", verdict, says).fix(settings::refused(&name)));
        }
    }
    checks
}

fn dropped(seen: &Seen) -> Vec<Check> {
    let received = number(at(&seen.after, "spans.received"));
    let reasons = at(&seen.after, "spans.dropped").as_object();
    let reasons = reasons
        .into_iter()
        .flatten()
        .filter(|(_, count)| number(count) > 0);
    reasons
        .map(|(name, count)| {
            let (now, then) = (
                number(count),
                number(at(&seen.before, &format!("spans.dropped.{name}"))),
            );
            let says = format!("{now} of {received} spans were dropped: {name}");
            match settings::dropped(name) {
                Some(fix) => Check::new("dropped", loss(now, then, received), says).fix(fix),
                None => Check::new("dropped", Verdict::Note, says),
            }
        })
        .collect()
}

/// What is lost now must be repaired; what was lost long ago only where it is much.
fn loss(now: u64, then: u64, all: u64) -> Verdict {
    match now > then || share(now, all) >= LOSS {
        true => Verdict::Mend,
        false => Verdict::Note,
    }
}

fn share(part: u64, all: u64) -> f64 {
    part as f64 / all.max(1) as f64
}

fn tolerated(seen: &Seen) -> Vec<Check> {
    let kinds = seen.after["tolerated"].as_object().into_iter().flatten();
    let kinds = kinds.filter(|(_, count)| number(count) > 0);
    kinds
        .filter_map(|(kind, count)| {
            let (repair, fix) = settings::tolerated(kind)?;
            let verdict = if repair { Verdict::Mend } else { Verdict::Note };
            let says = format!(
                "{} times read although not as it should be: {kind}",
                number(count)
            );
            Some(Check::new("tolerated", verdict, says).fix(fix))
        })
        .collect()
}

fn pressure(seen: &Seen) -> Option<Check> {
    let of = at(&seen.services, "coverage.pressure");
    let level = text(&of["level"]);
    if level == "none" || level.is_empty() {
        return None;
    }
    let says = format!(
        "the load is {level}: {} of traces are left out",
        percent_of(&of["left_out_share"])
    );
    let check = Check::new("load", Verdict::Mend, says);
    Some(check.fix("more memory (--memory) or shards (--shards), or sample at the senders"))
}

fn whole(seen: &Seen) -> Option<Check> {
    let coverage = &seen.services["coverage"];
    let share = coverage["complete_share"].as_f64()?;
    if number(at(coverage, "traces.analysed")) == 0 {
        return None;
    }
    let says = format!(
        "{} of traces lack nothing",
        percent_of(&coverage["complete_share"])
    );
    let languages = senders::languages(seen, &BTreeSet::new());
    let settings = |why: &str, need: Need| {
        let lines = need.settings(&languages).into_iter();
        lines
            .map(|line| format!("{why}: {line}"))
            .collect::<Vec<String>>()
    };
    Some(match share < WHOLE {
        true => Check::new("whole", Verdict::Mend, says)
            .fixes(settings(
                "let every service pass the context on",
                Need::Propagators,
            ))
            .fixes(settings("let callers decide what is sampled", Need::Sampler)),
        false => Check::new("whole", Verdict::Well, says),
    })
}

fn clocks(seen: &Seen) -> Option<Check> {
    let coverage = &seen.services["coverage"];
    let traces = number(at(coverage, "traces.analysed"));
    let defects = |kind: &str| number(&coverage["defects"][kind]);
    let (wrong, corrected) = (
        defects("skew_capped") + defects("inconsistent_clock"),
        defects("skew_corrected"),
    );
    let synchronise = "synchronise the clocks of the hosts (chrony, NTP)";
    if share(wrong, traces) >= LOSS {
        let says = format!("{wrong} spans have clocks that no shift puts right");
        return Some(Check::new("clocks", Verdict::Mend, says).fix(synchronise));
    }
    let says = format!("{corrected} spans were shifted, because a callee seemed to start before its caller");
    match share(corrected, traces) >= SKEWED {
        true => Some(Check::new("clocks", Verdict::Note, says).fix(synchronise)),
        false if traces > 0 => Some(Check::new("clocks", Verdict::Well, "they agree")),
        false => None,
    }
}

fn sampling(seen: &Seen) -> Option<Check> {
    let weight = at(&seen.services, "coverage.sampling_weight").as_f64()?;
    let says = format!("each trace stands for {weight:.1}; impacts are adjusted, rare faults show later");
    let check = Check::new("sampling", Verdict::Note, says);
    (weight > 1.0).then(|| check.fix("OTEL_TRACES_SAMPLER=parentbased_always_on sends all of them"))
}
