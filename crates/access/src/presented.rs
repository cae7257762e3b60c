//! What a request presents: a token, as `Bearer` or as the password of `Basic`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, header};

use crate::Token;

/// Longest header that is looked at.
const HEADER_BYTES_MAX: usize = 1_024;
/// What a request without a credential is told: programs send the token as it is, browsers ask for it as a password.
const CHALLENGES: [HeaderValue; 2] = [
    HeaderValue::from_static("Bearer realm=\"hotspan\""),
    HeaderValue::from_static("Basic realm=\"hotspan: any user, a token as password\", charset=\"UTF-8\""),
];

/// A credential in a header.
pub(crate) enum Presented {
    /// There is none.
    Nothing,
    /// There is something that is no token of ours.
    Strange,
    /// There is a token.
    Token(Token),
}

impl Presented {
    /// By the one `authorization` header; several are none of ours.
    pub(crate) fn in_headers(headers: &HeaderMap) -> Presented {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let Some(value) = values.next() else {
            return Presented::Nothing;
        };
        let text = value.to_str().ok().filter(|text| text.len() <= HEADER_BYTES_MAX);
        let token = text.filter(|_| values.next().is_none()).and_then(token);
        token.map_or(Presented::Strange, Presented::Token)
    }
}

fn token(text: &str) -> Option<Token> {
    let (scheme, rest) = text.split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Token::read(rest);
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
    Token::read(pair.split_once(':')?.1)
}

/// Adds to a reply what a client without a credential may try.
pub fn challenge(headers: &mut HeaderMap) {
    for way in CHALLENGES {
        headers.append(header::WWW_AUTHENTICATE, way);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(values: &[&str]) -> &'static str {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        match Presented::in_headers(&headers) {
            Presented::Nothing => "nothing",
            Presented::Strange => "strange",
            Presented::Token(_) => "token",
        }
    }

    #[test]
    fn a_token_is_a_bearers_or_a_password() {
        let token = Token::draw();
        let token = token.expose();
        let basic = |pair: String| format!("Basic {}", STANDARD.encode(pair));
        for right in [
            format!("Bearer {token}"),
            format!("bearer  {token}"),
            basic(format!("anybody:{token}")),
            basic(format!(":{token}")),
        ] {
            assert_eq!(found(&[&right]), "token", "{right}");
        }
        for wrong in [
            token.to_owned(),
            format!("Bearer {token} x"),
            basic(token.to_owned()),
            basic(format!("a:b:{token}")),
            "Basic ????".to_owned(),
            "Bearer".to_owned(),
            "Digest x".to_owned(),
            format!("Bearer {}", "x".repeat(2_000)),
        ] {
            assert_eq!(found(&[&wrong]), "strange", "{wrong}");
        }
        let right = format!("Bearer {token}");
        assert_eq!(found(&[&right, &right]), "strange");
        assert_eq!(found(&[]), "nothing");
    }
}
