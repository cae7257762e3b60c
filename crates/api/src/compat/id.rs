//! Ids as other tools write them.

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hotspan_model::TraceId;

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// What a trace id has to be.
pub(crate) const ID: &str = "1 to 32 hex digits, or base64 of 16 or 8 bytes, not all zero";

/// A trace id: 1 to 32 hex digits of any case, leading zeros or not, or base64 of 16 or 8 bytes. `None` for
/// anything else and for zero.
pub(crate) fn trace_id(text: &str) -> Option<TraceId> {
    TraceId::from_hex(text).or_else(|| id_of_base64(text))
}

fn id_of_base64(text: &str) -> Option<TraceId> {
    // Of 16 bytes, padded.
    if text.len() > 24 {
        return None;
    }
    let bytes = from_base64(text)?;
    let number = match bytes.len() {
        16 => u128::from_be_bytes(bytes.try_into().ok()?),
        8 => u64::from_be_bytes(bytes.try_into().ok()?).into(),
        _ => return None,
    };
    TraceId::new(number)
}

/// Bytes of base64, padded or not, of either alphabet.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    let alphabet = match text.contains(['-', '_']) {
        true => URL_SAFE,
        false => STANDARD,
    };
    GeneralPurpose::new(&alphabet, LENIENT).decode(text).ok()
}

/// Bytes as JSON carries them.
pub(crate) fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_in_every_form_and_nonsense_does_not() {
        let id = TraceId::new(0x00ab_cdef_0123_4567_89ab_cdef_0123_45fb).unwrap();
        let bytes = id.get().to_be_bytes();
        let url_safe = base64(&bytes).replace('+', "-").replace('/', "_");
        for text in [
            id.to_string(),
            id.to_string().to_uppercase(),
            id.to_string().trim_start_matches('0').to_owned(),
            base64(&bytes),
            base64(&bytes).trim_end_matches('=').to_owned(),
            url_safe,
        ] {
            assert_eq!(trace_id(&text), Some(id), "{text}");
        }
        assert_eq!(trace_id("AAAAAAAAAAE="), TraceId::new(1), "8 bytes");
        for text in [
            "",
            "0",
            "xyz",
            "g".repeat(32).as_str(),
            &"a".repeat(33),
            "ZZZZ",
            "%%%",
        ] {
            assert_eq!(trace_id(text), None, "{text}");
        }
    }
}
