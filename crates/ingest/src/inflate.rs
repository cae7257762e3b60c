//! Compressed messages, inflated under the message limit, the ratio limit and the lease.
//!
//! Contexts and the buffer of what comes out are reused, so that it stays in the processor's caches. The buffer grows
//! only after the lease has, so a bomb is refused before it has the memory.

use zstd::zstd_safe::zstd_sys::ZSTD_ErrorCode;
use zstd::zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer, ResetDirective, get_error_name, is_error_kind};

use crate::gzip::Gzip;
use crate::settings::MIB;
use crate::{Coding, Excess, Refusal, Settings};

/// First reservation of output, in bytes: a typical request several times inflated.
const FIRST_MAX: u64 = MIB;
/// A buffer that grew beyond this is freed after its message: what is kept is the inflater's own, not in any lease.
const KEPT_MAX: usize = MIB as usize;

/// Reusable contexts of decompression, and the last message that was inflated.
pub(crate) struct Inflater {
    bytes: Vec<u8>,
    gzip: Gzip,
    zstd: DCtx<'static>,
}

/// Asks the budget for so many bytes of output.
pub(crate) type Grow<'a> = &'a mut dyn FnMut(u64) -> Result<(), Refusal>;

impl Inflater {
    pub(crate) fn new() -> Inflater {
        Inflater {
            bytes: Vec::new(),
            gzip: Gzip::new(),
            zstd: DCtx::create(),
        }
    }

    /// The whole of `input`, inflated; what is not compressed is answered as it is.
    pub(crate) fn inflate<'i>(
        &'i mut self,
        coding: Coding,
        input: &'i [u8],
        settings: &Settings,
        grow: Grow<'_>,
    ) -> Result<&'i [u8], Refusal> {
        let Inflater { bytes, gzip, zstd } = self;
        let mut output = Output {
            bytes,
            wire: input.len() as u64,
            settings,
            grow,
        };
        match coding {
            Coding::Identity => return output.within(input.len()).map(|()| input),
            Coding::Gzip => gzip.inflate(input, &mut output)?,
            Coding::Zstd => inflate_zstd(zstd, input, &mut output)?,
        }
        output.check()?;
        Ok(bytes)
    }

    /// Frees what a large message left.
    pub(crate) fn rest(&mut self) {
        if self.bytes.capacity() > KEPT_MAX {
            self.bytes = Vec::new();
        }
    }
}

impl std::fmt::Debug for Inflater {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Inflater")
    }
}

fn inflate_zstd(context: &mut DCtx<'static>, input: &[u8], output: &mut Output<'_>) -> Result<(), Refusal> {
    let window = output.settings.zstd_window_log_max;
    let start = context.reset(ResetDirective::SessionOnly);
    start
        .and_then(|_| context.set_parameter(DParameter::WindowLogMax(window)))
        .map_err(|code| broken(get_error_name(code)))?;
    let mut input = InBuffer::around(input);
    if input.src.is_empty() {
        return Err(broken("zstd: cut off"));
    }
    output.bytes.clear();
    // Several frames are one stream.
    loop {
        output.reserve()?;
        let filled = output.bytes.len();
        let before = (input.pos(), filled);
        let mut buffer = OutBuffer::around_pos(output.bytes, filled);
        let outcome = context.decompress_stream(&mut buffer, &mut input);
        let missing = outcome.map_err(|code| {
            match is_error_kind(code, ZSTD_ErrorCode::ZSTD_error_frameParameter_windowTooLarge) {
                true => Excess::Window { limit: 1 << window }.into(),
                false => broken(&format!("zstd: {}", get_error_name(code))),
            }
        })?;
        let is_read = input.pos() == input.src.len();
        if is_read && missing == 0 {
            return Ok(());
        }
        if before == (input.pos(), output.bytes.len()) {
            return Err(broken("zstd: cut off"));
        }
    }
}

/// What was inflated so far, and how much more may be.
pub(crate) struct Output<'a> {
    /// Whoever inflates begins with the bytes of the message before, and ends with all of this one.
    pub(crate) bytes: &'a mut Vec<u8>,
    wire: u64,
    settings: &'a Settings,
    grow: Grow<'a>,
}

