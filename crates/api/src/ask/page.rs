//! Pages: the order of a list is the order of its keys, and a cursor is the last key that was shown.
//!
//! So a cursor stays valid while rows come and go: it names a place between keys, not a row or a number.

use serde::Serialize;

use super::{Problem, Query};

/// Rows of a page when nobody says.
const LIMIT_DEFAULT: usize = 50;
/// Most rows of a page.
const LIMIT_MAX: usize = 1_000;
/// What a limit has to be.
const LIMIT: &str = "a whole number from 1 to 1000";
/// Most bytes of a page's rows as JSON.
const BYTES_MAX: usize = 7 << 20;
/// What a cursor has to be.
const CURSOR: &str = "a `next_cursor` of the same list in the same order";
/// Longest cursor that is read, in bytes.
const CURSOR_MAX: usize = 16_384;

/// Where a page begins and how long it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// Rows with greater keys are on the page; `None` for the first page.
    after: Option<String>,
    /// Most rows.
    limit: usize,
    /// Most bytes of its rows as JSON; a first row is there however long it is.
    bytes: usize,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PageOf<T> {
    /// Its rows.
    pub(crate) rows: Vec<T>,
    /// How many rows all pages have.
    pub(crate) total: u64,
    /// The cursor of the next page.
    pub(crate) next_cursor: Option<String>,
    /// Cut before its limit, because it grew too large.
    pub(crate) truncated: bool,
}

impl Cursor {
    /// Reads `limit` and `cursor`.
    pub(crate) fn read(query: &mut Query) -> Result<Cursor, Problem> {
        let limit = query.parsed("limit", LIMIT, |text| text.parse().ok().filter(is_limit))?;
        let cursor = query.one("cursor")?.unwrap_or_default();
        Cursor::after(limit.unwrap_or(LIMIT_DEFAULT), &cursor)
    }

    /// The page after `cursor` with `limit` rows; an empty text means the first page, 0 rows the default.
    pub(crate) fn new(limit: u32, cursor: &str) -> Result<Cursor, Problem> {
        match limit as usize {
            0 => Cursor::after(LIMIT_DEFAULT, cursor),
            rows if is_limit(&rows) => Cursor::after(rows, cursor),
            rows => Err(Problem::bad_value("limit", &rows.to_string(), LIMIT)),
        }
    }

    fn after(limit: usize, cursor: &str) -> Result<Cursor, Problem> {
        let after = match cursor {
            "" => None,
            _ => Some(decoded(cursor).ok_or_else(|| Problem::bad_value("cursor", cursor, CURSOR))?),
        };
        let bytes = BYTES_MAX;
        Ok(Cursor { after, limit, bytes })
    }

    /// The same page, when its cursor was given for the order whose keys begin with `tag`.
    pub(crate) fn in_order(self, tag: char) -> Result<Cursor, Problem> {
        match &self.after {
            Some(after) if !after.starts_with(tag) => {
                Err(Problem::bad_value("cursor", &encoded(after), CURSOR))
            }
            Some(_) | None => Ok(self),
        }
    }

    /// The same page, cut before its rows are longer than `bytes` as JSON.
    pub(crate) fn within(self, bytes: usize) -> Cursor {
        let bytes = bytes.min(self.bytes);
        Cursor { bytes, ..self }
    }

    /// The page of `items`, whatever their order; `key` must tell any two of them apart.
    pub(crate) fn page<I, T>(
        &self,
        items: impl Iterator<Item = I>,
        key: impl Fn(&I) -> String,
        shape: impl Fn(&I) -> T,
    ) -> PageOf<T>
    where
        T: Serialize,
    {
        let mut keyed: Vec<(String, I)> = items.map(|item| (key(&item), item)).collect();
        keyed.sort_by(|(a, _), (b, _)| a.cmp(b));
        let begin = match &self.after {
            Some(after) => keyed.partition_point(|(key, _)| key <= after),
            None => 0,
        };
        let mut rows = Vec::new();
        let mut bytes = 0;
        for (_, item) in keyed[begin..].iter().take(self.limit) {
            let row = shape(item);
            bytes += size(&row);
            if bytes > self.bytes && !rows.is_empty() {
                break;
            }
            rows.push(row);
        }
        let end = begin + rows.len();
        PageOf {
            total: keyed.len() as u64,
            next_cursor: (0 < end && end < keyed.len()).then(|| encoded(&keyed[end - 1].0)),
            truncated: end < keyed.len().min(begin + self.limit),
            rows,
        }
    }
}

fn is_limit(rows: &usize) -> bool {
    (1..=LIMIT_MAX).contains(rows)
}

/// Bytes of a value as JSON.
pub(crate) fn size(row: &impl Serialize) -> usize {
    let mut counted = Counter(0);
    match serde_json::to_writer(&mut counted, row) {
        Ok(()) => counted.0,
        // It will not be written either.
        Err(_) => 0,
    }
}

struct Counter(usize);

impl std::io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A key as hex: safe in every address, and opaque enough that nobody builds one.
fn encoded(key: &str) -> String {
    key.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn decoded(cursor: &str) -> Option<String> {
    if cursor.len() > CURSOR_MAX || !cursor.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pairs = cursor.as_bytes().chunks_exact(2);
    let bytes: Option<Vec<u8>> = pairs
        .map(|pair| u8::try_from(digit(pair[0])? << 4 | digit(pair[1])?).ok())
        .collect();
    String::from_utf8(bytes?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(items: &[u32], limit: u32, cursor: &str) -> PageOf<u32> {
        let cursor = Cursor::new(limit, cursor).unwrap();
        cursor.page(items.iter().copied(), |n| format!("{n:04}"), |n| *n)
    }

    #[test]
    fn a_cursor_stays_valid_while_rows_come_and_go() {
        let first = page(&[5, 3, 1, 9, 7], 2, "");
        assert_eq!((first.rows, first.total), (vec![1, 3], 5));
        let cursor = first.next_cursor.unwrap();
        // The last row of the page is gone, one came before it and one after it.
        let second = page(&[5, 1, 2, 4, 9, 7], 3, &cursor);
        assert_eq!(second.rows, [4, 5, 7]);
        let third = page(&[5, 1, 2, 4, 9, 7], 3, &second.next_cursor.unwrap());
        assert_eq!((third.rows, third.next_cursor), (vec![9], None));
    }

    #[test]
    fn a_page_that_grows_too_large_is_cut_at_a_row() {
        let long = "x".repeat(BYTES_MAX / 3);
        let cursor = Cursor::new(10, "").unwrap();
        let page = cursor.page(0..10, |n| n.to_string(), |_| long.clone());
        assert_eq!((page.rows.len(), page.truncated), (2, true));
        assert!(page.next_cursor.is_some());
    }

    #[test]
    fn limits_and_cursors_that_make_no_sense_are_refused() {
        for limit in ["", "0", "1001", "-1", "ten", "1.5", "99999999999999999999999"] {
            let mut query = Query::new(&format!("limit={limit}"));
            assert!(Cursor::read(&mut query).is_err(), "{limit}");
        }
        assert!(Cursor::new(1_001, "").is_err());
        for cursor in ["z", "abc", "ff", "éé", &"0".repeat(20_000)] {
            assert!(Cursor::new(0, cursor).is_err(), "{cursor}");
        }
    }
}
