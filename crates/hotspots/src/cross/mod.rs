//! The detectors over traces: one file a detector, one table that lists them.
//!
//! Each reads the merged facts and edges when an answer is made, and holds no state of its own. So what a late
//! version of a trace takes back is gone from its hotspots too, and how traces were spread over shards shows
//! nowhere.

mod draft;
mod evidence;
mod names;

use std::collections::BTreeMap;

use hotspan_model::{Class, Hotspot, Meta};

use crate::Coverage;
use crate::near::{self, NearMissAnswer};
use crate::view::Reader;

use draft::{Draft, Seen, wants};
use evidence::Evidence;

/// One structural fault that only many traces together show.
trait CrossDetector: Sync {
    /// What is known about it before any trace.
    fn meta(&self) -> &'static Meta;

    /// Looks for the fault in what all traces say.
    fn detect(&self, cx: &Evidence<'_>, out: &mut Vec<Draft>);
}

/// What is known about each of them, in order of evaluation.
pub fn catalogue() -> Vec<&'static Meta> {
    ALL.iter().map(|detector| detector.meta()).collect()
}

/// The hotspots of the detectors that `catalogue` lists, without ranks, and what nearly is one; those that the code
/// accepts are counted.
pub(crate) fn hotspots(
    reader: &Reader<'_>,
    catalogue: &[&'static Meta],
    coverage: &mut Coverage,
) -> (Vec<Hotspot>, Vec<NearMissAnswer>) {
    let listed = |detector: &&&dyn CrossDetector| {
        let id = detector.meta().id;
        catalogue.iter().any(|meta| meta.id == id)
    };
    if !ALL.iter().any(|detector| listed(&detector)) {
        return (Vec::new(), Vec::new());
    }
    let cx = Evidence::new(reader);
    let mut out = Vec::new();
    for detector in ALL.iter().filter(listed) {
        detector.detect(&cx, &mut out);
    }
    let nearly = out.iter().filter_map(|draft| nearly(&cx, draft)).collect();
    out.retain(|draft| draft.stopped.is_none());
    let all = out.len();
    out.retain(|draft| !draft.is_ignored(reader));
    coverage.ignored += (all - out.len()) as u64;
    (changes(out, reader), nearly)
}

/// A near miss, when the draft is one.
fn nearly(cx: &Evidence<'_>, draft: &Draft) -> Option<NearMissAnswer> {
    let stopped = draft.stopped.as_ref()?;
    let callee = &draft.callee;
    let classes = [Class::Db, Class::Call, Class::Publish];
    let class = classes.into_iter().find(|class| class.name() == callee.class);
    let subject = match callee.template.is_empty() {
        true => &callee.peer,
        false => &callee.template,
    };
    Some(NearMissAnswer {
        service: draft.service.clone(),
        operation: match draft.key.contains(&draft.operation) {
            true => draft.operation.clone(),
            // It judges the service, whatever operation shows it most.
            false => String::new(),
        },
        entries: Vec::new(),
        detector: draft.meta.id,
        reason: stopped.reason,
        class: class.unwrap_or_default(),
        template: subject.clone(),
        id: Some(draft.fingerprint()),
        traces: draft.seen.traces,
        evaluated: cx.traces_of(&draft.service),
        members: draft.calls,
        distance: near::distance(&stopped.conditions),
        conditions: stopped.conditions.clone(),
        last_seen: draft.seen.last(cx.newest()).unwrap_or_default(),
        remedy: None,
    })
}

/// What one change settles belongs together: the first says so of the others, and these name it.
fn changes(drafts: Vec<Draft>, reader: &Reader<'_>) -> Vec<Hotspot> {
    let mut heads: BTreeMap<Vec<String>, usize> = BTreeMap::new();
    let mut hotspots: Vec<Hotspot> = Vec::new();
    for mut draft in drafts {
        let change = std::mem::take(&mut draft.change);
        let mut hotspot = draft.hotspot(reader);
        if !change.is_empty() {
            let head = *heads.entry(change).or_insert(hotspots.len());
            if let Some(head) = hotspots.get_mut(head) {
                let related = hotspot.detector.to_owned();
                if related != head.detector && !head.related.contains(&related) {
                    head.related.push(related);
                }
                head.change = Some(head.id.to_string());
                hotspot.change.clone_from(&head.change);
            }
        }
        hotspots.push(hotspot);
    }
    hotspots
}

macro_rules! detectors {
    ($($file:ident::$name:ident,)*) => {
        $(mod $file;)*
        static ALL: &[&dyn CrossDetector] = &[$(&$file::$name),*];
    };
}

// What explains a fault stands before what would only repeat it.
detectors! {
    shared_database::SharedDatabase,
    shared_table::SharedTable,
    chatty_pair::ChattyPair,
    dependency_cycle::DependencyCycle,
    broken_propagation::BrokenPropagation,
    blind_service::BlindService,
    missing_cache::MissingCache,
    seam_candidate::SeamCandidate,
    regression::Regression,
    pool_exhausted::PoolExhausted,
    queue_delay::QueueDelay,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_detector_has_an_id_of_its_own_in_kebab_case() {
        let ids: Vec<_> = catalogue().iter().map(|meta| meta.id).collect();
        for (at, id) in ids.iter().enumerate() {
            assert!(!ids[..at].contains(id), "{id} is listed twice");
            assert!(
                id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'),
                "{id}"
            );
        }
    }
}