impl Output<'_> {
    /// Makes it `size` bytes long, whatever they are; `false`, and as it was, when a message may not be that long.
    pub(crate) fn resize(&mut self, size: usize) -> Result<bool, Refusal> {
        if self.within(size).is_err() {
            return Ok(false);
        }
        (self.grow)(size as u64)?;
        self.bytes.reserve_exact(size.saturating_sub(self.bytes.len()));
        self.bytes.resize(size, 0);
        Ok(true)
    }

    /// What there is keeps the limits, and the lease covers it.
    fn check(&mut self) -> Result<(), Refusal> {
        self.within(self.bytes.len())?;
        (self.grow)(self.bytes.len() as u64)
    }

    fn within(&self, size: usize) -> Result<(), Refusal> {
        let (size, limit) = (size as u64, self.settings.message_bytes_max);
        let ratio = self.settings.inflate_ratio_max;
        if size > limit {
            return Err(Excess::Inflated { limit }.into());
        }
        match size > MIB && size > self.wire.saturating_mul(ratio) {
            true => Err(Excess::Ratio { limit: ratio }.into()),
            false => Ok(()),
        }
    }

    /// Room for at least one more byte.
    pub(crate) fn reserve(&mut self) -> Result<(), Refusal> {
        self.check()?;
        let (len, capacity) = (self.bytes.len(), self.bytes.capacity());
        if len < capacity {
            return Ok(());
        }
        let wanted = match capacity {
            0 => self.wire.saturating_mul(4).clamp(4 << 10, FIRST_MAX),
            _ => capacity as u64 * 2,
        };
        // One byte beyond the limit tells a message that is over it from one that fills it.
        let wanted = wanted.min(self.settings.message_bytes_max + 1);
        (self.grow)(wanted)?;
        self.bytes.reserve_exact(wanted as usize - len);
        Ok(())
    }
}

