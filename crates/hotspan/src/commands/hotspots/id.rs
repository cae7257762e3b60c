//! Which hotspot is meant: an id, or its first digits where only one begins so.

use anyhow::anyhow;
use serde_json::Value;

use crate::client::Client;
use crate::exit::Failure;
use crate::output::{rows, text};

/// Digits of an id.
const WHOLE: usize = 32;
/// Fewest digits that may stand for one.
const DIGITS_MIN: usize = 4;
/// Ids that are named when several begin alike.
const NAMED: usize = 5;
/// Every state, so that what is muted is found, too.
const STATES: [&str; 8] = [
    "new",
    "open",
    "worsening",
    "acknowledged",
    "muted",
    "not_exercised",
    "fixed",
    "regressed",
];

/// The id that begins with `given`.
pub(super) fn resolve(client: &Client, given: &str) -> Result<String, Failure> {
    let digits = given.to_ascii_lowercase();
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) || !(DIGITS_MIN..=WHOLE).contains(&digits.len())
    {
        return Err(Failure::Input(anyhow!(
            "{given}: an id is 32 hex digits, of which the first {DIGITS_MIN} are enough where no other begins so; \
             hotspan hotspots lists them"
        )));
    }
    if digits.len() == WHOLE {
        return Ok(digits);
    }
    let mut found = Vec::new();
    let mut cursor = None;
    loop {
        let page = client.json("/api/v1/hotspots", &asked(cursor))?;
        found.extend(
            rows(&page["hotspots"])
                .iter()
                .filter_map(|row| begins(row, &digits)),
        );
        cursor = page["next_cursor"].as_str().map(ToOwned::to_owned);
        if cursor.is_none() {
            return only(&digits, found);
        }
    }
}

fn asked(cursor: Option<String>) -> Vec<(&'static str, String)> {
    let mut asked = vec![("limit", "1000".to_owned()), ("min_confidence", "0".to_owned())];
    asked.extend(STATES.map(|state| ("state", state.to_owned())));
    asked.extend(cursor.map(|cursor| ("cursor", cursor)));
    asked
}

/// Id and title of a hotspot that begins so.
fn begins(row: &Value, digits: &str) -> Option<(String, String)> {
    let id = row["id"].as_str().filter(|id| id.starts_with(digits))?;
    Some((id.to_owned(), text(&row["title"])))
}

fn only(digits: &str, found: Vec<(String, String)>) -> Result<String, Failure> {
    match found.as_slice() {
        [] => Err(Failure::NoData(format!(
            "no hotspot has an id that begins with {digits}; hotspan hotspots --min-confidence 0 lists all"
        ))),
        [(id, _)] => Ok(id.clone()),
        several => {
            let named = several
                .iter()
                .take(NAMED)
                .map(|(id, title)| format!("\n  {id}  {title}"));
            let (named, count): (String, _) = (named.collect(), several.len());
            Err(Failure::Input(anyhow!(
                "{digits}: {count} ids begin so; give more digits:{named}"
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(ids: &[&str]) -> Vec<(String, String)> {
        ids.iter()
            .map(|id| ((*id).to_owned(), "GET / runs …".to_owned()))
            .collect()
    }

    #[test]
    fn one_that_begins_so_is_meant_and_of_several_none() {
        assert_eq!(only("5f0c", found(&["5f0c1"])).ok().as_deref(), Some("5f0c1"));
        assert!(matches!(only("5f0c", found(&[])), Err(Failure::NoData(said)) if said.contains("5f0c")));
        let Err(Failure::Input(said)) = only("5f0c", found(&["5f0c1", "5f0c2"])) else {
            panic!("two begin so")
        };
        let said = said.to_string();
        assert!(
            said.contains("2 ids begin so") && said.contains("5f0c2  GET /"),
            "{said}"
        );
    }
}
