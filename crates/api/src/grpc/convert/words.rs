//! Closed lists of words as gRPC says them.

use hotspan_proto::v1;

use crate::shape;

impl From<shape::Break> for v1::Break {
    fn from(of: shape::Break) -> v1::Break {
        match of {
            shape::Break::Database => v1::Break::Database,
            shape::Break::Synchronous => v1::Break::Synchronous,
            shape::Break::Observability => v1::Break::Observability,
            shape::Break::Seams => v1::Break::Seams,
        }
    }
}

impl From<shape::State> for v1::State {
    fn from(of: shape::State) -> v1::State {
        match of {
            shape::State::New => v1::State::New,
            shape::State::Open => v1::State::Open,
            shape::State::Worsening => v1::State::Worsening,
            shape::State::Acknowledged => v1::State::Acknowledged,
            shape::State::Muted => v1::State::Muted,
            shape::State::NotExercised => v1::State::NotExercised,
            shape::State::Fixed => v1::State::Fixed,
            shape::State::Regressed => v1::State::Regressed,
        }
    }
}

impl From<shape::Over> for v1::Over {
    fn from(of: shape::Over) -> v1::Over {
        match of {
            shape::Over::Expired => v1::Over::Expired,
            shape::Over::Doubled => v1::Over::Doubled,
            shape::Over::Returned => v1::Over::Returned,
        }
    }
}

impl From<shape::ImpactBasis> for v1::ImpactBasis {
    fn from(of: shape::ImpactBasis) -> v1::ImpactBasis {
        match of {
            shape::ImpactBasis::Saving => v1::ImpactBasis::Saving,
            shape::ImpactBasis::Exposure => v1::ImpactBasis::Exposure,
        }
    }
}

impl From<shape::Role> for v1::Role {
    fn from(of: shape::Role) -> v1::Role {
        match of {
            shape::Role::Worst => v1::Role::Worst,
            shape::Role::Median => v1::Role::Median,
            shape::Role::Newest => v1::Role::Newest,
        }
    }
}

impl From<shape::Kind> for v1::Kind {
    fn from(of: shape::Kind) -> v1::Kind {
        match of {
            shape::Kind::Unspecified => v1::Kind::Unspecified,
            shape::Kind::Internal => v1::Kind::Internal,
            shape::Kind::Server => v1::Kind::Server,
            shape::Kind::Client => v1::Kind::Client,
            shape::Kind::Producer => v1::Kind::Producer,
            shape::Kind::Consumer => v1::Kind::Consumer,
        }
    }
}

impl From<shape::Cause> for v1::Cause {
    fn from(of: shape::Cause) -> v1::Cause {
        match of {
            shape::Cause::OwnTime => v1::Cause::Self_,
            shape::Cause::Dispatch => v1::Cause::Dispatch,
            shape::Cause::NetOut => v1::Cause::NetOut,
            shape::Cause::NetIn => v1::Cause::NetIn,
            shape::Cause::WaitUnknown => v1::Cause::WaitUnknown,
            shape::Cause::Abandoned => v1::Cause::Abandoned,
            shape::Cause::Queue => v1::Cause::Queue,
        }
    }
}

impl From<shape::Mark> for v1::Mark {
    fn from(of: shape::Mark) -> v1::Mark {
        match of {
            shape::Mark::Anchor => v1::Mark::Anchor,
            shape::Mark::Member => v1::Mark::Member,
        }
    }
}
