//! When alerts are sent: at once, again every minute, and for five minutes after they are over. A state machine that is
//! told what fires and what time it is.

use std::collections::BTreeMap;

use hotspan_model::{LogTime, Nanos};

use super::{Alert, Labels};

/// Firing alerts are sent again after so long.
const AGAIN: Nanos = Nanos::from_secs(60);
/// A receiver that hears nothing for so long takes a firing alert for over.
const LASTS: Nanos = Nanos::from_secs(240);
/// Alerts that are over are sent for so long.
const RESOLVED: Nanos = Nanos::from_secs(300);
/// A webhook hears again of what still fires after so long.
const REMINDER: Nanos = Nanos::from_secs(4 * 3_600);

/// An alert with its times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) alert: Alert,
    pub(crate) starts: LogTime,
    /// When it was over; ahead while it fires.
    pub(crate) ends: LogTime,
    pub(crate) is_firing: bool,
}

/// All alerts that fire or were over a little while ago.
#[derive(Debug, Default)]
pub(crate) struct Life {
    held: BTreeMap<Labels, Held>,
    /// When a webhook heard of each service's alerts, and whether something changed since.
    services: BTreeMap<String, Group>,
}

#[derive(Debug)]
struct Held {
    alert: Alert,
    starts: LogTime,
    over: Option<LogTime>,
    /// When it was sent last.
    sent: Option<LogTime>,
}

#[derive(Debug, Default)]
struct Group {
    changed: bool,
    told: Option<LogTime>,
}

impl Life {
    /// These fire now, and no others.
    pub(crate) fn observe(&mut self, firing: Vec<Alert>, now: LogTime) {
        let mut fires: BTreeMap<Labels, Alert> = firing
            .into_iter()
            .map(|alert| (alert.labels.clone(), alert))
            .collect();
        for (labels, held) in &mut self.held {
            match fires.remove(labels) {
                Some(alert) => {
                    held.alert = alert;
                    if held.over.take().is_some() {
                        (held.starts, held.sent) = (now, None);
                        self.services.entry(service(labels)).or_default().changed = true;
                    }
                }
                None if held.over.is_none() => {
                    (held.over, held.sent) = (Some(now), None);
                    self.services.entry(service(labels)).or_default().changed = true;
                }
                None => {}
            }
        }
        for (labels, alert) in fires {
            self.services.entry(service(&labels)).or_default().changed = true;
            let (starts, over, sent) = (now, None, None);
            let held = Held {
                alert,
                starts,
                over,
                sent,
            };
            self.held.insert(labels, held);
        }
    }

    /// What Alertmanager hears now; empty when nothing is due. All that is held goes together, so that one call an interval
    /// is enough.
    pub(crate) fn for_alertmanager(&mut self, now: LogTime) -> Vec<Sent> {
        let is_due = |held: &Held| held.sent.is_none_or(|sent| AGAIN <= now.since(sent));
        if !self.held.values().any(is_due) {
            return Vec::new();
        }
        for held in self.held.values_mut() {
            held.sent = Some(now);
        }
        self.held.values().map(|held| held.shown(now)).collect()
    }

    /// What the webhook hears now, by service: everything of a service where something began or ended, and what still
    /// fires after some hours.
    pub(crate) fn for_webhook(&mut self, now: LogTime) -> Vec<(String, Vec<Sent>)> {
        let mut heard = Vec::new();
        for (name, group) in &mut self.services {
            let is_old = group.told.is_some_and(|told| REMINDER <= now.since(told));
            if !group.changed && !is_old {
                continue;
            }
            let of_service = self.held.values().filter(|held| &held.service() == name);
            let told: Vec<Sent> = of_service
                .filter(|held| {
                    group
                        .told
                        .is_none_or(|told| held.over.is_none_or(|over| told < over))
                })
                .map(|held| held.shown(now))
                .collect();
            (group.changed, group.told) = (false, Some(now));
            if !told.is_empty() {
                heard.push((name.clone(), told));
            }
        }
        heard
    }

    /// Forgets what was over long enough ago.
    pub(crate) fn forget(&mut self, now: LogTime) {
        self.held
            .retain(|_, held| held.over.is_none_or(|over| now.since(over) < RESOLVED));
        let held = &self.held;
        self.services
            .retain(|name, _| held.values().any(|held| &held.service() == name));
    }

