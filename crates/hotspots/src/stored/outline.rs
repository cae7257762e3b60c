//! What searches ask of a trace that hotspots show, as a row beside the trace's own.

use hotspan_model::{Kind, LocalDictionary, Timestamp, TraceId};

use super::reader::{Reader, Unreadable};
use super::writer::Writer;
use super::{Names, Stored};

/// What is known of a held trace before anybody analyses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// Which.
    pub trace: TraceId,
    /// When its first span says it started.
    pub start: Timestamp,
    /// When its last span says it ended.
    pub end: Timestamp,
    /// How many spans are kept of it.
    pub spans: usize,
    /// Service, operation and kind of its spans, each once, sorted; at most [`Outline::OPERATIONS_MAX`].
    pub operations: Vec<(String, String, Kind)>,
}

impl Outline {
    /// Most operations of one trace.
    pub const OPERATIONS_MAX: usize = 256;

    /// Its row. It has no symbols.
    pub fn row(&self) -> Vec<u8> {
        let nothing = LocalDictionary::default();
        let mut to = Writer::new(&nothing);
        let Outline {
            trace,
            start,
            end,
            spans,
            operations,
        } = self;
        trace.write(&mut to);
        start.write(&mut to);
        end.write(&mut to);
        to.number(*spans as u64);
        operations.write(&mut to);
        to.finish()
    }

    /// Reads a row.
    pub fn read(row: &[u8]) -> Result<Outline, Unreadable> {
        let mut no_names = NoNames;
        let mut from = Reader::new(row, &mut LocalDictionary::default(), &mut no_names)?;
        let outline = Outline {
            trace: Stored::read(&mut from)?,
            start: Stored::read(&mut from)?,
            end: Stored::read(&mut from)?,
            spans: from.number()?,
            operations: Stored::read(&mut from)?,
        };
        from.end()?;
        Ok(outline)
    }
}

/// Rows of outlines spell no names out.
struct NoNames;

impl Names for NoNames {
    fn name(&mut self, _: &str) -> Option<&'static str> {
        None
    }

    fn is_detector(&self, _: &str) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outline_comes_back_as_it_was_and_a_damaged_one_is_refused() {
        let outline = Outline {
            trace: TraceId::new(u128::MAX).unwrap(),
            start: Timestamp(0),
            end: Timestamp(u64::MAX),
            spans: 3,
            operations: vec![
                ("cart".to_owned(), "GET /cart".to_owned(), Kind::Server),
                ("cart".to_owned(), "SELECT item".to_owned(), Kind::Client),
            ],
        };
        let mut row = outline.row();
        assert_eq!(Outline::read(&row), Ok(outline));
        row[5] ^= 1;
        assert_eq!(Outline::read(&row), Err(Unreadable::Damaged));
    }
}
