//! The bytes of one row, read back. What is not as it was written is refused, never a panic.

use hotspan_model::{Dictionary, Symbol, Vocabulary};

use super::{Names, Stored, VERSION, entry};

/// Why a row cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// A later program wrote it.
    #[error("a row of version {0}, and this program reads up to {VERSION}: use the newer program again")]
    Newer(u8),
    /// It is not what any program wrote.
    #[error("a damaged row")]
    Damaged,
    /// It names what this program does not know, such as a detector that was taken out.
    #[error("a row about {0:?}, which this program does not know")]
    Stranger(String),
}

/// Reads one row.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    symbols: Vec<Symbol>,
    pub(crate) names: &'a mut dyn Names,
}

impl<'a> Reader<'a> {
    /// Reads version and texts, which go to `dictionary`.
    pub(crate) fn new(
        row: &'a [u8],
        dictionary: &mut dyn Dictionary,
        names: &'a mut dyn Names,
    ) -> Result<Reader<'a>, Unreadable> {
        let (row, sum) = row.split_last_chunk().ok_or(Unreadable::Damaged)?;
        if *sum != super::writer::sum(row) {
            return Err(Unreadable::Damaged);
        }
        let (&version, bytes) = row.split_first().ok_or(Unreadable::Damaged)?;
        match version {
            VERSION => {}
            newer if newer > VERSION => return Err(Unreadable::Newer(newer)),
            _ => return Err(Unreadable::Damaged),
        }
        let mut reader = Reader {
            bytes,
            symbols: Vec::new(),
            names,
        };
        let texts = reader.length()?;
        for _ in 0..texts {
            let (vocabulary, text, facts) = entry::read(&mut reader)?;
            let owner = match vocabulary {
                Vocabulary::Operation | Vocabulary::Template => reader.symbols.first().copied(),
                Vocabulary::Text | Vocabulary::Source | Vocabulary::Callee => None,
            };
            let symbol = dictionary.admit(vocabulary, owner, text, facts);
            reader.symbols.push(symbol);
        }
        Ok(reader)
    }

    /// The first text of the row: mostly a service.
    pub(crate) fn first(&self) -> Option<Symbol> {
        self.symbols.first().copied()
    }

    /// Nothing may follow.
    pub(crate) fn end(&self) -> Result<(), Unreadable> {
        self.bytes.is_empty().then_some(()).ok_or(Unreadable::Damaged)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Unreadable> {
        let (&byte, rest) = self.bytes.split_first().ok_or(Unreadable::Damaged)?;
        self.bytes = rest;
        Ok(byte)
    }

    pub(crate) fn wide(&mut self) -> Result<u128, Unreadable> {
        let mut number = 0;
        for shift in (0..128).step_by(7) {
            let byte = self.byte()?;
            let bits = u128::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                return Err(Unreadable::Damaged);
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Unreadable::Damaged)
    }

    pub(crate) fn number<T: TryFrom<u128>>(&mut self) -> Result<T, Unreadable> {
        T::try_from(self.wide()?).map_err(|_| Unreadable::Damaged)
    }

    /// How many items follow: each takes a byte at least.
    pub(crate) fn length(&mut self) -> Result<usize, Unreadable> {
        let length: usize = self.number()?;
        (length <= self.bytes.len())
            .then_some(length)
            .ok_or(Unreadable::Damaged)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, Unreadable> {
        let length = self.length()?;
        let (text, rest) = self.bytes.split_at(length);
        self.bytes = rest;
        std::str::from_utf8(text).map_err(|_| Unreadable::Damaged)
    }

    pub(crate) fn list<T: Stored>(&mut self) -> Result<Vec<T>, Unreadable> {
        let length = self.length()?;
        (0..length).map(|_| T::read(self)).collect()
    }

    pub(crate) fn symbol(&mut self) -> Result<Symbol, Unreadable> {
        let place: usize = self.number()?;
        self.symbols.get(place).copied().ok_or(Unreadable::Damaged)
    }

    /// A name that this program spells out.
    pub(crate) fn name(&mut self) -> Result<&'static str, Unreadable> {
        let text = self.text()?;
        self.names
            .name(text)
            .ok_or_else(|| Unreadable::Stranger(text.to_owned()))
    }
}
