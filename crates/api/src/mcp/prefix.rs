//! Ids by their first digits: what an agent writes is looked up among what there is, never completed by guess.

use std::collections::BTreeSet;

use crate::ask::Problem;

/// Most digits of an id.
const DIGITS_MAX: usize = 32;

/// The one of `ids` that begins with `prefix`; `None` when none does, a refusal that names them when several do.
pub(super) fn unique(
    name: &str,
    prefix: &str,
    ids: impl IntoIterator<Item = String>,
) -> Result<Option<String>, Problem> {
    let prefix = prefix.trim().to_ascii_lowercase();
    let is_id = (1..=DIGITS_MAX).contains(&prefix.len()) && prefix.bytes().all(|b| b.is_ascii_hexdigit());
    if !is_id {
        return Err(Problem::bad_value(
            name,
            &prefix,
            "an id, or its first digits: 1 to 32 hex digits",
        ));
    }
    let mut found: BTreeSet<String> = ids.into_iter().filter(|id| id.starts_with(&prefix)).collect();
    match found.len() {
        0 => Ok(None),
        1 => Ok(found.pop_first()),
        _ => Err(Problem::ambiguous(name, &prefix, &found)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids() -> Vec<String> {
        ["5f0c", "5f0d", "83a9"].map(str::to_owned).to_vec()
    }

    #[test]
    fn a_prefix_means_one_id_or_is_refused() {
        assert_eq!(unique("id", "8", ids()), Ok(Some("83a9".to_owned())));
        assert_eq!(unique("id", "5F0C", ids()), Ok(Some("5f0c".to_owned())));
        assert_eq!(unique("id", "9", ids()), Ok(None));
        let problem = unique("id", "5f", ids()).unwrap_err();
        assert_eq!(problem.about.allowed, ["5f0c", "5f0d"]);
        for text in ["", "xyz", "../5f0c", &"0".repeat(33)] {
            assert!(unique("id", text, ids()).is_err(), "{text}");
        }
    }
}
