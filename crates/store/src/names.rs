//! The names that stored rows spell out, as this program has them.

use std::collections::BTreeSet;

use hotspan_hotspots::Names;

/// Most other names than those of detectors: conditions, guards, vendors. There are a few hundred.
const NAMES_MAX: usize = 4_096;
/// Most bytes of one.
const BYTES_MAX: usize = 128;

/// Detectors by id; and other names, each kept for as long as the process lives, as those are that are compiled in.
#[derive(Debug)]
pub struct Known {
    /// Sorted.
    detectors: Vec<&'static str>,
    others: BTreeSet<&'static str>,
}

impl Known {
    /// For the detectors of this program.
    pub fn new(detectors: impl IntoIterator<Item = &'static str>) -> Known {
        let mut detectors: Vec<&'static str> = detectors.into_iter().collect();
        detectors.sort_unstable();
        Known {
            detectors,
            others: BTreeSet::new(),
        }
    }
}

impl Names for Known {
    fn name(&mut self, text: &str) -> Option<&'static str> {
        if let Ok(at) = self.detectors.binary_search(&text) {
            return Some(self.detectors[at]);
        }
        if let Some(known) = self.others.get(text) {
            return Some(known);
        }
        if NAMES_MAX <= self.others.len() || BYTES_MAX < text.len() {
            return None;
        }
        let kept: &'static str = Box::leak(text.into());
        self.others.insert(kept);
        Some(kept)
    }

    fn is_detector(&self, name: &str) -> bool {
        self.detectors.binary_search(&name).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_once_and_their_number_is_bounded() {
        let mut known = Known::new(["slow-query", "hop-chain"]);
        assert!(known.is_detector("hop-chain") && !known.is_detector("calls"));
        let first = known.name("calls").unwrap();
        assert!(std::ptr::eq(first, known.name("calls").unwrap()));
        assert_eq!(known.name(&"x".repeat(BYTES_MAX + 1)), None);
        for n in 0..NAMES_MAX {
            known.name(&format!("name {n}"));
        }
        assert_eq!(known.name("one more"), None);
        assert_eq!(known.name("slow-query"), Some("slow-query"));
    }
}
