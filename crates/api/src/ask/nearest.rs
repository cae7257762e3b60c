//! The name that was probably meant.

/// The closest of `names` within a third of the letters; ties by order.
pub fn nearest<'a>(meant: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A longer text is no typing mistake, and the work stays small.
    if meant.is_empty() || meant.len() > 64 {
        return None;
    }
    let by_distance = names.into_iter().map(|name| (distance(meant, name), name));
    let (edits, name) = by_distance.min_by_key(|&(edits, _)| edits)?;
    (edits * 3 <= name.len().max(meant.len())).then_some(name)
}

/// Letters to insert, delete or replace.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(!x.eq_ignore_ascii_case(&y));
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_mistake_finds_its_name_and_nonsense_finds_none() {
        let names = ["service", "detector", "state", "sort", "since"];
        for (meant, name) in [
            ("servcie", Some("service")),
            ("Detectors", Some("detector")),
            ("stat", Some("state")),
            ("xyz", None),
            ("", None),
        ] {
            assert_eq!(nearest(meant, names), name, "{meant}");
        }
    }
}
