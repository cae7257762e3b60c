//! When `hotspan.ignore` stood on what shows a fact: it accepts the fault for as long as it does.

use hotspan_model::{LogTime, Lookup, Symbol, names_detector};

use crate::calendar::Calendar;
use crate::sign::Sign;
use crate::stored::stored;
use crate::times::Times;

/// Different texts that one fact remembers; code has one.
const TEXTS_MAX: usize = 4;

/// When traces carried each text of `hotspan.ignore`. A text that found no room never gets any, so that what is taken
/// back is where it went. Empty for nearly every fact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ignored {
    texts: Vec<(Symbol, Calendar)>,
}

impl Ignored {
    /// Adds one trace, or takes it back.
    pub(crate) fn shift(&mut self, sign: Sign, text: Symbol, times: &Times) {
        let known = self.texts.iter().position(|known| known.0 == text);
        match (known, sign) {
            (Some(place), _) => self.texts[place].1.shift(sign, times, 0, 0),
            (None, Sign::Add) if self.texts.len() < TEXTS_MAX => {
                let mut calendar = Calendar::default();
                calendar.shift(sign, times, 0, 0);
                self.texts.push((text, calendar));
            }
            (None, Sign::Add | Sign::Subtract) => {}
        }
    }

    /// Adds that of another shard, or of another fact.
    pub(crate) fn merge(&mut self, other: &Ignored) {
        for (text, calendar) in &other.texts {
            match self.texts.iter_mut().find(|known| known.0 == *text) {
                Some((_, known)) => known.merge(calendar),
                None => self.texts.push((*text, calendar.clone())),
            }
        }
    }

    /// Whether a text that names `detector` was still there in the hour that ended at `last`.
    pub(crate) fn names(
        &self,
        detector: &str,
        last: Option<LogTime>,
        newest: LogTime,
        dictionary: &dyn Lookup,
    ) -> bool {
        self.texts.iter().any(|(text, calendar)| {
            let until = calendar.last(newest);
            until.is_some() && last <= until && names_detector(dictionary.text(*text), detector)
        })
    }
}

stored!(Ignored { texts });
