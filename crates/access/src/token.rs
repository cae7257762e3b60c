//! Tokens: made at random, shown once, held as their hash.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;
use subtle::{Choice, ConstantTimeEq as _};

/// How every token begins, so that people and scanners of secrets know what they found.
const PREFIX: &str = "hotspan_";
/// Random bytes of a token.
const RANDOM_BYTES: usize = 32;
/// Letters that spell them.
const LETTERS: usize = 43;

/// A token as its holder has it. Neither printed nor compared; only its hash is.
pub struct Token(String);

impl Token {
    /// A new one of 256 random bits.
    pub fn draw() -> Token {
        let random: [u8; RANDOM_BYTES] = rand::random();
        Token(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random)))
    }

    /// What a holder shows; `None` when it is none of ours by its form. So a hash in the file is always one of 256
    /// random bits, and never that of a word which somebody could guess.
    pub fn read(text: &str) -> Option<Token> {
        let letters = text.strip_prefix(PREFIX)?;
        let is_whole = letters.len() == LETTERS
            && letters
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        is_whole.then(|| Token(text.to_owned()))
    }

    /// What is held of it.
    pub fn hash(&self) -> TokenHash {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest::digest(&digest::SHA256, self.0.as_bytes()).as_ref());
        TokenHash(hash)
    }

    /// As it is: for the one time that its holder is told.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

/// SHA-256 of a token: no secret, since nobody finds 256 random bits by trying.
#[derive(Clone, Copy, Debug)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// Reads 64 hex digits.
    pub fn from_hex(text: &str) -> Option<TokenHash> {
        let is_hex = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let mut hash = [0; 32];
        for (place, byte) in hash.iter_mut().enumerate().filter(|_| is_hex) {
            *byte = u8::from_str_radix(&text[2 * place..2 * place + 2], 16).ok()?;
        }
        is_hex.then_some(TokenHash(hash))
    }

    /// In hex.
    pub fn to_hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whether both are the same, in a time that does not tell where they differ.
    pub(crate) fn same(&self, other: &TokenHash) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_random_and_its_hash_reads_back() {
        let (one, two) = (Token::draw(), Token::draw());
        assert_ne!(one.expose(), two.expose());
        assert_eq!(one.expose().len(), PREFIX.len() + LETTERS);
        let again = Token::read(one.expose()).unwrap().hash();
        let hash = TokenHash::from_hex(&one.hash().to_hex()).unwrap();
        assert!(bool::from(hash.same(&again)) && !bool::from(hash.same(&two.hash())));
        assert_eq!(format!("{one:?}"), "Token");
    }

    #[test]
    fn the_hash_is_that_of_the_text() {
        // Any tool that hashes the text finds the same: printf %s TOKEN | sha256sum.
        let token = Token::read("hotspan_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap();
        let expected = digest::digest(&digest::SHA256, token.expose().as_bytes());
        let hex: String = expected
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(token.hash().to_hex(), hex);
    }

    #[test]
    fn what_was_not_drawn_is_no_token() {
        let drawn = Token::draw();
        for wrong in [
            "",
            "hotspan_",
            "password",
            &drawn.expose()[8..],
            &format!("{}x", drawn.expose()),
        ] {
            assert!(Token::read(wrong).is_none(), "{wrong}");
        }
        assert!(Token::read(&format!("{PREFIX}{}", " ".repeat(LETTERS))).is_none());
        for wrong in ["", "00", &"é".repeat(32), &"g".repeat(64)] {
            assert!(TokenHash::from_hex(wrong).is_none(), "{wrong}");
        }
    }
}
