//! What is stored beside an offset, so that another process goes on there: bytes of the store's `progress`.

use hotspan_model::{Identity, LogTime, Offset, TableSeed, TraceId};
use hotspan_pipeline::{Held, Settings, Stub};

/// Form of the bytes.
const VERSION: u8 = 1;
const STUB_BYTES: usize = 16 + 8 + 8 + 8 + 1;

/// Says how records are spread and judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Carried {
    /// Spreads traces over the shards.
    pub(crate) seed: TableSeed,
    /// By shard.
    pub(crate) held: Vec<Held>,
    /// Digest of what decides; a column of its own.
    pub(crate) rules: Vec<u8>,
}

/// Digest of all that decides: settings, and the program that has the detectors.
pub(crate) fn rules(settings: &Settings) -> Vec<u8> {
    let settings = format!("{settings:?}");
    let digest = Identity::new("rules")
        .text(env!("CARGO_PKG_VERSION"))
        .text(&settings);
    digest.finish().to_be_bytes().into()
}

impl Carried {
    /// Everything but the rules.
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend(self.seed.0.to_le_bytes());
        bytes.extend((self.held.len() as u64).to_le_bytes());
        for held in &self.held {
            bytes.extend(held.floor.0.to_le_bytes());
            bytes.extend((held.stubs.len() as u64).to_le_bytes());
            for stub in &held.stubs {
                bytes.extend(stub.trace.get().to_le_bytes());
                bytes.extend(stub.first.0.to_le_bytes());
                bytes.extend(stub.last.0.to_le_bytes());
                bytes.extend(stub.birth.0.to_le_bytes());
                bytes.push(u8::from(stub.truncated));
            }
        }
        bytes
    }

    /// `None` for bytes of another form.
    pub(crate) fn read(bytes: &[u8], rules: Vec<u8>) -> Option<Carried> {
        let mut from = Reader(bytes);
        let [VERSION] = from.take::<1>()? else {
            return None;
        };
        let (seed, shards) = (TableSeed(from.number()?), from.number()?);
        let held: Option<Vec<Held>> = (0..shards).map(|_| from.held()).collect();
        from.0.is_empty().then_some(())?;
        Some(Carried {
            seed,
            held: held?,
            rules,
        })
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn number(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    fn held(&mut self) -> Option<Held> {
        let (floor, stubs) = (Offset(self.number()?), self.number()?);
        // No more than are there.
        let fits = stubs <= (self.0.len() / STUB_BYTES) as u64;
        let stubs: Option<Vec<Stub>> = fits.then(|| (0..stubs).map(|_| self.stub()).collect())?;
        Some(Held { floor, stubs: stubs? })
    }

    fn stub(&mut self) -> Option<Stub> {
        Some(Stub {
            trace: TraceId::new(self.take().map(u128::from_le_bytes)?)?,
            first: LogTime(self.number()?),
            last: LogTime(self.number()?),
            birth: Offset(self.number()?),
            truncated: self.take::<1>()? != [0],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carried() -> Carried {
        let stub = Stub {
            trace: TraceId::new(u128::MAX - 5).unwrap(),
            first: LogTime(1),
            last: LogTime(u64::MAX),
            birth: Offset(3),
            truncated: true,
        };
        let held = |floor, stubs| Held {
            floor: Offset(floor),
            stubs,
        };
        Carried {
            seed: TableSeed(77),
            held: vec![held(5, vec![stub, stub]), held(9, vec![])],
            rules: vec![1, 2],
        }
    }

    #[test]
    fn what_is_carried_comes_back_and_no_part_of_it_does() {
        let bytes = carried().write();
        assert_eq!(Carried::read(&bytes, vec![1, 2]), Some(carried()));
        for end in 0..bytes.len() {
            assert_eq!(Carried::read(&bytes[..end], vec![]), None);
        }
        assert_eq!(Carried::read(&[&bytes[..], &[0]].concat(), vec![]), None);
        let mut endless = bytes;
        endless[9..17].fill(0xff);
        assert_eq!(Carried::read(&endless, vec![]), None);
    }

    #[test]
    fn rules_are_the_same_until_a_setting_is_another() {
        let settings = Settings::default();
        assert_eq!(rules(&settings), rules(&settings.clone()));
        let mut other = settings.clone();
        other.assembly.age.0 += 1;
        assert_ne!(rules(&settings), rules(&other));
    }
}
