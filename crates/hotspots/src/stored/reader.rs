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

    #[inline]
    pub(crate) fn wide(&mut self) -> Result<u128, Unreadable> {
        match self.eight()? {
            (number, true) => Ok(number.into()),
            (low, false) => self.wider(low),
        }
    }

    /// The bits of up to eight bytes of a number, and whether it ends with them. All at once: most of a start on a full
    /// store is spent here.
    #[inline]
    fn eight(&mut self) -> Result<(u64, bool), Unreadable> {
        let mut bytes = [0x80; 8];
        match self.bytes.first_chunk() {
            Some(whole) => bytes = *whole,
            None => bytes[..self.bytes.len()].copy_from_slice(self.bytes),
        }
        let word = u64::from_le_bytes(bytes);
        let ends = !word & 0x8080_8080_8080_8080;
        let length = (ends.trailing_zeros() as usize / 8 + 1).min(8);
        self.bytes = self.bytes.get(length..).ok_or(Unreadable::Damaged)?;
        Ok((sevens(word & (u64::MAX >> (64 - 8 * length))), ends != 0))
    }

    fn wider(&mut self, low: u64) -> Result<u128, Unreadable> {
        let (middle, ends) = self.eight()?;
        let number = u128::from(low) | u128::from(middle) << 56;
        if ends {
            return Ok(number);
        }
        let before = self.bytes.len();
        let (high, ends) = self.eight()?;
        let fits = ends && before - self.bytes.len() <= 3 && high < 1 << 16;
        fits.then(|| number | u128::from(high) << 112)
            .ok_or(Unreadable::Damaged)
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

/// The lower seven bits of each byte, together.
fn sevens(word: u64) -> u64 {
    let pairs = (word & 0x007f_007f_007f_007f) | (word & 0x7f00_7f00_7f00_7f00) >> 1;
    let fours = (pairs & 0x0000_3fff_0000_3fff) | (pairs & 0x3fff_0000_3fff_0000) >> 2;
    (fours & 0x0fff_ffff) | (fours & 0x0fff_ffff_0000_0000) >> 4
}

#[cfg(test)]
mod tests {
    use super::super::{Writer, test_names};
    use super::*;
    use hotspan_model::{Entry, LocalDictionary, Lookup};
    use proptest::prelude::*;

    struct Empty;

    impl Lookup for Empty {
        fn entry(&self, _: Symbol) -> &Entry {
            unreachable!("numbers have no text")
        }
    }

    proptest! {
        #[test]
        fn numbers_of_every_length_come_back(numbers in prop::collection::vec((any::<u128>(), 0..128_u32), 0..9)) {
            let numbers: Vec<u128> = numbers.into_iter().map(|(number, bits)| number >> bits).collect();
            let mut writer = Writer::new(&Empty);
            numbers.iter().for_each(|&number| writer.number(number));
            let row = writer.finish();
            let (mut dictionary, mut names) = (LocalDictionary::default(), test_names(&[]));
            let mut reader = Reader::new(&row, &mut dictionary, &mut names).unwrap();
            for number in numbers {
                prop_assert_eq!(reader.wide(), Ok(number));
            }
            prop_assert_eq!(reader.end(), Ok(()));
        }
    }

    #[test]
    fn a_number_beyond_128_bits_or_without_an_end_is_refused() {
        let read = |bytes: &[u8]| {
            let mut names = test_names(&[]);
            let mut reader = Reader {
                bytes,
                symbols: Vec::new(),
                names: &mut names,
            };
            reader.wide()
        };
        let most = [[0xff; 18].as_slice(), &[3]].concat();
        assert_eq!(read(&most), Ok(u128::MAX));
        for last in [4, 0x83] {
            let beyond = [[0xff; 18].as_slice(), &[last, 0]].concat();
            assert_eq!(read(&beyond), Err(Unreadable::Damaged));
        }
        for length in 0..19 {
            assert_eq!(read(&most[..length]), Err(Unreadable::Damaged), "{length}");
        }
    }
}
