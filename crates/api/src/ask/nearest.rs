//! The name that was probably meant.

/// Most bytes of what was meant: a longer text is no typing mistake, and the work stays small.
const MEANT_MAX: usize = 64;

/// The closest of `names` within a third of the letters; ties by order.
pub fn nearest<'a>(meant: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if meant.is_empty() || meant.len() > MEANT_MAX {
        return None;
    }
    let by_distance = names.into_iter().map(|name| (distance(meant, name), name));
    let (edits, name) = by_distance.min_by_key(|&(edits, _)| edits)?;
    (edits * 3 <= name.len().max(meant.len())).then_some(name)
}

/// The closest of `names`, however far; ties by order, empty without names.
pub fn closest<'a>(meant: &str, names: impl IntoIterator<Item = &'a str>) -> &'a str {
    let closest = names.into_iter().min_by_key(|name| distance(meant, name));
    closest.unwrap_or_default()
}

/// Letters to insert, delete or replace in the first text, of which the beginning is looked at.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().take(MEANT_MAX).enumerate() {
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
