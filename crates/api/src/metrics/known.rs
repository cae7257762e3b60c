//! Which series are told apart: those that were known first, up to a number of them; the others share theirs.

use std::collections::{BTreeMap, BTreeSet};

use super::text::Labels;

/// Operations of a service that are told apart.
const OPERATIONS_MAX: usize = 1_000;

/// Values of a label that are told apart within a group: operations of a service, domains.
#[derive(Clone, Copy, Debug)]
pub(super) struct Few<'a> {
    pub(super) group: &'a str,
    pub(super) value: &'a str,
    pub(super) max: usize,
}

/// The operation of a service.
pub(super) fn operations<'a>(service: &'a str, operation: &'a str) -> Option<Few<'a>> {
    Some(Few {
        group: service,
        value: operation,
        max: OPERATIONS_MAX,
    })
}

/// Where rows go in one scrape.
#[derive(Debug)]
pub(super) struct Places<'a> {
    pub(super) known: &'a mut Known,
    pub(super) series_max: usize,
}

impl Places<'_> {
    /// The labels that a row of `family` goes under, which is `cost` series: the first of `choices` that is known or
    /// finds room, the last of them in any case. `few` bounds the first choice.
    pub(super) fn place<const N: usize>(
        &mut self,
        family: &'static str,
        choices: [Labels; N],
        few: Option<Few<'_>>,
        cost: usize,
    ) -> Labels {
        self.known.place(family, choices, few, cost, self.series_max)
    }
}

/// What was exposed before. It only grows, so no series changes its meaning while the process lives.
#[derive(Debug, Default)]
pub(crate) struct Known {
    series: usize,
    rows: BTreeSet<(&'static str, Labels)>,
    values: BTreeMap<(&'static str, String), BTreeSet<String>>,
}

impl Known {
    fn place<const N: usize>(
        &mut self,
        family: &'static str,
        choices: [Labels; N],
        few: Option<Few<'_>>,
        cost: usize,
        series_max: usize,
    ) -> Labels {
        let last = N - 1;
        for (at, labels) in choices.into_iter().enumerate() {
            let key = (family, labels);
            if self.rows.contains(&key) {
                return key.1;
            }
            let fits =
                self.series + cost <= series_max && (at > 0 || few.is_none_or(|few| self.takes(family, few)));
            if fits || at == last {
                self.series += cost;
                self.rows.insert(key.clone());
                return key.1;
            }
        }
        Labels::new()
    }

    fn takes(&mut self, family: &'static str, few: Few<'_>) -> bool {
        let known = self.values.entry((family, few.group.to_owned())).or_default();
        let takes = known.contains(few.value) || known.len() < few.max;
        if takes {
            known.insert(few.value.to_owned());
        }
        takes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(known: &mut Known, service: &str, operation: &str, series_max: usize) -> String {
        let labels = |service: &str, operation: &str| {
            vec![
                ("service", service.to_owned()),
                ("operation", operation.to_owned()),
            ]
        };
        let choices = [labels(service, operation), labels(service, "*"), labels("*", "*")];
        let few = Few {
            group: service,
            value: operation,
            max: 2,
        };
        let labels = known.place("test", choices, Some(few), 10, series_max);
        labels
            .iter()
            .map(|(_, value)| value.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn who_was_known_first_stays_and_the_others_share() {
        let known = &mut Known::default();
        assert_eq!(place(known, "a", "1", 40), "a 1");
        assert_eq!(place(known, "a", "2", 40), "a 2");
        assert_eq!(place(known, "a", "3", 40), "a *");
        assert_eq!(place(known, "b", "1", 40), "b 1");
        assert_eq!(place(known, "c", "1", 40), "* *");
        assert_eq!(place(known, "a", "1", 40), "a 1");
        assert_eq!(place(known, "a", "4", 40), "a *");
        assert_eq!(known.series, 50);
    }
}
