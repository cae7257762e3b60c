//! What a person said about a hotspot, as it is answered.

use hotspan_model as model;
use serde::Serialize;
use utoipa::ToSchema;

use super::text::clean;
use super::{Moment, State};

/// What a person said last; everything is null where nobody said anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Note {
    /// `acknowledged` or `muted`.
    pub decision: Option<State>,
    /// Why.
    pub reason: Option<String>,
    /// Who said so; null when nobody did.
    pub by: Option<String>,
    /// When it was said.
    pub at: Option<Moment>,
    /// When it ends; null when time does not end it.
    pub until: Option<Moment>,
    /// Why it holds no longer; null while it does.
    pub over: Option<Over>,
}

/// Why a decision holds no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// Its time was over.
    Expired,
    /// What was accepted costs twice as much as it did.
    Doubled,
    /// What was accepted was fixed and came back.
    Returned,
}

impl From<Option<&model::Note>> for Note {
    fn from(of: Option<&model::Note>) -> Note {
        let Some(of) = of else {
            return Note::default();
        };
        Note {
            decision: Some(match of.decision {
                model::Decision::Acknowledged { .. } => State::Acknowledged,
                model::Decision::Muted { .. } => State::Muted,
            }),
            reason: Some(clean(&of.reason)),
            by: (!of.by.is_empty()).then(|| clean(&of.by)),
            at: Some(of.at.into()),
            until: of.decision.until().map(Moment::from),
            over: of.over.map(Over::from),
        }
    }
}

impl From<model::Over> for Over {
    fn from(of: model::Over) -> Over {
        match of {
            model::Over::Expired => Over::Expired,
            model::Over::Doubled => Over::Doubled,
            model::Over::Returned => Over::Returned,
        }
    }
}