pub(crate) fn broken(what: &str) -> Refusal {
    Refusal::Undecodable {
        field: "message".into(),
        what: what.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        zstd::encode_all(bytes, 1).unwrap()
    }

    fn inflate(coding: Coding, input: &[u8], settings: &Settings) -> Result<Vec<u8>, Refusal> {
        let mut inflater = Inflater::new();
        let inflated = inflater.inflate(coding, input, settings, &mut |_| Ok(()));
        inflated.map(<[u8]>::to_vec)
    }

    /// Text that deflates about 4 to 1, so that no ratio is near.
    fn text(len: usize) -> Vec<u8> {
        let words = (0u32..).flat_map(|n| n.wrapping_mul(2_654_435_761).to_string().into_bytes());
        words.take(len).collect()
    }

    #[test]
    fn c01_what_was_compressed_comes_back() {
        let settings = Settings::default();
        let mut inflater = Inflater::new();
        for len in [0, 1, 4_095, 4_096, 100_000, 3_000_000] {
            let text = text(len);
            for (coding, packed) in [
                (Coding::Gzip, gzip(&text)),
                (Coding::Zstd, zstd(&text)),
                (Coding::Identity, text.clone()),
            ] {
                let inflated = inflater.inflate(coding, &packed, &settings, &mut |_| Ok(()));
                assert!(inflated.unwrap() == text, "{coding:?} {len}");
            }
        }
    }

    #[test]
    fn x14_several_members_are_one_stream() {
        let settings = Settings::default();
        for (coding, pack) in [(Coding::Gzip, gzip as fn(&[u8]) -> Vec<u8>), (Coding::Zstd, zstd)] {
            let both = [pack(b"one "), pack(b""), pack(b"two")].concat();
            assert_eq!(inflate(coding, &both, &settings).unwrap(), b"one two");
        }
    }

    #[test]
    fn x14_every_cut_and_every_wrong_checksum_is_undecodable() {
        let settings = Settings::default();
        for (coding, packed) in [(Coding::Gzip, gzip(&text(500))), (Coding::Zstd, zstd(&text(500)))] {
            for len in 0..packed.len() {
                let outcome = inflate(coding, &packed[..len], &settings);
                assert!(
                    matches!(outcome, Err(Refusal::Undecodable { .. })),
                    "{coding:?} {len} {outcome:?}"
                );
            }
        }
        let mut packed = gzip(&text(500));
        for place in packed.len() - 8..packed.len() {
            packed[place] ^= 1;
            assert!(inflate(Coding::Gzip, &packed, &settings).is_err(), "{place}");
            packed[place] ^= 1;
        }
        let garbage = [gzip(b"x"), b"garbage".to_vec()].concat();
        assert!(inflate(Coding::Gzip, &garbage, &settings).is_err());
    }

    #[test]
    fn x14_the_message_limit_is_exact_in_every_coding() {
        let settings = Settings {
            message_bytes_max: 70_000,
            ..Settings::default()
        };
        for len in [69_999, 70_000, 70_001] {
            let text = text(len);
            for (coding, packed) in [
                (Coding::Gzip, gzip(&text)),
                (Coding::Zstd, zstd(&text)),
                (Coding::Identity, text.clone()),
            ] {
                let outcome = inflate(coding, &packed, &settings);
                assert_eq!(outcome.is_ok(), len <= 70_000, "{coding:?} {len}");
            }
        }
    }

    #[test]
    fn x14_a_bomb_is_refused_by_its_ratio_before_it_has_memory() {
        let settings = Settings::default();
        let bomb = vec![0; 32 << 20];
        for (coding, packed) in [(Coding::Gzip, gzip(&bomb)), (Coding::Zstd, zstd(&bomb))] {
            let mut asked = 0;
            let mut inflater = Inflater::new();
            let outcome = inflater.inflate(coding, &packed, &settings, &mut |bytes| {
                asked = bytes;
                Ok(())
            });
            let expected = Excess::Ratio { limit: 100 };
            assert_eq!(outcome.unwrap_err(), expected.into(), "{coding:?}");
            let honest = packed.len() as u64 * 100;
            assert!(asked <= 2 * honest.max(2 * MIB), "{coding:?} {asked}");
        }
    }

    #[test]
    fn x14_a_huge_window_and_an_unknown_dictionary_are_refused() {
        let settings = Settings::default();
        // Magic, a frame header without content size, window descriptor 2^27, an empty last block.
        let window = [0x28, 0xb5, 0x2f, 0xfd, 0x00, (27 - 10) << 3, 0x01, 0x00, 0x00];
        let outcome = inflate(Coding::Zstd, &window, &settings);
        assert_eq!(outcome.unwrap_err(), Excess::Window { limit: 8 << 20 }.into());
        // The same with a small window and dictionary id 7.
        let dictionary = [0x28, 0xb5, 0x2f, 0xfd, 0x01, 0x00, 0x07, 0x01, 0x00, 0x00];
        let outcome = inflate(Coding::Zstd, &dictionary, &settings);
        assert!(matches!(outcome, Err(Refusal::Undecodable { .. })));
    }

    #[test]
    fn a03_inflating_stops_where_the_lease_does() {
        let settings = Settings::default();
        let mut grow = |bytes: u64| match bytes > 1 << 16 {
            true => Err(Refusal::Draining),
            false => Ok(()),
        };
        let packed = gzip(&text(1 << 20));
        let mut inflater = Inflater::new();
        let outcome = inflater.inflate(Coding::Gzip, &packed, &settings, &mut grow);
        assert_eq!(outcome, Err(Refusal::Draining));
    }

    #[test]
    fn a03_a_used_inflater_asks_for_what_it_fills() {
        let settings = Settings::default();
        let (mut inflater, mut asked) = (Inflater::new(), 0);
        let packed = gzip(&text(1 << 20));
        for _ in 0..2 {
            asked = 0;
            let mut grow = |bytes: u64| {
                asked = asked.max(bytes);
                Ok(())
            };
            assert!(
                inflater
                    .inflate(Coding::Gzip, &packed, &settings, &mut grow)
                    .is_ok()
            );
        }
        assert_eq!(asked, 1 << 20);
        inflater
            .inflate(Coding::Gzip, &gzip(&text(5 << 20)), &settings, &mut |_| Ok(()))
            .unwrap();
        inflater.rest();
        assert_eq!(inflater.bytes.capacity(), 0, "large buffers are not kept");
    }
}
