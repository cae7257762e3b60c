//! The catalogue: one file a detector, one table that lists them.
//!
//! A new detector is its file and its line in the table. What several of them need is computed once, in
//! [`Context`].

mod family;
mod findings;
mod frameworks;
#[cfg(test)]
mod ignored;
mod joint;
mod knobs;
mod near;
#[cfg(test)]
mod nearly;
mod spans;
mod statements;
#[cfg(test)]
mod subsumption;
#[cfg(test)]
mod testing;
mod words;

use hotspan_model::Meta;

use crate::context::Context;

pub use findings::Findings;
pub(crate) use findings::Scratch;
pub use knobs::SHARED as SHARED_KNOBS;
pub(crate) use knobs::{COST_MIN, COST_ONCE, COST_SHARE, REPEAT_MIN, REPEAT_MIN_FAST};

/// One structural fault that a trace can show.
pub trait Detector: Sync {
    /// What is known about it before any trace.
    fn meta(&self) -> &'static Meta;

    /// Looks for the fault in one trace.
    fn detect(&self, cx: &Context<'_>, out: &mut Findings<'_>);
}

/// Every detector, in order of evaluation: what an earlier one claims is no member of a later one's finding.
pub fn detectors() -> &'static [&'static dyn Detector] {
    ALL
}

/// What is known about each of them, in the same order.
pub fn catalogue() -> Vec<&'static Meta> {
    ALL.iter().map(|detector| detector.meta()).collect()
}

macro_rules! detectors {
    ($($file:ident::$name:ident,)*) => {
        $(mod $file;)*
        static ALL: &[&dyn Detector] = &[$(&$file::$name),*];
    };
}

detectors! {
    retry_storm::RetryStorm,
    per_item_loop::PerItemLoop,
    n_plus_one_call::NPlusOneCall,
    n_plus_one_query::NPlusOneQuery,
    n_plus_one_cache::NPlusOneCache,
    n_plus_one_publish::NPlusOnePublish,
    redundant_query::RedundantQuery,
    missing_pool::MissingPool,
    procedure_heavy::ProcedureHeavy,
    slow_query::SlowQuery,
    third_party_on_critical_path::ThirdPartyOnCriticalPath,
    deferrable_call::DeferrableCall,
    call_in_transaction::CallInTransaction,
    timeout_inversion::TimeoutInversion,
    fan_out_tail::FanOutTail,
    serial_fan_out::SerialFanOut,
    hop_chain::HopChain,
    uninstrumented_gap::UninstrumentedGap,
    exception_storm::ExceptionStorm,
    over_instrumentation::OverInstrumentation,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_detector_has_an_id_of_its_own_in_kebab_case() {
        let ids: Vec<_> = detectors().iter().map(|detector| detector.meta().id).collect();
        for (at, id) in ids.iter().enumerate() {
            assert!(!ids[..at].contains(id), "{id} is listed twice");
            assert!(
                id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'),
                "{id}"
            );
        }
    }
}
