//! Alerts: what asks for somebody soon goes to Alertmanager and to a webhook.
//!
//! `what` says what fires, `life` when it is sent and when it is over; both are told what time it is. [`Sender`]
//! has it brought.

mod body;
mod call;
mod life;
mod places;
mod sender;
mod what;

pub use places::Allowed;
pub(crate) use sender::{Counts, Sender, Target};
pub(crate) use what::is_critical;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use hotspan_api::LinkTemplate;
use hotspan_model::Pattern;

use crate::config::Secret;

/// Everything that decides what is sent where.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    /// Whose alerts these are; a label of each.
    pub(crate) tenant: Option<Arc<str>>,
    pub(crate) alertmanager: Option<String>,
    /// Empty when there is none.
    pub(crate) webhook: Secret,
    pub(crate) secret: Secret,
    /// Services whose new and worsening hotspots ask for somebody.
    pub(crate) critical: Vec<Pattern>,
    /// What shows in so long after the first data was there before, and is not new.
    pub(crate) learn: hotspan_model::Nanos,
    /// Addresses that may be private, and spoken to without TLS.
    pub(crate) allowed: Allowed,
    /// Authorities that are trusted beside those of the system.
    pub(crate) ca: Option<PathBuf>,
    /// Where people reach the page, without a slash at its end.
    pub(crate) page: String,
    /// Where they look beside it.
    pub(crate) links: Vec<LinkTemplate>,
}

impl Settings {
    /// Whether there is anybody to tell.
    pub(crate) fn is_on(&self) -> bool {
        self.alertmanager.is_some() || !self.webhook.expose().is_empty()
    }
}

/// One thing that asks for somebody. Labels are its identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Alert {
    pub(crate) labels: Labels,
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) url: String,
}

/// The label of alerts that belong to a tenant.
const TENANT: &str = "tenant";

/// Names and values, by name.
pub(crate) type Labels = BTreeMap<&'static str, String>;