    /// How many fire.
    pub(crate) fn firing(&self) -> u64 {
        self.held.values().filter(|held| held.over.is_none()).count() as u64
    }
}

impl Held {
    fn shown(&self, now: LogTime) -> Sent {
        Sent {
            alert: self.alert.clone(),
            starts: self.starts,
            ends: self.over.unwrap_or(now.after(LASTS)),
            is_firing: self.over.is_none(),
        }
    }

    fn service(&self) -> String {
        service(&self.alert.labels)
    }
}

fn service(labels: &Labels) -> String {
    labels.get("service").cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(service: &str, id: &str) -> Alert {
        Alert {
            labels: BTreeMap::from([("service", service.to_owned()), ("hotspot_id", id.to_owned())]),
            annotations: BTreeMap::new(),
            url: String::new(),
        }
    }

    fn at(seconds: u64) -> LogTime {
        LogTime((1_000_000 + seconds) * 1_000_000_000)
    }

    /// Each alert as its hotspot, whether it fires, and when it starts and ends in seconds.
    fn shown(sent: &[Sent]) -> Vec<String> {
        let seconds = |time: LogTime| time.since(at(0)).0 / 1_000_000_000;
        let line = |sent: &Sent| {
            let state = if sent.is_firing { "fires" } else { "over" };
            let id = &sent.alert.labels["hotspot_id"];
            format!("{id} {state} {}..{}", seconds(sent.starts), seconds(sent.ends))
        };
        sent.iter().map(line).collect()
    }

    #[test]
    fn it_fires_at_once_again_each_minute_and_is_over_for_five() {
        let mut life = Life::default();
        let mut heard = Vec::new();
        for second in (0..900).step_by(10) {
            let firing = if (100..300).contains(&second) {
                vec![alert("cart", "a")]
            } else {
                Vec::new()
            };
            life.observe(firing, at(second));
            for line in shown(&life.for_alertmanager(at(second))) {
                heard.push(format!("{second}: {line}"));
            }
            life.forget(at(second));
        }
        assert_eq!(
            heard,
            [
                "100: a fires 100..340",
                "160: a fires 100..400",
                "220: a fires 100..460",
                "280: a fires 100..520",
                "300: a over 100..300",
                "360: a over 100..300",
                "420: a over 100..300",
                "480: a over 100..300",
                "540: a over 100..300",
                "600: a over 100..300",
            ]
        );
        assert!(life.held.is_empty() && life.services.is_empty());
    }

    #[test]
    fn what_fires_again_starts_anew() {
        let mut life = Life::default();
        for (second, fires) in [(0, true), (10, false), (20, true)] {
            let firing = fires.then(|| alert("cart", "a")).into_iter().collect();
            life.observe(firing, at(second));
            life.for_alertmanager(at(second));
        }
        assert_eq!(life.firing(), 1);
        life.observe(vec![alert("cart", "a")], at(90));
        assert_eq!(shown(&life.for_alertmanager(at(90))), ["a fires 20..330"]);
    }

    #[test]
    fn a_webhook_hears_of_changes_by_service_and_is_reminded() {
        let mut life = Life::default();
        let mut hear = |second: u64, firing: &[(&str, &str)]| {
            life.observe(
                firing.iter().map(|(service, id)| alert(service, id)).collect(),
                at(second),
            );
            let heard = life.for_webhook(at(second));
            life.forget(at(second));
            let lines = heard
                .iter()
                .map(|(service, sent)| format!("{service}: {}", shown(sent).join(", ")));
            lines.collect::<Vec<_>>()
        };
        assert_eq!(
            hear(0, &[("cart", "a"), ("mail", "m")]),
            ["cart: a fires 0..240", "mail: m fires 0..240"]
        );
        assert!(hear(60, &[("cart", "a"), ("mail", "m")]).is_empty());
        assert_eq!(
            hear(70, &[("cart", "b"), ("mail", "m")]),
            ["cart: a over 0..70, b fires 70..310"]
        );
        assert_eq!(hear(80, &[("mail", "m")]), ["cart: b over 70..80"]);
        assert_eq!(hear(14_400, &[("mail", "m")]), ["mail: m fires 0..14640"]);
        assert_eq!(hear(14_500, &[]), ["mail: m over 0..14500"]);
        assert!(hear(40_000, &[]).is_empty());
    }
}
