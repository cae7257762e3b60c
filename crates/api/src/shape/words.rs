//! Closed lists of words.

use hotspan_model as model;
use serde::Serialize;
use utoipa::ToSchema;

/// Which of the four breaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Break {
    /// The database as application server.
    #[default]
    Database,
    /// Synchronous everything.
    Synchronous,
    /// No observability.
    Observability,
    /// A monolith with no seams.
    Seams,
}

impl Break {
    /// All of them, in order.
    pub const ALL: [model::Break; 4] = [
        model::Break::Database,
        model::Break::Synchronous,
        model::Break::Observability,
        model::Break::Seams,
    ];
}

impl From<model::Break> for Break {
    fn from(of: model::Break) -> Break {
        match of {
            model::Break::Database => Break::Database,
            model::Break::Synchronous => Break::Synchronous,
            model::Break::Observability => Break::Observability,
            model::Break::Seams => Break::Seams,
        }
    }
}

/// Where a hotspot is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// In its first 24 hours.
    #[default]
    New,
    /// Still firing after that.
    Open,
    /// Grew by half over its week.
    Worsening,
    /// Accepted by a person.
    Acknowledged,
    /// Silenced by a person until a time.
    Muted,
    /// Its operation is not called.
    NotExercised,
    /// Its operation is called and the fault is gone.
    Fixed,
    /// Back after it was fixed.
    Regressed,
}

impl State {
    /// All of them, in order.
    pub const ALL: [model::State; 8] = [
        model::State::New,
        model::State::Open,
        model::State::Worsening,
        model::State::Acknowledged,
        model::State::Muted,
        model::State::NotExercised,
        model::State::Fixed,
        model::State::Regressed,
    ];
}

impl From<model::State> for State {
    fn from(of: model::State) -> State {
        match of {
            model::State::New => State::New,
            model::State::Open => State::Open,
            model::State::Worsening => State::Worsening,
            model::State::Acknowledged => State::Acknowledged,
            model::State::Muted => State::Muted,
            model::State::NotExercised => State::NotExercised,
            model::State::Fixed => State::Fixed,
            model::State::Regressed => State::Regressed,
        }
    }
}

/// What an impact is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImpactBasis {
    /// Critical-path time that the fix would save.
    #[default]
    Saving,
    /// Critical-path time that lies open to the fault.
    Exposure,
}

impl From<model::ImpactBasis> for ImpactBasis {
    fn from(of: model::ImpactBasis) -> ImpactBasis {
        match of {
            model::ImpactBasis::Saving => ImpactBasis::Saving,
            model::ImpactBasis::Exposure => ImpactBasis::Exposure,
        }
    }
}

/// Why a trace is an exemplar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Most critical-path time.
    #[default]
    Worst,
    /// In the middle of the reservoir.
    Median,
    /// Latest.
    Newest,
}

impl From<model::Role> for Role {
    fn from(of: model::Role) -> Role {
        match of {
            model::Role::Worst => Role::Worst,
            model::Role::Median => Role::Median,
            model::Role::Newest => Role::Newest,
        }
    }
}

/// OTLP's span kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Absent or unknown.
    #[default]
    Unspecified,
    /// Work inside one service.
    Internal,
    /// Answers a request.
    Server,
    /// Makes a request.
    Client,
    /// Sends a message.
    Producer,
    /// Works on a message.
    Consumer,
}

impl From<model::Kind> for Kind {
    fn from(of: model::Kind) -> Kind {
        match of {
            model::Kind::Unspecified => Kind::Unspecified,
            model::Kind::Internal => Kind::Internal,
            model::Kind::Server => Kind::Server,
            model::Kind::Client => Kind::Client,
            model::Kind::Producer => Kind::Producer,
            model::Kind::Consumer => Kind::Consumer,
        }
    }
}

/// Why a piece of time is on the critical path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The span's own work.
    #[default]
    #[serde(rename = "self")]
    OwnTime,
    /// Between two children.
    Dispatch,
    /// On the way to the server.
    NetOut,
    /// On the way back.
    NetIn,
    /// The callee cannot be seen.
    WaitUnknown,
    /// Work whose answer nobody took.
    Abandoned,
    /// A message waits.
    Queue,
}

impl Cause {
    /// The same word.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Cause::OwnTime => model::Cause::OwnTime.name(),
            Cause::Dispatch => model::Cause::Dispatch.name(),
            Cause::NetOut => model::Cause::NetOut.name(),
            Cause::NetIn => model::Cause::NetIn.name(),
            Cause::WaitUnknown => model::Cause::WaitUnknown.name(),
            Cause::Abandoned => model::Cause::Abandoned.name(),
            Cause::Queue => model::Cause::Queue.name(),
        }
    }
}

impl From<model::Cause> for Cause {
    fn from(of: model::Cause) -> Cause {
        match of {
            model::Cause::OwnTime => Cause::OwnTime,
            model::Cause::Dispatch => Cause::Dispatch,
            model::Cause::NetOut => Cause::NetOut,
            model::Cause::NetIn => Cause::NetIn,
            model::Cause::WaitUnknown => Cause::WaitUnknown,
            model::Cause::Abandoned => Cause::Abandoned,
            model::Cause::Queue => Cause::Queue,
        }
    }
}

/// What a span is to the hotspot whose evidence is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// The span under which the fault sits.
    Anchor,
    /// One of the members.
    Member,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(of: impl Serialize) -> String {
        serde_json::to_string(&of).unwrap().trim_matches('"').to_owned()
    }

    #[test]
    fn every_word_is_the_name_the_model_gives() {
        for of in Break::ALL {
            assert_eq!(word(Break::from(of)), of.name());
        }
        for of in State::ALL {
            assert_eq!(word(State::from(of)), of.name());
        }
        for of in [model::Role::Worst, model::Role::Median, model::Role::Newest] {
            assert_eq!(word(Role::from(of)), of.name());
        }
        for of in [
            model::Cause::OwnTime,
            model::Cause::WaitUnknown,
            model::Cause::NetOut,
        ] {
            assert_eq!(word(Cause::from(of)), of.name());
        }
    }
}
