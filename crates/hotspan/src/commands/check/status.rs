//! What a finding is against what is known and accepted.

/// What a finding is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// Not in the baseline.
    New,
    /// In the baseline, and worse than there, in words.
    Worse(String),
    /// In the baseline.
    Known,
    /// Accepted in the allow-list.
    Allowed(Acceptance),
    /// Accepted until a day that is over.
    Expired(Acceptance),
    /// Accepted in the daemon, with this reason.
    Acknowledged(String),
}

/// Why and until when something is accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Acceptance {
    /// Why.
    pub(super) reason: String,
    /// The last day.
    pub(super) until: String,
}

impl Status {
    /// How reports call it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Status::New => "new",
            Status::Worse(_) => "worse",
            Status::Known => "known",
            Status::Allowed(_) => "allowed",
            Status::Expired(_) => "expired",
            Status::Acknowledged(_) => "acknowledged",
        }
    }

    /// What there is to say beside its name; empty when nothing.
    pub(super) fn note(&self) -> String {
        match self {
            Status::New | Status::Known => String::new(),
            Status::Worse(how) => how.clone(),
            Status::Allowed(of) => format!("accepted until {}: {}", of.until, of.reason),
            Status::Expired(of) => {
                format!("was accepted until {}, which is over: {}", of.until, of.reason)
            }
            Status::Acknowledged(reason) => format!("acknowledged in the daemon: {reason}"),
        }
    }
}
